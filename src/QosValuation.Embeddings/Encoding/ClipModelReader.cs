using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Model;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Reads what an encoder needs to know about a CLIP model from its files: names and types of inputs and outputs, image
/// size, context length and dimension. Weights are not loaded, unless a graph hides its output's shape.
/// </summary>
public static class ClipModelReader
{
    private const int DefaultImageSize = 224;
    private const int DefaultContextLength = 77;
    private const int LargestContextLength = 1 << 16;

    /// <summary>Reads a model.</summary>
    /// <param name="files">Its files.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotFound</c>: a file is absent. <c>ModelNotReadable</c>: a file is damaged.
    /// <c>ModelNotSupported</c>: the graph is not an encoder of images or texts into one vector each.
    /// </exception>
    public static ClipModel Read(ClipModelFiles files) => Describe(files).Model;

    /// <summary>Reads a model with the names and types its inference needs.</summary>
    /// <param name="files">Its files.</param>
    /// <returns>The description.</returns>
    /// <exception cref="QosValuationException">As <see cref="Read"/>.</exception>
    public static ClipModelDescription Describe(ClipModelFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        Graph? first = files.VisionModelPath is { } visionPath ? Graph.Read(visionPath) : null;
        Graph? second = files.TextModelPath is { } textPath && textPath != files.VisionModelPath ? Graph.Read(textPath) : null;

        // One file may hold both encoders, whichever it was taken for.
        Graph? vision = first is { Pixels: not null } ? first : second is { Pixels: not null } ? second : null;
        Graph? text = second is { Ids: not null } ? second : first is { Ids: not null } ? first : null;
        if (first is not null && vision != first && text != first)
        {
            throw NotSupported(first.Path, "it has no input of shape items × 3 × height × width for images");
        }

        if (second is not null && vision != second && text != second)
        {
            throw NotSupported(second.Path, "it has no input of whole numbers, items × positions, for token ids");
        }

        if (vision is null && text is null)
        {
            throw new QosValuationException(Faults.ModelNotFound, $"'{files.Folder}' holds neither an image nor a text encoder.", files.Folder);
        }

        ImagePreprocessing? preprocessing = vision is null ? null : ReadPreprocessing(vision, files.PreprocessorConfigPath);
        int context = text is null ? 0 : ReadContextLength(text, files);
        VisionEncoderDescription? visionEncoder = vision is null ? null : DescribeVision(vision, preprocessing!, context);
        TextEncoderDescription? textEncoder = text is null ? null : DescribeText(text, context, preprocessing);
        if (visionEncoder is not null && textEncoder is not null && visionEncoder.Dimension != textEncoder.Dimension)
        {
            throw NotSupported(files.Folder, $"its image embeddings have {visionEncoder.Dimension} numbers and its text embeddings {textEncoder.Dimension}, so they do not share one space. The files may belong to different models");
        }

        var modalities = new List<Modality>(2);
        if (visionEncoder is not null)
        {
            modalities.Add(Modality.Image);
        }

        if (textEncoder is not null && files.VocabularyPath is not null)
        {
            modalities.Add(Modality.Text);
        }

        return new ClipModelDescription
        {
            Files = files,
            Vision = visionEncoder,
            Text = textEncoder,
            Model = new ClipModel
            {
                Name = files.Name,
                Path = files.Folder,
                Dimension = visionEncoder?.Dimension ?? textEncoder!.Dimension,
                ImageSize = preprocessing?.ImageSize ?? 0,
                ContextLength = context,
                Modalities = modalities,
            },
        };
    }

    private static VisionEncoderDescription DescribeVision(Graph graph, ImagePreprocessing preprocessing, int context)
    {
        OnnxValue pixels = graph.Pixels!;
        if (pixels.ElementType is not (TensorElementType.Float or TensorElementType.Float16))
        {
            throw NotSupported(graph.Path, $"its input '{pixels.Name}' takes {pixels.ElementType}, not Float or Float16");
        }

        IReadOnlyList<CompanionInput> companions = graph.Ids is null ? [] : TextCompanions(graph, context);
        (string name, TensorElementType type, int dimension) = ChooseOutput(
            graph, "image", "text", [new CompanionInput(pixels.Name, pixels.ElementType, [BatchOf(pixels), 3, preprocessing.ImageSize, preprocessing.ImageSize], false), .. companions]);
        return new VisionEncoderDescription
        {
            Path = graph.Path,
            ExternalFiles = graph.Outline.ExternalFiles,
            FixedBatch = FixedBatchOf(pixels),
            OutputName = name,
            OutputType = type,
            Dimension = dimension,
            Companions = companions,
            PixelInput = pixels.Name,
            PixelType = pixels.ElementType,
            Preprocessing = preprocessing,
        };
    }

    private static TextEncoderDescription DescribeText(Graph graph, int context, ImagePreprocessing? preprocessing)
    {
        OnnxValue ids = graph.Ids!;
        var companions = new List<CompanionInput>();
        if (graph.Pixels is { } pixels)
        {
            int size = preprocessing!.ImageSize;
            companions.Add(new CompanionInput(pixels.Name, pixels.ElementType, [BatchOf(pixels), 3, size, size], false));
        }

        (string name, TensorElementType type, int dimension) = ChooseOutput(graph, "text", "image", [.. TextCompanions(graph, context), .. companions]);
        return new TextEncoderDescription
        {
            Path = graph.Path,
            ExternalFiles = graph.Outline.ExternalFiles,
            FixedBatch = FixedBatchOf(ids),
            OutputName = name,
            OutputType = type,
            Dimension = dimension,
            Companions = companions,
            IdInput = ids,
            MaskInput = graph.Mask,
            PositionInput = graph.Positions,
            SegmentInput = graph.Segments,
            ContextLength = context,
            IsLengthFixed = ids.Dimensions is [_, > 0],
        };
    }

    /// <summary>One item of neutral tokens, for a graph that wants them beside an image, and for probing.</summary>
    private static List<CompanionInput> TextCompanions(Graph graph, int context)
    {
        long batch = BatchOf(graph.Ids!);
        var companions = new List<CompanionInput>();
        foreach (OnnxValue? input in (OnnxValue?[])[graph.Ids, graph.Mask, graph.Positions, graph.Segments])
        {
            if (input is not null)
            {
                companions.Add(new CompanionInput(input.Name, input.ElementType, [batch, context], input == graph.Mask));
            }
        }

        return companions;
    }

    private static int BatchOf(OnnxValue input) => Math.Max(1, FixedBatchOf(input));

    private static int FixedBatchOf(OnnxValue input) => input.Dimensions is [> 0 and long batch, ..] ? checked((int)batch) : 0;

    /// <summary>The size from the graph where it is fixed, else from preprocessor_config.json, else CLIP's 224.</summary>
    private static ImagePreprocessing ReadPreprocessing(Graph vision, string? configPath)
    {
        long[]? shape = vision.Pixels!.Dimensions;
        if (shape is [_, > 0 and not 3, ..])
        {
            throw NotSupported(vision.Path, $"its input '{vision.Pixels.Name}' has {shape[1]} channels in second place, not 3");
        }

        int fixedSize = 0;
        if (shape is [_, _, > 0 and long height, > 0 and long width])
        {
            fixedSize = height == width ? checked((int)height) : throw NotSupported(vision.Path, $"its images are {width} × {height} pixels; only squares are supported");
        }

        ImagePreprocessing settings = configPath is null
            ? new ImagePreprocessing { ImageSize = fixedSize > 0 ? fixedSize : DefaultImageSize }
            : ImagePreprocessing.Load(configPath);
        if (fixedSize > 0 && fixedSize != settings.ImageSize)
        {
            settings = settings with
            {
                ImageSize = fixedSize,
                ShortestEdge = settings.ShortestEdge == 0 ? 0 : (int)Math.Round((double)settings.ShortestEdge * fixedSize / settings.ImageSize),
            };
        }

        return settings;
    }

    /// <summary>
    /// The context length from the input's shape where it is fixed, else from the table of position embeddings, else from
    /// tokenizer_config.json or config.json, else CLIP's 77.
    /// </summary>
    private static int ReadContextLength(Graph text, ClipModelFiles files)
    {
        if (text.Ids!.Dimensions is [_, > 0 and long fixedLength])
        {
            return checked((int)fixedLength);
        }

        if (FindPositionTable(text) is { } length)
        {
            return length;
        }

        foreach ((string name, string[] path) in (ReadOnlySpan<(string, string[])>)[
            ("tokenizer_config.json", ["model_max_length"]), ("config.json", ["text_config", "max_position_embeddings"])])
        {
            foreach (string? folder in (string?[])[Path.GetDirectoryName(files.VocabularyPath), files.Folder])
            {
                if (folder is not null && ReadNumber(Path.Combine(folder, name), path) is { } value)
                {
                    return value;
                }
            }
        }

        return DefaultContextLength;
    }

    private static int? ReadNumber(string path, string[] keys)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement element = document.RootElement;
            foreach (string key in keys)
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(key, out element))
                {
                    return null;
                }
            }

            // Tokenizers without a limit state 10^30.
            return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && value is >= 2 and <= LargestContextLength ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Finds the table of position embeddings: a constant positions × width (or 1 × positions × width) that is added, sliced
    /// or gathered, where width is that of the table the token ids look up. Causal masks have another width, and weights
    /// are multiplied.
    /// </summary>
    private static int? FindPositionTable(Graph text)
    {
        IReadOnlyDictionary<string, OnnxConstant> constants = text.Outline.Constants;

        // What is the same numbers in another guise: tokens from the ids, tables from their stored form.
        var tokens = new HashSet<string>(StringComparer.Ordinal) { text.Ids!.Name };
        var tables = new Dictionary<string, OnnxConstant>(StringComparer.Ordinal);
        long width = -1;
        var candidates = new List<OnnxConstant>();
        foreach (OnnxNode node in text.Outline.Nodes)
        {
            OnnxConstant? Table(int input) =>
                input < node.Inputs.Count && (constants.TryGetValue(node.Inputs[input], out OnnxConstant? table) || tables.TryGetValue(node.Inputs[input], out table)) ? table : null;

            switch (node.OperatorType)
            {
                case "Cast" or "Identity" or "DequantizeLinear" or "Unsqueeze" or "Reshape" or "Squeeze":
                    if (node is { Inputs: [string from, ..], Outputs: [string to, ..] })
                    {
                        if (tokens.Contains(from))
                        {
                            tokens.Add(to);
                        }

                        if (Table(0) is { } renamed)
                        {
                            tables[to] = renamed;
                        }
                    }

                    break;
                case "Gather" when node.Inputs.Count == 2 && tokens.Contains(node.Inputs[1]):
                    if (width < 0 && Table(0) is { Dimensions: [_, long tokenWidth] })
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
                    candidates.AddRange(Enumerable.Range(0, node.Inputs.Count).Select(Table).OfType<OnnxConstant>());
                    break;
            }
        }

        static int Length(OnnxConstant table) => table.Dimensions is [.., > 1 and <= LargestContextLength and long length, _] ? (int)length : 0;
        static bool SoundsRight(OnnxConstant table) => table.Name.Contains("pos", StringComparison.OrdinalIgnoreCase);
        OnnxConstant? best = candidates
            .Where(table => table.Dimensions is [_, _] or [1, _, _] && Length(table) > 0 && (width > 0 ? table.Dimensions[^1] == width : SoundsRight(table)))
            .OrderByDescending(SoundsRight)
            .FirstOrDefault();
        return best is null ? null : Length(best);
    }

    /// <summary>Picks the output with one vector an item, and finds out how long it is.</summary>
    private static (string Name, TensorElementType Type, int Dimension) ChooseOutput(Graph graph, string modality, string other, IReadOnlyList<CompanionInput> probe)
    {
        OnnxValue? chosen = graph.Outline.Outputs
            .Where(output => output.ElementType is TensorElementType.Float or TensorElementType.Float16 or 0 && output.Dimensions is null or [_, _])
            .Where(output => !(graph.Ids is not null && graph.Pixels is not null && output.Name.Contains(other, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(output => Rank(output, modality))
            .FirstOrDefault();
        if (chosen is null)
        {
            string outputs = string.Join(", ", graph.Outline.Outputs.Select(output => output.Name));
            throw NotSupported(graph.Path, $"none of its outputs ({outputs}) has the shape items × dimension");
        }

        if (chosen is { Dimensions: [_, > 0 and long dimension], ElementType: not 0 })
        {
            return (chosen.Name, chosen.ElementType, checked((int)dimension));
        }

        return ProbeOutput(graph, chosen.Name, probe);
    }

    private static int Rank(OnnxValue output, string modality)
    {
        string name = output.Name;
        bool Says(string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
        return name.Equals(modality + "_embeds", StringComparison.OrdinalIgnoreCase) ? 0
            : Says("embed") && Says(modality) ? 1
            : Says("embed") ? 2
            : Says("pool") ? 3
            : Says("logits") ? 6
            : Says("hidden") ? 5
            : 4;
    }

    private static (string Name, TensorElementType Type, int Dimension) ProbeOutput(Graph graph, string name, IReadOnlyList<CompanionInput> probe)
    {
        try
        {
            using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            using var session = OnnxRuntimeHost.Open(graph.Path, options);
            NodeMetadata inferred = session.OutputMetadata[name];
            if (inferred.Dimensions is [_, > 0 and int dimension])
            {
                return (name, RequireFloat(graph, name, inferred.ElementDataType), dimension);
            }

            using var feeds = new ConstantFeeds(probe);
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, feeds.Names, feeds.Values, [name]);
            OrtTensorTypeAndShapeInfo shape = outputs[0].GetTensorTypeAndShape();
            return shape.Shape is [_, > 0 and long found]
                ? (name, RequireFloat(graph, name, shape.ElementDataType), checked((int)found))
                : throw NotSupported(graph.Path, $"its output '{name}' has the shape {string.Join(" × ", shape.Shape)}, not items × dimension");
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QosValuationException(Faults.ModelNotReadable, $"ONNX Runtime cannot run '{graph.Path}': {exception.Message}", graph.Path, exception);
        }
    }

    private static TensorElementType RequireFloat(Graph graph, string name, TensorElementType type) =>
        type is TensorElementType.Float or TensorElementType.Float16 ? type : throw NotSupported(graph.Path, $"its output '{name}' gives {type}, not Float or Float16");

    private static QosValuationException NotSupported(string path, string cause) =>
        new(Faults.ModelNotSupported, $"'{path}' is no CLIP encoder this software can run: {cause}.", path);

    /// <summary>A graph with the roles of its inputs.</summary>
    private sealed class Graph
    {
        private Graph(string path, OnnxOutline outline)
        {
            Path = path;
            Outline = outline;
        }

        public string Path { get; }

        public OnnxOutline Outline { get; }

        public OnnxValue? Pixels { get; private set; }

        public OnnxValue? Ids { get; private set; }

        public OnnxValue? Mask { get; private set; }

        public OnnxValue? Positions { get; private set; }

        public OnnxValue? Segments { get; private set; }

        public static Graph Read(string path)
        {
            var graph = new Graph(path, OnnxOutlineReader.Read(path));
            foreach (OnnxValue input in graph.Outline.Inputs)
            {
                bool Says(string word) => input.Name.Contains(word, StringComparison.OrdinalIgnoreCase);
                bool isWhole = input.ElementType is TensorElementType.Int32 or TensorElementType.Int64;
                int rank = input.Dimensions?.Length ?? -1;
                if (rank == 4 || (rank < 0 && (Says("pixel") || Says("image"))))
                {
                    graph.Pixels = Once(graph, graph.Pixels, input);
                }
                else if (Says("mask") && (isWhole || input.ElementType is TensorElementType.Bool or TensorElementType.Float or TensorElementType.Float16))
                {
                    graph.Mask = Once(graph, graph.Mask, input);
                }
                else if (isWhole && Says("position"))
                {
                    graph.Positions = Once(graph, graph.Positions, input);
                }
                else if (isWhole && Says("type"))
                {
                    graph.Segments = Once(graph, graph.Segments, input);
                }
                else if (isWhole && rank is 2 or < 0)
                {
                    graph.Ids = Once(graph, graph.Ids, input);
                }
                else
                {
                    throw NotSupported(path, $"what its input '{input.Name}' takes is not known");
                }
            }

            return graph;
        }

        private static OnnxValue Once(Graph graph, OnnxValue? earlier, OnnxValue input) =>
            earlier is null ? input : throw NotSupported(graph.Path, $"what its inputs '{earlier.Name}' and '{input.Name}' take cannot be told apart");
    }
}
