using System.Globalization;
using Google.Protobuf;
using QosValuation.Foundation.IO;

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

    /// <summary>One of the entries that say where the bytes lie.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="key"><c>location</c>, <c>offset</c> or <c>length</c>.</param>
    /// <returns>The entry's value; null where it is absent.</returns>
    public static string? Entry(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(entry => entry.Key == key)?.Value;

    /// <summary>Which bytes of its file a tensor takes.</summary>
    /// <param name="tensor">A tensor whose bytes lie in a file; its shape must be within <see cref="OnnxModelLimits"/>.</param>
    /// <returns>The first byte, and how many: what the entries state, or what the shape needs where they state no length.</returns>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: the entries are no numbers, or fewer bytes than the shape needs.</exception>
    public static (long Offset, long Length) Range(TensorProto tensor)
    {
        long needed = tensor.Count() * OnnxType.Size(tensor.DataType);
        long offset = Number(tensor, "offset", 0);
        long length = Number(tensor, "length", needed);
        return length >= needed
            ? (offset, length)
            : throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                $"The tensor {tensor.Name} has {length} bytes in its file and its shape needs {needed}; the model file is damaged.",
                tensor.Name);
    }

    /// <summary>Reads a tensor's bytes from its file.</summary>
    /// <param name="tensor">A tensor whose data lies outside the graph, at a location that <see cref="ExternalFiles"/> accepted.</param>
    /// <param name="folder">The folder the location is relative to.</param>
    /// <returns>As many bytes as the shape needs.</returns>
    /// <exception cref="QosValuationException">OnnxExternalDataInvalid: the file is missing, short, or outside the folder.</exception>
    public static byte[] Read(TensorProto tensor, string folder)
    {
        string path = Within(tensor, folder, Entry(tensor, "location") ?? string.Empty);
        (long offset, _) = Range(tensor);
        long expected = tensor.Count() * OnnxType.Size(tensor.DataType);
        if (expected > Array.MaxLength)
        {
            throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                FaultKind.NotSupported,
                $"The tensor {tensor.Name} takes {expected} bytes; at most {Array.MaxLength} can be read.",
                tensor.Name);
        }

        try
        {
            using FileStream stream = RegularFile.OpenRead(path);
            if (expected > stream.Length - offset)
            {
                throw new EndOfStreamException("it ends too early.");
            }

            byte[] bytes = new byte[expected];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                $"The weights {tensor.Name} could not be read from {path}: {error.Message} Download the model's data file again.",
                path,
                error);
        }
    }

    /// <summary>A tensor that carries its own bytes.</summary>
    /// <param name="tensor">Any tensor.</param>
    /// <param name="folder">The folder its location is relative to, where it has one.</param>
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
            : throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                $"The tensor {tensor.Name} refers to '{location}', which is not in the model's folder.",
                tensor.Name);
    }

    private static long Number(TensorProto tensor, string key, long fallback)
    {
        if (Entry(tensor, key) is not { } text)
        {
            return fallback;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new QosValuationException(
                Faults.OnnxExternalDataInvalid,
                $"The tensor {tensor.Name} states '{text}' as the {key} of its bytes; the model file is damaged.",
                tensor.Name);
    }
}
