namespace QosValuation;

// Annotations, embedding files and generated scenes.
public static partial class Faults
{
    /// <summary>The annotation file does not exist.</summary>
    public static Fault AnnotationNotFound { get; } = Define(FaultKind.NotFound, "Check -AnnotationPath.");

    /// <summary>The annotation file is not readable COCO JSON.</summary>
    public static Fault AnnotationNotReadable { get; } = Define(FaultKind.InvalidData, "Take the annotation file from its source again.");

    /// <summary>The annotation file holds no captions.</summary>
    public static Fault AnnotationNotCaptions { get; } = Define(
        FaultKind.InvalidData,
        "Give the captions file of the same set, such as captions_val2017.json.");

    /// <summary>The folder of a dataset's images was not found.</summary>
    public static Fault ImageFolderNotFound { get; } = Define(FaultKind.NotFound, "Name it with -ImageFolder, or take the captions alone with -WithoutImage.");

    /// <summary>An image that the annotations list does not exist.</summary>
    public static Fault ImageFileMissing { get; } = Define(FaultKind.NotFound, "Complete the image folder, or go on without the image.");

    /// <summary>The file name of an image leads out of the image folder.</summary>
    public static Fault ImagePathOutsideFolder { get; } = Define(FaultKind.InvalidData, "Correct the file name in the annotations.");

    /// <summary>An image entry of the annotations lacks its id or its file name.</summary>
    public static Fault ImageEntryNotReadable { get; } = Define(FaultKind.InvalidData, "Correct the entry, or go on without it.");

    /// <summary>Two images of the annotations have one id.</summary>
    public static Fault DuplicateImageId { get; } = Define(FaultKind.InvalidData, "Give each image an id of its own.");

    /// <summary>A caption of the annotations lacks its image id or its text.</summary>
    public static Fault CaptionNotReadable { get; } = Define(FaultKind.InvalidData, "Correct the entry, or go on without it.");

    /// <summary>Captions belong to images that the annotations do not list.</summary>
    public static Fault CaptionWithoutImage { get; } = Define(FaultKind.InvalidData, "Use the annotation file together with the images it was made for.");

    /// <summary>The folder holds a dataset already.</summary>
    public static Fault DatasetExists { get; } = Define(FaultKind.InvalidArgument, "Choose another folder, or use -Force to replace the dataset.");

    /// <summary>A file of a dataset could not be written.</summary>
    public static Fault DatasetNotWritable { get; } = Define(FaultKind.WriteFailed, "Check that the folder may be written to, and that the disk has room.");

    /// <summary>The options of a generated dataset are out of range.</summary>
    public static Fault SceneOptionsInvalid { get; } = Define(FaultKind.InvalidArgument, "Correct the option that the message names.");

    /// <summary>The embedding file does not exist.</summary>
    public static Fault EmbeddingFileNotFound { get; } = Define(FaultKind.NotFound, "Check the path of the file.");

    /// <summary>An embedding file cannot be read, or its content is not a table of vectors.</summary>
    public static Fault EmbeddingFileNotReadable { get; } = Define(FaultKind.InvalidData, "Name a .npy, .csv, .jsonl or .parquet file of vectors.");

    /// <summary>The ending of an embedding file is not known.</summary>
    public static Fault EmbeddingFormatNotKnown { get; } = Define(FaultKind.NotSupported, "Use a name that ends in .npy, .csv, .jsonl or .parquet.");

    /// <summary>A folder of embeddings in parts lacks one of its files.</summary>
    public static Fault EmbeddingPartMissing { get; } = Define(FaultKind.NotFound, "Complete the folder, or name its files one by one.");

    /// <summary>Files of a folder of embeddings that belong together hold different numbers of rows, or vectors of different lengths.</summary>
    public static Fault EmbeddingPartsUnequal { get; } = Define(FaultKind.InvalidData, "Copy the parts again, or write the folder again.");

    /// <summary>A row of an embedding file cannot be used and is left out.</summary>
    public static Fault EmbeddingRowNotUsable { get; } = Define(FaultKind.InvalidData, "Correct the row, or go on without it.");

    /// <summary>The metadata file does not exist.</summary>
    public static Fault MetadataNotFound { get; } = Define(FaultKind.NotFound, "Check -MetadataPath.");

    /// <summary>The metadata file cannot be read.</summary>
    public static Fault MetadataNotReadable { get; } = Define(FaultKind.InvalidData, "Give the metadata that Export-Embedding wrote beside the vectors.");

    /// <summary>The metadata describes more or fewer rows than the embedding file holds.</summary>
    public static Fault MetadataCountMismatch { get; } = Define(
        FaultKind.InvalidData,
        "Give the metadata that belongs to the vectors, one record for each row.");

    /// <summary>The metadata belong to other vectors than those of the file.</summary>
    public static Fault MetadataMismatch { get; } = Define(FaultKind.Integrity, "Export the embeddings again.");

    /// <summary>A vector is of another length than those before it in the file.</summary>
    public static Fault DimensionMismatch { get; } = Define(FaultKind.InvalidData, "Export the embeddings of each model to a file of its own.");

    /// <summary>A vector that would be written holds NaN or infinite components.</summary>
    public static Fault VectorNotFinite { get; } = Define(FaultKind.InvalidData, "Embed its source again, or leave it out.");
}
