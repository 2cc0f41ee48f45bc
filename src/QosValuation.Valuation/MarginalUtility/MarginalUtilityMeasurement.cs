using System.Security.Cryptography;

namespace QosValuation.Valuation.MarginalUtility;

/// <summary>Measures what training data, or the players of any game, add to a utility.</summary>
/// <remarks>The same seed gives the same bytes for any number of threads; methods without draws need no seed.</remarks>
public static class MarginalUtilityMeasurement
{
    /// <summary>The least value after rescaling (paper, appendix D).</summary>
    public const double Floor = 1e-3;

    /// <summary>Measures all players; the cost is the method's.</summary>
    /// <param name="problem">What is valued.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes the part that is done, from 0 to 1, on any thread; null for nobody.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A row a player, in their order.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ValuationOptionOutOfRange</c>, <c>MethodNeedsPoints</c>, <c>TooFewEvaluations</c>, <c>TooManyPlayers</c>, <c>UtilityNotFinite</c>,
    /// <c>SolverDidNotConverge</c>, <c>CoalitionNotInTable</c>, and those of a private release.
    /// </exception>
    public static IReadOnlyList<QosValuation.MarginalUtility> Run(
        ValuationProblem problem,
        MarginalUtilityOptions options,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        IValuationMethod method = ValuationMethods.Of(options.Method);
        if (problem.Game is not null && !method.TakesAnyGame)
        {
            string able = string.Join(", ", ValuationMethods.All.Where(other => other.TakesAnyGame).Select(other => other.Name));
            throw new QosValuationException(
                Faults.MethodNeedsPoints, $"{method.Name} values points of a learner, not the players of any game; {able} do.", method.Name);
        }

        if (options.Epsilon is not null && !method.HasPrivateVariant)
        {
            throw new QosValuationException(
                Faults.MethodNotPrivate,
                $"{method.Name} has no differentially private variant; ThresholdKnnShapley has one.",
                method.Name);
        }

        int seed = options.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        var run = new MeasurementRun(options.MaximumThreads, progress ?? (static _ => { }), cancellationToken);
        PlayerValues found = method.Measure(problem, options, seed, run);
        int bad = Array.FindIndex(found.Values, value => !double.IsFinite(value));
        if (bad >= 0)
        {
            throw new QosValuationException(
                Faults.UtilityNotFinite,
                $"The value of '{problem.Players[bad].Name}' is {found.Values[bad]}: a utility was not a finite number.",
                problem.Players[bad].Name);
        }

        double least = found.Values.Min();
        double range = found.Values.Max() - least;
        var rows = new QosValuation.MarginalUtility[found.Values.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            double error = found.StandardErrors?[i] ?? 0;
            rows[i] = new QosValuation.MarginalUtility
            {
                Contributor = problem.Players[i].Contributor,
                Item = problem.Players[i].Item,
                Value = !options.Rescale ? found.Values[i] : range > 0 ? Math.Max(Floor, (found.Values[i] - least) / range) : 1,
                StandardError = options.Rescale && range > 0 ? error / range : error,
                Evaluations = found.Evaluations,
                Converged = error <= found.Target,
                Method = options.Method,
                Seed = options.Seed ?? (found.IsDrawn ? seed : null),
                RawValue = found.Values[i],
                BiasBound = found.BiasBounds?[i] ?? 0,
                Points = problem.PointsOfPlayers[i].Length,
            };
        }

        return rows;
    }

    /// <summary>Whether a method works for any game.</summary>
    /// <param name="method">The method.</param>
    /// <returns>False where it values points of a learner.</returns>
    public static bool TakesAnyGame(MarginalUtilityMethod method) => ValuationMethods.Of(method).TakesAnyGame;

    /// <summary>Whether a method measures the loss, whatever utility is asked for.</summary>
    /// <param name="method">The method.</param>
    /// <returns>True for Influence, NewtonStep and TracIn.</returns>
    public static bool MeasuresLoss(MarginalUtilityMethod method) => ValuationMethods.Of(method).MeasuresLoss;

    private static void Check(MarginalUtilityOptions options)
    {
        Require(options.Neighbors >= 1, "K", options.Neighbors, "at least 1");
        Require(options.Threshold >= 0, "The threshold", options.Threshold, "at least 0");
        Require(options.WeightLevels is >= 1 and <= 10_000, "The number of weight levels", options.WeightLevels, "from 1 to 10,000");
        Require(options.Alpha > 0 && double.IsFinite(options.Alpha), "α", options.Alpha, "finite and above 0");
        Require(options.Beta > 0 && double.IsFinite(options.Beta), "β", options.Beta, "finite and above 0");
        Require(options.Damping >= 0 && double.IsFinite(options.Damping), "The damping", options.Damping, "finite and at least 0");
        Require(options.Regularization > 0 && double.IsFinite(options.Regularization), "λ", options.Regularization, "finite and above 0");
        Require(options.Tolerance is >= 0 and < 1, "The tolerance", options.Tolerance, "at least 0 and below 1");
        Require(options.StandardError is null or > 0, "The standard error", options.StandardError, "above 0");
        Require(options.MaximumEvaluations is null or > 0, "The number of evaluations", options.MaximumEvaluations, "above 0");
        Require(options.Steps >= 1, "The number of steps", options.Steps, "at least 1");
        Require(options.LearningRate > 0 && double.IsFinite(options.LearningRate), "The learning rate", options.LearningRate, "finite and above 0");
    }

    private static void Require(bool isValid, string name, object? value, string range)
    {
        if (!isValid)
        {
            throw new QosValuationException(Faults.ValuationOptionOutOfRange, FormattableString.Invariant($"{name} is {value}; it must be {range}."), value);
        }
    }
}
