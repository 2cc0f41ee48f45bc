using Google.Protobuf;
using QosValuation.Foundation.IO;

namespace QosValuation.Onnx.Model;

/// <summary>
/// Reads ONNX files (public onnx.proto, IR version 3 and later). It takes time and memory in the number of nodes and tensors,
/// not in the size of the weights: those of a 600 MB model stay on the disk.
/// </summary>
public static class OnnxModelReader
{
    /// <summary>Reads a model file.</summary>
    /// <param name="path">An ONNX file, or a link to one.</param>
    /// <param name="weights">Whether values are wanted.</param>
    /// <returns>The graph.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotFound</c>: there is no file. <c>ModelNotReadable</c>: it is damaged, or may not be read.
    /// <c>OnnxExternalDataInvalid</c>: a file of weights is missing, too short, or not in the model's folder; none of them is opened.
    /// </exception>
    public static OnnxGraph Read(string path, OnnxWeights weights = OnnxWeights.LeftOut)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string named = Path.GetFullPath(path);
        try
        {
            var target = (FileInfo?)File.ResolveLinkTarget(named, returnFinalTarget: true) ?? new FileInfo(named);
            if (!target.Exists)
            {
                throw NotFound(path, null);
            }

            RegularFile.Require(target.FullName);
            if (target.Length == 0)
            {
                throw new InvalidDataException("it is empty");
            }

            using var file = RegularFile.OpenRead(target.FullName, bufferSize: 0);
            var parser = new OnnxModelParser(file, weights);
            ModelProto model = parser.ReadModel();
            OnnxModelLimits.Check(model);
            var external = new ExternalFiles(Path.GetDirectoryName(named)!, target.FullName);
            foreach (TensorProto tensor in parser.ExternalTensors)
            {
                external.Add(tensor);
            }

            // Own tensors: their bytes were measured when they were stepped over.
            foreach (TensorProto tensor in parser.OwnTensors)
            {
                ExternalData.Range(tensor);
            }

            external.Anchor(parser.ExternalTensors, parser.OwnTensors);
            return new OnnxGraph(model, external.Folder) { ExternalFiles = external.Locations };
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NotFound(path, exception);
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidProtocolBufferException)
        {
            string cause = IsLfsPointer(path)
                ? "is a Git LFS pointer, not the model itself. Fetch it with 'git lfs pull'"
                : $"is not a complete ONNX file ({exception.Message}). Download it again";
            throw new QosValuationException(Faults.ModelNotReadable, $"'{path}' {cause}.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.ModelNotReadable, $"The model file '{path}' cannot be read: {exception.Message}", path, exception);
        }
    }

    private static QosValuationException NotFound(string path, Exception? cause) =>
        new(Faults.ModelNotFound, $"The model file '{path}' does not exist.", path, cause);

    private static bool IsLfsPointer(string path)
    {
        try
        {
            Span<byte> head = stackalloc byte[24];
            if (new FileInfo(path).Length < head.Length)
            {
                return false;
            }

            using FileStream file = RegularFile.OpenRead(path);
            return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.SequenceEqual("version https://git-lfs."u8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
