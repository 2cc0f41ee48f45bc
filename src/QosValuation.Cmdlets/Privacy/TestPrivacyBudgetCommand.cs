using System.Management.Automation;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Checks a privacy budget's file, and names whatever was changed in it.</summary>
/// <remarks>
/// <para>Every release holds a hash of itself, of its charges and of the release before it, and the first one of the budget's terms. The check walks them
/// all, adds up μ² of every contributor from the charges, and compares that with what is noted as spent. Get-PrivacyBudget and New-DpPrototype do the same
/// before they show or charge anything, and refuse a file that does not pass with the error PrivacyBudgetDamaged; this command says all that is wrong, and
/// changes nothing.</para>
/// <para>Whoever can write to the file can also write all hashes anew from some release on, or put an older copy in its place: that is consistent in itself.
/// Keep HeadHash elsewhere from time to time; -ExpectedHash then tells whether the file still contains it.</para>
/// <para>IsChained is false for a file of an earlier version that was not opened since: its sums are checked alone. Get-PrivacyBudget upgrades it.</para>
/// </remarks>
/// <example>
/// <summary>Is the budget what was written?</summary>
/// <code>(Test-PrivacyBudget ./budget.db).IsValid</code>
/// </example>
/// <example>
/// <summary>What is wrong with it?</summary>
/// <code>(Test-PrivacyBudget ./budget.db).Faults</code>
/// </example>
/// <example>
/// <summary>Does it still hold all that it held before?</summary>
/// <code>$before = (Test-PrivacyBudget ./budget.db).HeadHash
/// $clusters | New-DpPrototype -Epsilon 0.01 -Budget ./budget.db
/// Test-PrivacyBudget ./budget.db -ExpectedHash $before</code>
/// </example>
/// <example>
/// <summary>A budget in PostgreSQL, at a service of pg_service.conf.</summary>
/// <code>(Test-PrivacyBudget -ConnectionString 'service=market' -Name spring).IsValid</code>
/// </example>
/// <seealso>Get-PrivacyBudget</seealso>
/// <seealso>New-PrivacyBudget</seealso>
/// <seealso>about_QosValuation_Privacy</seealso>
[Cmdlet(VerbsDiagnostic.Test, "PrivacyBudget", DefaultParameterSetName = "Path")]
[OutputType(typeof(PrivacyBudgetReport))]
public sealed class TestPrivacyBudgetCommand : BudgetCommand
{
    /// <summary>The HeadHash of an earlier check, in hexadecimal; the budget must contain it.</summary>
    [Parameter]
    [ValidatePattern("^[0-9a-fA-F]{64}$")]
    public string? ExpectedHash { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (string path in Budgets())
        {
            Cancellation.ThrowIfCancellationRequested();
            TryItem(path, () => WriteRecord(PrivacyBudgetStore.Check(path, ExpectedHash?.ToLowerInvariant(), Cancellation)));
        }
    }
}
