using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Finds the table of position embeddings of a text encoder: a constant positions × width (or 1 × positions × width) that is added,
/// sliced or gathered, where width is that of the table the token ids look up. Causal masks have another width, and weights are
/// multiplied.
/// </summary>
internal static class PositionTable
{
    private const int LargestLength = 1 << 16;

    /// <summary>The number of positions in the table.</summary>
    /// <param name="text">A graph with an input of token ids.</param>
    /// <returns>2 to 65,536; null where no such table is found.</returns>
    public static int? Length(EncoderGraph text)
    {
        IReadOnlyDictionary<string, TensorProto> constants = text.Graph.Constants;

        // Values that hold the same numbers as the ids or as a table, in another type or shape.
        var tokens = new HashSet<string>(StringComparer.Ordinal) { text.Ids!.Name };
        var tables = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        long width = -1;
        var candidates = new List<TensorProto>();
        foreach (NodeProto node in text.Graph.Operations)
        {
            TensorProto? Table(int input) =>
                input < node.Input.Count
                && (constants.TryGetValue(node.Input[input], out TensorProto? table) || tables.TryGetValue(node.Input[input], out table))
                    ? table
                    : null;

            switch (node.OpType)
            {
                case "Cast" or "Identity" or "DequantizeLinear" or "Unsqueeze" or "Reshape" or "Squeeze":
                    if (node.Input.Count > 0 && node.Output.Count > 0)
                    {
                        if (tokens.Contains(node.Input[0]))
                        {
                            tokens.Add(node.Output[0]);
                        }

                        if (Table(0) is { } renamed)
                        {
                            tables[node.Output[0]] = renamed;
                        }
                    }

                    break;
                case "Gather" when node.Input.Count == 2 && tokens.Contains(node.Input[1]):
                    if (width < 0 && Table(0) is { Dims: [_, long tokenWidth] })
                    {
                        width = tokenWidth;
                    }

                    break;
                case "Gather" or "Slice":
                    if (Table(0) is { } sliced)
                    {
                        candidates.Add(sliced);
                    }

                    break;
                case "Add" or "Sum":
                    candidates.AddRange(Enumerable.Range(0, node.Input.Count).Select(Table).OfType<TensorProto>());
                    break;
            }
        }

        TensorProto? best = candidates
            .Where(table => table.Dims is [_, _] or [1, _, _] && Positions(table) > 0 && (width > 0 ? table.Dims[^1] == width : SoundsRight(table)))
            .OrderByDescending(SoundsRight)
            .FirstOrDefault();
        return best is null ? null : Positions(best);
    }

    private static int Positions(TensorProto table) => table.Dims is [.., > 1 and <= LargestLength and long length, _] ? (int)length : 0;

    private static bool SoundsRight(TensorProto table) => table.Name.Contains("pos", StringComparison.OrdinalIgnoreCase);
}
