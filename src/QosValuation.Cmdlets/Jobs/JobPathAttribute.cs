using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>
/// Takes a job for its folder, where a path is asked for: Get-QosJob $job is what people write. Jobs that were saved, or come from another process,
/// are taken as well.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JobPathAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        inputData is PSObject given && JobAttribute.PathOf(given) is string path ? WildcardPattern.Escape(path) : RecordProperties.Unwrap(inputData) switch
        {
            QosJob job => WildcardPattern.Escape(job.Path),
            object?[] list => list.Select(one => Transform(engineIntrinsics, one)).ToArray(),
            _ => inputData,
        };
}
