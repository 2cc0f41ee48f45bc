using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Cmdlets;

/// <summary>Reads a parameter -Shard: the text i/n. A number is refused, for that is what PowerShell makes of (3/8).</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ShardAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentTransformationMetadataException">The value is no shard.</exception>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = RecordReader.Bare(inputData);
        switch (given)
        {
            case null or Shard:
                return given;
            case string text:
                try
                {
                    return Shard.Parse(text);
                }
                catch (QosValuationException fault)
                {
                    throw new ArgumentTransformationMetadataException(fault.Message, fault);
                }

            case var number when RecordProperties.IsNumber(number):
                string shown = Convert.ToString(number, CultureInfo.InvariantCulture)!;
                throw new ArgumentTransformationMetadataException(
                    $"{shown} is a number and no shard: PowerShell divides what stands in parentheses. "
                        + "Write -Shard 3/8 or -Shard '3/8', or \"$i/$n\" with variables.");
            default:
                string kind = given is IList list ? $"a list of {list.Count}" : $"a {given.GetType().Name}";
                throw new ArgumentTransformationMetadataException(
                    $"A shard is a text such as 3/8, for the third of eight, and not {kind}.");
        }
    }
}

/// <summary>Completes shards: common numbers of them.</summary>
public sealed class ShardCompleter : IArgumentCompleter
{
    private static readonly int[] Counts = [2, 3, 4, 8, 16, 32, 64, 128, 256];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = (wordToComplete ?? string.Empty).Trim('\'', '"');
        string first = word.Split('/')[0];
        int index = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int given) && given > 0 ? given : 1;
        return Counts.Where(count => count >= index)
            .Select(count => new Shard(index, count).ToString())
            .Where(text => text.StartsWith(word, StringComparison.Ordinal))
            .Select(text => new CompletionResult(text, text, CompletionResultType.ParameterValue, text));
    }
}
