namespace QosValuation;

/// <summary>A client of a model market as the market sees it, without its data: what it has, and what it says that it has.</summary>
public sealed record ModelTrader
{
    /// <summary>The client's name.</summary>
    public required string Contributor { get; init; }

    /// <summary>N &gt; 0: the number of its training records.</summary>
    public required double Size { get; init; }

    /// <summary>c ≥ 0: what each export of its model costs it.</summary>
    public required double Cost { get; init; }

    /// <summary>K ≥ 0: with n training records in all, its gain is √(K/N) − √(K/n); 0 buys nothing.</summary>
    public double GainScale { get; init; } = ModelClient.StandardGainScale;

    /// <summary>The number of training records that it reports; null where it tells the truth.</summary>
    public double? ReportedSize { get; init; }

    /// <summary>The cost that it reports; null where it tells the truth.</summary>
    public double? ReportedCost { get; init; }

    /// <summary>The gain scale that it reports; null where it tells the truth.</summary>
    public double? ReportedGainScale { get; init; }

    /// <summary>What it is there for.</summary>
    public ClientRole Role { get; init; }

    /// <summary>What it does with the model that it shares.</summary>
    public ClientAttack Attack { get; init; }

    /// <summary>A client without its data. O(1).</summary>
    /// <param name="client">The client.</param>
    /// <returns>Its numbers.</returns>
    public static ModelTrader Of(ModelClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new()
        {
            Contributor = client.Contributor,
            Size = client.Size,
            Cost = client.Cost,
            GainScale = client.GainScale,
            ReportedSize = client.ReportedSize,
            ReportedCost = client.ReportedCost,
            ReportedGainScale = client.ReportedGainScale,
            Role = client.Role,
            Attack = client.Attack,
        };
    }
}
