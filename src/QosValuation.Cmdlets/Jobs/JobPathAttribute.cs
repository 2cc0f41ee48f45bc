using System.Management.Automation;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>Takes a job for its folder, where a path is asked for: Get-QosJob $job is what people write.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JobPathAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        RecordProperties.Unwrap(inputData) switch
        {
            QosJob job => WildcardPattern.Escape(job.Path),
            object?[] list => list.Select(one => Transform(engineIntrinsics, one)).ToArray(),
            _ => inputData,
        };
}
