namespace QosValuation.Valuation.Quality;

/// <summary>Makes the reference corpus of files, or opens the index that was made of them before.</summary>
public sealed class ReferenceCorpusBuilder
{
    private readonly SentenceEmbedder _embedder;
    private int _total;

    /// <summary>Creates a builder.</summary>
    /// <param name="embedder">Embeds the sentences.</param>
    public ReferenceCorpusBuilder(SentenceEmbedder embedder)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        _embedder = embedder;
    }

    /// <summary>The number of sentences to embed, once known; for progress.</summary>
    public int SentenceCount => Volatile.Read(ref _total);

    /// <summary>Opens or makes a corpus. Each different sentence counts once.</summary>
    /// <param name="paths">Files of documents as <see cref="DocumentReader"/> reads them; or one index.</param>
    /// <param name="indexPath">
    /// Where the index lies: opened where it is one of these sentences and this model, else made and saved. Null keeps it in memory alone.
    /// </param>
    /// <param name="faulted">Takes the fault of a line or row that cannot be used.</param>
    /// <param name="progress">Receives the number of sentences embedded; may be null.</param>
    /// <param name="cancellationToken">Stops the work; nothing is written then.</param>
    /// <returns>The corpus.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ReferenceNotReadable</c>: no sentence, or no index; <c>ReferenceNotWritable</c>; the faults of <see cref="DocumentReader.Read"/>.
    /// </exception>
    public ReferenceCorpus Build(
        IReadOnlyList<string> paths, string? indexPath, Action<QosValuationException> faulted, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths is [var only] && only.EndsWith(ReferenceCorpus.Extension, StringComparison.OrdinalIgnoreCase))
        {
            return ReferenceCorpus.Open(only);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var sentences = new List<string>();
        foreach (string path in paths)
        {
            foreach (QualityDocument document in DocumentReader.Read(path, string.Empty, faulted))
            {
                cancellationToken.ThrowIfCancellationRequested();
                sentences.AddRange(SentenceSplitter.Split(document.Text).Where(seen.Add));
            }
        }

        if (sentences.Count == 0)
        {
            throw new QosValuationException(Faults.ReferenceNotReadable, "The reference corpus holds no sentence.", string.Join(", ", paths));
        }

        string digest = ReferenceCorpus.Digest(sentences);
        string model = ReferenceCorpus.DigestOfModel(_embedder.Identity);
        if (indexPath is not null && File.Exists(indexPath))
        {
            ReferenceCorpus saved = ReferenceCorpus.Open(indexPath);
            if (saved.Sha256 == digest && saved.Model == model)
            {
                return saved;
            }

            saved.Dispose();
        }

        Volatile.Write(ref _total, sentences.Count);
        ReferenceCorpus corpus = ReferenceCorpus.Create(
            _embedder.Embed(sentences, progress, cancellationToken), digest, model, ReferenceCorpus.MostExact, cancellationToken);
        if (indexPath is not null)
        {
            corpus.Save(indexPath);
        }

        return corpus;
    }
}
