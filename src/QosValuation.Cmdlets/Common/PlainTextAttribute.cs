using System.Collections;
using System.Management.Automation;
using System.Text;

namespace QosValuation.Cmdlets;

/// <summary>
/// Refuses what is no text for a parameter that takes texts. Without it PowerShell takes what an object says of itself, such as the name of its
/// type, and the wrong thing is embedded without a word.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PlainTextAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentTransformationMetadataException">An element is neither a text nor a plain value.</exception>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = RecordReader.Bare(inputData);
        foreach (object? element in given is IEnumerable list and not string and not IDictionary ? list.Cast<object?>() : [given])
        {
            object? bare = RecordReader.Bare(element);
            if (bare is not (null or string or ValueType or Uri or Version or StringBuilder))
            {
                string kind = bare is PSObject or PSCustomObject ? "an object with properties" : $"a {bare.GetType().Name}";
                throw new ArgumentTransformationMetadataException(
                    $"The parameter takes texts, and got {kind}. Pipe objects in, or give one of their properties, such as $item.Captions.");
            }
        }

        return inputData;
    }
}
