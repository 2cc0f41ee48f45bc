using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Models;

/// <summary>Sums rounds of model markets up.</summary>
public static class ModelMarketSummary
{
    /// <summary>
    /// One report for each algorithm, graph step, payment, ε and unit, in the order of their first rows. Attackers and free riders count in welfare
    /// alone, as in the authors' code. O(rows log rows).
    /// </summary>
    /// <param name="rows">The rows of one or several seeds.</param>
    /// <returns>The reports.</returns>
    /// <exception cref="QosValuationException"><c>ModelMarketRowsRepeated</c>: a client stands twice in a round.</exception>
    public static IReadOnlyList<ModelMarketReport> Of(IReadOnlyList<ModelMarketRound> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return [.. rows.GroupBy(row => (row.Algorithm, row.GraphStep, row.PaymentRule, BitConverter.DoubleToInt64Bits(row.Epsilon), row.Unit)).Select(Report)];
    }

    private static ModelMarketReport Report(IEnumerable<ModelMarketRound> group)
    {
        ModelMarketRound[] all = [.. group];
        var seen = new HashSet<(int, int, string)>();
        foreach (ModelMarketRound row in all)
        {
            if (!seen.Add((row.Seed, row.Round, row.Client)))
            {
                throw new QosValuationException(
                    Faults.ModelMarketRowsRepeated,
                    $"'{row.Client}' stands twice in round {row.Round} of {row.Algorithm} with seed {row.Seed}: give each run once, with a seed of its own.",
                    row);
            }
        }

        ModelMarketRound[] counted = [.. all.Where(row => row.Attack == ClientAttack.None && row.Role != ClientRole.Attacker)];
        ModelMarketRound[][] seeds = [.. counted.GroupBy(row => row.Seed).Select(run => run.ToArray())];
        Mean accuracy = Over(seeds, run => run.GroupBy(row => row.Client).Average(client => client.Max(row => row.Accuracy)));
        Mean final = Over(seeds, run => run.GroupBy(row => row.Client).Average(client => client.MaxBy(row => row.Round)!.Accuracy));
        Mean utility = Over(seeds, run => run.GroupBy(row => row.Client).Average(client => client.Sum(row => row.Utility)));
        Mean paid = Over(seeds, run => run.GroupBy(row => row.Client).Average(client => client.Sum(row => row.Paid)));
        Mean welfare = Over(
            [.. all.GroupBy(row => row.Seed).Select(run => run.ToArray())], run => run.GroupBy(row => row.Round).Sum(round => round.First().Welfare));
        ModelMarketCheck[] checks = [.. all.GroupBy(row => (row.Seed, row.Round)).Select(round => round.First().Check).OfType<ModelMarketCheck>()];
        ModelMarketRound first = all[0];
        return new ModelMarketReport
        {
            Algorithm = first.Algorithm,
            GraphStep = first.GraphStep,
            PaymentRule = first.PaymentRule,
            Epsilon = first.Epsilon,
            Unit = first.Unit,
            Seeds = all.Select(row => row.Seed).Distinct().Count(),
            Rounds = all.Max(row => row.Round),
            Clients = counted.Select(row => row.Client).Distinct(StringComparer.Ordinal).Count(),
            Accuracy = accuracy.Value,
            AccuracyStandardError = accuracy.StandardError,
            FinalAccuracy = final.Value,
            FinalAccuracyStandardError = final.StandardError,
            Utility = utility.Value,
            UtilityStandardError = utility.StandardError,
            Welfare = welfare.Value,
            WelfareStandardError = welfare.StandardError,
            Paid = paid.Value,
            PaidStandardError = paid.StandardError,
            Imports = counted.Length == 0 ? double.NaN : counted.Average(row => row.Imports),
            RationalShare = counted.Length == 0 ? double.NaN : counted.Average(row => row.IsRational ? 1.0 : 0),
            Probes = checks.Sum(check => (long)check.Probes),
            Lies = checks.Sum(check => (long)check.Lies),
        };
    }

    private static Mean Over(ModelMarketRound[][] runs, Func<ModelMarketRound[], double> measure)
    {
        var mean = new RunningMean();
        foreach (ModelMarketRound[] run in runs)
        {
            mean.Add(measure(run));
        }

        return new(mean.Mean, mean.StandardError);
    }

    private readonly record struct Mean(double Value, double StandardError);
}
