namespace QosValuation;

/// <summary>
/// Quality of service over time under one scheme: the whole population, or one agent.
/// Figures are means over the rounds; a property that ends in <c>StandardError</c> is the standard error of that mean
/// (NaN for a single round). Times are in the unit of <see cref="EpochLength"/>.
/// </summary>
public sealed record QosReport
{
    /// <summary>The scheme that divided the supply.</summary>
    public required AllocationScheme Scheme { get; init; }

    /// <summary>The agent; empty for the whole population.</summary>
    public required string Agent { get; init; }

    /// <summary>How the agent played; for the whole population the strategy of those who are not honest.</summary>
    public required QosStrategy Strategy { get; init; }

    /// <summary>N: the number of agents counted.</summary>
    public required int Agents { get; init; }

    /// <summary>v, or Σ v.</summary>
    public required double Value { get; init; }

    /// <summary>Epochs measured.</summary>
    public required int Epochs { get; init; }

    /// <summary>The length of an epoch.</summary>
    public required double EpochLength { get; init; }

    /// <summary>Independent runs.</summary>
    public required int Rounds { get; init; }

    /// <summary>The seed that reproduces the figures.</summary>
    public required int Seed { get; init; }

    /// <summary>Genuine requests that arrived: <see cref="Served"/> + <see cref="Rejected"/> + <see cref="Abandoned"/> + <see cref="Waiting"/>.</summary>
    public required double Arrived { get; init; }

    /// <summary>Genuine requests that were served.</summary>
    public required double Served { get; init; }

    /// <summary>Genuine requests dropped on arrival: the queue was full, or the cost exceeds the bucket's capacity.</summary>
    public required double Rejected { get; init; }

    /// <summary>Genuine requests that left because their patience ended.</summary>
    public required double Abandoned { get; init; }

    /// <summary>Genuine requests that still wait at the end.</summary>
    public required double Waiting { get; init; }

    /// <summary>Genuine requests that a hoarder did not send; no part of <see cref="Arrived"/>.</summary>
    public required double Withheld { get; init; }

    /// <summary>Served / Arrived; those that still wait count as not served. NaN where nothing arrived.</summary>
    public required double ServedRatio { get; init; }

    /// <summary>The standard error of <see cref="ServedRatio"/>.</summary>
    public required double ServedRatioStandardError { get; init; }

    /// <summary>The smallest served ratio of an agent that sent requests.</summary>
    public required double WorstServedRatio { get; init; }

    /// <summary>The outage probability as requests see it: the part of them that could not be served at the instant of their arrival.</summary>
    public required double OutageRatio { get; init; }

    /// <summary>The standard error of <see cref="OutageRatio"/>.</summary>
    public required double OutageRatioStandardError { get; init; }

    /// <summary>
    /// The outage probability over time: the part of it in which the agent's requests wait, or its bucket holds less than the mean cost of a
    /// request.
    /// </summary>
    public required double OutageTime { get; init; }

    /// <summary>The standard error of <see cref="OutageTime"/>.</summary>
    public required double OutageTimeStandardError { get; init; }

    /// <summary>The mean wait of the served requests (0 for those served at once).</summary>
    public required double MeanWait { get; init; }

    /// <summary>The standard error of <see cref="MeanWait"/>.</summary>
    public required double MeanWaitStandardError { get; init; }

    /// <summary>The wait that 95 % of the served requests do not exceed.</summary>
    public required double P95Wait { get; init; }

    /// <summary>The standard error of <see cref="P95Wait"/>.</summary>
    public required double P95WaitStandardError { get; init; }

    /// <summary>The wait that 99 % of the served requests do not exceed.</summary>
    public required double P99Wait { get; init; }

    /// <summary>The standard error of <see cref="P99Wait"/>.</summary>
    public required double P99WaitStandardError { get; init; }

    /// <summary>The mean number of requests that wait, over time.</summary>
    public required double MeanQueue { get; init; }

    /// <summary>V·epochs: the tokens offered in all; for one agent, the tokens granted to it.</summary>
    public required double Supplied { get; init; }

    /// <summary>The tokens granted.</summary>
    public required double Granted { get; init; }

    /// <summary>The tokens spent.</summary>
    public required double Spent { get; init; }

    /// <summary>The part of <see cref="Spent"/> that went into junk requests.</summary>
    public required double Junk { get; init; }

    /// <summary>The tokens left in the buckets at the end: held at the start + Granted − Spent.</summary>
    public required double Unspent { get; init; }

    /// <summary>The standard error of <see cref="Unspent"/>.</summary>
    public required double UnspentStandardError { get; init; }

    /// <summary>The mean number of tokens in the buckets, over time.</summary>
    public required double MeanTokens { get; init; }

    /// <summary>The part of the refills that found a full bucket and so earned nothing under a capped scheme.</summary>
    public required double FullRatio { get; init; }

    /// <summary>Spent / (held at the start + Supplied), in [0, 1]; NaN where there was nothing to spend.</summary>
    public required double Utilisation { get; init; }

    /// <summary>The standard error of <see cref="Utilisation"/>.</summary>
    public required double UtilisationStandardError { get; init; }

    /// <summary>Granted / Value: the reward rate (paper, Eq. 5), summed over the epochs.</summary>
    public required double RewardRate { get; init; }

    /// <summary>Tokens spent on genuine requests / Value.</summary>
    public required double ServiceRate { get; init; }

    /// <summary>Jain's index of the agents' reward rates (paper, Eq. 6); NaN for one agent.</summary>
    public required double Jain { get; init; }

    /// <summary>The standard error of <see cref="Jain"/>.</summary>
    public required double JainStandardError { get; init; }

    /// <summary>The Gini coefficient of the agents' reward rates (paper, Eq. 8); NaN for one agent.</summary>
    public required double Gini { get; init; }

    /// <summary>The standard error of <see cref="Gini"/>.</summary>
    public required double GiniStandardError { get; init; }

    /// <summary>Jain's index of the agents' service rates; NaN for one agent.</summary>
    public required double ServiceJain { get; init; }

    /// <summary>The standard error of <see cref="ServiceJain"/>.</summary>
    public required double ServiceJainStandardError { get; init; }

    /// <summary>The Gini coefficient of the agents' service rates; NaN for one agent.</summary>
    public required double ServiceGini { get; init; }

    /// <summary>The standard error of <see cref="ServiceGini"/>.</summary>
    public required double ServiceGiniStandardError { get; init; }
}

/// <summary>
/// What an agent gains by a strategy, against honest play in the same runs: the same requests arrive at the same times.
/// A gain is a relative change (0.5: half as much again; −1: all is lost); NaN where honest play gives nothing.
/// </summary>
public sealed record StrategyGain
{
    /// <summary>The scheme that divided the supply.</summary>
    public required AllocationScheme Scheme { get; init; }

    /// <summary>The agent that deviates.</summary>
    public required string Agent { get; init; }

    /// <summary>How it deviates.</summary>
    public required QosStrategy Strategy { get; init; }

    /// <summary>v: its value in honest play.</summary>
    public required double Value { get; init; }

    /// <summary>Under how many identities it plays.</summary>
    public required int Identities { get; init; }

    /// <summary>Tokens granted to it in honest play.</summary>
    public required double HonestGranted { get; init; }

    /// <summary>Tokens granted to all its identities.</summary>
    public required double Granted { get; init; }

    /// <summary>Granted / HonestGranted − 1.</summary>
    public required double GrantedGain { get; init; }

    /// <summary>The standard error of <see cref="GrantedGain"/> (paired; ratio estimator).</summary>
    public required double GrantedGainStandardError { get; init; }

    /// <summary>Tokens of service that its genuine requests received in honest play.</summary>
    public required double HonestServed { get; init; }

    /// <summary>Tokens of service that its genuine requests received.</summary>
    public required double Served { get; init; }

    /// <summary>Served / HonestServed − 1: what the strategy is worth.</summary>
    public required double ServedGain { get; init; }

    /// <summary>The standard error of <see cref="ServedGain"/> (paired; ratio estimator).</summary>
    public required double ServedGainStandardError { get; init; }

    /// <summary>The mean wait of its served genuine requests in honest play.</summary>
    public required double HonestMeanWait { get; init; }

    /// <summary>The mean wait of its served genuine requests.</summary>
    public required double MeanWait { get; init; }

    /// <summary>The relative change of the service that the honest agents' requests received: what the strategy costs others.</summary>
    public required double OthersServedGain { get; init; }

    /// <summary>The standard error of <see cref="OthersServedGain"/> (paired; ratio estimator).</summary>
    public required double OthersServedGainStandardError { get; init; }

    /// <summary>Independent runs.</summary>
    public required int Rounds { get; init; }

    /// <summary>The seed that reproduces the figures.</summary>
    public required int Seed { get; init; }
}
