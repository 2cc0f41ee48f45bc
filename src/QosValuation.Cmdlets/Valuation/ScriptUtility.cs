using System.Management.Automation;
using QosValuation.Valuation.MarginalUtility;

namespace QosValuation.Cmdlets.Valuation;

/// <summary>A game whose worths a script block tells: it gets the players' names as $_ and as its first argument.</summary>
internal sealed class ScriptUtility(ScriptBlock script, IReadOnlyList<string> names) : IUtilityFunction
{
    /// <inheritdoc/>
    public int Players => names.Count;

    /// <inheritdoc/>
    public bool IsThreadSafe => false;

    /// <inheritdoc/>
    /// <exception cref="QosValuationException"><c>UtilityScriptFailed</c>.</exception>
    public double Evaluate(ReadOnlySpan<int> coalition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string[] members = new string[coalition.Length];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = names[coalition[i]];
        }

        string subject = string.Join(',', members);
        try
        {
            PSObject?[] results = [.. script.InvokeWithContext(null, [new PSVariable("_", members)], [members])];
            return results.Length == 1 && RecordProperties.TryRead(results[0], out double worth) && double.IsFinite(worth)
                ? worth
                : throw new QosValuationException(
                    Faults.UtilityScriptFailed,
                    $"The script block returned '{string.Join(", ", results.Select(result => result?.ToString()))}' for the coalition '{subject}', "
                    + "not one number.",
                    subject);
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (RuntimeException exception)
        {
            throw new QosValuationException(
                Faults.UtilityScriptFailed, $"The script block failed for the coalition '{subject}': {exception.Message}", subject, exception);
        }
    }
}
