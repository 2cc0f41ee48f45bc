using QosValuation.Foundation.IO;
using System.Security.Cryptography;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Models;

namespace QosValuation.Valuation.Quality;

/// <summary>Embeds texts with all-MiniLM-L6-v2, each different text once, texts of like length together.</summary>
public sealed class SentenceEmbedder : IDisposable
{
    /// <summary>The model.</summary>
    public const string ModelName = "MiniLM-L6";

    private const int BatchSize = 64;

    private readonly ClipEncoder _encoder;
    private string? _identity;

    private SentenceEmbedder(ClipEncoder encoder) => _encoder = encoder;

    /// <summary>The length of a vector.</summary>
    public int Dimension => _encoder.Dimension;

    /// <summary>The model's name and the SHA-256 of its ONNX file.</summary>
    public string Identity => _identity ??= $"{_encoder.Model.Name} {Digest(_encoder.Description.Text!.Path)}";

    /// <summary>Opens the model.</summary>
    /// <param name="model">A name or folder as <see cref="ClipModelCatalog.Resolve"/> takes it; null for MiniLM-L6.</param>
    /// <returns>The embedder.</returns>
    /// <exception cref="QosValuationException">The faults of opening a model; <c>ModalityNotSupported</c>: it embeds no texts.</exception>
    public static SentenceEmbedder Open(string? model = null)
    {
        ClipEncoder encoder = ClipEncoder.Open(model ?? ModelName);
        try
        {
            _ = encoder.Tokenizer;
            return new SentenceEmbedder(encoder);
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>Embeds texts. The order in which they run depends on their lengths alone, so the vectors are the same on every run.</summary>
    /// <param name="texts">Different texts, none blank.</param>
    /// <param name="progress">Receives the number of texts done; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>A row of unit norm a text, in the order of the texts.</returns>
    /// <exception cref="QosValuationException">A text that the model has no vector for.</exception>
    public VectorMatrix Embed(IReadOnlyList<string> texts, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        int[] lengths = [.. texts.AsParallel().AsOrdered().Select(text => _encoder.Tokenizer.Tokenize(text, _encoder.Model.ContextLength).Count)];
        int[] order = [.. Enumerable.Range(0, texts.Count).OrderBy(i => lengths[i])];
        float[][] vectors = new float[texts.Count][];
        IEnumerable<EmbeddingRequest> requests = order.Select(i => new EmbeddingRequest { Modality = Modality.Text, Source = texts[i], Item = string.Empty });
        foreach (EmbeddingOutcome outcome in EmbeddingPipeline.Embed(
            _encoder, requests, new EmbeddingPipelineOptions { BatchSize = BatchSize }, cancellationToken))
        {
            vectors[order[outcome.Ordinal]] = (outcome.Embedding ?? throw outcome.Fault!).Vector;
            progress?.Report((int)outcome.Ordinal + 1);
        }

        var matrix = new VectorMatrix(Dimension);
        foreach (float[] vector in vectors)
        {
            matrix.Add(vector);
        }

        return matrix;
    }

    /// <inheritdoc/>
    public void Dispose() => _encoder.Dispose();

    private static string Digest(string path)
    {
        using FileStream stream = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
