namespace QosValuation;

/// <summary>Whether a model on disk can be used, and what is wrong with it.</summary>
public sealed record ClipModelReport
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The folder that holds the model.</summary>
    public required string Path { get; init; }

    /// <summary>What is wrong, a sentence each; empty for a model that can be used.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => Problems.Count == 0;
}
