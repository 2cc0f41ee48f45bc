using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Models;

/// <summary>What one round of trade came to, client by client. Utilities are at true sizes, costs and gain scales.</summary>
/// <param name="count">n: the number of clients.</param>
public sealed class ModelMarketClearing(int count)
{
    /// <summary>For each client those whose models it imports.</summary>
    public required IReadOnlyList<int[]> Imports { get; init; }

    /// <summary>How often each client's model was imported.</summary>
    public int[] Exports { get; } = new int[count];

    /// <summary>
    /// What client i (row) pays client j (column), less what j pays i: the transpose is its negative, and all payments sum up to 0.
    /// </summary>
    public SquareMatrix Payment { get; } = new(count);

    /// <summary>x_ij: the data at which client i stops to gain from the model of j; empty where nothing was traded by price.</summary>
    public SquareMatrix Thresholds { get; init; } = new(0);

    /// <summary>G: √(K/N) − √(K/n) with the data in reach, n.</summary>
    public double[] Gain { get; } = new double[count];

    /// <summary>What each client pays for its imports.</summary>
    public double[] Paid { get; } = new double[count];

    /// <summary>What each client is paid for its exports.</summary>
    public double[] Received { get; } = new double[count];

    /// <summary>c times the number of exports.</summary>
    public double[] Cost { get; } = new double[count];

    /// <summary>G − Paid + Received − Cost.</summary>
    public double[] Utility { get; } = new double[count];

    /// <summary>What all clients gain less what their exports cost: the sum of the utilities, in which payments cancel.</summary>
    public double Welfare { get; internal set; }

    /// <summary>n: the number of clients.</summary>
    public int Count => Gain.Length;

    /// <summary>Whether a client is no worse off than without the market: its utility is at least 0, but for a rounding of 10⁻⁹ of what moved.</summary>
    /// <param name="client">From 0.</param>
    public bool IsRational(int client) =>
        Utility[client] >= -1e-9 * Math.Max(1, Gain[client] + Paid[client] + Received[client] + Cost[client]);
}
