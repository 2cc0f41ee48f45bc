using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Submissions;

/// <summary>
/// A data submission sealed for one recipient: a document encrypted with a key of its own (AES-256-GCM), that key wrapped for the recipient, and the
/// SHA-256 hash of the document, which binds what was scored to what is delivered. Reading and writing are O(n) time and O(1) memory.
/// </summary>
/// <remarks>
/// <para>The file: the eight bytes <c>QVSUB01\n</c>; the header's length (uint32, big-endian) and the header, JSON in UTF-8; then the document in blocks
/// of 64 KiB, each followed by its 16-byte tag. A block's nonce is the header's 7-byte prefix, the block's number (uint32, big-endian) and 1 for the last
/// block or 0 (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015), so that blocks cannot be moved, dropped or cut off. The
/// header's SHA-256 hash is authenticated with each block.</para>
/// <para>The key is wrapped by ECDH on P-256 with an ephemeral key, HKDF-SHA256 over the shared secret with both public keys as information, and
/// AES-256-GCM.</para>
/// </remarks>
public static class SubmissionFile
{
    /// <summary>The bytes of a document in one block.</summary>
    public const int BlockSize = 1 << 16;

    private const string CurrentFormat = "QosValuation.DataSubmission.v1";
    private const int KeySize = 32;
    private const int TagSize = 16;
    private const int PrefixSize = 7;
    private const int MaximumHeader = 1 << 16;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static ReadOnlySpan<byte> Magic => "QVSUB01\n"u8;

    /// <summary>Seals a document.</summary>
    /// <param name="documentPath">The document.</param>
    /// <param name="targetPath">The file to write; it appears whole or not at all.</param>
    /// <param name="contributor">Whose it is.</param>
    /// <param name="recipient">The recipient's public key on P-256.</param>
    /// <param name="cancellationToken">Stops the work; nothing is written then.</param>
    /// <returns>The submission.</returns>
    /// <exception cref="QosValuationException">
    /// <c>SubmissionSourceNotReadable</c>: the document cannot be read, or changed meanwhile. <c>DiskFull</c>, <c>FileNotWritable</c>.
    /// </exception>
    public static DataSubmission Seal(
        string documentPath, string targetPath, string contributor, ECDiffieHellman recipient, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        ArgumentException.ThrowIfNullOrEmpty(contributor);
        using FileStream document = OpenSource(documentPath);
        byte[] digest = Reading(documentPath, () => HashOf(document, cancellationToken));
        byte[] key = RandomNumberGenerator.GetBytes(KeySize);
        try
        {
            Header header = Wrap(key, recipient) with
            {
                Contributor = contributor,
                FileName = Path.GetFileName(documentPath),
                Length = document.Length,
                Sha256 = Convert.ToHexStringLower(digest),
                NoncePrefix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PrefixSize)),
            };
            document.Position = 0;
            try
            {
                AtomicFile.Write(targetPath, target => Encrypt(document, documentPath, target, header, key, cancellationToken));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw DiskFaults.Explain(exception, targetPath);
            }

            return header.Describe(targetPath);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Reads what a sealed submission says of itself, without any key: none of it is proved until the submission is opened.</summary>
    /// <param name="path">The sealed file.</param>
    /// <returns>The submission.</returns>
    /// <exception cref="QosValuationException"><c>SubmissionNotReadable</c>.</exception>
    public static DataSubmission Describe(string path)
    {
        using FileStream file = OpenSource(path);
        return ReadHeader(file, path, out _).Describe(path);
    }

    /// <summary>
    /// Opens a submission: every block is authenticated, and the document's hash must be the one that was sealed, before the document appears.
    /// </summary>
    /// <param name="path">The sealed file.</param>
    /// <param name="targetPath">The document to write; it appears whole or not at all.</param>
    /// <param name="key">The recipient's private key.</param>
    /// <param name="beforeItAppears">Called when all is proved and the document is about to appear; what it throws keeps it from appearing.</param>
    /// <param name="cancellationToken">Stops the work; nothing is written then.</param>
    /// <returns>The submission, proved.</returns>
    /// <exception cref="QosValuationException">
    /// <c>SubmissionNotReadable</c>: no sealed submission, or damaged. <c>SubmissionKeyMismatch</c>: sealed for another key. <c>SubmissionNotAuthentic</c>:
    /// it was changed. <c>DiskFull</c>, <c>FileNotWritable</c>.
    /// </exception>
    public static DataSubmission Open(
        string path,
        string targetPath,
        ECDiffieHellman key,
        Action<DataSubmission>? beforeItAppears = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        using FileStream file = OpenSource(path);
        Header header = ReadHeader(file, path, out byte[] associated);
        byte[] dataKey = Unwrap(header, key, path);
        try
        {
            AtomicFile.Write(targetPath, target =>
            {
                Decrypt(file, path, target, header, associated, dataKey, cancellationToken);
                beforeItAppears?.Invoke(header.Describe(path));
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, targetPath);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }

        return header.Describe(path);
    }

    private static void Encrypt(FileStream document, string documentPath, Stream target, Header header, byte[] key, CancellationToken cancellationToken)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header, Json);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, json.Length);
        target.Write(Magic);
        target.Write(length);
        target.Write(json);
        byte[] associated = SHA256.HashData(json);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var cipher = new AesGcm(key, TagSize);
        byte[] plain = new byte[BlockSize];
        byte[] sealedBlock = new byte[BlockSize + TagSize];
        long left = header.Length;
        for (uint number = 0; ; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int size = (int)Math.Min(left, BlockSize);
            int read = Reading(documentPath, () => document.ReadAtLeast(plain.AsSpan(0, size), size, throwOnEndOfStream: false));
            if (read < size)
            {
                throw Changed(documentPath);
            }

            left -= size;
            hash.AppendData(plain, 0, size);
            cipher.Encrypt(
                Nonce(header, number, left == 0), plain.AsSpan(0, size), sealedBlock.AsSpan(0, size), sealedBlock.AsSpan(size, TagSize), associated);
            target.Write(sealedBlock, 0, size + TagSize);
            if (left == 0)
            {
                break;
            }
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != header.Sha256)
        {
            throw Changed(documentPath);
        }
    }

    private static void Decrypt(
        FileStream file, string path, Stream target, Header header, byte[] associated, byte[] key, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var cipher = new AesGcm(key, TagSize);
        byte[] sealedBlock = new byte[BlockSize + TagSize];
        byte[] plain = new byte[BlockSize];
        long left = header.Length;
        for (uint number = 0; ; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int size = (int)Math.Min(left, BlockSize);
            int read = Reading(path, () => file.ReadAtLeast(sealedBlock.AsSpan(0, size + TagSize), size + TagSize, throwOnEndOfStream: false));
            left -= size;
            try
            {
                if (read < size + TagSize)
                {
                    throw NotAuthentic(path, "it ends too early");
                }

                cipher.Decrypt(
                    Nonce(header, number, left == 0), sealedBlock.AsSpan(0, size), sealedBlock.AsSpan(size, TagSize), plain.AsSpan(0, size), associated);
            }
            catch (AuthenticationTagMismatchException exception)
            {
                throw NotAuthentic(path, $"block {number} was changed", exception);
            }

            hash.AppendData(plain, 0, size);
            target.Write(plain, 0, size);
            if (left == 0)
            {
                break;
            }
        }

        if (Reading(path, file.ReadByte) >= 0)
        {
            throw NotAuthentic(path, "bytes were added behind its end");
        }

        // Nobody can make this fail who lacks the key: it catches a contributor who sealed another document than the one hashed and scored.
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != header.Sha256)
        {
            throw NotAuthentic(path, "the document inside is not the one whose hash was sealed with it");
        }
    }

    private static Header Wrap(byte[] key, ECDiffieHellman recipient)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        byte[] own = ephemeral.ExportSubjectPublicKeyInfo();
        byte[] theirs = recipient.ExportSubjectPublicKeyInfo();
        byte[] secret = ephemeral.DeriveRawSecretAgreement(recipient.PublicKey);
        byte[] wrapping = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, KeySize, info: Information(own, theirs));
        byte[] wrapped = new byte[KeySize + TagSize];
        using (var cipher = new AesGcm(wrapping, TagSize))
        {
            // The wrapping key is used once: any nonce will do.
            cipher.Encrypt(new byte[12], key, wrapped.AsSpan(0, KeySize), wrapped.AsSpan(KeySize));
        }

        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(wrapping);
        return new Header
        {
            Format = CurrentFormat,
            Recipient = Convert.ToHexStringLower(SHA256.HashData(theirs)),
            EphemeralKey = Convert.ToBase64String(own),
            WrappedKey = Convert.ToBase64String(wrapped),
            Contributor = string.Empty,
            FileName = string.Empty,
            Length = 0,
            Sha256 = string.Empty,
            NoncePrefix = string.Empty,
        };
    }

    private static byte[] Unwrap(Header header, ECDiffieHellman key, string path)
    {
        byte[] own = key.ExportSubjectPublicKeyInfo();
        if (Convert.ToHexStringLower(SHA256.HashData(own)) != header.Recipient)
        {
            throw new QosValuationException(
                Faults.SubmissionKeyMismatch, $"'{path}' was sealed for the key {header.Recipient[..16]}…, not for the one that was given.", path);
        }

        try
        {
            byte[] theirs = Convert.FromBase64String(header.EphemeralKey);
            byte[] wrapped = Convert.FromBase64String(header.WrappedKey);
            using var ephemeral = ECDiffieHellman.Create();
            ephemeral.ImportSubjectPublicKeyInfo(theirs, out _);
            byte[] secret = key.DeriveRawSecretAgreement(ephemeral.PublicKey);
            byte[] wrapping = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, KeySize, info: Information(theirs, own));
            byte[] dataKey = new byte[KeySize];
            using var cipher = new AesGcm(wrapping, TagSize);
            cipher.Decrypt(new byte[12], wrapped.AsSpan(0, KeySize), wrapped.AsSpan(KeySize), dataKey);
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(wrapping);
            return dataKey;
        }
        catch (Exception exception) when (exception
            is CryptographicException or FormatException or ArgumentException or PlatformNotSupportedException)
        {
            throw NotAuthentic(path, "its wrapped key was changed", exception);
        }
    }

    private static byte[] Information(byte[] ephemeral, byte[] recipient) => [.. "QosValuation.DataSubmission.v1\0"u8, .. ephemeral, .. recipient];

    private static byte[] Nonce(Header header, uint number, bool isLast)
    {
        byte[] nonce = new byte[12];
        Convert.FromHexString(header.NoncePrefix).CopyTo(nonce, 0);
        BinaryPrimitives.WriteUInt32BigEndian(nonce.AsSpan(PrefixSize), number);
        nonce[11] = isLast ? (byte)1 : (byte)0;
        return nonce;
    }

    private static Header ReadHeader(FileStream file, string path, out byte[] associated)
    {
        byte[] buffer = new byte[12];
        int read = Reading(path, () => file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        int length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(8));
        if (read < buffer.Length || !buffer.AsSpan(0, 8).SequenceEqual(Magic) || length is < 2 or > MaximumHeader)
        {
            throw NotReadable(path, "it is no sealed submission", null);
        }

        byte[] json = new byte[length];
        if (Reading(path, () => file.ReadAtLeast(json, length, throwOnEndOfStream: false)) < length)
        {
            throw NotReadable(path, "it ends in its header", null);
        }

        associated = SHA256.HashData(json);
        try
        {
            Header header = JsonSerializer.Deserialize<Header>(json, Json)!;
            bool isUsable = header is
            {
                Format: CurrentFormat, Contributor.Length: > 0, FileName: not null, EphemeralKey: not null, WrappedKey: not null,
                Recipient.Length: 64, Sha256.Length: 64, NoncePrefix.Length: 2 * PrefixSize, Length: >= 0 and < (long)uint.MaxValue * BlockSize,
            } && header.NoncePrefix.All(char.IsAsciiHexDigitLower);
            return isUsable ? header : throw NotReadable(path, "its header does not say what it must", null);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw NotReadable(path, exception.Message, exception);
        }
    }

    private static byte[] HashOf(FileStream document, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BlockSize];
        while (document.Read(buffer) is > 0 and int read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }

        return hash.GetHashAndReset();
    }

    private static FileStream OpenSource(string path) => Reading(path, () => RegularFile.OpenRead(path));

    private static T Reading<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.SubmissionSourceNotReadable, $"'{path}' cannot be read: {exception.Message}", path, exception);
        }
    }

    private static QosValuationException Changed(string path) =>
        new(Faults.SubmissionSourceNotReadable, $"'{path}' changed while it was sealed; nothing was written.", path);

    private static QosValuationException NotReadable(string path, string why, Exception? inner) =>
        new(Faults.SubmissionNotReadable, $"'{path}' cannot be read as a sealed submission: {why.TrimEnd('.')}.", path, inner);

    private static QosValuationException NotAuthentic(string path, string why, Exception? inner = null) =>
        new(Faults.SubmissionNotAuthentic, $"The submission '{path}' is not what was sealed: {why}. Nothing was written.", path, inner);

    private sealed record Header
    {
        public required string Format { get; init; }

        public required string Contributor { get; init; }

        public required string FileName { get; init; }

        public required long Length { get; init; }

        public required string Sha256 { get; init; }

        public required string Recipient { get; init; }

        public required string EphemeralKey { get; init; }

        public required string WrappedKey { get; init; }

        public required string NoncePrefix { get; init; }

        public DataSubmission Describe(string path) => new()
        {
            Path = path,
            Contributor = Contributor,
            FileName = FileName,
            Length = Length,
            Hash = Sha256,
            Recipient = Recipient,
        };
    }
}
