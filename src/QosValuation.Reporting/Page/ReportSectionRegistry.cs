using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;

namespace QosValuation.Reporting.Page;

/// <summary>Finds the sections of a report: every type of the engine that is an <see cref="IReportSection"/>.</summary>
public sealed class ReportSectionRegistry
{
    private const string EnginePrefix = "QosValuation.";

    private static readonly ConcurrentDictionary<Assembly, ReportSectionRegistry> Cache = new();

    /// <summary>Creates a registry of given sections.</summary>
    /// <param name="sections">The sections, in any order.</param>
    /// <exception cref="ArgumentException">Two sections are for one type.</exception>
    public ReportSectionRegistry(IEnumerable<IReportSection> sections)
    {
        Sections = [.. sections.OrderBy(section => section.Place).ThenBy(section => section.TypeName, StringComparer.Ordinal)];
        if (Sections.GroupBy(section => section.TypeName, StringComparer.Ordinal).FirstOrDefault(group => group.Skip(1).Any()) is { } twice)
        {
            string both = string.Join(" and ", twice.Select(section => section.GetType()));
            throw new ArgumentException($"Two sections are for {twice.Key}: {both}.", nameof(sections));
        }
    }

    /// <summary>The sections in the order of the page.</summary>
    public IReadOnlyList<IReportSection> Sections { get; }

    /// <summary>The sections of an assembly and of the engine's assemblies that it refers to, however indirectly.</summary>
    /// <param name="root">The assembly on top, such as that of the cmdlets.</param>
    public static ReportSectionRegistry For(Assembly root) => Cache.GetOrAdd(root, static assembly => new ReportSectionRegistry(Find(assembly)));

    /// <summary>The section of a record: by its type's name, else the first whose required properties it has; null where there is none.</summary>
    /// <param name="record">The record.</param>
    public IReportSection? Of(ReportRecord record) =>
        Sections.FirstOrDefault(section => section.TypeName == record.TypeName)
        ?? Sections.FirstOrDefault(section => record.Has([.. section.Required]));

    private static IEnumerable<IReportSection> Find(Assembly root)
    {
        // The module lives in a load context of its own; what it refers to is looked for there.
        AssemblyLoadContext context = AssemblyLoadContext.GetLoadContext(root) ?? AssemblyLoadContext.Default;
        var seen = new HashSet<string>(StringComparer.Ordinal) { root.GetName().Name! };
        var open = new Queue<Assembly>([root]);
        while (open.TryDequeue(out Assembly? assembly))
        {
            foreach (Type type in assembly.GetTypes().Where(type => !type.IsAbstract && type.IsAssignableTo(typeof(IReportSection))))
            {
                yield return (IReportSection)Activator.CreateInstance(type)!;
            }

            foreach (AssemblyName name in assembly.GetReferencedAssemblies().Where(name => name.Name!.StartsWith(EnginePrefix, StringComparison.Ordinal)))
            {
                if (seen.Add(name.Name!))
                {
                    open.Enqueue(context.LoadFromAssemblyName(name));
                }
            }
        }
    }
}
