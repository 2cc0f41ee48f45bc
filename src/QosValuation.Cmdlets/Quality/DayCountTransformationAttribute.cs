using System.Globalization;
using System.Management.Automation;

namespace QosValuation.Cmdlets.Quality;

/// <summary>Takes a number for a span of time as days; PowerShell itself takes it as ticks of 100 nanoseconds.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DayCountTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return given is not (null or TimeSpan) && RecordProperties.TryRead(given, out double days) && Math.Abs(days) < 1e7
            ? TimeSpan.FromDays(days)
            : given is string text && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span : inputData;
    }
}
