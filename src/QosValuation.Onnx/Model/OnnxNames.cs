namespace QosValuation.Onnx.Model;

/// <summary>Tells a text encoder from an image encoder by the input names in an ONNX file, where its folder's name does not.</summary>
public static class OnnxNames
{
    private const int Window = 1 << 20;

    /// <summary>
    /// Whether the file mentions <c>input_ids</c> near its start or end. A graph's nodes, which name their inputs, are serialised
    /// before its weights, and the list of inputs after them. Reads at most 2 MiB.
    /// </summary>
    /// <param name="path">An ONNX file.</param>
    /// <returns>True for a text encoder.</returns>
    public static bool MentionsText(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] buffer = new byte[Window];
        int read = file.ReadAtLeast(buffer, Window, throwOnEndOfStream: false);
        if (buffer.AsSpan(0, read).IndexOf("input_ids"u8) >= 0)
        {
            return true;
        }

        file.Position = Math.Max(0, file.Length - Window);
        read = file.ReadAtLeast(buffer, Window, throwOnEndOfStream: false);
        return buffer.AsSpan(0, read).IndexOf("input_ids"u8) >= 0;
    }
}
