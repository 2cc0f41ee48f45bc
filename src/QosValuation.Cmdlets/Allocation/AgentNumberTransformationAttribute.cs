using System.Collections;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Allocation;

/// <summary>
/// Reads the numbers of agents that come as text, such as the fields of Import-Csv, by <see cref="RecordProperties.TryRead"/>. An empty
/// field means the default, as in the files of -Path, and where there is none it is refused rather than taken for 0. What is refused
/// becomes NaN, so that the check of the agent can name it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AgentNumberTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>What an empty field means; NaN where a number is needed.</summary>
    public double WhenEmpty { get; init; } = double.NaN;

    /// <summary>Whether an agent with an empty field counts as one without it.</summary>
    public bool MayBeAbsent { get; init; }

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = RecordProperties.Unwrap(inputData);
        if (given is IList several)
        {
            inputData = NumberAttribute.OneOf(several);
            given = RecordProperties.Unwrap(inputData);
        }

        if (given is null || (given is string text && string.IsNullOrWhiteSpace(text)))
        {
            return MayBeAbsent ? null : WhenEmpty;
        }

        return given is not (string or bool or char or SwitchParameter) ? inputData : RecordProperties.TryRead(given, out double number) ? number : double.NaN;
    }

    /// <summary>Reads a number of an agent by the same rules, where no parameter is bound.</summary>
    /// <param name="raw">What a field holds; null for an empty one.</param>
    /// <param name="whenEmpty">What an empty field means; NaN where a number is needed.</param>
    /// <returns>The number; NaN for what is none.</returns>
    public static double Read(object? raw, double whenEmpty)
    {
        object? given = RecordProperties.Unwrap(raw);
        return given is null || (given is string text && string.IsNullOrWhiteSpace(text)) ? whenEmpty
            : RecordProperties.TryRead(given, out double number) ? number
            : double.NaN;
    }
}
