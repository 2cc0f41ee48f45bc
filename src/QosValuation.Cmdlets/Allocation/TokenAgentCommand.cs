using System.Management.Automation;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Names;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>What cmdlets share that divide one supply among agents from the pipeline.</summary>
public abstract class TokenAgentCommand : QosCmdlet
{
    /// <summary>The set of parameters with which agents come one by one.</summary>
    internal const string AgentSet = "Agents";

    /// <summary>B of agents that bring none of their own.</summary>
    internal const double DefaultCapacity = 4;

    private readonly List<TokenAgent> _agents = [];
    private readonly AlikeNames _names = new();

    /// <summary>Data values, or objects with the properties Agent and Value.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = AgentSet)]
    [Accepts(typeof(DataValue), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The agent's name; the Contributor of a data value.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [Alias("Contributor", "Address")]
    [AllowEmptyString]
    public string Agent { get; set; } = string.Empty;

    /// <summary>v: the value of the agent's data, 0 or more, in any unit.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [AgentNumberTransformation]
    public double Value { get; set; }

    /// <summary>
    /// B: the capacity of the agent's bucket in tokens, 0 or more; 4 by default, as in the paper. Given as an argument it holds for all agents;
    /// else each agent may bring its own.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = DefaultCapacity)]
    public double Capacity { get; set; } = DefaultCapacity;

    /// <summary>R: the tokens that remain in the agent's bucket, from 0 to its capacity; 0 by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AgentNumberTransformation(WhenEmpty = 0)]
    public double Remaining { get; set; }

    /// <summary>V: the tokens to divide, 0 or more; 1000 by default. The scheme Random deals its whole tokens only.</summary>
    [Parameter]
    [Number]
    public double Supply { get; set; } = 1000;

    /// <summary>The agents that passed their checks, in the order of the input.</summary>
    private protected IReadOnlyList<TokenAgent> Agents => _agents;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (!TryItem(InputObject, () => RequireProperties(typeof(DataValue), InputObject, "the properties Agent and Value", nameof(Agent), nameof(Value))))
        {
            return;
        }

        var agent = new TokenAgent { Agent = ContributorName.Fold(Agent), Value = Value, Capacity = Capacity, Remaining = Remaining };
        if (TryItem(agent, agent.Validate))
        {
            _agents.Add(agent);
            _names.Add(agent.Agent);
        }
    }

    /// <summary>Warns of agents whose names look alike.</summary>
    private protected void WarnOfAlikeNames()
    {
        if (_names.Warning is string warning)
        {
            WriteWarning(warning);
        }
    }
}
