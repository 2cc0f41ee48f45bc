using System.Management.Automation;
using QosValuation.Foundation.Names;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Opens a privacy budget, and shows what has been spent and what is left.</summary>
/// <remarks>
/// <para>Spent is the ε, at the budget's δ, of all releases together of the contributor who has spent most; Remaining is the largest ε of one more release
/// that every contributor's budget allows. They are read from the file each time they are asked for. The two do not add up to Epsilon: what adds up is
/// μ².</para>
/// <para>With -Contributor one row leaves for each contributor that was charged and matches.</para>
/// </remarks>
/// <example>
/// <summary>What is left</summary>
/// <code>Get-PrivacyBudget ./budget.db</code>
/// </example>
/// <example>
/// <summary>Contributors with little left</summary>
/// <code>Get-PrivacyBudget ./budget.db -Contributor * | Where-Object Remaining -LT 0.1</code>
/// </example>
/// <example>
/// <summary>Who can take part in a release of ε = 1</summary>
/// <code>Get-PrivacyBudget ./budget.db | Get-PrivacyBudget -Contributor * | Where-Object Remaining -GE 1</code>
/// </example>
/// <example>
/// <summary>A budget that several machines share, in PostgreSQL</summary>
/// <code>Get-PrivacyBudget -ConnectionString 'service=market' -Name spring -Contributor *</code>
/// </example>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>about_QosValuation_Privacy</seealso>
[Cmdlet(VerbsCommon.Get, "PrivacyBudget", DefaultParameterSetName = "Path")]
[OutputType(typeof(PrivacyBudget), typeof(PrivacySpending))]
public sealed class GetPrivacyBudgetCommand : BudgetCommand
{
    /// <summary>Show what these contributors have spent instead of the budget; wildcards are allowed.</summary>
    [Parameter(Position = 1)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Contributor { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        WildcardPattern[]? patterns = Contributor
            ?.Select(pattern => new WildcardPattern(ContributorName.Fold(pattern), WildcardOptions.CultureInvariant)).ToArray();
        foreach (string path in Budgets())
        {
            TryItem(path, () =>
            {
                PrivacyBudget budget = PrivacyBudget.Open(path);
                if (patterns is null)
                {
                    WriteRecord(budget);
                    return;
                }

                foreach (PrivacySpending spending in budget.SpendingOf(
                    name => Array.Exists(patterns, pattern => pattern.IsMatch(ContributorName.Fold(name)))))
                {
                    Cancellation.ThrowIfCancellationRequested();
                    WriteRecord(spending);
                }
            });
        }
    }
}
