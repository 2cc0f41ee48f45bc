using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>A client of a federated run: its data, how it is measured, and how it behaves. Prices are not its concern.</summary>
public sealed record FederatedClient
{
    /// <summary>The client's name, for messages.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Its training rows, at least one.</summary>
    public required LabelledRows Train { get; init; }

    /// <summary>The test rows by which its model is measured; clients may share them.</summary>
    public required LabelledRows Test { get; init; }

    /// <summary>
    /// The weight of a test row of each class, at least 0: the class's part of the client's training rows over its part of the test rows
    /// (<see cref="WeightsOf"/>).
    /// </summary>
    public required IReadOnlyList<double> ClassWeights { get; init; }

    /// <summary>N_i: how many training rows the client says it has. Means by size and the imports' weights w_ij = N_j/N_i use it.</summary>
    public double ReportedSize { get; init; }

    /// <summary>What it does with the model that it shares.</summary>
    public ClientAttack Attack { get; init; }

    /// <summary>Whether it trains at all.</summary>
    public bool IsTraining => Trains(Attack);

    /// <summary>Whether a client that behaves so trains at all.</summary>
    /// <param name="attack">The behaviour.</param>
    /// <returns>False for free riders.</returns>
    public static bool Trains(ClientAttack attack) => attack is ClientAttack.None or ClientAttack.SignFlip or ClientAttack.Shuffle;

    /// <summary>
    /// Class weights that give a common test set the label distribution of a client: π_c/q_c, with π the distribution of the client's
    /// labels and q that of the test set; 0 for a class without test rows. O(rows + classes).
    /// </summary>
    /// <param name="train">The labels of the client's rows.</param>
    /// <param name="test">The labels of the test rows.</param>
    /// <param name="classes">The number of classes.</param>
    /// <returns>A weight for each class.</returns>
    public static double[] WeightsOf(ReadOnlySpan<int> train, ReadOnlySpan<int> test, int classes)
    {
        double[] own = new double[classes];
        double[] common = new double[classes];
        foreach (int label in train)
        {
            own[label] += 1.0 / train.Length;
        }

        foreach (int label in test)
        {
            common[label] += 1.0 / test.Length;
        }

        for (int c = 0; c < classes; c++)
        {
            own[c] = common[c] == 0 ? 0 : own[c] / common[c];
        }

        return own;
    }
}
