namespace QosValuation.Runner;

/// <summary>What to reproduce, and how large.</summary>
internal sealed record ReproductionOptions
{
    /// <summary>Γ here: small, because generated datasets are small. The paper's simulations use 50.</summary>
    public const int DefaultNoveltyThreshold = 20;

    public required string Output { get; init; }

    public string? Images { get; init; }

    public string? Annotations { get; init; }

    public string? Model { get; init; }

    public int SceneCount { get; init; } = 400;

    public int Contributors { get; init; } = 8;

    public int NoveltyThreshold { get; init; } = DefaultNoveltyThreshold;

    public double? SimilarityThreshold { get; init; }

    public double Epsilon { get; init; } = 1;

    public double Delta { get; init; } = 1e-5;

    public double? Supply { get; init; }

    public double Capacity { get; init; } = 4;

    public int Rounds { get; init; } = 1000;

    public int Seed { get; init; } = 1;

    public string? CachePath { get; init; }

    /// <summary>Refuses what no experiment can use.</summary>
    /// <exception cref="QosValuationException">An option lies outside its range.</exception>
    public void Validate()
    {
        Require(SceneCount is >= 1 and <= 1_000_000, "--count", SceneCount, "from 1 to 1000000");
        Require(Contributors is >= 1 and <= 10_000, "--contributors", Contributors, "from 1 to 10000");
        Require(NoveltyThreshold >= 1, "--novelty-threshold", NoveltyThreshold, "at least 1");
        Require(Epsilon > 0 && double.IsFinite(Epsilon), "--epsilon", Epsilon, "positive and finite");
        Require(Delta is > 0 and < 1, "--delta", Delta, "between 0 and 1");
        Require(SimilarityThreshold is null or (>= 0 and <= 1), "--similarity-threshold", SimilarityThreshold, "from 0 to 1");
        Require(Capacity > 0 && double.IsFinite(Capacity), "--capacity", Capacity, "positive and finite");
        Require(Supply is null || (Supply >= 0 && double.IsFinite(Supply.Value)), "--supply", Supply, "at least 0 and finite");
        Require(Rounds is >= 2 and <= 1_000_000, "--rounds", Rounds, "from 2 to 1000000");
        Require(Annotations is null || File.Exists(Annotations), "--annotations", Annotations, "an existing file");
        Require(Images is null || Directory.Exists(Images), "--images", Images, "an existing folder");
    }

    private static void Require(bool holds, string option, object? value, string range)
    {
        if (!holds)
        {
            throw new QosValuationException("OptionOutOfRange", FaultKind.InvalidArgument, $"{option} is {value}; it must be {range}.", value);
        }
    }
}
