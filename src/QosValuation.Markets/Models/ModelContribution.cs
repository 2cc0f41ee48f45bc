using QosValuation.Learning.Learners;
using QosValuation.Markets.Clients;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Markets.Models;

/// <summary>What each client of a model market contributed, as a game for marginal utility (<see cref="ModelMeanUtility"/>).</summary>
public static class ModelContribution
{
    /// <summary>
    /// The game of the clients of the last round: a coalition is worth what the mean of its shared models, by reported size, achieves on the test rows of all
    /// clients, each counting alike. O(clients · parameters + test rows · features).
    /// </summary>
    /// <param name="members">The clients of the run.</param>
    /// <param name="rows">The rows of one run, with updates; the last round counts.</param>
    /// <param name="measure">What the mean model is judged by.</param>
    /// <returns>The problem; its players are the clients in the order of the rows.</returns>
    /// <exception cref="QosValuationException"><c>ModelContributionNotPossible</c>; <c>ModelClientNotValid</c>.</exception>
    public static ValuationProblem Of(IReadOnlyList<ModelClient> members, IReadOnlyList<ModelMarketRound> rows, UtilityMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        ModelFederation federation = ModelFederation.Of(members);
        ModelMarketRound first = rows[0];
        ModelMarketRound? other = rows.FirstOrDefault(row => RunOf(row) != RunOf(first));
        if (other is not null)
        {
            throw Refuse(
                $"There are rows of several runs, {first.Algorithm} with seed {first.Seed} and {other.Algorithm} with seed {other.Seed}: value each by itself.",
                other);
        }

        int last = rows.Max(row => row.Round);
        ModelMarketRound[] ends = [.. rows.Where(row => row.Round == last)];
        if (ends[0].Initial is not { } initial || ends[0].Learner is not { } name)
        {
            throw Refuse($"The row of '{ends[0].Client}' has no Initial and no Learner.", ends[0]);
        }

        ILearner learner = LearnerOf(ends[0], name).Create(federation.Features, federation.Classes.Count);
        var indices = federation.Clients.Select((client, i) => (client.Name, i)).ToDictionary(pair => pair.Name, pair => pair.i, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var models = new ReadOnlyMemory<float>[ends.Length];
        double[] sizes = new double[ends.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            ModelMarketRound row = ends[i];
            if (!indices.TryGetValue(row.Client, out int index) || !seen.Add(row.Client))
            {
                throw Refuse($"'{row.Client}' in round {last} is {(seen.Contains(row.Client) ? "there twice" : "none of the clients")}.", row);
            }

            if (row.Update is not { } update || update.Length != learner.ParameterCount || initial.Length != learner.ParameterCount)
            {
                throw Refuse(
                    $"The row of '{row.Client}' has {row.Update?.Length ?? 0} parameters in Update; "
                    + $"the clients' vectors and classes make {learner.ParameterCount}.",
                    row);
            }

            float[] model = new float[update.Length];
            for (int k = 0; k < model.Length; k++)
            {
                model[k] = (float)(initial[k] + update[k]);
            }

            (models[i], sizes[i]) = (model, federation.Clients[index].ReportedSize);
        }

        LabelledRows test = Together([.. federation.Clients.Select(client => client.Test).Distinct()]);
        var game = new ModelMeanUtility(learner, Array.ConvertAll(initial, value => (float)value), models, sizes, test, measure);
        return new ValuationProblem(game, [.. ends.Select(row => new UtilityPlayer(row.Client, string.Empty))]);
    }

    private static LearnerChoice LearnerOf(ModelMarketRound row, ModelLearner name) =>
        new(name) { Hidden = row.Hidden ?? [], Path = row.LearnerPath, Trainable = row.Trainable ?? [] };

    private static (FederatedAlgorithm, ModelGraphStep, ModelPayment, long, int) RunOf(ModelMarketRound row) =>
        (row.Algorithm, row.GraphStep, row.PaymentRule, BitConverter.DoubleToInt64Bits(row.Epsilon), row.Seed);

    private static LabelledRows Together(LabelledRows[] tests)
    {
        if (tests.Length == 1)
        {
            return tests[0];
        }

        float[] values = new float[tests.Sum(rows => (long)rows.Values.Length)];
        int[] labels = new int[tests.Sum(rows => rows.Count)];
        int start = 0;
        foreach (LabelledRows rows in tests)
        {
            rows.Values.CopyTo(values.AsSpan(start * rows.Features));
            rows.Labels.CopyTo(labels.AsSpan(start));
            start += rows.Count;
        }

        return new LabelledRows(values, labels, tests[0].Features, tests[0].Classes);
    }

    private static QosValuationException Refuse(string message, ModelMarketRound row) => new(Faults.ModelContributionNotPossible, message, row.Client);
}
