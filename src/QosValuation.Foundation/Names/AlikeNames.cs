namespace QosValuation.Foundation.Names;

/// <summary>Finds names that look alike and are counted as different contributors. Memory: the names. Not thread-safe.</summary>
public sealed class AlikeNames
{
    private readonly Dictionary<string, string> _bySkeleton = new(StringComparer.Ordinal);
    private readonly HashSet<string> _alike = new(StringComparer.Ordinal);
    private string _example = string.Empty;

    /// <summary>
    /// The warning about the names added so far: how many look like another one, with an example; null where none does.
    /// </summary>
    public string? Warning => _alike.Count == 0
        ? null
        : $"{_alike.Count} {(_alike.Count == 1 ? "name looks" : "names look")} like another one, such as {_example}: they differ in letter case, or in letters "
            + "of different scripts, and count as different contributors. Give one contributor one name.";

    /// <summary>Whether a name was added before. O(length).</summary>
    /// <param name="name">A folded name; an empty one is nobody's, and never known.</param>
    /// <returns>True for the same name, not for one that looks like it.</returns>
    public bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length > 0 && _bySkeleton.TryGetValue(ContributorName.Skeleton(name), out string? first) && (first == name || _alike.Contains(name));
    }

    /// <summary>Adds a name. O(length).</summary>
    /// <param name="name">A folded name (<see cref="ContributorName.Fold"/>); an empty one is nobody's.</param>
    /// <returns>The name it looks like; null where it looks like none, or is known.</returns>
    public string? Add(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || _bySkeleton.TryAdd(ContributorName.Skeleton(name), name))
        {
            return null;
        }

        string first = _bySkeleton[ContributorName.Skeleton(name)];
        if (first == name || !_alike.Add(name))
        {
            return null;
        }

        if (_alike.Count == 1)
        {
            _example = $"'{name}' and '{first}'";
        }

        return first;
    }
}
