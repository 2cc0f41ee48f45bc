using System.Management.Automation;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Makes a privacy budget: what all releases of a contributor's data together may cost.</summary>
/// <remarks>
/// <para>The budget is a SQLite file. New-DpPrototype -Budget charges each release to every contributor with a record in it, before any noise is drawn; a
/// release that would take a contributor past (ε, δ) is refused. Several processes may release at once, and one that is killed loses no charge: what was
/// charged and never released stays charged.</para>
/// <para>Every contributor has the whole budget; contributors need not be named beforehand. Releases add up exactly, as squared distances μ² of neighbours
/// in standard deviations of the noise (Gaussian differential privacy), so that two releases of ε cost less than 2ε together.</para>
/// <para>-Neighboring and -Unit say what the budget protects, and cannot change later. A budget for ReplaceOne takes releases under AddRemove as well, at
/// 3.2 times their μ² (the sum moves by 2 where a record is exchanged, the pair of sum and half the count by √1.25 where one joins); one for AddRemove
/// refuses releases that tell the number of records. A budget for records takes releases for contributors, who include their records; not the other way
/// round.</para>
/// <para>With -ConnectionString the budget lies in a PostgreSQL database instead, which several machines share under the same rules; a schema of it holds
/// one budget. The object's Path is then the address without any password, and -Budget takes it wherever it takes a file. A role that releases needs no
/// more than SELECT and INSERT; docs/shared-budgets.md has the statements.</para>
/// <para>Keep the file, and its -wal file beside it, where only the curator can write: who deletes it forgets what was spent. It says who took part in
/// what, so it is private itself. Copies count separately: make no second one for the same data.</para>
/// </remarks>
/// <example>
/// <summary>A budget of ε = 1 for each contributor's records.</summary>
/// <code>New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path ./privacy.db</code>
/// </example>
/// <example>
/// <summary>A budget for whole contributors, and a release on it.</summary>
/// <code>$budget = New-PrivacyBudget -Epsilon 2 -Delta 1e-6 -Path ./privacy.db -Unit Contributor
/// $clusters | New-DpPrototype -Epsilon 0.2 -Delta 1e-6 -Unit Contributor -Budget $budget
/// $budget</code>
/// </example>
/// <example>
/// <summary>A budget in PostgreSQL, which several machines share: here in the database of the service 'market' of pg_service.conf.</summary>
/// <code>New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -ConnectionString 'service=market' -Name autumn</code>
/// </example>
/// <seealso>Get-PrivacyBudget</seealso>
/// <seealso>New-DpPrototype</seealso>
/// <seealso>about_QosValuation_Privacy</seealso>
[Cmdlet(VerbsCommon.New, "PrivacyBudget", SupportsShouldProcess = true, DefaultParameterSetName = "Path")]
[OutputType(typeof(PrivacyBudget))]
public sealed class NewPrivacyBudgetCommand : StoreCommand
{
    /// <summary>ε: what all releases of a contributor's data together may cost, above 0. Smaller is more private.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Number]
    public double Epsilon { get; set; }

    /// <summary>
    /// δ: the probability that the guarantee fails, between 0 and 1, both excluded; 1e-5 by default. Keep it well below one over the number of records.
    /// </summary>
    [Parameter(Position = 1)]
    [Number]
    public double Delta { get; set; } = 1e-5;

    /// <summary>The SQLite file to make. An existing budget is never replaced.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>Which datasets count as neighbours: ReplaceOne (the default) or AddRemove.</summary>
    [Parameter]
    [SingleValue]
    public Neighboring Neighboring { get; set; } = Neighboring.ReplaceOne;

    /// <summary>Whose data the budget protects: each Record of a contributor (the default), or the Contributor with all records.</summary>
    [Parameter]
    [SingleValue]
    public PrivacyUnit Unit { get; set; } = PrivacyUnit.Record;

    /// <inheritdoc/>
    private protected override string DefaultName => BudgetPath.DefaultName;

    /// <inheritdoc/>
    protected override void Process()
    {
        string path = StoreAt(Path);
        if (ShouldProcess(path, FormattableString.CurrentCulture($"Make a privacy budget of ε = {Epsilon}, δ = {Delta}")))
        {
            WriteRecord(PrivacyBudget.Create(path, Epsilon, Delta, Neighboring, Unit));
        }
    }
}
