using System.Collections;
using System.Globalization;
using System.Management.Automation;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Quality;

/// <summary>What the cmdlets that take documents share: files, and objects from the pipeline.</summary>
public abstract class DocumentCommand : QosCmdlet
{
    private readonly List<QualityDocument> _documents = [];
    private ProgressMeter? _meter;
    private bool _namesInput;

    /// <summary>
    /// Files of documents, wildcards allowed: a text file is one document, each line of a .jsonl and each row of a .csv or .parquet another. A folder
    /// stands for the files in it.
    /// </summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files of documents, wildcard characters taken literally.</summary>
    [Parameter]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Documents from the pipeline: files, texts as strings, the records of Import-CocoDataset (each caption is a document), text embeddings, or objects
    /// whose text is in a property Text, Caption, Captions, Content, Document or Body; all their properties count as metadata.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>
    /// Who contributed the documents: a name, or a script block that gives the name, in which $_ is the file or the object from the pipeline. By default
    /// the object's property Contributor, else the name of the file's folder.
    /// </summary>
    [Parameter]
    public object? Contributor { get; set; }

    /// <summary>The documents so far.</summary>
    private protected IReadOnlyList<QualityDocument> Documents => _documents;

    /// <inheritdoc/>
    protected override void Begin()
    {
        _namesInput = IsBound(nameof(Path)) || IsBound(nameof(LiteralPath));
        if (!_namesInput && !(MyInvocation?.ExpectingInput ?? true) && !IsBound(nameof(InputObject)))
        {
            throw new QosValuationException(Faults.InputIsNull, "Name files with -Path, or pipe documents in.");
        }

        _meter = new ProgressMeter(this, "Reading documents", "documents");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (InputObject is null)
        {
            if (_namesInput)
            {
                AddFiles(ResolvePaths(Path, literal: false), null);
                AddFiles(ResolvePaths(LiteralPath, literal: true), null);
            }

            return;
        }

        if (_namesInput)
        {
            throw new QosValuationException(Faults.ParametersConflict, "Name files with -Path, or pipe documents in, but not both.", InputObject.BaseObject);
        }

        object subject = InputObject.BaseObject is PSCustomObject ? InputObject : InputObject.BaseObject;
        TryItem(subject, () => AddObject(subject));
        _meter!.Report(_documents.Count);
    }

    /// <summary>Ends the progress of reading.</summary>
    private protected void CompleteReading() => _meter!.Complete();

    /// <summary>Files as they are, and the files of folders in their place.</summary>
    private protected static IEnumerable<string> Files(IEnumerable<string> paths) =>
        paths.SelectMany(path => Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : (IEnumerable<string>)[path]);

    private static string FolderName(string path) => System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(path)) ?? string.Empty;

    private void AddFiles(IEnumerable<string> paths, object? subject)
    {
        foreach (string path in Files(paths))
        {
            TryItem(path, () =>
            {
                string contributor = ContributorArgument.Of(Contributor, subject ?? new FileInfo(path), FolderName(path));
                foreach (QualityDocument document in DocumentReader.Read(path, contributor, fault => WriteFault(fault)))
                {
                    Cancellation.ThrowIfCancellationRequested();
                    _documents.Add(IsBound(nameof(Contributor)) ? document with { Contributor = contributor } : document);
                    _meter!.Report(_documents.Count);
                }
            });
        }
    }

    private void AddObject(object subject)
    {
        switch (subject)
        {
            case string text:
                Add(subject, [text], new Dictionary<string, string?> { ["Text"] = text }, string.Empty);
                break;
            case FileSystemInfo file:
                AddFiles([file.FullName], file);
                break;
            case CocoItem item:
                Add(item, item.Captions, FieldsOf(InputObject!), item.Path is null ? string.Empty : FolderName(item.Path));
                break;
            case ClipEmbedding { Modality: Modality.Text } embedding:
                Add(embedding, [embedding.Source], FieldsOf(InputObject!), embedding.Contributor);
                break;
            default:
                Dictionary<string, string?> fields = FieldsOf(InputObject!);
                QualityDocument? document = DocumentReader.FromFields(fields, string.Empty, string.Empty).FirstOrDefault() ?? throw new QosValuationException(
                    Faults.InputNotRecognized,
                    $"The object has no text in a property named {string.Join(", ", DocumentReader.TextFields)}, and is no file.",
                    subject);
                string[] texts = ListOf(InputObject!) ?? [document.Text];
                string contributor = ContributorArgument.Of(Contributor, subject, document.Contributor);
                _documents.AddRange(texts.Select(text => document with { Text = text, Contributor = contributor }));
                break;
        }
    }

    private void Add(object subject, IReadOnlyList<string> texts, Dictionary<string, string?> fields, string otherwise)
    {
        string contributor = ContributorArgument.Of(Contributor, subject, otherwise);
        DateTimeOffset? date = QualityDocument.DateFields.Select(name => QualityDocument.ParseDate(fields.GetValueOrDefault(name)))
            .FirstOrDefault(found => found is not null);
        _documents.AddRange(texts.Select(text => new QualityDocument { Text = text ?? string.Empty, Contributor = contributor, Fields = fields, Date = date }));
    }

    private static string[]? ListOf(PSObject item)
    {
        foreach (string name in DocumentReader.TextFields)
        {
            if (item.Properties[name]?.Value is { } value)
            {
                object plain = value is PSObject wrapped ? wrapped.BaseObject : value;
                return plain is IEnumerable list and not string ? [.. list.Cast<object?>().Select(text => text?.ToString() ?? string.Empty)] : null;
            }
        }

        return null;
    }

    /// <summary>The properties of an object as fields; an empty list is no value.</summary>
    private static Dictionary<string, string?> FieldsOf(PSObject item)
    {
        var fields = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        IEnumerable<(string Name, object? Value)> properties = item.BaseObject is IDictionary entries
            ? entries.Keys.Cast<object>().Select(key => (key.ToString() ?? string.Empty, entries[key]))
            : item.Properties.Where(property => property.IsGettable).Select(property => (property.Name, (object?)property.Value));
        foreach ((string name, object? value) in properties)
        {
            object? plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
            fields[name] = plain switch
            {
                null => null,
                string text => text,
                DateTime date => date.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture),
                DateTimeOffset date => date.ToString("O", CultureInfo.InvariantCulture),
                IEnumerable list => list.Cast<object?>().FirstOrDefault()?.ToString(),
                _ => Convert.ToString(plain, CultureInfo.InvariantCulture),
            };
        }

        return fields;
    }
}
