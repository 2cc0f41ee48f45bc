using System.Globalization;
using System.Management.Automation;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Joining;

namespace QosValuation.Cmdlets;

/// <summary>Joins the shards of a run into the embeddings that one machine would have made, in the same order.</summary>
/// <remarks>
/// <para>Takes the files that Export-Embedding wrote for shards made with -Shard, folders of them, or their embeddings from the pipeline, in any order.
/// The embeddings leave as the run without -Shard emits them: the same vectors, names and ordinals, in the same order; Export-Embedding writes the same
/// bytes of them.</para>
/// <para>Every embedding of a shard says of which shard it is and where it stands in the whole run (Shard, ShardPosition); files keep both. So a shard that
/// is not there is noticed before anything is emitted, and is an error. A shard in which no item fell leaves no file, and looks the same: -AllowMissing
/// goes on. Shards of divisions with different n, and shards between which the data changed, are refused.</para>
/// <para>What is there twice, such as the file of a shard that was run again, is left out once, with a warning; where its vectors differ it is an
/// error. Embeddings that say nothing of shards are ordered by their Ordinal, what was given first going first.</para>
/// <para>Files are read twice. Those of shards are in order and are streamed: memory does not grow with them. A file that is not in order, and embeddings
/// from the pipeline, are held as a whole.</para>
/// </remarks>
/// <example>
/// <summary>Three shards, here one after the other, and the whole.</summary>
/// <code>foreach ($i in 1..3) { Get-ClipEmbedding ./photos -Recurse -Shard "$i/3" | Export-Embedding "./shards/$i.npy" }
/// Join-Embedding ./shards | Export-Embedding all.npy</code>
/// </example>
/// <example>
/// <summary>From the pipeline, without files.</summary>
/// <code>1..4 | ForEach-Object { Import-Embedding image_embeddings.npy -Shard "$_/4" } | Join-Embedding -AllowMissing | Group-Embedding</code>
/// </example>
/// <seealso>Export-Embedding</seealso>
/// <seealso>Import-Embedding</seealso>
/// <seealso>Get-ClipEmbedding</seealso>
/// <seealso>Group-Embedding</seealso>
[Cmdlet(VerbsCommon.Join, "Embedding")]
[OutputType(typeof(ClipEmbedding))]
public sealed class JoinEmbeddingCommand : QosCmdlet
{
    private EmbeddingJoiner? _joiner;
    private bool _hasFailed;
    private bool _hasRefused;

    /// <summary>
    /// The files of the shards, wildcards allowed; a folder stands for the embedding files in it. Strings and files from the pipeline are paths too.
    /// </summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The files of the shards, or folders, wildcard characters taken literally.</summary>
    [Parameter]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Embeddings of the shards, files, or paths as strings.</summary>
    [Parameter(ValueFromPipeline = true)]
    [Accepts(typeof(ClipEmbedding), AndOthers = true)]
    [ValidateNotNull]
    public PSObject[] InputObject { get; set; } = [];

    /// <summary>Go on where shards are missing, as those in which no item fell.</summary>
    [Parameter]
    public SwitchParameter AllowMissing { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        bool namesFiles = IsBound(nameof(Path)) || IsBound(nameof(LiteralPath));
        if (!namesFiles && !MyInvocation.ExpectingInput && !IsBound(nameof(InputObject)))
        {
            throw new QosValuationException(Faults.InputIsNull, "Name the files of the shards with -Path, or pipe embeddings or files in.");
        }

        _joiner = new EmbeddingJoiner(FailRow, WriteWarning);
        AddFiles(Path, literal: false);
        AddFiles(LiteralPath, literal: true);
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        foreach (PSObject item in InputObject)
        {
            switch (item?.BaseObject)
            {
                case string path:
                    AddFiles([path], literal: false);
                    break;
                case FileSystemInfo file:
                    AddFiles([file.FullName], literal: true);
                    break;
                default:
                    if (TryRecord(item, out ClipEmbedding? embedding))
                    {
                        _joiner!.Add(new LabelledEmbedding(embedding, EmbeddingLabel.Of(item!)));
                    }
                    else
                    {
                        _hasRefused = true;
                    }

                    break;
            }
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        // Where nothing but other things was piped in, there is no whole to speak of.
        if (_hasFailed || (_hasRefused && _joiner!.Count > 0))
        {
            throw new QosValuationException(
                Faults.ShardsMissing,
                "A part, or a row of one, could not be read, as the error before this one says: nothing is joined, because it would not be the whole.");
        }

        _joiner!.Check(AllowMissing);
        var meter = new ProgressMeter(this, "Joining embeddings", "embeddings");
        long count = 0;
        foreach ((ClipEmbedding embedding, string? label) in _joiner.Join(Cancellation))
        {
            meter.Report(++count, _joiner.Count);
            WriteRecord(label is null ? embedding : EmbeddingLabel.Shown(embedding, label));
        }

        meter.Complete();
        if (_joiner.Repeated > 0)
        {
            WriteWarning(string.Create(
                CultureInfo.CurrentCulture,
                $"Embeddings that were given more than once, with the same vector, were taken once: {_joiner.Repeated:N0} are left out."));
        }

        WriteVerbose(string.Create(CultureInfo.CurrentCulture, $"Joined {count:N0} embeddings."));
    }

    private void AddFiles(string[] paths, bool literal)
    {
        foreach (string path in paths)
        {
            bool isResolved = false;
            bool isFound = false;
            bool isPattern = !literal && WildcardPattern.ContainsWildcardCharacters(path);
            foreach (string found in ResolvePaths([path], literal))
            {
                isResolved = true;
                bool isFolder = Directory.Exists(found);
                foreach (string file in isFolder ? EmbeddingFile.FilesIn(found) : [found])
                {
                    if (!isPattern || !EmbeddingFile.IsSidecar(file))
                    {
                        isFound = true;
                        if (!TryItem(file, () => _joiner!.Add(file, Cancellation)))
                        {
                            _hasFailed = true; // not |=, which forgets what a row in the file set meanwhile
                        }
                    }
                }
            }

            if (isResolved && !isFound)
            {
                WriteFault(new QosValuationException(Faults.ShardsMissing, $"No embedding file lies at '{path}': name the files of the shards.", path));
            }

            _hasFailed |= !isFound;
        }
    }

    private void FailRow(QosValuationException fault)
    {
        _hasFailed = true;
        WriteFault(fault);
    }
}
