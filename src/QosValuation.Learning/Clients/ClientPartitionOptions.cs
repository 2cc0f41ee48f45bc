using System.Globalization;

namespace QosValuation.Learning.Clients;

/// <summary>How records are divided among clients.</summary>
public sealed record ClientPartitionOptions
{
    /// <summary>β of <see cref="ClientPartitionKind.Dirichlet"/> and <see cref="ClientPartitionKind.Quantity"/> where none is given.</summary>
    public const double StandardBeta = 0.5;

    /// <summary>β over the clusters of <see cref="ClientPartitionKind.Cluster"/> where none is given.</summary>
    public const double StandardClusterBeta = 0.1;

    /// <summary>The number of clients, at least 1.</summary>
    public int Count { get; init; } = 10;

    /// <summary>The kind.</summary>
    public ClientPartitionKind Kind { get; init; } = ClientPartitionKind.Iid;

    /// <summary>β, above 0: small values skew more; null for the kind's own.</summary>
    public double? Beta { get; init; }

    /// <summary>The number of clusters of tasks, or of domains, from 1 to the number of clients.</summary>
    public int Clusters { get; init; } = 3;

    /// <summary>The number of classes a client of <see cref="ClientPartitionKind.Pathological"/> has, at least 1.</summary>
    public int ClassesPerClient { get; init; } = 2;

    /// <summary>
    /// The largest part of wrong labels of <see cref="ClientPartitionKind.Noisy"/>, from 0 to 1: client i of n has the part strength·i/(n − 1). For
    /// <see cref="ClientPartitionKind.FeatureShift"/> the length of the shift, of a vector of length 1.
    /// </summary>
    public double Strength { get; init; } = 0.5;

    /// <summary>The part of the records that becomes the common test set, from 0 to below 1, class by class.</summary>
    public double TestPart { get; init; } = 0.2;

    /// <summary>The fewest records of a client, where there are that many for each.</summary>
    public int MinimumSize { get; init; } = 10;

    /// <summary>The seed; null draws from the operating system's generator.</summary>
    public int? Seed { get; init; }

    /// <summary>β as the kind takes it.</summary>
    public double Concentration => Beta ?? (Kind == ClientPartitionKind.Cluster ? StandardClusterBeta : StandardBeta);

    /// <summary>Whether the kind has clusters or domains.</summary>
    public bool HasClusters => Kind is ClientPartitionKind.Cluster or ClientPartitionKind.FeatureShift;

    /// <summary>Refuses settings out of range.</summary>
    /// <exception cref="QosValuationException"><c>PartitionOptionNotValid</c>, naming the setting.</exception>
    public void Validate()
    {
        Require(Count >= 1, nameof(Count), Count, "a whole number of at least 1");
        Require(Enum.IsDefined(Kind), nameof(Kind), (int)Kind, "one of " + string.Join(", ", Enum.GetNames<ClientPartitionKind>()));
        Require(Beta is null or (> 0 and < double.PositiveInfinity), nameof(Beta), Beta, "a finite number above 0");
        Require(!HasClusters || (Clusters >= 1 && Clusters <= Count), "Cluster", Clusters, "a whole number from 1 to the number of clients");
        Require(ClassesPerClient >= 1, "ClassCount", ClassesPerClient, "a whole number of at least 1");
        Require(double.IsFinite(Strength) && Strength >= 0, nameof(Strength), Strength, "a finite number of at least 0");
        Require(Kind != ClientPartitionKind.Noisy || Strength <= 1, nameof(Strength), Strength, "a number from 0 to 1");
        Require(TestPart is >= 0 and < 1, nameof(TestPart), TestPart, "a number from 0 to below 1");
        Require(MinimumSize >= 1, nameof(MinimumSize), MinimumSize, "a whole number of at least 1");
    }

    private static void Require(bool holds, string name, double? value, string wanted)
    {
        if (!holds)
        {
            throw new QosValuationException(
                Faults.PartitionOptionNotValid, string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; give {wanted}."), value);
        }
    }
}
