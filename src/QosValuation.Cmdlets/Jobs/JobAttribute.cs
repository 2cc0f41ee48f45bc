using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>
/// Opens jobs that were saved, as CLIXML, JSON or CSV, or come from another process, by their folders: a job's state lies there, not in the object.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JobAttribute : ArgumentTransformationAttribute
{
    private const string SavedType = "Deserialized.QosValuation.QosJob";

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if (inputData is PSObject given && PathOf(given) is string path)
        {
            try
            {
                return QosJob.Open(path);
            }
            catch (QosValuationException fault)
            {
                throw new ArgumentTransformationMetadataException(fault.Message, fault);
            }
        }

        return RecordProperties.Unwrap(inputData) is object?[] list ? list.Select(one => Transform(engineIntrinsics, one)).ToArray() : inputData;
    }

    /// <summary>The folder of a job that was saved.</summary>
    /// <param name="given">The object.</param>
    /// <returns>Null where it is no such job.</returns>
    internal static string? PathOf(PSObject given) =>
        given.TypeNames.Contains(SavedType) || (given.BaseObject is PSCustomObject && given.Properties[nameof(QosJob.LogPath)] is not null)
            ? given.Properties[nameof(QosJob.Path)]?.Value as string
            : null;
}
