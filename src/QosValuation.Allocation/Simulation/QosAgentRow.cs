using QosValuation.Allocation.Schemes;

using QosValuation.Foundation.Names;

namespace QosValuation.Allocation.Simulation;

/// <summary>What a caller knows of an agent, before the experiment fills in what is missing.</summary>
public sealed record QosAgentRow
{
    /// <summary>The agent's name; null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>v: its data value, finite and at least 0; null where it is not known.</summary>
    public double? Value { get; init; }

    /// <summary>B: its bucket's capacity in tokens, above 0.</summary>
    public double Capacity { get; init; } = 4;

    /// <summary>R: the tokens in its bucket at the start, from 0 to <see cref="Capacity"/>.</summary>
    public double Remaining { get; init; }

    /// <summary>Requests in a unit of time; null takes that of the simulation.</summary>
    public double? ArrivalRate { get; init; }

    /// <summary>The mean cost of a request in tokens; null takes that of the simulation.</summary>
    public double? RequestCost { get; init; }

    /// <summary>|d|: the records behind the value; null where it is not known.</summary>
    public double? Quantity { get; init; }

    /// <summary>The strategies that the row names; none for honest play.</summary>
    public IReadOnlyList<QosStrategy> Strategies { get; init; } = [];

    /// <summary>Makes the agent, and checks its numbers.</summary>
    /// <param name="position">The agent's place in the order of the input, from 1; an agent without a name is called agent1, agent2 and so on.</param>
    /// <param name="valuesAreDrawn">Whether the simulation draws values, so that the row needs none.</param>
    /// <returns>The agent.</returns>
    /// <exception cref="QosValuationException"><c>AgentNotValid</c>: a number is out of range, the value is missing, or there are several
    /// strategies.</exception>
    public QosAgent ToAgent(int position, bool valuesAreDrawn)
    {
        string name = Name is null ? QosExperiment.NameOf(position) : ContributorName.Fold(Name);
        if (Value is null && !valuesAreDrawn)
        {
            throw new QosValuationException(
                Faults.AgentNotValid, $"Agent '{name}' has no property Value; add it, or give -Alpha to draw values.", name);
        }

        if (Strategies.Count > 1)
        {
            throw new QosValuationException(
                Faults.AgentNotValid, $"Agent '{name}' has the strategies {string.Join(", ", Strategies)}; an agent plays one.", name);
        }

        new TokenAgent { Agent = name, Value = Value ?? 0, Capacity = Capacity, Remaining = Remaining }.Validate();
        return new QosAgent
        {
            Name = name,
            Value = Value ?? 0,
            Capacity = Capacity,
            Remaining = Remaining,
            ArrivalRate = ArrivalRate,
            RequestCost = RequestCost,
            Quantity = Quantity,
            Strategy = Strategies.Count == 0 ? QosStrategy.Honest : Strategies[0],
        };
    }
}
