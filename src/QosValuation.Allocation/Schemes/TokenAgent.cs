using QosValuation.Foundation.Names;

namespace QosValuation.Allocation.Schemes;

/// <summary>An agent that may receive tokens.</summary>
public sealed record TokenAgent
{
    /// <summary>The agent's name (the contributor of the paper's pipeline).</summary>
    public required string Agent { get; init; }

    /// <summary>v ≥ 0: the agent's data value.</summary>
    public required double Value { get; init; }

    /// <summary>B ≥ 0: the bucket's capacity in tokens.</summary>
    public required double Capacity { get; init; }

    /// <summary>R in [0, B]: the tokens left in the bucket.</summary>
    public double Remaining { get; init; }

    /// <summary>
    /// B − R, at most a rounding below it: so that R and a grant that fills the bucket add up to B and not above, and the agent may come again
    /// with their sum. O(1).
    /// </summary>
    /// <param name="capacity">B ≥ 0.</param>
    /// <param name="remaining">R in [0, B].</param>
    /// <returns>The room u ≥ 0, R + u ≤ B as doubles.</returns>
    internal static double Room(double capacity, double remaining)
    {
        double room = capacity - remaining;
        return remaining + room > capacity ? Math.BitDecrement(room) : room;
    }

    /// <summary>The fault of a name that several agents have.</summary>
    /// <param name="name">The name.</param>
    /// <param name="rows">Where they stand, such as <c> (agents 1 and 3)</c>; empty where that says nothing.</param>
    /// <returns><c>AgentRepeated</c>.</returns>
    public static QosValuationException Repeated(string name, string rows = "") => new(
        Faults.AgentRepeated, $"The agent '{name}' is there twice{rows}, and would have two buckets and two shares.", name);

    /// <summary>Checks the agent's numbers. O(1).</summary>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c> for a name that lost letters,
    /// for NaN, infinite and negative numbers, and for R &gt; B.</exception>
    public void Validate() => Validate(Agent, Value, Capacity, Remaining, this);

    /// <summary>Checks an agent of which there is no object yet: it is made for the fault alone. O(1), no allocation for a valid agent.</summary>
    /// <param name="agent">The name.</param>
    /// <param name="value">v.</param>
    /// <param name="capacity">B.</param>
    /// <param name="remaining">R.</param>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c>, as <see cref="Validate()"/>.</exception>
    internal static void Validate(string agent, double value, double capacity, double remaining) => Validate(agent, value, capacity, remaining, null);

    private static void Validate(string agent, double value, double capacity, double remaining, TokenAgent? subject)
    {
        bool isValid = value is >= 0 and <= double.MaxValue && capacity <= double.MaxValue && remaining >= 0 && remaining <= capacity
            && ContributorName.IsDecoded(agent);
        if (isValid)
        {
            return;
        }

        subject ??= new TokenAgent { Agent = agent, Value = value, Capacity = capacity, Remaining = remaining };
        if (!ContributorName.IsDecoded(agent))
        {
            throw new QosValuationException(Faults.AgentNotValid, ContributorName.NotDecoded(agent), subject);
        }

        subject.Require(value, "value");
        subject.Require(capacity, "capacity");
        subject.Require(remaining, "remaining tokens");
        throw new QosValuationException(
            Faults.AgentNotValid, $"Agent '{agent}' has {remaining} tokens remaining in a bucket of {capacity}; give at most the capacity.", subject);
    }

    private void Require(double number, string name)
    {
        if (double.IsNaN(number))
        {
            throw new QosValuationException(
                Faults.AgentNotValid,
                $"Agent '{Agent}' has no number as its {name}; give a finite number of at least 0, as text such as 2.5 with nothing between thousands.",
                this);
        }

        if (!(number >= 0) || !double.IsFinite(number))
        {
            throw new QosValuationException(Faults.AgentNotValid, $"Agent '{Agent}' has a {name} of {number}; give a finite number of at least 0.", this);
        }
    }
}
