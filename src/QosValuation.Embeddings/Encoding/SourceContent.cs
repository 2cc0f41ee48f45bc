using System.Buffers;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Encoding;

/// <summary>Reads what a request is about into memory, in order to hash it.</summary>
internal static class SourceContent
{
    /// <summary>Reads the bytes of the image file, or the UTF-8 bytes of the text.</summary>
    /// <param name="request">The request.</param>
    /// <returns>An array rented from the shared pool, and how much of it is filled.</returns>
    /// <exception cref="QosValuationException"><c>ImageNotFound</c>, <c>ImageNotReadable</c>, <c>ImageTooLarge</c>.</exception>
    public static (byte[] Content, int Length) Read(EmbeddingRequest request)
    {
        if (request.Modality == Modality.Image)
        {
            return ReadFile(request.Source);
        }

        byte[] content = ArrayPool<byte>.Shared.Rent(System.Text.Encoding.UTF8.GetMaxByteCount(request.Source.Length));
        return (content, System.Text.Encoding.UTF8.GetBytes(request.Source, content));
    }

    private static (byte[] Content, int Length) ReadFile(string path)
    {
        byte[]? content = null;
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = RegularFile.OpenHandle(path);
            long length = RandomAccess.GetLength(file);
            if (length > Array.MaxLength)
            {
                throw new QosValuationException(Faults.ImageTooLarge, $"'{path}' has more than 2 GiB. Scale the image down first.", path);
            }

            content = ArrayPool<byte>.Shared.Rent((int)length);
            int total = 0;
            while (total < length && RandomAccess.Read(file, content.AsSpan(total, (int)length - total), total) is > 0 and int read)
            {
                total += read;
            }

            byte[] result = content;
            content = null;
            return (result, total);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.ImageNotFound, $"The image '{path}' does not exist.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            string detail = Directory.Exists(path) ? "it is a folder" : exception.Message.TrimEnd('.');
            throw new QosValuationException(Faults.ImageNotReadable, FaultKind.ReadFailed, $"'{path}' could not be read: {detail}.", path, exception);
        }
        finally
        {
            if (content is not null)
            {
                ArrayPool<byte>.Shared.Return(content);
            }
        }
    }
}
