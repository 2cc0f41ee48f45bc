using System.Globalization;
using System.Management.Automation;
using QosValuation.Valuation.Quality;

namespace QosValuation.Cmdlets.Quality;

/// <summary>What the cmdlets of data quality share beside documents: the word list and the reference corpus.</summary>
public abstract class QualityDocumentCommand : DocumentCommand
{
    /// <summary>
    /// Files of the public corpus that novelty is measured against, in the formats of -Path, wildcards allowed; or one index (.qvref) that -IndexPath saved.
    /// </summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] ReferencePath { get; set; } = [];

    /// <summary>A word list, a word a line in UTF-8, also as .gz; by default American English (SCOWL, 104,334 entries).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Dictionary { get; set; }

    /// <summary>The word list that was named, else English.</summary>
    private protected WordList OpenDictionary() => Dictionary is null ? WordList.English : WordList.Load(ResolveNewPath(Dictionary));

    /// <summary>Opens or makes the reference corpus; null where none was named.</summary>
    private protected ReferenceCorpus? OpenReference(SentenceEmbedder? embedder, string? indexPath)
    {
        if (ReferencePath.Length == 0 || embedder is null)
        {
            return null;
        }

        string[] files = [.. Files(ResolvePaths(ReferencePath, literal: false))];
        if (files.Length == 0)
        {
            throw new QosValuationException(Faults.ReferenceNotReadable, "-ReferencePath names no file.", string.Join(", ", ReferencePath));
        }

        var builder = new ReferenceCorpusBuilder(embedder);
        var meter = new ProgressMeter(this, "Embedding the reference corpus", "sentences");
        var faults = new System.Collections.Concurrent.ConcurrentQueue<QosValuationException>();
        ReferenceCorpus corpus = BackgroundWork.Run(
            (progress, token) => builder.Build(files, indexPath, faults.Enqueue, progress, token),
            done => meter.Report(done, builder.SentenceCount),
            Cancellation);
        meter.Complete();
        foreach (QosValuationException fault in faults)
        {
            WriteFault(fault);
        }

        WriteVerbose(string.Create(
            CultureInfo.CurrentCulture, $"{corpus.Count:N0} reference sentences, searched {(corpus.IsExact ? "exactly" : "by a graph of neighbours")}."));
        return corpus;
    }
}
