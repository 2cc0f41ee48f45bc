namespace QosValuation.Embeddings.Models;

/// <summary>Where the files of a CLIP model lie. A model may have either encoder alone.</summary>
public sealed record ClipModelFiles
{
    /// <summary>The model's name: its folder's, without a suffix such as <c>-vision</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The folder of the model; of the image encoder where the two encoders have a folder each.</summary>
    public required string Folder { get; init; }

    /// <summary>The ONNX file of the image encoder; null where there is none.</summary>
    public string? VisionModelPath { get; init; }

    /// <summary>The ONNX file of the text encoder; null where there is none.</summary>
    public string? TextModelPath { get; init; }

    /// <summary>
    /// <c>vocab.json</c>, or a <c>tokenizer.json</c>, <c>vocab.txt</c> or <c>spiece.model</c> where only that exists; null where there is none.
    /// </summary>
    public string? VocabularyPath { get; init; }

    /// <summary><c>merges.txt</c>; null where the vocabulary is a <c>tokenizer.json</c> or there is none.</summary>
    public string? MergesPath { get; init; }

    /// <summary>
    /// <c>preprocessor_config.json</c>, or OpenCLIP's <c>preprocess_cfg.json</c> or <c>open_clip_config.json</c>; null where there is none, and CLIP's
    /// own constants apply.
    /// </summary>
    public string? PreprocessorConfigPath { get; init; }
}
