using System.Collections;
using System.Management.Automation;
using QosValuation.Foundation.IO;

namespace QosValuation.Cmdlets;

/// <summary>
/// Reads the numbers of a parameter that come as text by <see cref="NumberText"/>. PowerShell's own conversion takes "2,5" for 25, an empty
/// text and $null for 0, and $true for 1. Every parameter of a floating-point type has it, or another attribute that reads by the same rules.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal class NumberAttribute : ArgumentTransformationAttribute
{
    /// <summary>Whether $null and an empty text mean that no number was given, as a parameter of a nullable type can tell.</summary>
    public bool MayBeAbsent { get; init; }

    /// <summary>Whether the parameter takes several numbers. A list for one that takes one is refused by PowerShell without a reason.</summary>
    public bool TakesList { get; init; }

    /// <summary>What is expected, after "is not".</summary>
    private protected virtual string Expected => "a number: " + NumberText.Advice;

    /// <inheritdoc/>
    /// <exception cref="ArgumentTransformationMetadataException">A text, or another value that PowerShell would take for a number, is none.</exception>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = RecordProperties.Unwrap(inputData);
        if (given is IList several && !TakesList)
        {
            object? one = OneOf(several);
            return Read(RecordProperties.Unwrap(one), one);
        }

        return given is IList list ? list.Cast<object?>().Select(element => Read(RecordProperties.Unwrap(element), element)).ToArray() : Read(given, inputData);
    }

    /// <summary>The number of a list that holds one.</summary>
    /// <param name="several">The list.</param>
    /// <returns>Its element.</returns>
    /// <exception cref="ArgumentTransformationMetadataException">The list holds several, or none.</exception>
    internal static object? OneOf(IList several) => several.Count == 1
        ? several[0]
        : throw new ArgumentTransformationMetadataException(
            $"The parameter takes one number, and {several.Count} were given: {string.Join(", ", several.Cast<object?>().Take(5))}"
            + (several.Count > 5 ? ", …" : string.Empty) + ".");

    /// <summary>Reads a value that PowerShell would convert.</summary>
    /// <param name="given">The value.</param>
    /// <returns>The number; null where it is none.</returns>
    private protected virtual object? Read(object given) => RecordProperties.TryRead(given, out double number) ? number : null;

    private object? Read(object? given, object? wrapped)
    {
        if (given is null || (given is string text && string.IsNullOrWhiteSpace(text)))
        {
            return MayBeAbsent
                ? null
                : throw new ArgumentTransformationMetadataException($"{(given is null ? "$null" : "An empty text")} is not {Expected}.");
        }

        // What is neither text nor number is left to PowerShell's own refusal.
        return given is string or bool or char or SwitchParameter || RecordProperties.IsNumber(given)
            ? Read(given) ?? throw new ArgumentTransformationMetadataException($"'{given}' is not {Expected}.")
            : wrapped;
    }
}

/// <summary>
/// Reads the whole numbers of a parameter, as <see cref="NumberAttribute"/> does; a number with a fraction is refused, where PowerShell
/// rounds it. Every parameter of a whole type has it, or another attribute that reads by the same rules.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WholeNumberAttribute : NumberAttribute
{
    /// <inheritdoc/>
    private protected override string Expected => "a whole number, such as 12 with nothing between thousands";

    /// <inheritdoc/>
    private protected override object? Read(object given) => RecordProperties.TryReadWhole(given, out long number) ? number : null;
}
