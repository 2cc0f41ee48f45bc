namespace QosValuation.Embeddings.Text;

/// <summary>Reads the tokenizer of a model, whichever kind its files hold.</summary>
public static class TextTokenizer
{
    /// <summary>Reads a tokenizer.</summary>
    /// <param name="vocabularyPath">
    /// <c>vocab.txt</c>, or a <c>tokenizer.json</c> whose model is WordPiece, for BERT's tokenizer; a SentencePiece model such as <c>spiece.model</c>, or a
    /// <c>tokenizer.json</c> whose model is Unigram, for SigLIP's; <c>vocab.json</c>, or another <c>tokenizer.json</c>, for CLIP's.
    /// </param>
    /// <param name="mergesPath"><c>merges.txt</c> of CLIP's tokenizer; null where there is none.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="QosValuationException">VocabularyNotFound, VocabularyNotReadable.</exception>
    public static ITextTokenizer Load(string vocabularyPath, string? mergesPath) =>
        mergesPath is null && WordPieceTokenizerReader.IsWordPiece(vocabularyPath)
            ? WordPieceTokenizerReader.Read(vocabularyPath)
            : mergesPath is null && UnigramTokenizerReader.IsUnigram(vocabularyPath) ? UnigramTokenizerReader.Read(vocabularyPath)
            : ClipTokenizer.Load(vocabularyPath, mergesPath);
}
