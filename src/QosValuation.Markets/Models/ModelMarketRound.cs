namespace QosValuation;

/// <summary>What a round of a model market came to for one client.</summary>
public sealed record ModelMarketRound
{
    /// <summary>The round, from 1.</summary>
    public required int Round { get; init; }

    /// <summary>The algorithm.</summary>
    public required FederatedAlgorithm Algorithm { get; init; }

    /// <summary>The client's name.</summary>
    public required string Client { get; init; }

    /// <summary>What the client is there for.</summary>
    public ClientRole Role { get; init; }

    /// <summary>What the client does with the model that it shares.</summary>
    public ClientAttack Attack { get; init; }

    /// <summary>
    /// The part of the test rows that its model tells right, weighted by its own distribution of labels; from 0 to 1. NaN where nothing was trained.
    /// </summary>
    public required double Accuracy { get; init; }

    /// <summary>The mean cross-entropy of its model in nats on the same rows with the same weights; NaN where nothing was trained.</summary>
    public required double Loss { get; init; }

    /// <summary>How many models it imported.</summary>
    public required int Imports { get; init; }

    /// <summary>How many others imported its model.</summary>
    public required int Exports { get; init; }

    /// <summary>√(K/N) − √(K/n), n its own training records and those behind its imports.</summary>
    public required double Gain { get; init; }

    /// <summary>What it paid for its imports.</summary>
    public required double Paid { get; init; }

    /// <summary>What it was paid for its exports.</summary>
    public required double Received { get; init; }

    /// <summary>What its exports cost it: c each.</summary>
    public required double Cost { get; init; }

    /// <summary>Gain − Paid + Received − Cost.</summary>
    public required double Utility { get; init; }

    /// <summary>The sum of all clients' utilities in the round, in which payments cancel.</summary>
    public required double Welfare { get; init; }

    /// <summary>Whether the client is no worse off than without the market: its utility is not below 0.</summary>
    public required bool IsRational { get; init; }

    /// <summary>How imports were chosen; it matters to Ipfl alone.</summary>
    public required ModelGraphStep GraphStep { get; init; }

    /// <summary>How imports were paid; it matters to Ipfl alone.</summary>
    public required ModelPayment PaymentRule { get; init; }

    /// <summary>ε of the training of each client over all rounds of the algorithm; NaN without privacy. Several algorithms cost several times
    /// as much.</summary>
    public double Epsilon { get; init; } = double.NaN;

    /// <summary>δ at which ε is stated; NaN without privacy.</summary>
    public double Delta { get; init; } = double.NaN;

    /// <summary>What ε protects: a record, or the client (Contributor) with all its records; null without privacy.</summary>
    public PrivacyUnit? Unit { get; init; }

    /// <summary>Whether ε and δ are a guarantee: there is noise, and it did not come from a seed.</summary>
    public bool IsFormal { get; init; }

    /// <summary>The seed, or a number drawn for the run where none was given.</summary>
    public required int Seed { get; init; }

    /// <summary>What the round was checked for; the same for all clients of the round.</summary>
    public ModelMarketCheck? Check { get; init; }

    /// <summary>With -PassThru the clients' names in the order of the rows and columns of the matrices.</summary>
    public string[]? Clients { get; init; }

    /// <summary>With -PassThru the weights with which client i (row) takes the model of client j (column); off the diagonal 0 is no import.</summary>
    public double[][]? Graph { get; init; }

    /// <summary>With -PassThru 1 − cos of the clients' updates from the common initial model; null where the algorithm has none.</summary>
    public double[][]? Distance { get; init; }

    /// <summary>With -PassThru what client i (row) pays client j (column), less what j pays i.</summary>
    public double[][]? Payment { get; init; }

    /// <summary>With -PassThru the data at which client i stops to gain from the model of client j; null where nothing is traded.</summary>
    public double[][]? Threshold { get; init; }

    /// <summary>With -PassThru the client's update: the model that it shared less the common initial model.</summary>
    public double[]? Update { get; init; }

    /// <summary>With -PassThru the common initial model, from which updates are counted.</summary>
    public double[]? Initial { get; init; }

    /// <summary>With -PassThru what the clients trained; null otherwise.</summary>
    public ModelLearner? Learner { get; init; }

    /// <summary>With -PassThru the widths of its hidden layers; empty for the standard, and where it has none.</summary>
    public int[]? Hidden { get; init; }

    /// <summary>With -PassThru and -LearnerPath the ONNX file that the clients began with; null otherwise.</summary>
    public string? LearnerPath { get; init; }

    /// <summary>With -PassThru what -Trainable named; empty for the last linear layer, and where nothing is chosen.</summary>
    public string[]? Trainable { get; init; }

    /// <summary>With -PassThru the length of the clients' vectors; 0 otherwise.</summary>
    public int Features { get; init; }

    /// <summary>With -PassThru the classes, in the order of a model's scores.</summary>
    public string[]? Classes { get; init; }

    /// <summary>
    /// With -PassThru the model step less the common initial model, m_i − θ_0 = u_i + η·∇ Σ_j w_ij·cos(u, u_j) at u = u_i; null where the algorithm has none.
    /// </summary>
    public double[]? Proxy { get; init; }
}
