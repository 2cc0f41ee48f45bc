using System.Numerics.Tensors;
using QosValuation.Foundation.Randomness;

namespace QosValuation;

/// <summary>A client of a model market: labelled embeddings to train on, a test set to be measured by, and what models are worth to it.</summary>
public sealed record ModelClient
{
    /// <summary>K of a client that is not told another (the authors' code).</summary>
    public const double StandardGainScale = 5e5;

    private const double BuyerCost = 1000;

    /// <summary>Who the client is: named in every result, paid and charged.</summary>
    public required string Contributor { get; init; }

    /// <summary>What it is there for.</summary>
    public ClientRole Role { get; init; }

    /// <summary>K: with n training records in all, its gain is √(K/N) − √(K/n). At least 0; 0 buys nothing.</summary>
    public double GainScale { get; init; } = StandardGainScale;

    /// <summary>c: what each export of its model costs it, at least 0.</summary>
    public double Cost { get; init; }

    /// <summary>The gain scale that it reports; null where it tells the truth.</summary>
    public double? ReportedGainScale { get; init; }

    /// <summary>The cost that it reports; null where it tells the truth.</summary>
    public double? ReportedCost { get; init; }

    /// <summary>The number of training records that it reports; null where it tells the truth.</summary>
    public double? ReportedSize { get; init; }

    /// <summary>What it does with the model that it shares.</summary>
    public ClientAttack Attack { get; init; }

    /// <summary>Its training vectors, one for each embedding, all of one length.</summary>
    public required float[][] Vectors { get; init; }

    /// <summary>The class of each training vector.</summary>
    public required string[] Labels { get; init; }

    /// <summary>The record of each training vector: embeddings that share one are one record, and an empty one is a record of its own.</summary>
    public string[] Items { get; init; } = [];

    /// <summary>The test vectors by which its model is measured, weighted to its own distribution of labels. Clients may share them.</summary>
    public float[][] TestVectors { get; init; } = [];

    /// <summary>The class of each test vector.</summary>
    public string[] TestLabels { get; init; } = [];

    /// <summary>The record of each test vector; none of them is a training record of any client.</summary>
    public string[] TestItems { get; init; } = [];

    /// <summary>The cluster of tasks, or the domain, that it belongs to; null where there are none.</summary>
    public int? Cluster { get; init; }

    /// <summary>N: the number of its training records.</summary>
    public int Size => Items.Length == 0
        ? Vectors.Length
        : Items.Count(string.IsNullOrEmpty) + Items.Where(item => !string.IsNullOrEmpty(item)).Distinct(StringComparer.Ordinal).Count();

    /// <summary>The length of a vector; 0 without one.</summary>
    public int Dimension => Vectors.Length == 0 ? 0 : Vectors[0].Length;

    /// <summary>How many training vectors each class has, by the names of the classes.</summary>
    public IReadOnlyDictionary<string, int> ClassCounts => new SortedDictionary<string, int>(
        Labels.GroupBy(label => label, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal),
        StringComparer.Ordinal);

    /// <summary>The same client in a role, with the role's gain scale, cost and attack (the authors' roles).</summary>
    /// <param name="role">The role.</param>
    /// <returns>The client.</returns>
    public ModelClient As(ClientRole role) => this with
    {
        Role = role,
        GainScale = role is ClientRole.Seller or ClientRole.Attacker ? 0 : StandardGainScale,
        Cost = role == ClientRole.Buyer ? BuyerCost : 0,
        Attack = role == ClientRole.Attacker ? ClientAttack.SignFlip : ClientAttack.None,
    };

    /// <summary>
    /// The same client with K drawn uniformly from [(1 − spread)·K, K], and its cost likewise but for a buyer's (the authors' roles, with 0.5).
    /// </summary>
    /// <param name="spread">The spread, from 0 to 1.</param>
    /// <param name="random">The source of two draws.</param>
    /// <returns>The client.</returns>
    public ModelClient Spread(double spread, RandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        double scale = GainScale * (1 - (spread * random.NextDouble()));
        double cost = Cost * (1 - (spread * random.NextDouble()));
        return this with { GainScale = scale, Cost = Role == ClientRole.Buyer ? Cost : cost };
    }

    /// <summary>Refuses a client that cannot take part. O(vectors).</summary>
    /// <exception cref="QosValuationException"><c>ModelClientNotValid</c>, naming the client and the property.</exception>
    public void Validate()
    {
        string? mistake =
            string.IsNullOrEmpty(Contributor) ? "has no Contributor"
            : Vectors.Length == 0 ? "has no training vectors"
            : Labels.Length != Vectors.Length ? $"has {Labels.Length} Labels for {Vectors.Length} vectors"
            : Items.Length != 0 && Items.Length != Vectors.Length ? $"has {Items.Length} Items for {Vectors.Length} vectors"
            : TestVectors.Length == 0 ? "has no test vectors: give -Test, or let New-ClientPartition or New-ModelClient hold some out"
            : TestLabels.Length != TestVectors.Length ? $"has {TestLabels.Length} TestLabels for {TestVectors.Length} test vectors"
            : Vectors.Concat(TestVectors).Any(vector => vector.Length != Dimension || vector.Length == 0) ? "has vectors of different lengths, or empty ones"
            : Vectors.Concat(TestVectors).Any(vector => !TensorPrimitives.IsFiniteAll<float>(vector)) ? "has a vector with NaN or infinity"
            : Labels.Concat(TestLabels).Any(string.IsNullOrWhiteSpace) ? "has a vector without a label"
            : Wrong(nameof(GainScale), GainScale, 0) ?? Wrong(nameof(Cost), Cost, 0) ?? Wrong(nameof(ReportedGainScale), ReportedGainScale, 0)
                ?? Wrong(nameof(ReportedCost), ReportedCost, 0) ?? Wrong(nameof(ReportedSize), ReportedSize, 1);
        if (mistake is not null)
        {
            throw new QosValuationException(Faults.ModelClientNotValid, $"The client '{Contributor}' {mistake}.", this);
        }
    }

    private static string? Wrong(string name, double? value, double least) => value is null || (double.IsFinite(value.Value) && value >= least)
        ? null
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"has the {name} {value}; give a finite number of at least {least}");
}
