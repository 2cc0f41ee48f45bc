using System.Globalization;

namespace QosValuation.Tests;

/// <summary>Another culture for the current thread, until it is disposed of.</summary>
internal sealed class CultureScope : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    /// <summary>Changes the culture.</summary>
    /// <param name="name">Its name; empty for the invariant one.</param>
    public CultureScope(string name) => CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(name);

    /// <inheritdoc/>
    public void Dispose() => CultureInfo.CurrentCulture = _before;
}
