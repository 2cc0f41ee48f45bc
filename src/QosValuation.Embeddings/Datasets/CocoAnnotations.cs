using System.Text.Json;
using QosValuation.Embeddings.Encoding;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Datasets;

/// <summary>The content of a COCO captions file: images, captions and licences in file order, and what was wrong with single entries.</summary>
/// <remarks>One forward pass over the bytes, without a document tree; O(file size).</remarks>
internal sealed class CocoAnnotations
{
    private CocoAnnotations()
    {
    }

    /// <summary>The identity of the file's content, see <see cref="ItemName.IdentityOf"/>.</summary>
    public string Identity { get; private set; } = string.Empty;

    /// <summary>The images, without entries that repeat an id or lack one.</summary>
    public List<CocoImage> Images { get; } = [];

    /// <summary>The captions whose image is listed, in file order: the image's index and the text, which is blank where the file says so.</summary>
    public List<(int Image, string Text)> Captions { get; } = [];

    /// <summary>Licence names by id.</summary>
    public Dictionary<long, string> Licenses { get; } = [];

    /// <summary>Problems with single entries.</summary>
    public List<QosValuationException> Problems { get; } = [];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The annotation file.</param>
    /// <returns>Its content.</returns>
    /// <exception cref="QosValuationException">AnnotationNotFound, AnnotationNotReadable, AnnotationNotCaptions.</exception>
    public static CocoAnnotations Read(string path)
    {
        ReadOnlyMemory<byte> json = ReadBytes(path);
        var annotations = new CocoAnnotations();
        annotations.Identity = ItemName.IdentityOf(json.Span);
        annotations.Parse(json.Span, path);
        return annotations;
    }

    private void Parse(ReadOnlySpan<byte> json, string path)
    {
        var found = new RawAnnotations();
        var reader = new Utf8JsonReader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw NotReadable(path, "is not a COCO file: its root is not an object with 'images' and 'annotations'.");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string? section = reader.ValueTextEquals("images"u8) ? "images"
                    : reader.ValueTextEquals("annotations"u8) ? "annotations"
                    : reader.ValueTextEquals("licenses"u8) ? "licenses"
                    : null;
                reader.Read();
                if (section is null || reader.TokenType == JsonTokenType.Null)
                {
                    reader.Skip();
                    continue;
                }

                if (reader.TokenType != JsonTokenType.StartArray)
                {
                    throw NotReadable(path, $"is not a COCO file: '{section}' is not an array.");
                }

                ReadSection(ref reader, section, found);
            }

            while (reader.Read())
            {
                // What follows the root is an error that the reader reports.
            }
        }
        catch (InvalidOperationException exception)
        {
            throw NotReadable(path, "has a property whose name is no text: " + exception.Message, exception);
        }
        catch (JsonException exception)
        {
            throw NotReadable(
                path,
                $"is not valid JSON at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: "
                + $"{exception.Message.Split(" LineNumber:")[0]} Fetch or export it again.",
                exception);
        }

        if (!found.HasImages)
        {
            throw NotReadable(path, "holds no 'images'. Give a COCO captions file such as captions_val2017.json.");
        }

        if (found.Annotations.Count > 0 && found.Annotations.TrueForAll(annotation => !annotation.HasCaption))
        {
            throw new QosValuationException(
                Faults.AnnotationNotCaptions,
                $"The annotations in '{path}' have no captions, as in an instances or keypoints file. "
                + "Give the captions file of the same set, such as captions_val2017.json.",
                path);
        }

        Collect(found, path);
    }

    private static void ReadSection(ref Utf8JsonReader reader, string section, RawAnnotations found)
    {
        found.HasImages |= section == "images";
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                found.Add(section, default);
                continue;
            }

            var entry = default(RawEntry);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                Field field = FieldOf(ref reader);
                reader.Read();
                switch (field)
                {
                    case Field.Id:
                        entry.Id = Number(ref reader);
                        break;
                    case Field.ImageId:
                        entry.ImageId = Number(ref reader);
                        break;
                    case Field.License:
                        entry.License = Number(ref reader);
                        break;
                    case Field.Width:
                        entry.Width = Number(ref reader);
                        break;
                    case Field.Height:
                        entry.Height = Number(ref reader);
                        break;
                    case Field.Caption when section == "annotations":
                        entry.HasCaption = true;
                        entry.Text = Text(ref reader);
                        break;
                    case Field.FileName when section == "images":
                    case Field.Name when section == "licenses":
                        entry.Text = Text(ref reader);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            found.Add(section, entry);
        }
    }

    private void Collect(RawAnnotations found, string path)
    {
        foreach (RawEntry license in found.Licenses)
        {
            if (license is { Id: { } id, Text: { } name })
            {
                Licenses.TryAdd(id, name);
            }
        }

        var indexes = new Dictionary<long, int>(found.Images.Count);
        for (int i = 0; i < found.Images.Count; i++)
        {
            RawEntry image = found.Images[i];
            if (image is not { Id: { } id, Text: { Length: > 0 } name })
            {
                Problems.Add(new QosValuationException(
                    Faults.ImageEntryNotReadable,
                    $"Image entry {i + 1} of '{path}' lacks a numeric id or a file_name; it is left out.",
                    path));
            }
            else if (!indexes.TryAdd(id, Images.Count))
            {
                Problems.Add(new QosValuationException(
                    Faults.DuplicateImageId, $"Image id {id} occurs again in '{path}' ('{name}'); the first entry is used.", id));
            }
            else
            {
                Images.Add(new CocoImage(
                    id, name, Size(image.Width), Size(image.Height), image.License is { } license ? Licenses.GetValueOrDefault(license) : null));
            }
        }

        int orphans = 0;
        long firstOrphan = 0;
        for (int i = 0; i < found.Annotations.Count; i++)
        {
            RawEntry annotation = found.Annotations[i];
            if (annotation is not { ImageId: { } id, Text: { } caption, HasCaption: true })
            {
                Problems.Add(new QosValuationException(
                    Faults.CaptionNotReadable,
                    $"Annotation {i + 1} of '{path}' lacks a numeric image_id or a readable caption; it is left out.",
                    path));
            }
            else if (!indexes.TryGetValue(id, out int image))
            {
                firstOrphan = orphans++ == 0 ? id : firstOrphan;
            }
            else
            {
                Captions.Add((image, caption));
            }
        }

        if (orphans > 0)
        {
            Problems.Add(new QosValuationException(
                Faults.CaptionWithoutImage,
                $"{orphans:N0} captions of '{path}' belong to images that the file does not list (the first to image {firstOrphan}); they are left out.",
                firstOrphan));
        }
    }

    private static int Size(long? value) => value is > 0 and <= int.MaxValue ? (int)value : 0;

    private static Field FieldOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("id"u8) ? Field.Id
        : reader.ValueTextEquals("image_id"u8) ? Field.ImageId
        : reader.ValueTextEquals("caption"u8) ? Field.Caption
        : reader.ValueTextEquals("file_name"u8) ? Field.FileName
        : reader.ValueTextEquals("width"u8) ? Field.Width
        : reader.ValueTextEquals("height"u8) ? Field.Height
        : reader.ValueTextEquals("license"u8) ? Field.License
        : reader.ValueTextEquals("name"u8) ? Field.Name
        : Field.Other;

    /// <summary>A whole number, also where a tool that keeps columns as floats wrote 139.0; exact up to 2⁵³ then.</summary>
    private static long? Number(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt64(out long value) ? value
                : reader.TryGetDouble(out double real) && double.IsInteger(real) && Math.Abs(real) <= 1L << 53 ? (long)real
                : null;
        }

        reader.Skip();
        return null;
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Bytes that are not UTF-8, or half of a surrogate pair: this entry alone is unreadable.
            return null;
        }
    }

    private static ReadOnlyMemory<byte> ReadBytes(string path)
    {
        try
        {
            return JsonFile.ReadUtf8(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.AnnotationNotFound, $"The annotation file '{path}' does not exist.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotReadable(path, Directory.Exists(path) ? "is a folder. Name the captions file in it." : "cannot be read: " + exception.Message, exception);
        }
    }

    private static QosValuationException NotReadable(string path, string reason, Exception? cause = null) =>
        new(Faults.AnnotationNotReadable, $"The annotation file '{path}' {reason}", path, cause);

    private enum Field
    {
        Other,
        Id,
        ImageId,
        Caption,
        FileName,
        Width,
        Height,
        License,
        Name,
    }

    private struct RawEntry
    {
        public long? Id;
        public long? ImageId;
        public long? License;
        public long? Width;
        public long? Height;
        public string? Text;
        public bool HasCaption;
    }

    private sealed class RawAnnotations
    {
        public List<RawEntry> Images { get; } = [];

        public List<RawEntry> Annotations { get; } = [];

        public List<RawEntry> Licenses { get; } = [];

        public bool HasImages { get; set; }

        public void Add(string section, RawEntry entry) => (section switch
        {
            "images" => Images,
            "annotations" => Annotations,
            _ => Licenses,
        }).Add(entry);
    }
}

/// <summary>An image entry of a COCO file.</summary>
/// <param name="Id">The id.</param>
/// <param name="FileName">The file's name as written, possibly with folders.</param>
/// <param name="Width">Width in pixels, or 0.</param>
/// <param name="Height">Height in pixels, or 0.</param>
/// <param name="License">The licence's name, where the file tells.</param>
internal readonly record struct CocoImage(long Id, string FileName, int Width, int Height, string? License);
