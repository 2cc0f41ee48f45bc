using System.Management.Automation;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>A cmdlet over budgets that exist: named by patterns or paths, given as objects, or in a database.</summary>
public abstract class BudgetCommand : StoreCommand
{
    /// <summary>The budget's file; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The budget's file, taken as it is.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    // Path takes nothing from the pipeline: PowerShell would make a text of an object, and a pattern of that.
    /// <summary>
    /// Budgets that New-PrivacyBudget or Get-PrivacyBudget gave, also those read back from a file: each is the one that its Path names exactly. A text from
    /// the pipeline is taken as -Path takes it.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public PSObject[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    private protected override string DefaultName => BudgetPath.DefaultName;

    /// <summary>Where the budgets lie that the parameters name; what does not resolve costs one error record and the others go on.</summary>
    /// <returns>Full paths, and addresses without passwords.</returns>
    private protected IEnumerable<string> Budgets() =>
        ConnectionString is not null ? [StoreAt(string.Empty)]
        : InputObject.Length == 0 ? ResolveStores(LiteralPath.Length > 0 ? LiteralPath : Path, LiteralPath.Length > 0)
        : InputObject.SelectMany(item => item.BaseObject is string text ? ResolveStores([text], literal: false)
            : PathOf(item) is string path ? ResolveStores([path], literal: true) : []);

    private string? PathOf(PSObject budget)
    {
        string? path = null;
        TryItem(budget, () => path = BudgetPath.Of(budget));
        return path;
    }
}
