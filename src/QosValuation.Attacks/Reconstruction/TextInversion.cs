using System.Numerics.Tensors;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Text;

namespace QosValuation.Attacks.Reconstruction;

/// <summary>How captions are searched.</summary>
public sealed record TextInversionOptions
{
    /// <summary>Captions kept at every length, at least 1.</summary>
    public int BeamWidth { get; init; } = 8;

    /// <summary>Words tried at every place, at least 1: those that fit best alone, beside a few that only join others.</summary>
    public int CandidateWords { get; init; } = 128;

    /// <summary>The longest caption in words, at least 1; the model's context may allow fewer.</summary>
    public int MaximumWords { get; init; } = 12;
}

/// <summary>What a caption search found.</summary>
/// <param name="Text">The caption.</param>
/// <param name="Embedding">Its embedding, unit norm.</param>
/// <param name="Score">Its cosine to the target.</param>
/// <param name="Trace">The best cosine so far at every length, then after every sweep of the refinement.</param>
/// <param name="IsComplete">False where the search was cancelled.</param>
public sealed record TextInversionResult(string Text, float[] Embedding, double Score, double[] Trace, bool IsComplete);

/// <summary>
/// Finds the caption whose embedding fits a released vector best: beam search over the tokenizer's whole words, then
/// sweeps that exchange or drop one word at a time.
/// </summary>
/// <remarks>
/// Every word that is a single token is embedded once alone (V texts of one word), and the best become the candidates for every
/// place. A target then costs about BeamWidth · CandidateWords · MaximumWords texts, and as much again for the sweeps. Nothing is
/// random: ties go to the earlier word. Not thread-safe.
/// </remarks>
/// <param name="encoder">A model with a text encoder; it stays the caller's.</param>
/// <param name="options">How far to search; null for the defaults.</param>
public sealed class TextInversion(ClipEncoder encoder, TextInversionOptions? options = null)
{
    private const int BatchSize = 64;
    private const int Patience = 2;
    private const int Sweeps = 2;

    private static readonly string[] JoiningWords = ["a", "an", "the", "in", "on", "of", "with", "and", "at", "by", "to", "is", "are", "from", "over"];

    private readonly TextInversionOptions _options = Check(options ?? new TextInversionOptions());
    private int[] _words = [];
    private float[] _wordVectors = [];

    /// <summary>Searches.</summary>
    /// <param name="target">The released vector.</param>
    /// <param name="progress">Called after every length with the best caption and cosine so far; may be null.</param>
    /// <param name="cancellation">Ends the search; what there is by then is returned.</param>
    /// <returns>The caption; null where the search was cancelled before it had one.</returns>
    /// <exception cref="QosValuationException"><c>AttackTargetInvalid</c>; <c>ModalityNotSupported</c> and <c>TokenizerNotFound</c> where the model cannot
    /// embed texts.</exception>
    public TextInversionResult? Run(float[] target, Action<int, string, double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Length != encoder.Dimension || !float.IsFinite(TensorPrimitives.Norm<float>(target)) || TensorPrimitives.Norm<float>(target) == 0)
        {
            throw new QosValuationException(
                Faults.AttackTargetInvalid, $"A target for {encoder.Model.Name} must be a finite vector of {encoder.Dimension} numbers, not all zero; this one "
                    + $"has {target.Length}.", target.Length);
        }

        var trace = new List<double>();
        Caption best = new([], double.NegativeInfinity);
        bool complete = false;
        try
        {
            int[] candidates = Candidates(target, cancellation);
            int longest = Math.Min(_options.MaximumWords, encoder.Model.ContextLength - 2);
            List<Caption> beam = [new([], double.NegativeInfinity)];
            int stale = 0;
            for (int length = 1; length <= longest && stale <= Patience; length++)
            {
                List<int[]> longer = [.. beam.SelectMany(caption => candidates.Select(word => (int[])[.. caption.Ids, word]))];
                beam = [.. Score(longer, target, cancellation).OrderByDescending(caption => caption.Cosine).Take(_options.BeamWidth)];
                stale = beam[0].Cosine > best.Cosine ? 0 : stale + 1;
                best = stale == 0 ? beam[0] : best;
                trace.Add(best.Cosine);
                progress?.Invoke(length, encoder.Tokenizer.Decode(best.Ids), best.Cosine);
            }

            for (int sweep = 0; sweep < Sweeps; sweep++)
            {
                double before = best.Cosine;
                for (int place = 0; place < best.Ids.Length; place++)
                {
                    int[] ids = best.Ids;
                    List<int[]> changed = [.. candidates.Select(word => (int[])[.. ids[..place], word, .. ids[(place + 1)..]])];
                    if (ids.Length > 1)
                    {
                        changed.Add([.. ids[..place], .. ids[(place + 1)..]]);
                    }

                    Caption found = Score(changed, target, cancellation).MaxBy(caption => caption.Cosine)!;
                    best = found.Cosine > best.Cosine ? found : best;
                }

                trace.Add(best.Cosine);
                progress?.Invoke(best.Ids.Length, encoder.Tokenizer.Decode(best.Ids), best.Cosine);
                if (!(best.Cosine > before))
                {
                    break;
                }
            }

            complete = true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // What there is by now is returned.
        }

        if (best.Ids.Length == 0)
        {
            return null;
        }

        float[] vector = new float[target.Length];
        Encode([best.Ids], vector, CancellationToken.None);
        return new TextInversionResult(
            encoder.Tokenizer.Decode(best.Ids), vector, TensorPrimitives.CosineSimilarity<float>(vector, target), [.. trace], complete);
    }

    private static TextInversionOptions Check(TextInversionOptions options) =>
        options.BeamWidth >= 1 && options.CandidateWords >= 1 && options.MaximumWords >= 1
            ? options
            : throw new QosValuationException(
                Faults.AttackOptionInvalid, "The beam width, the candidate words and the maximum of words must be at least 1.", options);

    /// <summary>The words that fit best alone, and those that join others.</summary>
    private int[] Candidates(float[] target, CancellationToken cancellation)
    {
        if (_words.Length == 0)
        {
            int[] words = [.. WholeWords(encoder.Tokenizer)];
            if (words.Length == 0)
            {
                throw new QosValuationException(
                    Faults.TokenizerNotSupported,
                    $"The vocabulary of {encoder.Model.Name} has no whole words, so captions cannot be searched.",
                    encoder.Model.Name);
            }

            float[] vectors = new float[words.Length * encoder.Dimension];
            Encode([.. words.Select(word => (int[])[word])], vectors, cancellation);
            (_words, _wordVectors) = (words, vectors);
        }

        int dimension = encoder.Dimension;
        float[] cosines = [.. _words.Select((_, i) => TensorPrimitives.CosineSimilarity<float>(_wordVectors.AsSpan(i * dimension, dimension), target))];
        var joining = new HashSet<int>(JoiningWords.Select(word => encoder.Tokenizer.Encode(word)).Where(ids => ids.Length == 1).Select(ids => ids[0]));
        IEnumerable<int> best = Enumerable.Range(0, _words.Length).OrderByDescending(i => cosines[i]).Take(_options.CandidateWords).Select(i => _words[i]);
        return [.. best.Concat(_words.Where(joining.Contains)).Distinct()];
    }

    /// <summary>Tokens that are a word of letters by themselves.</summary>
    private static IEnumerable<int> WholeWords(ITextTokenizer tokenizer)
    {
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            string word = tokenizer.Decode([id]);
            if (word.Length > 0 && word.All(char.IsAsciiLetter) && tokenizer.Encode(word) is [int only] && only == id)
            {
                yield return id;
            }
        }
    }

    private IEnumerable<Caption> Score(List<int[]> captions, float[] target, CancellationToken cancellation)
    {
        float[] vectors = new float[captions.Count * target.Length];
        Encode(captions, vectors, cancellation);
        return [.. captions.Select((ids, i) => new Caption(
            ids, TensorPrimitives.CosineSimilarity<float>(vectors.AsSpan(i * target.Length, target.Length), target)))];
    }

    private void Encode(List<int[]> captions, Span<float> vectors, CancellationToken cancellation)
    {
        int context = encoder.Model.ContextLength;
        for (int first = 0; first < captions.Count; first += BatchSize)
        {
            int count = Math.Min(BatchSize, captions.Count - first);
            int[] ids = new int[count * context];
            int[] lengths = new int[count];
            for (int i = 0; i < count; i++)
            {
                int[] words = captions[first + i];
                Span<int> row = ids.AsSpan(i * context, context);
                row.Fill(encoder.Tokenizer.PadId);
                row[0] = encoder.Tokenizer.StartId;
                words.CopyTo(row[1..]);
                row[words.Length + 1] = encoder.Tokenizer.EndId;
                lengths[i] = words.Length + 2;
            }

            encoder.EncodeTexts(ids, lengths, vectors.Slice(first * encoder.Dimension, count * encoder.Dimension), cancellation);
        }
    }

    private sealed record Caption(int[] Ids, double Cosine);
}
