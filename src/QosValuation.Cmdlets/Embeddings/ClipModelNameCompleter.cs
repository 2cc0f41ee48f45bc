using System.Buffers;
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>Completes the names of the embedded and installed models.</summary>
public sealed class ClipModelNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        NameCompletion.Complete(wordToComplete, ClipModelCatalog.List().Select(model => (model.Name, model.Folder)));
}

/// <summary>Completes the names of the models that Install-ClipModel offers.</summary>
public sealed class ClipModelOfferCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        NameCompletion.Complete(
            wordToComplete,
            ClipModelDefinition.All.Select(model => (model.Name, $"{model.Family}, {model.Precision}, "
                + $"{model.Files.Sum(file => file.ApproximateBytes) / 1e6:N0} MB")));
}

/// <summary>Turns names into completions.</summary>
internal static class NameCompletion
{
    private static readonly SearchValues<char> Special = SearchValues.Create(" '\"$`;,()[]{}@&|");

    /// <summary>The names that begin with a word, in their order.</summary>
    /// <param name="word">What was typed, perhaps with quotes.</param>
    /// <param name="names">The names and their tooltips.</param>
    /// <returns>The completions, quoted where they need it.</returns>
    public static IEnumerable<CompletionResult> Complete(string? word, IEnumerable<(string Name, string ToolTip)> names)
    {
        string start = (word ?? string.Empty).Trim('\'', '"');
        foreach ((string name, string toolTip) in names)
        {
            if (name.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            {
                string text = !name.AsSpan().ContainsAny(Special) ? name : "'" + name.Replace("'", "''", StringComparison.Ordinal) + "'";
                yield return new CompletionResult(text, name, CompletionResultType.ParameterValue, toolTip);
            }
        }
    }
}
