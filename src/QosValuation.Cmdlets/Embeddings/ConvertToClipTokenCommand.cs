using System.Management.Automation;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;

namespace QosValuation.Cmdlets;

/// <summary>Shows the token ids that a CLIP text encoder sees for a text.</summary>
/// <remarks>
/// <para>Text is cleaned (HTML references resolved twice, Unicode form C, white space collapsed, lower case), cut into words and encoded by byte-level
/// byte-pair encoding with the model's own vocabulary. Ids begin with the start token and end with the end token; padding is not shown. That is what the
/// Hugging Face tokenizer does. OpenAI's code repairs the text first with ftfy.fix_text (text read in the wrong encoding, curly quotation marks,
/// ligatures, full width, control characters): -RepairText does so as well, as ftfy 6.3.1 does.</para>
/// <para>A text that does not fit the encoder's context (77 positions for CLIP, 64 for clip-small, 32 for clip-mini) keeps its first tokens and the end
/// token, and IsTruncated says so; -NoTruncate shows all.</para>
/// </remarks>
/// <example>
/// <summary>What the default model sees.</summary>
/// <code>ConvertTo-ClipToken 'a photo of a dog'</code>
/// </example>
/// <example>
/// <summary>Captions that are too long for the model.</summary>
/// <code>Import-CocoDataset -AnnotationPath captions_val2017.json -WithoutImage |
///     ConvertTo-ClipToken -Model ViT-B-32 |
///     Where-Object IsTruncated</code>
/// </example>
/// <example>
/// <summary>With a vocabulary alone; merges.txt lies beside it.</summary>
/// <code>ConvertTo-ClipToken 'a photo of a cat' -VocabularyPath ./clip/vocab.json</code>
/// </example>
/// <seealso>Get-ClipModel</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
[Cmdlet(VerbsData.ConvertTo, "ClipToken", DefaultParameterSetName = "Model")]
[OutputType(typeof(ClipTokenSequence))]
public sealed class ConvertToClipTokenCommand : ClipModelCommand
{
    private const int ClipContextLength = 77;
    private ITextTokenizer? _tokenizer;
    private int? _contextLength;

    /// <summary>The texts. From the pipeline as strings, or as the property Text, Caption or Captions of objects such as those of Import-CocoDataset.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Caption", "Captions")]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [AllowNull]
    [PlainText]
    public string[]? Text { get; set; }

    /// <summary>Texts, or objects with a property Text, Caption or Captions, from the pipeline.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The model whose tokenizer is used: a name (see Get-ClipModel) or a folder. clip-small by default.</summary>
    [Parameter(ParameterSetName = "Model")]
    [ArgumentCompleter(typeof(ClipModelNameCompleter))]
    public string? Model { get; set; }

    /// <summary>A vocab.json (or tokenizer.json) to use instead of a model's.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Vocabulary")]
    [ValidateNotNullOrEmpty]
    public string VocabularyPath { get; set; } = string.Empty;

    /// <summary>The merges.txt that belongs to -VocabularyPath. By default the one beside it.</summary>
    [Parameter(ParameterSetName = "Vocabulary")]
    [ValidateNotNullOrEmpty]
    public string? MergesPath { get; set; }

    /// <summary>The number of positions to truncate to, at least 2, start and end token included. By default the model's; 77 with -VocabularyPath.</summary>
    /// <value>the model's</value>
    [Parameter]
    [ValidateRange(2, 1 << 20)]
    [WholeNumber]
    public int ContextLength { get; set; }

    /// <summary>Show every token, also of texts that are too long for the model.</summary>
    [Parameter]
    public SwitchParameter NoTruncate { get; set; }

    /// <summary>Repair the text first as ftfy.fix_text does, and so OpenAI's code for CLIP.</summary>
    [Parameter]
    public SwitchParameter RepairText { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        if (ParameterSetName == "Vocabulary")
        {
            string vocabulary = ResolveNewPath(VocabularyPath);
            string? merges = MergesPath is not null ? ResolveNewPath(MergesPath)
                : Path.GetFileName(vocabulary).Equals("tokenizer.json", StringComparison.OrdinalIgnoreCase)
                    || Path.GetExtension(vocabulary).ToUpperInvariant() is ".TXT" or ".MODEL" ? null
                : Path.Combine(Path.GetDirectoryName(vocabulary)!, "merges.txt");
            _tokenizer = TextTokenizer.Load(vocabulary, merges);
            _contextLength = ClipContextLength;
        }
        else
        {
            ClipModelFiles files = Resolve(Model);
            if (files.VocabularyPath is null)
            {
                throw new QosValuationException(
                    Faults.VocabularyNotFound, $"The model '{files.Name}' in '{files.Folder}' has no vocab.json and merges.txt. Put them beside its text "
                        + $"encoder, or name a vocabulary with -VocabularyPath.", files.Folder);
            }

            _tokenizer = TextTokenizer.Load(files.VocabularyPath, files.MergesPath);
            _contextLength = ContextLength > 0 || NoTruncate || files.TextModelPath is null ? ClipContextLength : ClipModelReader.Read(files).ContextLength;
        }

        _contextLength = NoTruncate ? null : ContextLength > 0 ? ContextLength : _contextLength;
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (Text is null && InputObject is null)
        {
            return;
        }

        if (Text is null && InputObject!.BaseObject is not (string or char or IEnumerable<string>))
        {
            WriteFault(
                new QosValuationException(
                    Faults.TextNotFound, $"The object from the pipeline ({InputObject.BaseObject.GetType().Name}) is no text and has no property Text, Caption "
                        + $"or Captions.", InputObject.BaseObject));
            return;
        }

        IEnumerable<string?> texts = Text ?? (InputObject!.BaseObject as IEnumerable<string> ?? [InputObject.BaseObject.ToString()!]);
        foreach (string? text in texts)
        {
            string given = text ?? string.Empty;
            WriteRecord(_tokenizer!.Tokenize(RepairText ? TextRepair.Fix(given) : given, _contextLength));
        }
    }
}
