namespace QosValuation.Embeddings.Encoding;

/// <summary>What an embedding is kept under.</summary>
/// <param name="Encoder">The encoder's number in the cache.</param>
/// <param name="ContentDigest">The SHA-256 digest of the image file's bytes, or of the text's UTF-8 bytes.</param>
internal readonly record struct CacheKey(long Encoder, byte[] ContentDigest);
