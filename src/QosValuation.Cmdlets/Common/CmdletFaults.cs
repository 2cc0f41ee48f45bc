namespace QosValuation.Cmdlets;

/// <summary>The faults that cmdlets find themselves, before the engine sees anything.</summary>
internal static class CmdletFaults
{
    /// <summary>A path that matches nothing.</summary>
    /// <param name="path">The path as given.</param>
    /// <param name="cause">PowerShell's exception, where there is one.</param>
    /// <returns>The fault.</returns>
    public static QosValuationException PathNotFound(string path, Exception? cause = null) =>
        new(Faults.PathNotFound, $"Cannot find the path '{path}' because it does not exist.", path, cause);

    /// <summary>A path of a provider other than the file system.</summary>
    /// <param name="path">The path as given.</param>
    /// <param name="provider">The provider's name.</param>
    /// <returns>The fault.</returns>
    public static QosValuationException NotAFileSystemPath(string path, string provider) =>
        new(Faults.NotAFileSystemPath, $"'{path}' is a path of the {provider} provider; give a path of the file system.", path);
}
