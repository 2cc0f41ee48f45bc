namespace QosValuation;

/// <summary>What an algorithm came to in a model market: accuracy and utility, with standard errors over seeds.</summary>
public sealed record ModelMarketReport
{
    /// <summary>The algorithm.</summary>
    public required FederatedAlgorithm Algorithm { get; init; }

    /// <summary>How imports were chosen; it matters to Ipfl alone.</summary>
    public required ModelGraphStep GraphStep { get; init; }

    /// <summary>How imports were paid; it matters to Ipfl alone.</summary>
    public required ModelPayment PaymentRule { get; init; }

    /// <summary>ε of each client's training; NaN without privacy.</summary>
    public required double Epsilon { get; init; }

    /// <summary>What ε protects: a record, or the client (Contributor) with all its records; null without privacy.</summary>
    public PrivacyUnit? Unit { get; init; }

    /// <summary>The number of seeds.</summary>
    public required int Seeds { get; init; }

    /// <summary>The number of rounds of a seed.</summary>
    public required int Rounds { get; init; }

    /// <summary>The number of clients that count: attackers and free riders do not.</summary>
    public required int Clients { get; init; }

    /// <summary>The mean over clients of the best accuracy over rounds, as the paper has it; the mean over seeds.</summary>
    public required double Accuracy { get; init; }

    /// <summary>The standard error of <see cref="Accuracy"/> over seeds; NaN for one seed.</summary>
    public required double AccuracyStandardError { get; init; }

    /// <summary>The mean over clients of the accuracy after the last round, which no test row has chosen; the mean over seeds.</summary>
    public required double FinalAccuracy { get; init; }

    /// <summary>The standard error of <see cref="FinalAccuracy"/> over seeds.</summary>
    public required double FinalAccuracyStandardError { get; init; }

    /// <summary>The mean over clients of their utility, summed over rounds; the mean over seeds.</summary>
    public required double Utility { get; init; }

    /// <summary>The standard error of <see cref="Utility"/> over seeds.</summary>
    public required double UtilityStandardError { get; init; }

    /// <summary>The welfare of all clients, attackers included, summed over rounds; the mean over seeds.</summary>
    public required double Welfare { get; init; }

    /// <summary>The standard error of <see cref="Welfare"/> over seeds.</summary>
    public required double WelfareStandardError { get; init; }

    /// <summary>The mean over clients of what they paid, summed over rounds; the mean over seeds.</summary>
    public required double Paid { get; init; }

    /// <summary>The standard error of <see cref="Paid"/> over seeds.</summary>
    public required double PaidStandardError { get; init; }

    /// <summary>The mean number of imports of a client in a round.</summary>
    public required double Imports { get; init; }

    /// <summary>The part of the clients and rounds in which the client was no worse off than without the market, from 0 to 1.</summary>
    public required double RationalShare { get; init; }

    /// <summary>False costs tried in all rounds; see <see cref="ModelMarketCheck"/>.</summary>
    public required long Probes { get; init; }

    /// <summary>How many of them would have gained.</summary>
    public required long Lies { get; init; }
}
