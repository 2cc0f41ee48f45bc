using QosValuation.Embeddings.Encoding;
using QosValuation.Foundation.Sharding;

namespace QosValuation.Embeddings.Datasets;

/// <summary>Reads photographs and captions in COCO's captions layout (Lin et al. 2014; Chen et al. 2015).</summary>
public static class CocoDataset
{
    /// <summary>The records of a dataset, in the order of the annotation file's images.</summary>
    /// <remarks>
    /// What is wrong with one entry is one fault and no other entry's trouble: ImageFileMissing, ImagePathOutsideFolder (a file name that
    /// leaves the folder), ImageEntryNotReadable, DuplicateImageId, CaptionNotReadable, CaptionWithoutImage.
    /// </remarks>
    /// <param name="annotationPath">The annotation file, such as <c>captions_val2017.json</c>.</param>
    /// <param name="imageFolder">The folder of the images; null looks beside the annotation file (<see cref="FindImageFolder"/>).</param>
    /// <param name="first">Stops after this many records; null gives all.</param>
    /// <param name="withoutImage">Gives captions alone: no file is looked for and <see cref="CocoItem.Path"/> is null.</param>
    /// <param name="onFault">Receives what is wrong with single entries.</param>
    /// <param name="shard">
    /// The part of the records that is given, by their ids; null for all. Faults of single entries are told by the shard that the entry is in, those of
    /// the file by the first shard, so that all shards together tell each once.
    /// </param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>The records, lazily; the annotation file is read when this is called.</returns>
    /// <exception cref="QosValuationException">AnnotationNotFound, AnnotationNotReadable, AnnotationNotCaptions, ImageFolderNotFound.</exception>
    public static IEnumerable<CocoItem> Read(
        string annotationPath,
        string? imageFolder,
        int? first = null,
        bool withoutImage = false,
        Action<QosValuationException>? onFault = null,
        Shard? shard = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(annotationPath);
        CocoAnnotations annotations = CocoAnnotations.Read(annotationPath);
        string? folder = null;
        if (!withoutImage)
        {
            folder = imageFolder is null ? FindImageFolder(annotationPath, annotations) : Path.GetFullPath(imageFolder);
            if (folder is null || !Directory.Exists(folder))
            {
                throw new QosValuationException(
                    Faults.ImageFolderNotFound,
                    folder is null
                        ? $"No folder beside '{annotationPath}' holds its images. Name it with -ImageFolder, or take the captions alone with -WithoutImage."
                        : $"The image folder '{folder}' does not exist. Give another -ImageFolder, or take the captions alone with -WithoutImage.",
                    folder ?? annotationPath);
            }
        }

        return Items(annotations, folder, first ?? int.MaxValue, onFault, shard, cancellation);
    }

    /// <summary>
    /// Looks beside an annotation file for its images: folders named like a part of its name (captions_val2017: val2017), its own, and
    /// <c>images</c>; then the same one level up.
    /// </summary>
    /// <param name="annotationPath">The annotation file.</param>
    /// <param name="annotations">Its content.</param>
    /// <returns>The folder that holds one of the first images; null where none does.</returns>
    internal static string? FindImageFolder(string annotationPath, CocoAnnotations annotations)
    {
        string own = Path.GetDirectoryName(Path.GetFullPath(annotationPath))!;
        string[] parts = Path.GetFileNameWithoutExtension(annotationPath).Split('_');
        string above = Path.Combine(own, "..");
        string[] near = [.. parts.Select(part => Path.Combine(own, part)), own, Path.Combine(own, "images")];
        string[] far = [.. parts.Select(part => Path.Combine(above, part)), Path.Combine(above, "images")];
        return ((string[])[.. near, .. far])
            .Select(Path.GetFullPath)
            .Where(Directory.Exists)
            .FirstOrDefault(folder => annotations.Images.Take(200).Any(image => Locate(folder, image.FileName) is { } path && File.Exists(path)));
    }

    /// <summary>The full path of an image inside a folder.</summary>
    /// <param name="folder">The folder, a full path.</param>
    /// <param name="fileName">The name as an annotation file writes it.</param>
    /// <returns>Null where the name leaves the folder.</returns>
    internal static string? Locate(string folder, string fileName)
    {
        if (fileName.Contains('\0', StringComparison.Ordinal)
            || Path.IsPathRooted(fileName)
            || (OperatingSystem.IsWindows() && fileName.Contains(':', StringComparison.Ordinal)))
        {
            return null;
        }

        string path = Path.GetFullPath(Path.Combine(folder, fileName));
        return path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || Path.TrimEndingDirectorySeparator(folder).Length <= 1 ? path : null;
    }

    private static IEnumerable<CocoItem> Items(
        CocoAnnotations annotations,
        string? folder,
        int first,
        Action<QosValuationException>? onFault,
        Shard? shard,
        CancellationToken cancellation)
    {
        Action<QosValuationException>? onFileFault = shard is null or { Index: 1 } ? onFault : null;
        foreach (QosValuationException fault in annotations.Problems)
        {
            onFileFault?.Invoke(fault);
        }

        var captions = new List<string>?[annotations.Images.Count];
        int blank = 0;
        long firstBlank = 0;
        foreach ((int image, string text) in annotations.Captions)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                firstBlank = blank++ == 0 ? annotations.Images[image].Id : firstBlank;
                continue;
            }

            (captions[image] ??= new List<string>(5)).Add(text);
        }

        if (blank > 0)
        {
            onFileFault?.Invoke(new QosValuationException(
                Faults.CaptionNotReadable,
                $"{blank:N0} captions are empty (the first of image {firstBlank}); they are left out, and their images are kept.",
                firstBlank));
        }

        int given = 0;
        long captionsGiven = 0;
        for (int i = 0; i < captions.Length && given < first; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            CocoImage image = annotations.Images[i];
            bool isOwn = shard is null || shard.Contains(ShardIdentity.OfImage(image.Id));
            Action<QosValuationException>? onOwnFault = isOwn ? onFault : null;
            string? path = null;
            if (folder is not null)
            {
                path = Locate(folder, image.FileName);
                if (path is null)
                {
                    onOwnFault?.Invoke(new QosValuationException(
                        Faults.ImagePathOutsideFolder,
                        $"The file name '{image.FileName}' of image {image.Id} leads out of the image folder '{folder}'; the image is left out.",
                        image.FileName));
                    continue;
                }

                if (!File.Exists(path))
                {
                    onOwnFault?.Invoke(new QosValuationException(
                        Faults.ImageFileMissing, $"The image '{path}' (image {image.Id}) does not exist; it is left out.", path));
                    continue;
                }
            }

            int recordsBefore = given++;
            long captionsBefore = captionsGiven;
            captionsGiven += captions[i]?.Count ?? 0;
            if (!isOwn)
            {
                continue;
            }

            yield return new CocoItem
            {
                ImageId = image.Id,
                Item = ItemName.OfCoco(annotations.Identity, image.Id),
                Path = path,
                Captions = captions[i] ?? (IReadOnlyList<string>)[],
                Width = image.Width,
                Height = image.Height,
                License = image.License,
                Shard = shard?.ToString(),
                RecordsBefore = shard is null ? null : recordsBefore,
                CaptionsBefore = shard is null ? null : captionsBefore,
            };
        }
    }
}
