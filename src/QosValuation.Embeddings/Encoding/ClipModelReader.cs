using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;

namespace QosValuation.Embeddings.Encoding;

/// <summary>
/// Reads what an encoder needs to know about a CLIP model from its files: names and types of inputs and outputs, image
/// size, context length and dimension. Weights are not loaded, unless a graph hides its output's shape.
/// </summary>
public static class ClipModelReader
{
    /// <summary>Reads a model.</summary>
    /// <param name="files">Its files.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ModelNotFound</c>: a file is absent. <c>ModelNotReadable</c>: a file is damaged.
    /// <c>OnnxExternalDataInvalid</c>: a file of weights is missing, too short, or not in the model's folder.
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
        (EncoderGraph? vision, EncoderGraph? text) = ReadGraphs(files);
        ImagePreprocessing? preprocessing = vision is null ? null : VisionEncoderReader.ReadPreprocessing(vision, files.PreprocessorConfigPath);
        int context = text is null ? 0 : TextEncoderReader.ReadContextLength(text, files);
        VisionEncoderDescription? visionEncoder = vision is null ? null : VisionEncoderReader.Describe(vision, preprocessing!, context);
        TextEncoderDescription? textEncoder = text is null
            ? null
            : TextEncoderReader.Describe(text, context, preprocessing, SentencePooling.Read(files), IsWordPiece(files));
        RequireOneSpace(files, visionEncoder, textEncoder);
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
                Modalities = Modalities(files, visionEncoder, textEncoder),
            },
        };
    }

    /// <summary>Reads the files and finds out which holds which encoder: one may hold both, whichever it was taken for.</summary>
    private static (EncoderGraph? Vision, EncoderGraph? Text) ReadGraphs(ClipModelFiles files)
    {
        EncoderGraph? first = files.VisionModelPath is { } visionPath ? EncoderGraph.Read(visionPath) : null;
        EncoderGraph? second = files.TextModelPath is { } textPath && textPath != files.VisionModelPath ? EncoderGraph.Read(textPath) : null;
        EncoderGraph? vision = first is { Pixels: not null } ? first : second is { Pixels: not null } ? second : null;
        EncoderGraph? text = second is { Ids: not null } ? second : first is { Ids: not null } ? first : null;
        if (first is not null && vision != first && text != first)
        {
            throw EncoderGraph.NotSupported(first.Path, "it has no input of shape items × 3 × height × width for images");
        }

        if (second is not null && vision != second && text != second)
        {
            throw EncoderGraph.NotSupported(second.Path, "it has no input of whole numbers, items × positions, for token ids");
        }

        return vision is null && text is null
            ? throw new QosValuationException(Faults.ModelNotFound, $"'{files.Folder}' holds neither an image nor a text encoder.", files.Folder)
            : (vision, text);
    }

    private static bool IsWordPiece(ClipModelFiles files) =>
        files is { VocabularyPath: { } vocabulary, MergesPath: null } && WordPieceTokenizerReader.IsWordPiece(vocabulary);

    private static void RequireOneSpace(ClipModelFiles files, VisionEncoderDescription? vision, TextEncoderDescription? text)
    {
        if (vision is not null && text is not null && vision.Dimension != text.Dimension)
        {
            throw EncoderGraph.NotSupported(
                files.Folder,
                $"its image embeddings have {vision.Dimension} numbers and its text embeddings {text.Dimension}, so they do not share one space. "
                    + "The files may belong to different models");
        }
    }

    private static List<Modality> Modalities(ClipModelFiles files, VisionEncoderDescription? vision, TextEncoderDescription? text)
    {
        var modalities = new List<Modality>(2);
        if (vision is not null)
        {
            modalities.Add(Modality.Image);
        }

        if (text is not null && files.VocabularyPath is not null)
        {
            modalities.Add(Modality.Text);
        }

        return modalities;
    }
}
