using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Tests;

/// <summary>Small federations of drawn data.</summary>
internal static class FederatedSamples
{
    public const int Features = 7;
    public const int Classes = 3;

    public static LogisticLearner Learner { get; } = new(Features, Classes);

    /// <summary>Rows of three classes around means of their own, shifted by the client's group.</summary>
    public static LabelledRows Rows(int count, int seed, double shift = 0)
    {
        var random = RandomSource.Create(seed);
        float[] values = new float[count * Features];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = random.NextInt32(Classes);
            for (int k = 0; k < Features; k++)
            {
                values[(i * Features) + k] = (float)((k % Classes == labels[i] ? 1 : 0) + (0.5 * random.NextNormal()) + (shift * k));
            }
        }

        return new LabelledRows(values, labels, Features, Classes);
    }

    public static FederatedClient[] Clients(int count, int seed, Func<int, ClientAttack>? behavior = null)
    {
        LabelledRows test = Rows(60, seed + 1000);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            LabelledRows train = Rows(20 + (13 * i % 40), seed + i, shift: i % 2 * 0.05);
            return new FederatedClient
            {
                Name = $"client {i}",
                Train = train,
                Test = test,
                ClassWeights = FederatedClient.WeightsOf(train.Labels, test.Labels, Classes),
                ReportedSize = train.Count,
                Attack = behavior?.Invoke(i) ?? ClientAttack.None,
            };
        })];
    }

    /// <summary>Everyone imports from those nearer than the mean distance.</summary>
    public static IReadOnlyList<int[]> Near(QosValuation.Foundation.Numerics.SquareMatrix distances)
    {
        double mean = distances.Values.Average();
        return [.. Enumerable.Range(0, distances.Count).Select(i =>
            Enumerable.Range(0, distances.Count).Where(j => j != i && distances[i, j] <= mean).ToArray())];
    }

    public static FederatedRun Run(FederatedAlgorithm algorithm, FederatedClient[] clients, Func<FederatedOptions, FederatedOptions>? change = null)
    {
        var options = new FederatedOptions { Algorithm = algorithm, Seed = 5, Training = new LocalTrainingOptions { Steps = 12, BatchSize = 16, LearningRate = 0.1 } };
        return new FederatedRun(Learner, clients, change?.Invoke(options) ?? options, (distances, _) => Near(distances));
    }
}
