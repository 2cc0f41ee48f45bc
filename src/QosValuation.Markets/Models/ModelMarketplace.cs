using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Models;

/// <summary>
/// The market of iPFL (seed 003, by the authors' code; markets.md, section 7): whose models each client imports, what it pays for them, and what everyone
/// has of it.
/// </summary>
public static class ModelMarketplace
{
    /// <summary>
    /// Trades one round. O(n² log n) with thresholds, O(n²) more for each import of a critical payment at worst; memory 16·n² bytes.
    /// </summary>
    /// <param name="traders">The clients. The market trades by what they report; utilities are at what is true.</param>
    /// <param name="distances">d_ij, n × n; the diagonal does not matter.</param>
    /// <param name="rules">How to trade.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelTraderNotValid</c>, <c>ModelDistanceNotValid</c>, <c>ModelMarketOptionNotValid</c>, <c>ModelGraphTooLarge</c>.
    /// </exception>
    public static ModelMarketClearing Clear(
        TraderColumns traders, SquareMatrix distances, ModelMarketRules rules, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traders);
        ArgumentNullException.ThrowIfNull(rules);
        traders.Validate();
        traders.Validate(distances);
        rules.Validate();
        int n = traders.Count;
        IGraphStep step = GraphSteps.Find(rules.GraphStep);
        IModelPayment payment = ModelPayments.Find(rules.Payment);
        int[][] imports = new int[n][];
        double[][] prices = new double[n][];
        var thresholds = new SquareMatrix(n);
        ForEach(n, rules, i =>
        {
            BuyerView view = View(traders, distances, rules, i);
            view.Thresholds.CopyTo(thresholds.Row(i));
            imports[i] = view.Scale > 0 ? step.Choose(view, cancellationToken) : [];
            prices[i] = Array.ConvertAll(imports[i], j => payment.Price(view, step, imports[i], j, cancellationToken));
        }, cancellationToken);
        return Settle(traders, imports, prices, thresholds);
    }

    /// <summary>Decides whose models each client imports, without payments. O(n² log n) with thresholds.</summary>
    /// <inheritdoc cref="Clear"/>
    public static int[][] Choose(
        TraderColumns traders, SquareMatrix distances, ModelMarketRules rules, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(traders);
        ArgumentNullException.ThrowIfNull(rules);
        traders.Validate();
        traders.Validate(distances);
        rules.Validate();
        IGraphStep step = GraphSteps.Find(rules.GraphStep);
        int[][] imports = new int[traders.Count][];
        ForEach(traders.Count, rules, i =>
        {
            BuyerView view = View(traders, distances, rules, i);
            imports[i] = view.Scale > 0 ? step.Choose(view, cancellationToken) : [];
        }, cancellationToken);
        return imports;
    }

    /// <summary>
    /// What a round comes to in which models are exchanged without payments, as under the algorithms that iPFL is compared with: gains and costs
    /// only. O(n + imports).
    /// </summary>
    /// <param name="traders">The clients.</param>
    /// <param name="imports">For each client those whose models it imports, without itself.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="QosValuationException"><c>ModelTraderNotValid</c>.</exception>
    public static ModelMarketClearing Share(TraderColumns traders, IReadOnlyList<int[]> imports)
    {
        ArgumentNullException.ThrowIfNull(traders);
        ArgumentNullException.ThrowIfNull(imports);
        traders.Validate();
        ArgumentOutOfRangeException.ThrowIfNotEqual(imports.Count, traders.Count);
        return Settle(traders, imports, [.. imports.Select(row => new double[row.Length])], new SquareMatrix(0));
    }

    /// <summary>The market as a buyer sees it, by what is reported. O(n).</summary>
    internal static BuyerView View(TraderColumns traders, SquareMatrix distances, ModelMarketRules rules, int buyer) =>
        new(buyer, traders.MarketGainScales[buyer], traders.MarketSizes, traders.MarketCosts, distances.Row(buyer), rules.Lambda);

    private static ModelMarketClearing Settle(TraderColumns traders, IReadOnlyList<int[]> imports, double[][] prices, SquareMatrix thresholds)
    {
        int n = traders.Count;
        var clearing = new ModelMarketClearing(n) { Imports = imports, Thresholds = thresholds };
        for (int i = 0; i < n; i++)
        {
            double data = 0;
            for (int k = 0; k < imports[i].Length; k++)
            {
                int j = imports[i][k];
                double price = prices[i][k];
                data += traders.Sizes[j];
                clearing.Exports[j]++;
                clearing.Paid[i] += price;
                clearing.Received[j] += price;
                clearing.Payment[i, j] += price;
                clearing.Payment[j, i] -= price;
            }

            clearing.Gain[i] = DataGain.Of(traders.GainScales[i], traders.Sizes[i], data);
        }

        CompensatedSum welfare = default;
        for (int i = 0; i < n; i++)
        {
            clearing.Cost[i] = traders.Costs[i] * clearing.Exports[i];
            clearing.Utility[i] = clearing.Gain[i] - clearing.Paid[i] + clearing.Received[i] - clearing.Cost[i];
            welfare.Add(clearing.Gain[i]);
            welfare.Add(-clearing.Cost[i]);
        }

        clearing.Welfare = welfare.Value;
        return clearing;
    }

    // The fault of the first buyer that has one, not of the first thread.
    private static void ForEach(int count, ModelMarketRules rules, Action<int> work, CancellationToken cancellationToken)
    {
        var faults = new Exception?[count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = rules.MaxDegreeOfParallelism, CancellationToken = cancellationToken };
        Parallel.For(0, count, parallel, i =>
        {
            try
            {
                work(i);
            }
            catch (QosValuationException fault)
            {
                faults[i] = fault;
            }
        });
        if (Array.Find(faults, fault => fault is not null) is { } first)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }
}
