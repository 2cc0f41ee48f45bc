namespace QosValuation.Foundation.IO;

/// <summary>
/// The cancellation of the work that the current thread is on. Waits inside native libraries ask here, because a parameter does not reach
/// them: for another process's lock, or for a query that does not end.
/// </summary>
public static class WorkCancellation
{
    private static readonly AsyncLocal<CancellationToken> Ambient = new();

    /// <summary>The token of the work at hand; one that is never cancelled where nobody set any. It flows to threads that the work starts.</summary>
    public static CancellationToken Current => Ambient.Value;

    /// <summary>Sets the token until the result is disposed of.</summary>
    /// <param name="cancellationToken">The token.</param>
    /// <returns>Restores the token before.</returns>
    public static IDisposable Enter(CancellationToken cancellationToken)
    {
        var scope = new Scope(Ambient.Value);
        Ambient.Value = cancellationToken;
        return scope;
    }

    private sealed class Scope(CancellationToken before) : IDisposable
    {
        public void Dispose() => Ambient.Value = before;
    }
}
