using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Markets.Models;

/// <summary>Checks a cleared round, and tries false costs in it.</summary>
/// <remarks>
/// What a client buys does not depend on its own cost, so that a false cost moves its sales alone. For each client that is tried: nothing, half and twice its
/// true cost, and for buyers at random just less than the cost with which it would enter, or leave, their imports.
/// </remarks>
public static class ModelMarketProbe
{
    private const int MostClients = 16;
    private const int Entries = 3;

    /// <summary>What is less than this part of what was paid is rounding.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>Checks a round. At most 16 clients are tried, drawn at random, at O(n²) each with thresholds; memory 24·n² bytes.</summary>
    /// <param name="traders">The clients.</param>
    /// <param name="distances">d, n × n; null where models are exchanged without payments, and no cost is reported.</param>
    /// <param name="rules">How the round was traded.</param>
    /// <param name="clearing">What came of it.</param>
    /// <param name="random">The source of clients and buyers.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The findings.</returns>
    public static ModelMarketCheck Check(
        TraderColumns traders,
        SquareMatrix? distances,
        ModelMarketRules rules,
        ModelMarketClearing clearing,
        RandomSource random,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traders);
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(clearing);
        ArgumentNullException.ThrowIfNull(random);
        double sum = CompensatedSum.Of(clearing.Payment.Values);
        double paid = CompensatedSum.Of(clearing.Paid);
        var lies = new Lies(Tolerance * Math.Max(1, paid));
        if (distances is not null)
        {
            Try(traders, distances, rules, random, lies, cancellationToken);
        }

        return new ModelMarketCheck
        {
            PaymentSum = sum,
            IsZeroSum = Math.Abs(sum) <= Tolerance * Math.Max(1, paid),
            Losers = [.. Enumerable.Range(0, traders.Count).Where(client => !clearing.IsRational(client)).Select(client => traders.Names[client])],
            LeastUtility = clearing.Utility.Min(),
            Probes = lies.Tried,
            Lies = lies.Found,
            Liar = lies.Client < 0 ? string.Empty : traders.Names[lies.Client],
            TrueCost = lies.Client < 0 ? double.NaN : traders.Costs[lies.Client],
            FalseCost = lies.Cost,
            LieGain = lies.Gain,
        };
    }

    private static void Try(
        TraderColumns traders, SquareMatrix distances, ModelMarketRules rules, RandomSource random, Lies lies, CancellationToken cancellationToken)
    {
        int n = traders.Count;
        int[] clients = [.. Enumerable.Range(0, n)];
        random.Shuffle<int>(clients);
        IGraphStep step = GraphSteps.Find(rules.GraphStep);
        IModelPayment payment = ModelPayments.Find(rules.Payment);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = rules.MaxDegreeOfParallelism, CancellationToken = cancellationToken };
        var views = new BuyerView[n];
        Parallel.For(0, n, parallel, i => views[i] = ModelMarketplace.View(traders, distances, rules, i));
        double[] sales = new double[n];
        foreach (int seller in clients.Take(MostClients))
        {
            // What the seller earns by a report, at its true cost.
            double Earn(double report)
            {
                Parallel.For(0, n, parallel, i =>
                    sales[i] = i == seller ? 0 : Sale(views[i], step, payment, seller, report, traders.Costs[seller], cancellationToken));
                return CompensatedSum.Of(sales);
            }

            double honest = Earn(traders.Costs[seller]);
            List<double> reports = [0, traders.Costs[seller] / 2, traders.Costs[seller] * 2];
            for (int k = 0; k < Entries && n > 1; k++)
            {
                int buyer = (seller + 1 + random.NextInt32(n - 1)) % n;
                BuyerView free = views[buyer].WithCost(seller, 0);
                int[] chosen = free.Scale > 0 ? step.Choose(free, cancellationToken) : [];
                if (Array.IndexOf(chosen, seller) >= 0)
                {
                    double entry = step.CriticalPrice(free, chosen, seller, cancellationToken) - free.Penalties[seller];
                    reports.Add(Math.Max(0, entry - (1e-6 * Math.Abs(entry))));
                }
            }

            foreach (double report in reports.Distinct().Where(report => report != traders.Costs[seller]))
            {
                lies.Add(seller, report, Earn(report) - honest);
            }
        }
    }

    private static double Sale(
        BuyerView view, IGraphStep step, IModelPayment payment, int seller, double report, double cost, CancellationToken cancellationToken)
    {
        if (!(view.Scale > 0))
        {
            return 0;
        }

        BuyerView asked = view.WithCost(seller, report);
        int[] chosen = step.Choose(asked, cancellationToken);
        return Array.IndexOf(chosen, seller) < 0 ? 0 : payment.Price(asked, step, chosen, seller, cancellationToken) - cost;
    }

    private sealed class Lies(double tolerance)
    {
        public int Tried { get; private set; }

        public int Found { get; private set; }

        public int Client { get; private set; } = -1;

        public double Cost { get; private set; } = double.NaN;

        public double Gain { get; private set; }

        public void Add(int client, double cost, double gain)
        {
            Tried++;
            if (gain > tolerance)
            {
                Found++;
                if (gain > Gain)
                {
                    (Client, Cost, Gain) = (client, cost, gain);
                }
            }
        }
    }
}
