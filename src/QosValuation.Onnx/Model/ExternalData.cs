using System.Globalization;
using Google.Protobuf;

namespace QosValuation.Onnx.Model;

/// <summary>Where a tensor's bytes lie when they are not inside the graph: a file beside the model, an offset, a length.</summary>
internal static class ExternalData
{
    /// <summary>Points a tensor at bytes of a file.</summary>
    /// <param name="tensor">The tensor; its own data is dropped.</param>
    /// <param name="fileName">A file name relative to the model's folder.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    public static void Point(TensorProto tensor, string fileName, long offset, long length)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Clear();
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = fileName });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) });
    }

    /// <summary>
    /// Names every file of weights by where it truly lies. Download caches keep links to the model and to its weights, and
    /// ONNX Runtime reads nothing from beyond the folder it is given.
    /// </summary>
    /// <param name="model">The model, whose tensors are edited.</param>
    /// <param name="namedFolder">The folder of the model as it was named; what the exporter wrote is relative to it.</param>
    /// <param name="modelFile">The model's file itself, whose own weights are relative to its folder.</param>
    /// <returns>A folder that holds all of them; the tensors' locations are relative to it.</returns>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: a location outside the model's folder.</exception>
    public static string Anchor(ModelProto model, string namedFolder, string modelFile)
    {
        string own = Path.GetFileName(modelFile);
        var files = new Dictionary<string, string>(StringComparer.Ordinal) { [own] = modelFile };
        string root = Path.GetDirectoryName(modelFile)!;
        foreach (TensorProto tensor in model.Graph.Initializer.Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External))
        {
            string location = Entry(tensor, "location")?.Value ?? string.Empty;
            if (files.ContainsKey(location))
            {
                continue;
            }

            string file = Within(tensor, namedFolder, location);
            file = File.Exists(file) && File.ResolveLinkTarget(file, returnFinalTarget: true) is { } target ? target.FullName : file;
            files[location] = file;
            while (!file.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal) && Path.GetDirectoryName(root) is string parent)
            {
                root = parent;
            }
        }

        foreach (TensorProto tensor in model.Graph.Initializer.Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External))
        {
            StringStringEntryProto location = Entry(tensor, "location")!;
            location.Value = Path.GetRelativePath(root, files[location.Value]).Replace(Path.DirectorySeparatorChar, '/');
        }

        return root;
    }

    /// <summary>Reads a tensor's bytes from its file.</summary>
    /// <param name="tensor">A tensor whose data lies outside the graph.</param>
    /// <param name="folder">The model's folder.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: the file is missing, short, or outside the model's folder.</exception>
    public static byte[] Read(TensorProto tensor, string folder)
    {
        string path = Within(tensor, folder, Entry(tensor, "location")?.Value ?? string.Empty);
        long offset = long.Parse(Entry(tensor, "offset")?.Value ?? "0", CultureInfo.InvariantCulture);
        long expected = tensor.Count() * OnnxType.Size(tensor.DataType);
        byte[] bytes = new byte[expected];
        try
        {
            using FileStream stream = File.OpenRead(path);
            stream.Position = offset;
            stream.ReadExactly(bytes);
        }
        catch (IOException error)
        {
            throw new QosValuationException(Faults.OnnxExternalDataInvalid, FaultKind.ReadFailed, $"The weights {tensor.Name} could not be read from {path}: {error.Message} Download the model's data file again.", path, error);
        }

        return bytes;
    }

    /// <summary>A tensor that carries its own bytes.</summary>
    /// <param name="tensor">Any tensor.</param>
    /// <param name="folder">The model's folder.</param>
    /// <returns>The same tensor, or a copy with the bytes read in.</returns>
    public static TensorProto Inline(TensorProto tensor, string folder)
    {
        if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
        {
            return tensor;
        }

        TensorProto copy = tensor.Clone();
        copy.RawData = UnsafeByteOperations.UnsafeWrap(Read(tensor, folder));
        copy.ExternalData.Clear();
        copy.ClearDataLocation();
        return copy;
    }

    /// <summary>The path a location names within a folder.</summary>
    private static string Within(TensorProto tensor, string folder, string location)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(root, location));
        return location.Length > 0 && path.StartsWith(root, StringComparison.Ordinal)
            ? path
            : throw new QosValuationException(Faults.OnnxExternalDataInvalid, $"The tensor {tensor.Name} refers to '{location}', which is not in the model's folder.", tensor.Name);
    }

    private static StringStringEntryProto? Entry(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(entry => entry.Key == key);
}
