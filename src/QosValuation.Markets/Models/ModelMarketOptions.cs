using System.Globalization;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Markets.Models;

/// <summary>How a model market is run.</summary>
public sealed record ModelMarketOptions
{
    /// <summary>The algorithms, one run each.</summary>
    public IReadOnlyList<FederatedAlgorithm> Algorithms { get; init; } = [FederatedAlgorithm.Ipfl];

    /// <summary>The number of rounds, at least 1.</summary>
    public int Rounds { get; init; } = 50;

    /// <summary>How clients train and share.</summary>
    public FederatedOptions Federated { get; init; } = new();

    /// <summary>How models are traded; its λ is that of <see cref="Federated"/>.</summary>
    public ModelMarketRules Rules { get; init; } = new();

    /// <summary>What the clients train.</summary>
    public LearnerChoice Choice { get; init; } = new(ModelLearner.Logistic);

    /// <summary>Whether rows carry matrices and updates.</summary>
    public bool HasMatrices { get; init; }

    /// <summary>How trainings are made private; null for plain training.</summary>
    public ModelMarketPrivacy? Privacy { get; init; }

    /// <summary>The number by which rows name the run: the seed, or a number drawn where there is none.</summary>
    public required int RunNumber { get; init; }

    /// <summary>Where the run is saved, and goes on from; null for nowhere.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>Checks the settings. O(algorithms).</summary>
    /// <exception cref="QosValuationException"><c>ModelMarketOptionNotValid</c>, and what the settings of learning and trade refuse.</exception>
    public void Validate()
    {
        Require(Rounds >= 1, "Round", Rounds, "at least 1");
        Require(Algorithms.Count > 0, "Algorithm", Algorithms.Count, "at least one");
        LocalTrainingOptions training = Federated.Training;
        Require(training.Steps >= 1, "LocalStep", training.Steps, "at least 1");
        Require(training.BatchSize >= 1, "BatchSize", training.BatchSize, "at least 1");
        Require(training.LearningRate > 0 && double.IsFinite(training.LearningRate), "LearningRate", training.LearningRate, "a finite number above 0");
        Require(training.Momentum is >= 0 and < 1, "Momentum", training.Momentum, "at least 0 and below 1");
        Require(training.WeightDecay >= 0 && double.IsFinite(training.WeightDecay), "WeightDecay", training.WeightDecay, "a finite number of at least 0");
        Require(
            Choice.Hidden.Count <= 2 && Choice.Hidden.All(width => width >= 1), "Hidden", string.Join(", ", Choice.Hidden), "one or two widths of at least 1");
        Require(Choice.Name != ModelLearner.Onnx || Choice.Path is not null, "LearnerPath", "absent", "the .onnx file with Onnx");
        Require(CheckpointPath is null || Federated.Seed is not null, "Seed", "absent", "one with CheckpointPath, or the run cannot go on to the same rows");
        (Rules with { Lambda = Federated.Lambda }).Validate();
        Privacy?.Validate();
        foreach (FederatedAlgorithm algorithm in Algorithms)
        {
            (Federated with { Algorithm = algorithm }).Validate();
            if (Privacy is not null && FederatedAlgorithms.Find(algorithm).LooksAtRows)
            {
                throw new QosValuationException(
                    Faults.ModelMarketOptionNotValid,
                    $"{algorithm} weighs models by their losses on private rows, which no noise protects: leave it out of -Algorithm, or leave -Epsilon out.",
                    algorithm);
            }
        }

        if (CheckpointPath is not null && Directory.Exists(CheckpointPath))
        {
            throw new QosValuationException(
                Faults.ModelMarketCheckpointNotValid, $"'{CheckpointPath}' is a folder. Give the name of a file in it.", CheckpointPath);
        }

        if (Privacy is not null && CheckpointPath is not null && Federated.Seed is null)
        {
            throw new QosValuationException(
                Faults.ModelMarketOptionNotValid,
                "A private run that goes on from a checkpoint trains its last rounds again with other noise, and so tells more than ε: "
                    + "leave -CheckpointPath out, or give -Seed for an experiment without a guarantee.",
                CheckpointPath);
        }
    }

    private static void Require(bool holds, string name, object value, string wanted)
    {
        if (!holds)
        {
            throw new QosValuationException(
                Faults.ModelMarketOptionNotValid, string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; give {wanted}."), value);
        }
    }
}
