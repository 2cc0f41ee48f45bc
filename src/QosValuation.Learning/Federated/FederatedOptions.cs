using QosValuation.Learning.Learners;

namespace QosValuation.Learning.Federated;

/// <summary>The settings of a federated run.</summary>
public sealed record FederatedOptions
{
    /// <summary>The algorithm.</summary>
    public FederatedAlgorithm Algorithm { get; init; } = FederatedAlgorithm.Ipfl;

    /// <summary>Whose choices the algorithm follows where they differ.</summary>
    public FederatedDefaults Defaults { get; init; } = FederatedDefaults.Authors;

    /// <summary>How a client trains in a round. An optimizer's state begins anew in each round, as in the authors' code.</summary>
    public LocalTrainingOptions Training { get; init; } = new();

    /// <summary>
    /// Clipping and noise of what each training changed, which protect a client with all its rows; null for none. They are applied where the training
    /// ends, so that evaluation, distances, graph and model step see private models alone.
    /// </summary>
    public PrivateUpdate? Sharing { get; init; }

    /// <summary>Whether trainings are private, for their records or for their client.</summary>
    public bool IsPrivate => Sharing is not null || Training.Privacy is not null;

    /// <summary>λ of iPFL, at least 0: how strongly a client stays near its proxy, by λ/(2η)·‖θ − m_i‖² from round 2 on.</summary>
    public double Lambda { get; init; } = 1;

    /// <summary>η of iPFL, above 0: the size of the model step.</summary>
    public double Eta { get; init; } = 5;

    /// <summary>
    /// The weight of the proximal term of FedProx (μ), Ditto (λ), FedAmp (λ) and PFedGraph (λ), at least 0; null for the default of
    /// <see cref="Defaults"/>.
    /// </summary>
    public double? Proximal { get; init; }

    /// <summary>The seed; null draws from the operating system's generator.</summary>
    public int? Seed { get; init; }

    /// <summary>How many threads; −1 for one a core. It does not change the results.</summary>
    public int MaxDegreeOfParallelism { get; init; } = -1;

    /// <summary>Refuses settings out of range.</summary>
    /// <exception cref="QosValuationException"><c>FederatedOptionNotValid</c>.</exception>
    public void Validate()
    {
        Require(double.IsFinite(Lambda) && Lambda >= 0, nameof(Lambda), Lambda, "a finite number of at least 0");
        Require(double.IsFinite(Eta) && Eta > 0, nameof(Eta), Eta, "a finite number above 0");
        Require(Proximal is null or (>= 0 and < double.PositiveInfinity), nameof(Proximal), Proximal, "a finite number of at least 0");
        if (FederatedAlgorithms.Find(Algorithm).LooksAtRows && IsPrivate)
        {
            throw new QosValuationException(
                Faults.FederatedOptionNotValid,
                $"{Algorithm} weighs models by their losses on private rows, which no noise protects: leave it out, or train without privacy.",
                Algorithm);
        }
    }

    private static void Require(bool holds, string name, double? value, string wanted)
    {
        if (!holds)
        {
            throw new QosValuationException(
                Faults.FederatedOptionNotValid, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} is {value}; give {wanted}."), value);
        }
    }
}
