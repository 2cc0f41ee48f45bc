namespace QosValuation;

/// <summary>The value of one contributor's data (paper, Eq. 20).</summary>
public sealed record DataValue
{
    /// <summary>Who is valued.</summary>
    public required string Contributor { get; init; }

    /// <summary>|d|: the number of records contributed.</summary>
    public required int Quantity { get; init; }

    /// <summary>Records labelled novel (φ = 1).</summary>
    public required int Novel { get; init; }

    /// <summary>Records labelled normal (φ = 0.5).</summary>
    public required int Normal { get; init; }

    /// <summary>Records labelled noise (φ = 0).</summary>
    public required int Noise { get; init; }

    /// <summary>φ(d) in [0, 1]: the average novelty of the contribution.</summary>
    public required double MeanNovelty { get; init; }

    /// <summary>f(d) = φ(d)·ln(1 + |d|).</summary>
    public required double Value { get; init; }
}
