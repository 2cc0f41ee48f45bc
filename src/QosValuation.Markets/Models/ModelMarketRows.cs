using System.Globalization;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;
using QosValuation.Learning.Federated;

namespace QosValuation.Markets.Models;

/// <summary>Cleared rounds as rows, and the trade of one round without training.</summary>
public static class ModelMarketRows
{
    private const double LeastUpdate = 1e-100;
    private const double MostUpdate = 1e100;

    /// <summary>Trades one round by given distances. O(n² log n) with thresholds.</summary>
    /// <param name="members">The clients.</param>
    /// <param name="distances">d, n × n.</param>
    /// <param name="rules">How to trade.</param>
    /// <param name="run">The number by which rows name the run, and the seed of the probes.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A row for each client, with matrices.</returns>
    /// <exception cref="QosValuationException">What <see cref="ModelMarketplace.Clear"/> refuses.</exception>
    public static ModelMarketRound[] Trade(
        IReadOnlyList<ModelTrader> members, SquareMatrix distances, ModelMarketRules rules, int run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(distances);
        RequireNames(members);
        TraderColumns traders = TraderColumns.Of(members);
        ModelMarketClearing clearing = ModelMarketplace.Clear(traders, distances, rules, cancellationToken);
        ModelMarketCheck check = ModelMarketProbe.Check(traders, distances, rules, clearing, RandomSource.Create(run), cancellationToken);
        ModelMarketRound[] rows = Of(traders, clearing, check, FederatedAlgorithm.Ipfl, 1, rules, run);
        var graph = new SquareMatrix(traders.Count);
        for (int i = 0; i < traders.Count; i++)
        {
            graph[i, i] = 1;
            foreach (int j in clearing.Imports[i])
            {
                graph[i, j] = Weight(traders, i, j);
            }
        }

        (double[][] weights, double[][] given, double[][] payments) = (graph.ToRows(), distances.ToRows(), clearing.Payment.ToRows());
        double[][] thresholds = clearing.Thresholds.ToRows();
        string[] names = [.. traders.Names];
        return Array.ConvertAll(rows, row => row with
        {
            Clients = names, Graph = weights, Distance = given, Payment = payments, Threshold = thresholds,
        });
    }

    /// <summary>Trades one round by given updates: distances are 1 − cos, and rows tell the model step. O(n²·p).</summary>
    /// <param name="members">The clients.</param>
    /// <param name="updates">u_i = θ_i − θ_0 of each client, all of one length.</param>
    /// <param name="rules">How to trade.</param>
    /// <param name="eta">η, the size of the model step.</param>
    /// <param name="run">The number by which rows name the run, and the seed of the probes.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A row for each client, with matrices.</returns>
    /// <exception cref="QosValuationException">What <see cref="ModelMarketplace.Clear"/> refuses.</exception>
    public static ModelMarketRound[] Trade(
        IReadOnlyList<ModelTrader> members,
        IReadOnlyList<double[]> updates,
        ModelMarketRules rules,
        double eta,
        int run,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(updates);
        var distances = new SquareMatrix(updates.Count);
        for (int i = 0; i < updates.Count; i++)
        {
            if (updates[i].Length == 0 || updates[i].Length != updates[0].Length || Array.Exists(updates[i], value => !double.IsFinite(value)))
            {
                throw new QosValuationException(
                    Faults.ModelDistanceNotValid,
                    $"Update {i + 1} is no list of {Math.Max(1, updates[0].Length)} finite numbers; give one of the same length for each client.",
                    i);
            }

            // Squares of smaller or larger numbers are 0 or infinite.
            double largest = updates[i].Max(Math.Abs);
            if (largest is not 0 and not (>= LeastUpdate and <= MostUpdate))
            {
                throw new QosValuationException(
                    Faults.ModelDistanceNotValid,
                    string.Create(
                        CultureInfo.InvariantCulture, $"The largest number of update {i + 1} is {largest}; give updates from {LeastUpdate} to {MostUpdate}."),
                    largest);
            }

            for (int j = 0; j < i; j++)
            {
                distances[i, j] = distances[j, i] = 1 - ModelDistances.CosineOf(updates[i], updates[j]);
            }
        }

        ModelMarketRound[] rows = Trade(members, distances, rules, run, cancellationToken);
        TraderColumns traders = TraderColumns.Of(members);
        ModelMarketClearing clearing = ModelMarketplace.Clear(traders, distances, rules, cancellationToken);
        return [.. rows.Select((row, i) => row with { Update = updates[i], Proxy = Proxy(traders, clearing, updates, i, eta) })];
    }

    /// <summary>A row for each client. O(n).</summary>
    internal static ModelMarketRound[] Of(
        TraderColumns traders,
        ModelMarketClearing clearing,
        ModelMarketCheck check,
        FederatedAlgorithm algorithm,
        int round,
        ModelMarketRules rules,
        int run) =>
    [
        .. Enumerable.Range(0, traders.Count).Select(i => new ModelMarketRound
        {
            Round = round,
            Algorithm = algorithm,
            Client = traders.Names[i],
            Role = traders.Roles.Count > 0 ? traders.Roles[i] : default,
            Attack = traders.Attacks.Count > 0 ? traders.Attacks[i] : default,
            Accuracy = double.NaN,
            Loss = double.NaN,
            Imports = clearing.Imports[i].Length,
            Exports = clearing.Exports[i],
            Gain = clearing.Gain[i],
            Paid = clearing.Paid[i],
            Received = clearing.Received[i],
            Cost = clearing.Cost[i],
            Utility = clearing.Utility[i],
            Welfare = clearing.Welfare,
            IsRational = clearing.IsRational(i),
            GraphStep = rules.GraphStep,
            PaymentRule = rules.Payment,
            Seed = run,
            Check = check,
        }),
    ];

    /// <summary>θ − θ_0 without rounding. O(p).</summary>
    internal static double[] Update(ReadOnlySpan<float> model, ReadOnlySpan<float> initial)
    {
        double[] update = new double[model.Length];
        for (int k = 0; k < update.Length; k++)
        {
            update[k] = (double)model[k] - initial[k];
        }

        return update;
    }

    /// <summary>m_i − θ_0: the model step in double precision. O(imports · p).</summary>
    internal static double[] Proxy(TraderColumns traders, ModelMarketClearing clearing, IReadOnlyList<double[]> updates, int client, double eta)
    {
        int[] imports = clearing.Imports[client];
        double[] proxy = new double[updates[client].Length];
        ModelStep.Take(
            updates[client], Array.ConvertAll(imports, j => updates[j]), Array.ConvertAll(imports, j => Weight(traders, client, j)), eta, proxy);
        return proxy;
    }

    private static void RequireNames(IReadOnlyList<ModelTrader> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        var names = new HashSet<string>();
        foreach (ModelTrader member in members)
        {
            string? mistake =
                string.IsNullOrWhiteSpace(member.Contributor) ? "A client has no name; give each a Contributor"
                : !names.Add(ContributorName.Fold(member.Contributor)) ? $"There are two clients '{member.Contributor}'; give each a name of its own"
                : null;
            if (mistake is not null)
            {
                throw new QosValuationException(Faults.ModelTraderNotValid, mistake + ".", member.Contributor);
            }
        }
    }

    // w_ij = N_j/N_i by reported sizes.
    private static double Weight(TraderColumns traders, int buyer, int seller) => traders.MarketSizes[seller] / traders.MarketSizes[buyer];
}
