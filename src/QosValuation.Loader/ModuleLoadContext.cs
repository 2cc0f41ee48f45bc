using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace QosValuation;

/// <summary>
/// Keeps the module's dependencies apart from every other module of the session: whatever lies in the module's
/// <c>lib</c> folder is loaded from there, in exactly the version it was built with; everything else
/// (PowerShell itself, the framework) is shared with the session.
/// </summary>
/// <remarks>
/// The context is made once a process: importing the module again, or in another runspace, reuses it, because native
/// libraries and static state must not exist twice.
/// </remarks>
public sealed class ModuleLoadContext : AssemblyLoadContext
{
    private static readonly Lazy<Assembly> ModuleAssembly = new(static () => new ModuleLoadContext().LoadModule());

    private readonly string _folder;

    // Assemblies that were compiled ahead of time for this platform; the same are in the folder, for every other.
    private readonly string _ahead;

    private ModuleLoadContext() : base("QosValuation", isCollectible: false)
    {
        _folder = Path.Combine(Path.GetDirectoryName(typeof(ModuleLoadContext).Assembly.Location)!, "lib");
        _ahead = Path.Combine(_folder, "runtimes", PortableRuntimeIdentifier(), "managed");
    }

    /// <summary>Loads the cmdlets' assembly into the context, the first time it is called.</summary>
    /// <returns>The assembly to import.</returns>
    public static Assembly Initialize() => ModuleAssembly.Value;

    /// <summary>The assemblies of the engine that the cmdlets use, each loaded where it was not.</summary>
    /// <returns>They, in no particular order.</returns>
    public static Assembly[] Engine()
    {
        Assembly module = Initialize();
        AssemblyLoadContext context = GetLoadContext(module)!;
        return
        [
            .. module.GetReferencedAssemblies()
                .Where(name => name.Name!.StartsWith("QosValuation.", StringComparison.Ordinal))
                .Select(context.LoadFromAssemblyName),
        ];
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        ArgumentNullException.ThrowIfNull(assemblyName);
        string file = assemblyName.Name + ".dll";
        string path = Path.Combine(_ahead, file);
        if (!File.Exists(path))
        {
            path = Path.Combine(_folder, file);
        }

        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        foreach (string rid in new[] { RuntimeInformation.RuntimeIdentifier, PortableRuntimeIdentifier() })
        {
            string folder = Path.Combine(_folder, "runtimes", rid, "native");
            foreach (string name in FileNames(unmanagedDllName))
            {
                string path = Path.Combine(folder, name);
                if (File.Exists(path))
                {
                    return LoadUnmanagedDllFromPath(path);
                }
            }
        }

        return base.LoadUnmanagedDll(unmanagedDllName);
    }

    private static string[] FileNames(string name) =>
        OperatingSystem.IsWindows() ? [name, name + ".dll"]
        : OperatingSystem.IsMacOS() ? [name, "lib" + name + ".dylib", name + ".dylib"]
        : [name, "lib" + name + ".so", name + ".so"];

    private static string PortableRuntimeIdentifier()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return system + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
    }

    private Assembly LoadModule() => LoadFromAssemblyName(new AssemblyName("QosValuation.Cmdlets"));
}
