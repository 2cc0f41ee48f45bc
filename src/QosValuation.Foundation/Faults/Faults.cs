using System.Reflection;
using System.Runtime.CompilerServices;

namespace QosValuation;

/// <summary>
/// The catalogue of faults: each one stands here once, with its id, its kind and its advice. A file Faults.Area.cs holds the
/// faults of an area; a new fault is a new property there.
/// </summary>
public static partial class Faults
{
    private static readonly Lazy<IReadOnlyDictionary<string, Fault>> ById = new(() => typeof(Faults)
        .GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Where(property => property.PropertyType == typeof(Fault))
        .Select(property => (Fault)property.GetValue(null)!)
        .ToDictionary(fault => fault.Id, StringComparer.Ordinal));

    /// <summary>Every fault of the catalogue, in the order of the ids.</summary>
    public static IReadOnlyList<Fault> All => [.. ById.Value.Values.OrderBy(fault => fault.Id, StringComparer.Ordinal)];

    /// <summary>Looks a fault up.</summary>
    /// <param name="id">The id; upper and lower case differ.</param>
    /// <returns>The fault, or null where the catalogue has none of that id.</returns>
    public static Fault? Find(string id) => ById.Value.GetValueOrDefault(id);

    private static Fault Define(FaultKind kind, string advice, [CallerMemberName] string id = "") => new(id, kind, advice);
}
