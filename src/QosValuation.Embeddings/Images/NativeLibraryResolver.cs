using System.Reflection;
using System.Runtime.InteropServices;

namespace QosValuation.Embeddings.Images;

/// <summary>
/// Finds the native libraries beside this assembly, whichever load context holds it: a PowerShell module is loaded by
/// path and has no deps.json, so the runtime's own probing does not look into <c>runtimes/&lt;rid&gt;/native</c>.
/// </summary>
internal static class NativeLibraryResolver
{
    private static readonly Lock Gate = new();
    private static bool _installed;

    /// <summary>Installs the resolver for this assembly; further calls do nothing.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (!_installed)
            {
                NativeLibrary.SetDllImportResolver(typeof(NativeLibraryResolver).Assembly, Resolve);
                _installed = true;
            }
        }
    }

    /// <summary>The files that would be tried for a library, best first.</summary>
    /// <param name="folder">The folder of the managed assembly.</param>
    /// <param name="libraryName">The name used in the import, such as <c>vips-cpp</c>.</param>
    /// <returns>Full paths, whether they exist or not.</returns>
    public static IEnumerable<string> Candidates(string folder, string libraryName)
    {
        string[] fileNames = OperatingSystem.IsWindows()
            ? ["lib" + libraryName + ".dll", libraryName + ".dll"]
            : OperatingSystem.IsMacOS()
                ? ["lib" + libraryName + ".dylib", libraryName + ".dylib"]
                : ["lib" + libraryName + ".so", libraryName + ".so"];
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string[] identifiers = [RuntimeInformation.RuntimeIdentifier, system + "-" + architecture];
        foreach (string identifier in identifiers.Distinct(StringComparer.Ordinal))
        {
            foreach (string fileName in fileNames)
            {
                yield return Path.Combine(folder, "runtimes", identifier, "native", fileName);
            }
        }

        foreach (string fileName in fileNames)
        {
            yield return Path.Combine(folder, fileName);
        }
    }

    private static nint Resolve(string libraryName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        string? location = string.IsNullOrEmpty(assembly.Location) ? AppContext.BaseDirectory : Path.GetDirectoryName(assembly.Location);
        if (location is not null)
        {
            foreach (string candidate in Candidates(location, libraryName))
            {
                if (File.Exists(candidate) && NativeLibrary.TryLoad(candidate, out nint handle))
                {
                    return handle;
                }
            }
        }

        // Zero hands over to the runtime's default probing.
        return 0;
    }
}
