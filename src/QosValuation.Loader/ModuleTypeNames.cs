using System.Reflection;

namespace QosValuation;

/// <summary>
/// Makes the module's type names known to the session, so that <c>[QosValuation.ClipEmbedding]</c> and its kin work although the types live in
/// another load context. PowerShell keeps one table of such names a process and does not guard it: runspaces that import the module at the same
/// time would damage it. Here one of them writes, the others wait, and the names stay until the last of them removes the module.
/// </summary>
public static class ModuleTypeNames
{
    private static readonly Lock Writing = new();

    private static int _imports;

    /// <summary>Adds the names of the public types of the namespace QosValuation. O(types).</summary>
    /// <param name="accelerators">PowerShell's table of type accelerators.</param>
    /// <param name="assemblies">The assemblies of the engine and the cmdlets.</param>
    public static void Add(Type accelerators, Assembly[] assemblies)
    {
        ArgumentNullException.ThrowIfNull(accelerators);
        ArgumentNullException.ThrowIfNull(assemblies);
        lock (Writing)
        {
            if (_imports++ == 0)
            {
                var add = accelerators.GetMethod("Add", [typeof(string), typeof(Type)])!.CreateDelegate<Action<string, Type>>();
                var remove = accelerators.GetMethod("Remove", [typeof(string)])!.CreateDelegate<Func<string, bool>>();
                foreach (Type type in Types(assemblies))
                {
                    _ = remove(type.FullName!);
                    add(type.FullName!, type);
                }
            }
        }
    }

    /// <summary>Takes the names away when nobody in the process needs them any more. O(types).</summary>
    /// <param name="accelerators">PowerShell's table of type accelerators.</param>
    /// <param name="assemblies">The assemblies whose names were added.</param>
    public static void Remove(Type accelerators, Assembly[] assemblies)
    {
        ArgumentNullException.ThrowIfNull(accelerators);
        ArgumentNullException.ThrowIfNull(assemblies);
        lock (Writing)
        {
            if (--_imports == 0)
            {
                MethodInfo remove = accelerators.GetMethod("Remove", [typeof(string)])!;
                foreach (Type type in Types(assemblies))
                {
                    remove.Invoke(null, [type.FullName]);
                }
            }
        }
    }

    private static IEnumerable<Type> Types(Assembly[] assemblies) =>
        assemblies.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.Namespace == "QosValuation" && !type.IsGenericTypeDefinition);
}
