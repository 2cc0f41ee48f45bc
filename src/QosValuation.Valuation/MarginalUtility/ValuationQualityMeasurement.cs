using System.Security.Cryptography;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Clients;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>
/// Tells how good values are: how soon low values find wrong labels (pyDVL: the lowest fraction; OpenDataVal: 2-means), and how the learner's
/// accuracy falls as items are removed, the most or the least valuable first. A random order is the baseline.
/// </summary>
public static class ValuationQualityMeasurement
{
    private const string Baseline = "Random";

    /// <summary>Tries methods of valuation on one set of items.</summary>
    /// <param name="train">The items, at least two.</param>
    /// <param name="test">The test points; their labels stay as they are.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="options">How.</param>
    /// <param name="given">Values from elsewhere that are tried too: a name, and a value an item.</param>
    /// <param name="isNoisy">Which labels are known to be wrong; null where none is known. Those exchanged here are added.</param>
    /// <param name="progress">Takes the part that is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The curves, method by method, the baseline last.</returns>
    /// <exception cref="QosValuationException"><c>ValuationOptionOutOfRange</c>, <c>TooFewRecords</c>, and those of the methods.</exception>
    public static IReadOnlyList<ValuationQuality> Run(
        LabelledPoints train,
        LabelledPoints test,
        int classes,
        ValuationQualityOptions options,
        IReadOnlyList<(string Name, double[] Values)>? given = null,
        bool[]? isNoisy = null,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(options);
        Require(options.NoiseRate is >= 0 and < 1, "The noise rate", options.NoiseRate, "at least 0 and below 1");
        Require(options.Step is > 0 and <= 0.5, "The step", options.Step, "above 0 and at most 0.5");
        Require(options.Rounds >= 2, "The number of rounds", options.Rounds, "at least 2");
        int n = train.Count;
        if (n < 2)
        {
            throw new QosValuationException(Faults.TooFewRecords, $"Values of {n} items cannot be compared; give at least two.", n);
        }

        int seed = options.Measurement.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        RandomSource random = RandomSource.Create(seed, RandomStreams.Mix(0x4E6F6973));
        (int[] labels, bool[] noisy) = LabelNoise.Flip(train.Labels, classes, options.NoiseRate, random);
        for (int i = 0; i < n; i++)
        {
            noisy[i] |= isNoisy?[i] ?? false;
        }

        UtilityPlayer[] players = [.. Enumerable.Range(1, n).Select(i => new UtilityPlayer(string.Empty, $"{i}"))];
        var problem = new ValuationProblem(new LabelledPoints(train.Vectors, labels), test, classes, players, [.. Enumerable.Range(0, n)]);
        var curves = new Curves(problem, noisy, options, seed, progress ?? (static _ => { }), (given?.Count ?? 0) + options.Methods.Count, cancellationToken);
        foreach (MarginalUtilityMethod method in options.Methods)
        {
            double[] values =
            [
                .. MarginalUtilityMeasurement.Run(
                    problem, options.Measurement with { Method = method, Rescale = false, Seed = seed }, null, cancellationToken).Select(row => row.RawValue),
            ];
            curves.Try(method.ToString(), values);
        }

        foreach ((string name, double[] values) in given ?? [])
        {
            curves.Try(name, values);
        }

        curves.TryRandom();
        return curves.Rows;
    }

    private static void Require(bool isValid, string name, object value, string range)
    {
        if (!isValid)
        {
            throw new QosValuationException(Faults.ValuationOptionOutOfRange, FormattableString.Invariant($"{name} is {value}; it must be {range}."), value);
        }
    }

    private sealed class Curves(
        ValuationProblem problem,
        bool[] noisy,
        ValuationQualityOptions options,
        int seed,
        Action<double> progress,
        int methods,
        CancellationToken cancellationToken)
    {
        private readonly MeasurementRun _run = new(options.Measurement.MaximumThreads, static _ => { }, cancellationToken);
        private readonly int _wrong = noisy.Count(isWrong => isWrong);
        private readonly int _steps = (int)Math.Floor((1 / options.Step) + 1e-9);
        private IUtilityFunction? _game;
        private int _orders;

        public List<ValuationQuality> Rows { get; } = [];

        public void Try(string name, double[] values)
        {
            // Stable: equal values keep the order of the items.
            int[] lowFirst = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
            int[] highFirst = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i])];
            if (_wrong > 0)
            {
                double twoMeans = DetectionScore.TwoMeansF1(values, noisy);
                for (int step = 1; step <= _steps; step++)
                {
                    int inspected = Count(step);
                    int hits = lowFirst.Take(inspected).Count(i => noisy[i]);
                    double f1 = DetectionScore.F1(hits, inspected, _wrong);
                    Add(name, ValuationExperiment.NoisyLabelDetection, step, (double)hits / _wrong, 0, f1, twoMeans);
                }
            }

            foreach ((ValuationExperiment experiment, int[] order) in (ReadOnlySpan<(ValuationExperiment, int[])>)
                [(ValuationExperiment.RemoveHighFirst, highFirst), (ValuationExperiment.RemoveLowFirst, lowFirst)])
            {
                double[] scores = Remove(order);
                for (int step = 0; step < scores.Length; step++)
                {
                    Add(name, experiment, step, scores[step], 0, double.NaN, double.NaN);
                }
            }
        }

        public void TryRandom()
        {
            int n = noisy.Length;
            for (int step = 1; step <= _steps && _wrong > 0; step++)
            {
                // What a random order finds on average.
                double part = (double)Count(step) / n;
                Add(Baseline, ValuationExperiment.NoisyLabelDetection, step, part, 0, DetectionScore.F1(part * _wrong, Count(step), _wrong), double.NaN);
            }

            var means = new RunningMean[_steps];
            for (int round = 0; round < options.Rounds; round++)
            {
                int[] order = [.. Enumerable.Range(0, n)];
                RandomSource.Create(seed, RandomStreams.Mix(0x52616E64, (ulong)round)).Shuffle(order.AsSpan());
                double[] scores = Remove(order);
                for (int step = 0; step < scores.Length; step++)
                {
                    means[step].Add(scores[step]);
                }
            }

            foreach (ValuationExperiment experiment in (ReadOnlySpan<ValuationExperiment>)
                [ValuationExperiment.RemoveHighFirst, ValuationExperiment.RemoveLowFirst])
            {
                for (int step = 0; step < means.Length; step++)
                {
                    Add(Baseline, experiment, step, means[step].Mean, means[step].StandardError, double.NaN, double.NaN);
                }
            }
        }

        // The accuracy without the first items of an order, step by step; something always stays.
        private double[] Remove(int[] order)
        {
            _game ??= CoalitionGame.Of(problem, options.Measurement with { Utility = UtilityMeasure.Accuracy }, _run);
            double[] scores = new double[_steps];
            _run.For(scores.Length, _game.IsThreadSafe, step =>
            {
                int[] rest = order[Math.Min(Count(step), order.Length - 1)..];
                Array.Sort(rest);
                scores[step] = _game.Evaluate(rest, cancellationToken);
            });
            progress((double)++_orders / ((2 * methods) + options.Rounds));
            return scores;
        }

        private int Count(int step) => (int)Math.Round(Math.Min(1, step * options.Step) * noisy.Length);

        private void Add(string name, ValuationExperiment experiment, int step, double score, double error, double f1, double twoMeans) =>
            Rows.Add(new ValuationQuality
            {
                Method = name,
                Experiment = experiment,
                Fraction = Math.Round(Math.Min(1, step * options.Step), 12),
                Score = score,
                StandardError = error,
                F1 = f1,
                TwoMeansF1 = twoMeans,
                Items = noisy.Length,
                Noisy = _wrong,
                Rounds = options.Rounds,
                Seed = seed,
            });
    }
}
