using System.Management.Automation;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;

namespace QosValuation.Cmdlets;

/// <summary>What cmdlets about models share: finding them by name or folder.</summary>
public abstract class ClipModelCommand : QosCmdlet
{
    /// <summary>The models that names with wildcards stand for; a name that matches none costs one error record.</summary>
    /// <param name="names">Names; null stands for every model.</param>
    /// <returns>The models, each once, in the order of the list.</returns>
    private IEnumerable<ClipModelFiles> Named(IReadOnlyList<string>? names)
    {
        IReadOnlyList<ClipModelFiles> known = ClipModelCatalog.List();
        var wanted = new HashSet<ClipModelFiles>();
        foreach (string name in names ?? ["*"])
        {
            var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
            ClipModelFiles[] matches = [.. known.Where(model => pattern.IsMatch(model.Name) || model.Name.Equals(name, StringComparison.OrdinalIgnoreCase))];
            if (matches.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                WriteFault(new QosValuationException(
                    Faults.ModelNotFound,
                    $"There is no model '{name}'. Known models: {string.Join(", ", known.Select(model => model.Name))}. Install one with Install-ClipModel, or "
                    + $"name a folder with -Path.",
                    name));
            }

            wanted.UnionWith(matches);
        }

        return known.Where(wanted.Contains);
    }

    /// <summary>The models that -Name, -Path or -LiteralPath stands for, whichever was given.</summary>
    /// <param name="names">Names; null stands for every model where no folder is given either.</param>
    /// <param name="paths">Folders or ONNX files, wildcards allowed.</param>
    /// <param name="literalPaths">Folders or ONNX files, wildcard characters taken literally.</param>
    /// <returns>The models.</returns>
    private protected IEnumerable<ClipModelFiles> Selected(IReadOnlyList<string>? names, IReadOnlyList<string> paths, IReadOnlyList<string> literalPaths) =>
        literalPaths.Count > 0 ? InFolders(literalPaths, literal: true)
        : paths.Count > 0 ? InFolders(paths, literal: false)
        : Named(names);

    /// <summary>The models in folders; a folder that holds none costs one error record.</summary>
    /// <param name="paths">Folders or ONNX files, as given.</param>
    /// <param name="literal">Whether wildcard characters are taken literally.</param>
    /// <returns>The models.</returns>
    private IEnumerable<ClipModelFiles> InFolders(IReadOnlyList<string>? paths, bool literal)
    {
        foreach (string path in ResolvePaths(paths, literal))
        {
            ClipModelFiles? model = null;
            if (TryItem(path, () => model = ClipModelCatalog.Resolve(path)))
            {
                yield return model!;
            }
        }
    }

    /// <summary>What images may cost to decode.</summary>
    /// <param name="allowSvg">Whether -AllowSvg was given.</param>
    /// <returns>The limits of the process, with SVG where either allows it.</returns>
    private protected static ImageLimits LimitsOf(bool allowSvg)
    {
        ImageLimits limits = ImageLimits.Current;
        return limits with { AllowSvg = limits.AllowSvg || allowSvg };
    }

    /// <summary>One model for a -Model parameter: a known name, or a folder relative to the session's location.</summary>
    /// <param name="nameOrPath">The name or path; null or empty is the default model.</param>
    /// <returns>The model's files.</returns>
    private protected ClipModelFiles Resolve(string? nameOrPath)
    {
        if (!string.IsNullOrEmpty(nameOrPath) && !ClipModelCatalog.List().Any(model => model.Name.Equals(nameOrPath, StringComparison.OrdinalIgnoreCase)))
        {
            string path = ResolveNewPath(nameOrPath);
            if (Path.Exists(path))
            {
                return ClipModelCatalog.Resolve(path);
            }
        }

        return ClipModelCatalog.Resolve(nameOrPath);
    }
}
