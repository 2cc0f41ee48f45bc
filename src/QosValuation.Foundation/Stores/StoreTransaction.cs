using System.Data.Common;

namespace QosValuation.Foundation.Stores;

/// <summary>One view of a store, or one change to it. The commands of the store belong to it until it ends; what is not committed is undone.</summary>
public abstract class StoreTransaction : IDisposable
{
    /// <summary>The database's own transaction.</summary>
    internal abstract DbTransaction Inner { get; }

    /// <summary>Keeps what was changed: it is on disk afterwards.</summary>
    public abstract void Commit();

    /// <summary>Ends the transaction.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the transaction.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}
