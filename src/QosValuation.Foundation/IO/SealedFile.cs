using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Files of one kind with a version and a checksum: eight bytes that name the kind, the version (int32), the content, and the
/// SHA-256 digest of all before it. Numbers are little-endian. Written whole or not at all.
/// </summary>
public sealed class SealedFile
{
    private const int DigestLength = 32;
    private const int HeaderLength = 12;
    private readonly byte[] _magic;
    private readonly int _version;
    private readonly string _kind;

    /// <summary>Describes a kind of file.</summary>
    /// <param name="magic">Eight ASCII characters that name it.</param>
    /// <param name="version">The version written, and the only one read.</param>
    /// <param name="kind">What the file is, for messages, such as <c>clustering state</c>.</param>
    public SealedFile(string magic, int version, string kind)
    {
        _magic = Encoding.ASCII.GetBytes(magic);
        if (_magic.Length != 8)
        {
            throw new ArgumentException("The magic has eight characters.", nameof(magic));
        }

        _version = version;
        _kind = kind;
    }

    /// <summary>Locks a file for writing, and removes what killed writers of it left behind.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="cancellationToken">Stops the waiting for another program that writes it.</param>
    /// <returns>The lock; disposing of it releases it.</returns>
    /// <exception cref="QosValuationException"><c>DiskFull</c> or <c>FileNotWritable</c>.</exception>
    public IDisposable Lock(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            IDisposable hold = FileLock.Take(path, cancellationToken);
            AtomicFile.RemoveAbandoned(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return hold;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path, $"The {_kind} is as it was before.");
        }
    }

    /// <summary>Writes a file; on any failure the old one stays.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="cancellationToken">Stops the writing; the old file stays.</param>
    /// <exception cref="QosValuationException"><c>DiskFull</c> or <c>FileNotWritable</c>.</exception>
    public void Write(string path, Action<BinaryWriter> write, CancellationToken cancellationToken = default)
    {
        try
        {
            AtomicFile.Write(path, stream =>
            {
                using var hashing = new HashingStream(stream, cancellationToken);
                using var buffer = new BufferedStream(hashing, 1 << 16);
                using var writer = new BinaryWriter(buffer, Encoding.UTF8, leaveOpen: true);
                writer.Write(_magic);
                writer.Write(_version);
                write(writer);
                writer.Flush();
                stream.Write(hashing.Digest());
                cancellationToken.ThrowIfCancellationRequested();
            });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path, $"The {_kind} is as it was before.");
        }
    }

    /// <summary>Checks that a file is of this kind and version, and whole. O(length).</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>Its digest.</returns>
    /// <exception cref="QosValuationException">
    /// <c>StateNotRecognised</c>: a file of another kind. <c>StateDamaged</c>: the checksum does not match.
    /// <c>StateVersionNotSupported</c>: written by another version. <c>StateNotReadable</c>: the disk or a permission.
    /// </exception>
    public byte[] Check(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            using FileStream stream = Open(path);
            byte[] header = new byte[HeaderLength];
            int read = stream.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false);
            if (read < _magic.Length || !header.AsSpan(0, _magic.Length).SequenceEqual(_magic))
            {
                throw new QosValuationException(
                    Faults.StateNotRecognised, $"'{path}' is not a {_kind} of QosValuation; nothing was changed. Name another file, or a new one.", path);
            }

            byte[] digest = new byte[DigestLength];
            if (stream.Length < HeaderLength + DigestLength || !Digest(stream, stream.Length - DigestLength, digest, cancellationToken))
            {
                throw Damaged(path);
            }

            int version = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(_magic.Length));
            return version == _version
                ? digest
                : throw new QosValuationException(
                    Faults.StateVersionNotSupported,
                    $"The {_kind} '{path}' has version {version}, this program reads version {_version}: use the program that wrote it, or begin a new file.",
                    path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.StateNotReadable, $"The {_kind} '{path}' cannot be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>Reads the content of a checked file.</summary>
    /// <typeparam name="T">What it becomes.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads the content.</param>
    /// <returns>What was read.</returns>
    /// <exception cref="QosValuationException"><c>StateDamaged</c>: the content makes no sense. <c>StateNotReadable</c>.</exception>
    public T Read<T>(string path, Func<BinaryReader, T> read)
    {
        try
        {
            using FileStream stream = Open(path);
            stream.Position = HeaderLength;
            using var buffer = new BufferedStream(stream, 1 << 16);
            using var reader = new BinaryReader(buffer, Encoding.UTF8);
            return read(reader);
        }
        catch (Exception exception) when (exception
            is EndOfStreamException or FormatException or OverflowException or ArgumentException or InvalidDataException)
        {
            throw Damaged(path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(Faults.StateNotReadable, $"The {_kind} '{path}' cannot be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>The digest at a file's end, unchecked: whether it is still the file that was read.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Null where there is no file, or it is too short.</returns>
    public static byte[]? StoredDigest(string path)
    {
        try
        {
            using FileStream stream = Open(path);
            if (stream.Length < DigestLength)
            {
                return [];
            }

            stream.Position = stream.Length - DigestLength;
            byte[] digest = new byte[DigestLength];
            stream.ReadExactly(digest);
            return digest;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static FileStream Open(string path) => RegularFile.OpenRead(path, FileShare.ReadWrite | FileShare.Delete);

    private static bool Digest(FileStream stream, long length, byte[] digest, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 16];
        stream.Position = 0;
        while (length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = stream.ReadAtLeast(buffer.AsSpan(0, (int)Math.Min(buffer.Length, length)), 1);
            hash.AppendData(buffer, 0, count);
            length -= count;
        }

        stream.ReadExactly(digest);
        return hash.GetHashAndReset().AsSpan().SequenceEqual(digest);
    }

    private QosValuationException Damaged(string path, Exception? cause = null) =>
        new(
            Faults.StateDamaged,
            $"The {_kind} '{path}' is damaged: its checksum does not match its content. Restore it from a copy, or name a new file.",
            path,
            cause);

    /// <summary>Hashes what passes through, and stops it when asked.</summary>
    private sealed class HashingStream(Stream target, CancellationToken cancellationToken) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public byte[] Digest() => _hash.GetHashAndReset();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _hash.AppendData(buffer);
            target.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _hash.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
