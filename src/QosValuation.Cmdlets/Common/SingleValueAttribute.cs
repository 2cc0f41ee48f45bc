using System.Collections;
using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>
/// Refuses a list for a parameter that takes one value of an enum. Without it PowerShell combines the values bit by bit, so that a list
/// silently becomes another value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SingleValueAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentTransformationMetadataException">More than one value was given.</exception>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object?[] values = [.. ValueList.Of(inputData)];
        return values.Length <= 1
            ? inputData
            : throw new ArgumentTransformationMetadataException($"The parameter takes one value, and {values.Length} were given: {string.Join(", ", values)}.");
    }
}

/// <summary>
/// Takes a list for a parameter that takes several values of an enum, also where it comes as one text with commas, as from the command line
/// of another shell. Without it PowerShell combines the values of such a text bit by bit.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ValueListAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object?[] values = [.. ValueList.Of(inputData)];
        return inputData is null ? null : values.Length == 1 ? values[0] : values;
    }
}

/// <summary>Reads the values of an argument.</summary>
internal static class ValueList
{
    /// <summary>Lists the values: the elements of lists, at any depth, and the parts of texts between commas.</summary>
    /// <param name="argument">What was given; null gives nothing.</param>
    /// <returns>The values, in order.</returns>
    public static IEnumerable<object?> Of(object? argument)
    {
        object? given = argument is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : argument;
        return given switch
        {
            null => [],
            string text => text.Contains(',', StringComparison.Ordinal) ? text.Split(',', StringSplitOptions.TrimEntries) : [text],
            IEnumerable list => list.Cast<object?>().SelectMany(Of),
            _ => [given],
        };
    }
}
