using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Models;

/// <summary>The market as one buyer sees it: what each seller has, what it would cost, and in which order thresholds put them.</summary>
/// <remarks>
/// The worth of a set S of sellers is √(K/N_i) − √(K/(N_i + Σ N_j)) − Σ b_j with the prices b_j = c_j + λ·d_ij·N_j/N_i: the gain, less the costs and
/// the penalties of distance. Sizes, costs and K are the reported ones.
/// </remarks>
public sealed class BuyerView
{
    private readonly double[] _costs;
    private int[]? _order;

    /// <summary>Looks at the market through a buyer's eyes. O(n), O(n log n) once the order is asked for.</summary>
    /// <param name="buyer">i, from 0.</param>
    /// <param name="scale">K_i.</param>
    /// <param name="sizes">N, one for each client.</param>
    /// <param name="costs">c, one for each client; kept.</param>
    /// <param name="distances">d_i, one for each client.</param>
    /// <param name="lambda">λ, at least 0.</param>
    public BuyerView(int buyer, double scale, double[] sizes, double[] costs, ReadOnlySpan<double> distances, double lambda)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        ArgumentNullException.ThrowIfNull(costs);
        Buyer = buyer;
        Scale = scale;
        Sizes = sizes;
        _costs = costs;
        Penalties = new double[sizes.Length];
        Thresholds = new double[sizes.Length];
        for (int j = 0; j < sizes.Length; j++)
        {
            if (j != buyer)
            {
                Penalties[j] = lambda * distances[j] * (sizes[j] / sizes[buyer]);
                Thresholds[j] = scale > 0 ? DataGain.Threshold(scale, sizes[j], Price(j)) : 0;
            }
        }
    }

    private BuyerView(BuyerView other, int seller, double cost)
    {
        Buyer = other.Buyer;
        Scale = other.Scale;
        Sizes = other.Sizes;
        Penalties = other.Penalties;
        _costs = [.. other._costs];
        _costs[seller] = cost;
        Thresholds = [.. other.Thresholds];
        double threshold = Thresholds[seller] = Scale > 0 ? DataGain.Threshold(Scale, Sizes[seller], Price(seller)) : 0;

        // The others keep their order: the seller moves within it.
        int[] order = new int[other.Order.Length];
        int place = 0;
        bool isPlaced = false;
        foreach (int next in other.Order)
        {
            if (next == seller)
            {
                continue;
            }

            if (!isPlaced && (threshold > Thresholds[next] || (threshold == Thresholds[next] && seller < next)))
            {
                order[place++] = seller;
                isPlaced = true;
            }

            order[place++] = next;
        }

        if (!isPlaced)
        {
            order[place] = seller;
        }

        _order = order;
    }

    /// <summary>i: the buyer's index.</summary>
    public int Buyer { get; }

    /// <summary>K: the buyer's gain scale.</summary>
    public double Scale { get; }

    /// <summary>N: the size of each client.</summary>
    public double[] Sizes { get; }

    /// <summary>λ·d_ij·N_j/N_i of each client; 0 for the buyer.</summary>
    public double[] Penalties { get; }

    /// <summary>x of each client: while the data in reach, its own included, are less, importing it pays; 0 for the buyer.</summary>
    public double[] Thresholds { get; }

    /// <summary>N_i: the buyer's own size.</summary>
    public double Own => Sizes[Buyer];

    /// <summary>The sellers by falling threshold; ties by index.</summary>
    public int[] Order => _order ??= Sorted();

    /// <summary>b_j: the cost of an import and the penalty of its distance.</summary>
    /// <param name="seller">j.</param>
    public double Price(int seller) => _costs[seller] + Penalties[seller];

    /// <summary>The same view where one seller asks another cost. O(n).</summary>
    /// <param name="seller">j.</param>
    /// <param name="cost">c_j.</param>
    /// <returns>Another view.</returns>
    internal BuyerView WithCost(int seller, double cost) => new(this, seller, cost);

    private int[] Sorted()
    {
        int[] sellers = new int[Sizes.Length - 1];
        double[] keys = new double[sellers.Length];
        for (int k = 0; k < sellers.Length; k++)
        {
            sellers[k] = k < Buyer ? k : k + 1;
            keys[k] = -Thresholds[sellers[k]];
        }

        StableOrder.Sort(keys, sellers);
        return sellers;
    }
}
