using QosValuation.Foundation.IO;

namespace QosValuation.Onnx.Model;

/// <summary>
/// The files of weights that a model refers to (ONNX external data). They are held against the model's folder, and their lengths
/// against the tensors, before any of them is opened.
/// </summary>
/// <remarks>
/// Download caches keep links to a model and to its weights. Links are followed as long as they stay in the model's folder, or,
/// where the model file is itself a link, in the closest folder that holds both the link and the model; never in the whole disk.
/// </remarks>
internal sealed class ExternalFiles
{
    private const int MostLinks = 40;

    private readonly string _namedFolder;
    private readonly string _realFolder;
    private readonly string _modelFile;
    private readonly string[] _roots;
    private readonly SortedDictionary<string, FileInfo> _files = new(StringComparer.Ordinal);

    /// <summary>Begins with no files.</summary>
    /// <param name="namedFolder">The folder of the model as it was named; locations are relative to it.</param>
    /// <param name="modelFile">The model's file itself, no link.</param>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public ExternalFiles(string namedFolder, string modelFile)
    {
        _namedFolder = Path.TrimEndingDirectorySeparator(namedFolder);
        _realFolder = RealPath(_namedFolder);
        _modelFile = RealPath(modelFile);
        string modelFolder = Path.GetDirectoryName(_modelFile)!;
        string common = CommonFolder(modelFolder, _realFolder);
        _roots = common == Path.GetPathRoot(common) && common != _realFolder ? [_realFolder, modelFolder] : [common];
        Folder = modelFolder;
    }

    /// <summary>A folder that holds the model and all of its files.</summary>
    public string Folder { get; private set; }

    /// <summary>The locations as the model states them, in ordinal order, without repetition.</summary>
    public IReadOnlyList<string> Locations => [.. _files.Keys];

    /// <summary>Takes in the file of one tensor.</summary>
    /// <param name="tensor">A tensor whose bytes lie in another file.</param>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: the file is missing, too short, or outside the model's folder.</exception>
    public void Add(TensorProto tensor)
    {
        string location = ExternalData.Entry(tensor, "location") ?? string.Empty;
        if (!_files.TryGetValue(location, out FileInfo? file))
        {
            file = Find(tensor, location);
            _files.Add(location, file);
            Folder = CommonFolder(Folder, file.DirectoryName!);
        }

        (long offset, long length) = ExternalData.Range(tensor);
        if (offset > file.Length - length)
        {
            throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                $"The weights {tensor.Name} end at byte {(decimal)offset + length} of '{location}', which has {file.Length} bytes. "
                    + "Download the model's data file again.",
                file.FullName);
        }
    }

    /// <summary>
    /// Names the files by where they truly lie, relative to <see cref="Folder"/>: ONNX Runtime reads nothing from beyond the folder it is given.
    /// </summary>
    /// <param name="external">Tensors given to <see cref="Add"/>; their locations are edited.</param>
    /// <param name="own">Tensors that lie in the model's file.</param>
    public void Anchor(IEnumerable<TensorProto> external, IEnumerable<TensorProto> own)
    {
        foreach (TensorProto tensor in external)
        {
            SetLocation(tensor, _files[ExternalData.Entry(tensor, "location")!].FullName);
        }

        foreach (TensorProto tensor in own)
        {
            SetLocation(tensor, _modelFile);
        }
    }

    /// <summary>Follows every link in a path.</summary>
    private static string RealPath(string path)
    {
        for (int links = 0; links <= MostLinks; links++)
        {
            if (FirstLink(path) is not { } link)
            {
                return path;
            }

            string rest = Path.GetRelativePath(link.FullName, path);
            string target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(link.FullName)!, link.LinkTarget!));
            path = rest == "." ? target : Path.Combine(target, rest);
        }

        throw new IOException($"'{path}' leads through more than {MostLinks} links.");
    }

    private static FileInfo? FirstLink(string path)
    {
        string root = Path.GetPathRoot(path)!;
        string current = root;
        foreach (string part in path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            current = Path.Combine(current, part);
            var info = new FileInfo(current);
            if (info.LinkTarget is not null)
            {
                return info;
            }
        }

        return null;
    }

    private static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string CommonFolder(string folder, string other)
    {
        while (!IsWithin(other, folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        return folder;
    }

    private FileInfo Find(TensorProto tensor, string location)
    {
        string named = location.Contains('\0', StringComparison.Ordinal) ? string.Empty : Path.GetFullPath(Path.Combine(_namedFolder, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || !IsWithin(named, _namedFolder))
        {
            throw Outside(tensor, location);
        }

        string real = RealPath(named);
        if (!Array.Exists(_roots, root => IsWithin(real, root)))
        {
            throw Outside(tensor, location);
        }

        var file = new FileInfo(real);
        return RegularFile.Exists(real)
            ? file
            : throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                FaultKind.NotFound,
                $"The weights {tensor.Name} lie in '{location}', which is not in the model's folder. Download the model's data file too.",
                named);
    }

    private void SetLocation(TensorProto tensor, string file) =>
        tensor.ExternalData.First(entry => entry.Key == "location").Value = Path.GetRelativePath(Folder, file).Replace(Path.DirectorySeparatorChar, '/');

    private static QosValuationException Outside(TensorProto tensor, string location) => new(
        Faults.OnnxExternalDataInvalid,
        $"The tensor {tensor.Name} refers to '{location}', which leads out of the model's folder.",
        location);
}
