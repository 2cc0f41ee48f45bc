using System.Globalization;
using Google.Protobuf;
using QosValuation.Gradients.Onnx;

namespace QosValuation.Gradients;

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

    /// <summary>Reads a tensor's bytes from its file.</summary>
    /// <param name="tensor">A tensor whose data lies outside the graph.</param>
    /// <param name="folder">The model's folder.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: the file is missing, short, or outside the model's folder.</exception>
    public static byte[] Read(TensorProto tensor, string folder)
    {
        string location = Entry(tensor, "location") ?? string.Empty;
        string root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(root, location));
        if (location.Length == 0 || !path.StartsWith(root, StringComparison.Ordinal))
        {
            throw new QosValuationException("OnnxExternalDataInvalid", FaultKind.InvalidData, $"The tensor {tensor.Name} refers to '{location}', which is not in the model's folder.", tensor.Name);
        }

        long offset = long.Parse(Entry(tensor, "offset") ?? "0", CultureInfo.InvariantCulture);
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
            throw new QosValuationException("OnnxExternalDataInvalid", FaultKind.ReadWrite, $"The weights {tensor.Name} could not be read from {path}: {error.Message} Download the model's data file again.", path, error);
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

    private static string? Entry(TensorProto tensor, string key)
    {
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }

        return null;
    }
}
