using System.Collections;
using System.Management.Automation;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.Names;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>What cmdlets share that divide one supply among agents from the pipeline.</summary>
public abstract class TokenAgentCommand : QosCmdlet
{
    /// <summary>The set of parameters with which agents are objects. Their properties are read here: PowerShell would bind them one by one.</summary>
    internal const string ObjectSet = "Objects";

    /// <summary>The set of parameters with which an agent is made of arguments, and of what the object of the pipeline adds.</summary>
    internal const string AgentSet = "Agents";

    /// <summary>B of agents that bring none of their own.</summary>
    internal const double DefaultCapacity = 4;

    private const string Needed = "the properties Agent and Value";

    private readonly TokenAgentCollection _agents = [];
    private readonly AlikeNames _names = new();
    private bool? _isCapacityGiven;
    private bool _isRemainingGiven;

    /// <summary>Data values, or objects with the properties Agent and Value.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = ObjectSet)]
    [Accepts(typeof(DataValue), AndOthers = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>The object of the pipeline where -Agent or -Value is given as an argument, such as <c>-Value { $_.Score }</c>.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = AgentSet, DontShow = true)]
    [Accepts(typeof(DataValue), AndOthers = true)]
    public PSObject? AgentObject { get; set; }

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
    [Parameter(ParameterSetName = ObjectSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [AgentNumberTransformation(WhenEmpty = DefaultCapacity)]
    public virtual double Capacity { get; set; } = DefaultCapacity;

    /// <summary>R: the tokens that remain in the agent's bucket, from 0 to its capacity; 0 by default.</summary>
    [Parameter(ParameterSetName = ObjectSet)]
    [Parameter(ValueFromPipelineByPropertyName = true, ParameterSetName = AgentSet)]
    [AgentNumberTransformation(WhenEmpty = 0)]
    public virtual double Remaining { get; set; }

    /// <summary>V: the tokens to divide, 0 or more; 1000 by default. The scheme Random deals its whole tokens only.</summary>
    [Parameter]
    [Number]
    public double Supply { get; set; } = 1000;

    /// <summary>The agents that passed their checks, in the order of the input.</summary>
    private protected TokenAgentCollection Agents => _agents;

    /// <inheritdoc/>
    private protected override bool OnlyCollects => true;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == AgentSet)
        {
            TryItem(AgentObject, this, static command =>
            {
                command.RequireProperties(typeof(DataValue), command.AgentObject, Needed, nameof(Agent), nameof(Value));
                command.Add(command.Agent, command.Value, command.Capacity, command.Remaining);
            });
        }
        else
        {
            TryItem(InputObject, this, static command => command.AddObject());
        }
    }

    // Reads an object as PowerShell binds properties by their names: an argument comes before a property, and a name before its aliases.
    private void AddObject()
    {
        if (_isCapacityGiven is null)
        {
            _isCapacityGiven = IsBound(nameof(Capacity));
            _isRemainingGiven = IsBound(nameof(Remaining));
        }

        PSPropertyInfo? agent = RecordProperties.Find(InputObject, nameof(Agent), "Contributor", "Address");
        PSPropertyInfo? value = RecordProperties.Find(InputObject, nameof(Value));
        if (agent is null || value is null)
        {
            throw Refusal([typeof(DataValue)], InputObject, "objects with " + Needed);
        }

        try
        {
            Add(
                NameOf(agent.Value),
                AgentNumberTransformationAttribute.Read(value.Value, double.NaN),
                _isCapacityGiven.Value ? Capacity : Own(nameof(Capacity), DefaultCapacity),
                _isRemainingGiven ? Remaining : Own(nameof(Remaining), 0));
        }
        catch (GetValueException unreadable)
        {
            throw new QosValuationException(
                Faults.AgentNotValid, "An agent has a property that cannot be read: " + unreadable.Message, InputObject, unreadable);
        }
    }

    private double Own(string name, double whenAbsent) =>
        RecordProperties.Find(InputObject, name) is { } property ? AgentNumberTransformationAttribute.Read(property.Value, whenAbsent) : whenAbsent;

    private string NameOf(object? raw) => RecordProperties.Unwrap(raw) switch
    {
        null => string.Empty,
        string text => text,
        IEnumerable => throw new QosValuationException(Faults.AgentNotValid, "An agent's name is a list; give one text.", InputObject),
        var other => LanguagePrimitives.ConvertTo<string>(other),
    };

    private void Add(string name, double value, double capacity, double remaining)
    {
        name = ContributorName.Fold(name);
        if (_names.Contains(name))
        {
            throw TokenAgent.Repeated(name);
        }

        _agents.Add(name, value, capacity, remaining);
        _names.Add(name);
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
