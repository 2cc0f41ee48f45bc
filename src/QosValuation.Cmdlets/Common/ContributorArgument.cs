using System.Globalization;
using System.Management.Automation;
using QosValuation.Foundation.Names;

namespace QosValuation.Cmdlets;

/// <summary>What -Contributor says about a record: a name, or a script block that finds one.</summary>
internal static class ContributorArgument
{
    /// <summary>Names the contributor of a record.</summary>
    /// <param name="given">The parameter's value: a script block, in which $_ is the record, or a name; may be null.</param>
    /// <param name="subject">The record.</param>
    /// <param name="otherwise">The name where <paramref name="given"/> gives none.</param>
    /// <returns>The name, folded; of several that a script block gives, the first that is not empty.</returns>
    /// <exception cref="QosValuationException"><c>ContributorScriptFailed</c>.</exception>
    public static string Of(object? given, object subject, string otherwise)
    {
        given = given is PSObject wrapped ? wrapped.BaseObject : given;
        if (given is not ScriptBlock script)
        {
            return ContributorName.Fold(Convert.ToString(given, CultureInfo.InvariantCulture) is { Length: > 0 } name ? name : otherwise);
        }

        try
        {
            return ContributorName.Fold(script.InvokeWithContext(null, [new PSVariable("_", subject)])
                .Select(result => result?.ToString())
                .FirstOrDefault(name => !string.IsNullOrEmpty(name)) ?? otherwise);
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (RuntimeException exception)
        {
            throw new QosValuationException(
                Faults.ContributorScriptFailed, $"The script block of -Contributor failed for '{subject}': {exception.Message}", subject, exception);
        }
    }
}
