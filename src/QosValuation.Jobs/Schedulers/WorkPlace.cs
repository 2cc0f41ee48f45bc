namespace QosValuation.Jobs.Schedulers;

/// <summary>Where elements can run.</summary>
/// <param name="HostName">The host; null for this machine.</param>
/// <param name="Limit">How many at a time.</param>
/// <param name="Processors">The processors that .NET may see in each; 0 where the host itself decides.</param>
internal sealed record WorkPlace(string? HostName, int Limit, int Processors);
