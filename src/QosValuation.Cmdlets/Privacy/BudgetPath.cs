using System.Management.Automation;

namespace QosValuation.Cmdlets.Privacy;

/// <summary>Finds the file of what a user gives as a privacy budget.</summary>
internal static class BudgetPath
{
    /// <summary>The schema of a budget in a database where none is named.</summary>
    public const string DefaultName = "privacy_budget";

    /// <summary>The path of a budget's file.</summary>
    /// <param name="budget">A <see cref="PrivacyBudget"/>, a path, the address of one in PostgreSQL, a file, or an object with a Path, such as a
    /// budget read back by Import-Clixml.</param>
    /// <returns>The path as given.</returns>
    /// <exception cref="QosValuationException"><c>PrivacyBudgetNotValid</c>.</exception>
    public static string Of(object budget)
    {
        object value = budget is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : budget;
        string? path = value switch
        {
            PrivacyBudget known => known.Path,
            string text => text,
            FileSystemInfo file => file.FullName,
            _ => RecordReader.Bare(PSObject.AsPSObject(budget).Properties["Path"]?.Value) as string,
        };
        return string.IsNullOrEmpty(path)
            ? throw new QosValuationException(
                Faults.PrivacyBudgetNotValid, "A budget from New-PrivacyBudget or Get-PrivacyBudget is wanted, or its path or address.", budget)
            : path;
    }
}
