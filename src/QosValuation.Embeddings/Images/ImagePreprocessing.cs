using System.Text.Json;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Images;

/// <summary>How a CLIP encoder wants its images: resized by the shortest edge, cropped at the centre, scaled and normalised.</summary>
public sealed record ImagePreprocessing
{
    // What one image may take as the encoder's input: 1182 × 1182 pixels. Several batches of them are in memory at a time.
    private const long LargestFile = 1 << 20;
    private const long LargestTensor = 1L << 24;

    private static readonly float[] ClipMean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] ClipStd = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>The side of the square crop in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>The length of the shortest edge after resizing, at least <see cref="ImageSize"/>; 0 means equal to it.</summary>
    public int ShortestEdge { get; init; }

    /// <summary>Whether both edges are resized to <see cref="ShortestEdge"/>, not keeping the aspect ratio.</summary>
    public bool Stretch { get; init; }

    /// <summary>Whether the longest edge is resized to <see cref="ImageSize"/> and the rest of the square filled with <see cref="FillColor"/>.</summary>
    public bool Pads { get; init; }

    /// <summary>The red, green and blue of what <see cref="Pads"/> adds, from 0 to 255.</summary>
    public byte FillColor { get; init; }

    /// <summary>What an 8-bit sample is multiplied by before normalisation; 1/255 brings it to [0, 1].</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255.0;

    /// <summary>The mean of red, green and blue that is subtracted; CLIP's unless set.</summary>
    public float[] Mean { get; init; } = [.. ClipMean];

    /// <summary>The standard deviation of red, green and blue that is divided by; CLIP's unless set.</summary>
    public float[] Std { get; init; } = [.. ClipStd];

    /// <summary>
    /// Reads a <c>preprocessor_config.json</c> in the layout of Hugging Face image processors, or OpenCLIP's <c>preprocess_cfg.json</c> or
    /// <c>open_clip_config.json</c>.
    /// </summary>
    /// <param name="preprocessorConfigPath">The file.</param>
    /// <returns>The settings; what the file leaves out is CLIP's default (shortest edge 224, crop 224, bicubic).</returns>
    /// <exception cref="QosValuationException">
    /// PreprocessorConfigNotFound; PreprocessorConfigInvalid for content that is not such a file;
    /// PreprocessorConfigNotSupported for a step this software does not perform (a filter other than bicubic, no
    /// resizing, no square result).
    /// </exception>
    public static ImagePreprocessing Load(string preprocessorConfigPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(preprocessorConfigPath);
        try
        {
            using FileStream stream = RegularFile.OpenRead(preprocessorConfigPath);
            if (stream.Length > LargestFile)
            {
                throw Invalid(preprocessorConfigPath, $"it has {stream.Length:N0} bytes, and {LargestFile:N0} are the most for such a file");
            }

            using JsonDocument document = JsonDocument.Parse(
                stream, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return Parse(document.RootElement, preprocessorConfigPath);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(
                Faults.PreprocessorConfigNotFound,
                $"'{preprocessorConfigPath}' does not exist; a vision model needs the preprocessor_config.json it was published with.",
                preprocessorConfigPath,
                error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw Invalid(preprocessorConfigPath, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.PreprocessorConfigInvalid,
                FaultKind.ReadFailed,
                $"'{preprocessorConfigPath}' could not be read: {error.Message}",
                preprocessorConfigPath,
                error);
        }
    }

    private static ImagePreprocessing Parse(JsonElement root, string path)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(path, "it holds no JSON object");
        }

        if (root.TryGetProperty("preprocess_cfg", out JsonElement own) && own.ValueKind == JsonValueKind.Object)
        {
            return ParseOpenClip(own, root, path);
        }

        if (root.TryGetProperty("resize_mode", out _) || root.TryGetProperty("interpolation", out _))
        {
            return ParseOpenClip(root, root, path);
        }

        if (!Flag(root, "do_resize", true))
        {
            throw NotSupported(path, "do_resize is false, but the encoder needs images of one size");
        }

        if (root.TryGetProperty("resample", out JsonElement resample) && resample.ValueKind == JsonValueKind.Number && resample.GetInt32() != 3)
        {
            throw NotSupported(path, $"resample is {resample.GetInt32()}; only 3 (bicubic) is supported");
        }

        (int edge, bool stretch) = (224, false);
        if (root.TryGetProperty("size", out JsonElement size))
        {
            (edge, stretch) = Size(size, "size", path);
        }

        int crop = edge;
        if (!Flag(root, "do_center_crop", true))
        {
            if (!stretch)
            {
                throw NotSupported(path, "do_center_crop is false although size keeps the aspect ratio, so that images would not be square");
            }
        }
        else if (root.TryGetProperty("crop_size", out JsonElement cropSize))
        {
            crop = Size(cropSize, "crop_size", path).Length;
        }

        if (crop > edge)
        {
            throw NotSupported(path, $"crop_size ({crop}) is larger than size ({edge}), which would pad the image");
        }

        double factor = !Flag(root, "do_rescale", true) ? 1.0
            : root.TryGetProperty("rescale_factor", out JsonElement rescale) && rescale.ValueKind == JsonValueKind.Number ? rescale.GetDouble()
            : 1.0 / 255.0;
        bool normalise = Flag(root, "do_normalize", true);
        var settings = new ImagePreprocessing
        {
            ImageSize = crop,
            ShortestEdge = edge == crop ? 0 : edge,
            Stretch = stretch,
            RescaleFactor = factor,
            Mean = normalise ? Triple(root, "image_mean", ClipMean, path) : [0, 0, 0],
            Std = normalise ? Triple(root, "image_std", ClipStd, path) : [1, 1, 1],
        };
        settings.Validate(path);
        return CheckBytes(settings, path);
    }

    /// <summary>OpenCLIP's settings (PreprocessCfg); the size may stand at the model's vision_cfg.</summary>
    private static ImagePreprocessing ParseOpenClip(JsonElement settings, JsonElement root, string path)
    {
        string Word(string name, string fallback) =>
            settings.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : fallback;

        string interpolation = Word("interpolation", "bicubic"), mode = Word("resize_mode", "shortest");
        if (interpolation != "bicubic" || Word("mode", "RGB") != "RGB")
        {
            throw NotSupported(path, $"interpolation '{interpolation}' and mode '{Word("mode", "RGB")}'; only bicubic and RGB are supported");
        }

        int size = settings.TryGetProperty("size", out JsonElement stated) ? Side(stated)
            : root.TryGetProperty("model_cfg", out JsonElement model) && model.TryGetProperty("vision_cfg", out JsonElement vision)
                && vision.TryGetProperty("image_size", out JsonElement ofModel) ? Side(ofModel)
            : 224;
        var parsed = new ImagePreprocessing
        {
            ImageSize = size,
            Stretch = mode == "squash",
            Pads = mode == "longest",
            FillColor = settings.TryGetProperty("fill_color", out JsonElement fill) && fill.ValueKind == JsonValueKind.Number ? fill.GetByte() : (byte)0,
            Mean = Triple(settings, "mean", ClipMean, path),
            Std = Triple(settings, "std", ClipStd, path),
        };
        parsed.Validate(path);
        return mode is "squash" or "longest" or "shortest" ? CheckBytes(parsed, path) : throw NotSupported(path, $"resize_mode is '{mode}'");

        int Side(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetInt32()
            : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && value[0].GetInt32() == value[1].GetInt32() ? value[0].GetInt32()
            : throw NotSupported(path, "the size is not square");
    }

    private static ImagePreprocessing CheckBytes(ImagePreprocessing settings, string path)
    {
        long bytes = 3L * sizeof(float) * settings.ImageSize * settings.ImageSize;
        return bytes <= LargestTensor
            ? settings
            : throw NotSupported(
                path, $"the crop of {settings.ImageSize} × {settings.ImageSize} pixels takes {bytes:N0} bytes an image; {LargestTensor:N0} is the most");
    }

    /// <summary>Checks ranges.</summary>
    /// <param name="subject">Named in the error.</param>
    internal void Validate(object? subject = null)
    {
        if (ImageSize is < 1 or > 8192 || ShortestEdge is not 0 && (ShortestEdge < ImageSize || ShortestEdge > 16384))
        {
            throw Invalid(subject, $"ImageSize must lie in 1 to 8192 and ShortestEdge in ImageSize to 16384, but they are {ImageSize} and {ShortestEdge}");
        }

        if (Mean is not { Length: 3 } || Std is not { Length: 3 } || !Mean.All(float.IsFinite) || !Std.All(s => float.IsFinite(s) && s > 0)
            || !double.IsFinite(RescaleFactor))
        {
            throw Invalid(subject, "the mean and standard deviation must be three finite numbers each, the latter positive");
        }
    }

    private static bool Flag(JsonElement root, string name, bool fallback) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : fallback;

    private static (int Length, bool Stretch) Size(JsonElement value, string name, string path)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            return (value.GetInt32(), false);
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            if (value.TryGetProperty("shortest_edge", out JsonElement edge))
            {
                return (edge.GetInt32(), false);
            }

            if (value.TryGetProperty("height", out JsonElement height) && value.TryGetProperty("width", out JsonElement width))
            {
                return height.GetInt32() == width.GetInt32()
                    ? (height.GetInt32(), true)
                    : throw NotSupported(path, $"{name} is not square ({height.GetInt32()} × {width.GetInt32()})");
            }
        }

        throw Invalid(path, $"{name} is neither a number, {{shortest_edge}} nor {{height, width}}");
    }

    private static float[] Triple(JsonElement root, string name, float[] fallback, string path)
    {
        if (!root.TryGetProperty(name, out JsonElement value))
        {
            return [.. fallback];
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 3
            ? [.. value.EnumerateArray().Select(v => v.GetSingle())]
            : throw Invalid(path, $"{name} does not hold three numbers");
    }

    private static QosValuationException Invalid(object? subject, string detail, Exception? cause = null) => new(
        Faults.PreprocessorConfigInvalid,
        subject is null ? FaultKind.InvalidArgument : FaultKind.InvalidData,
        subject is null ? detail + "." : $"'{subject}' is not a usable preprocessor configuration: {detail}.",
        subject,
        cause);

    private static QosValuationException NotSupported(string path, string detail) =>
        new(Faults.PreprocessorConfigNotSupported, $"'{path}' asks for preprocessing that is not supported: {detail}.", path);
}
