using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using QosValuation.Embeddings.Text;
using QosValuation.Foundation.IO;

namespace QosValuation.Embeddings.Models;

/// <summary>How far an installation is.</summary>
/// <param name="File">The file being fetched or checked.</param>
/// <param name="Bytes">Bytes at hand, of all files.</param>
/// <param name="TotalBytes">Bytes of all files; an estimate until the servers have told.</param>
/// <param name="BytesPerSecond">The rate since the start of this installation, not counting what was there before.</param>
public readonly record struct InstallProgress(string File, long Bytes, long TotalBytes, double BytesPerSecond)
{
    /// <summary>The time left at this rate; null before anything was received.</summary>
    public TimeSpan? TimeLeft => BytesPerSecond > 0 ? TimeSpan.FromSeconds(Math.Min((TotalBytes - Bytes) / BytesPerSecond, 1e7)) : null;
}

/// <summary>Fetches models with pinned digests into a folder of models, all or nothing.</summary>
/// <remarks>
/// Files are collected in <c>.partial/&lt;name&gt;</c> under the folder of models, each as <c>&lt;file&gt;.partial</c> until its SHA-256 is
/// right; the complete folder is then renamed into place. An interrupted, cancelled or disk-full installation therefore never shows a
/// half model, keeps what was received, and goes on from there next time. A wrong digest deletes the file.
/// </remarks>
public sealed class ClipModelInstaller : IDisposable
{
    /// <summary>Where models come from unless a mirror is given.</summary>
    public static readonly Uri DefaultSource = new("https://huggingface.co/");

    /// <summary>The name of the file that lists an installed model's files and their digests.</summary>
    internal const string ManifestName = "installed.json";

    private static readonly string[] TokenizerFiles = ["vocab.json", "merges.txt"];
    private static readonly JsonSerializerOptions ManifestOptions = new() { WriteIndented = true, PropertyNameCaseInsensitive = true };

    private readonly HttpClient _client;
    private readonly DownloadSettings _settings;

    /// <summary>Creates an installer.</summary>
    public ClipModelInstaller() : this(new DownloadSettings())
    {
    }

    internal ClipModelInstaller(DownloadSettings settings)
    {
        _settings = settings;
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(30),
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            Proxy = new LoopbackBypass(HttpClient.DefaultProxy),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>
    /// The SHA-256 over a tokenizer's content: every piece in the order of ids, then every merge, one a line. It does not depend on
    /// white space, escapes or headers of the files.
    /// </summary>
    /// <param name="vocabularyPath"><c>vocab.json</c>.</param>
    /// <param name="mergesPath"><c>merges.txt</c>.</param>
    /// <returns>The digest in lower-case hexadecimal.</returns>
    /// <exception cref="QosValuationException">VocabularyNotReadable.</exception>
    public static string TokenizerDigest(string vocabularyPath, string mergesPath)
    {
        (Dictionary<string, int> vocabulary, _) = ClipTokenizerReader.ReadVocabulary(vocabularyPath);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string piece, _) in vocabulary.OrderBy(entry => entry.Value))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(piece + "\n"));
        }

        foreach ((string left, string right) in ClipTokenizerReader.ReadMerges(mergesPath))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(left + " " + right + "\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Installs a model, or finds it installed.</summary>
    /// <param name="model">What to install.</param>
    /// <param name="modelFolder">The folder of models; the model becomes a subfolder of its name.</param>
    /// <param name="source">A mirror (http, https or file) instead of Hugging Face; null for Hugging Face.</param>
    /// <param name="force">Fetches and replaces a model that is installed already.</param>
    /// <param name="progress">Receives progress, on any thread.</param>
    /// <param name="cancellation">Stops; what was received is kept.</param>
    /// <returns>The installed model's files.</returns>
    /// <exception cref="QosValuationException">
    /// ModelDigestMismatch, DiskFull, DownloadFailed, DownloadRefused, ModelFileNotFound, FileNotWritable, InstallationInProgress,
    /// ModelFolderNotEmpty, SourceNotSupported.
    /// </exception>
    public async Task<ClipModelFiles> InstallAsync(
        ClipModelDefinition model, string modelFolder, Uri? source, bool force, Action<InstallProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(modelFolder);
        (Uri root, AuthenticationHeaderValue? credentials) = SafeAddress.Split(ValidSource(source ?? DefaultSource));
        string target = Path.Combine(Path.GetFullPath(modelFolder), model.Name);
        if (!force && Directory.Exists(target))
        {
            return ClipModelCatalog.TryRead(target) ?? throw new QosValuationException(
                Faults.ModelFolderNotEmpty,
                $"The folder '{target}' exists and holds no model. Use -Force to replace it, or another -Destination.",
                target);
        }

        string collection = Path.Combine(Path.GetFullPath(modelFolder), ".partial");
        string staging = Path.Combine(collection, model.Name);
        using (FileStream held = Prepare(staging))
        {
            var state = new InstallState(model, progress);
            var manifest = new List<InstalledFile>();
            bool isTokenizerChecked = model.TokenizerSha256 is null;
            foreach (ClipModelDownload file in model.Files)
            {
                manifest.Add(await FetchAsync(file, root, credentials, staging, state, cancellation).ConfigureAwait(false));

                // Checked as soon as both files are there, so that a wrong tokenizer is found before the weights are downloaded.
                if (!isTokenizerChecked && TokenizerFiles.All(name => manifest.Exists(entry => entry.Name == name)))
                {
                    CheckTokenizer(model, staging);
                    isTokenizerChecked = true;
                }
            }

            AtomicWrite(Path.Combine(staging, "preprocessor_config.json"), System.Text.Encoding.UTF8.GetBytes(model.PreprocessorConfig));
            if (model.Similarity is { } similarity)
            {
                AtomicWrite(Path.Combine(staging, SimilarityThresholds.FileName), similarity.ToJson());
            }

            AtomicWrite(
                Path.Combine(staging, ManifestName),
                JsonSerializer.SerializeToUtf8Bytes(new InstalledModel(model.Name, model.License, root.ToString(), manifest), ManifestOptions));
            cancellation.ThrowIfCancellationRequested();
            MoveIntoPlace(staging, target, collection);
        }

        AtomicFile.TryDelete(LockPath(staging));
        RemoveWhereEmpty(collection);
        return ClipModelCatalog.TryRead(target)!;
    }

    /// <summary>Closes connections.</summary>
    public void Dispose() => _client.Dispose();

    /// <summary>The list of an installed model's files.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <returns>Null where the model was not installed by this class, or the list cannot be read or names anything but files of the folder.</returns>
    internal static InstalledModel? ReadManifest(string folder)
    {
        try
        {
            InstalledModel? manifest =
                JsonSerializer.Deserialize<InstalledModel>(RegularFile.ReadAllBytes(Path.Combine(folder, ManifestName)), ManifestOptions);
            return manifest is { Files: not null } && manifest.Files.All(file => file is { Sha256: not null } && IsPlainName(file.Name)) ? manifest : null;
        }
        catch (Exception exception) when (exception
            is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether a name is that of a file in a folder: no path that leads elsewhere.</summary>
    private static bool IsPlainName(string? name) =>
        name is not (null or "" or "." or "..") && name.AsSpan().IndexOfAny("/\\:\0") < 0;

    internal static string FileDigest(string path, CancellationToken cancellation)
    {
        using FileStream stream = RegularFile.OpenRead(path, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 17];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private async Task<InstalledFile> FetchAsync(
        ClipModelDownload file,
        Uri root,
        AuthenticationHeaderValue? credentials,
        string staging,
        InstallState state,
        CancellationToken cancellation)
    {
        string complete = Path.Combine(staging, file.Name);
        if (File.Exists(complete))
        {
            string known = FileDigest(complete, cancellation);
            if (file.Sha256 is null || known.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                long length = new FileInfo(complete).Length;
                state.Report(file, length, length);
                return new InstalledFile(file.Name, length, known);
            }

            File.Delete(complete);
        }

        string partial = complete + ".partial";
        var downloader = new ResumableDownloader(_client, _settings, credentials);
        Uri[] addresses = Addresses(root, file);
        while (true)
        {
            (bool isResumed, Uri address) = await downloader
            .FetchAsync(addresses, file.MaximumBytes, partial, (bytes, total) => state.Report(file, bytes, total), cancellation)
            .ConfigureAwait(false);
            string digest = FileDigest(partial, cancellation);
            if (file.Sha256 is null || digest.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            {
                long length = new FileInfo(partial).Length;
                File.Move(partial, complete, overwrite: true);
                return new InstalledFile(file.Name, length, digest);
            }

            File.Delete(partial);

            // The part that an earlier attempt left may be damaged, so the whole file is downloaded once more.
            if (!isResumed)
            {
                throw Mismatch($"'{file.Name}' from '{address}' has the SHA-256 {digest}, expected {file.Sha256}.", file.Name);
            }
        }
    }

    private static void CheckTokenizer(ClipModelDefinition model, string staging)
    {
        string vocabulary = Path.Combine(staging, TokenizerFiles[0]);
        string merges = Path.Combine(staging, TokenizerFiles[1]);
        string? digest = null;
        QosValuationException? cause = null;
        try
        {
            digest = TokenizerDigest(vocabulary, merges);
        }
        catch (QosValuationException exception)
        {
            cause = exception;
        }

        if (digest != model.TokenizerSha256)
        {
            File.Delete(vocabulary);
            File.Delete(merges);
            throw Mismatch(
                cause?.Message ?? $"The content of vocab.json and merges.txt has the SHA-256 {digest}, expected {model.TokenizerSha256}.", vocabulary, cause);
        }
    }

    private static QosValuationException Mismatch(string reason, string subject, Exception? cause = null) => new(
        Faults.ModelDigestMismatch,
        reason + " The file was deleted and nothing was installed: the source serves something else, or it was damaged on the way. "
            + "Try again, or another source with -Uri.",
        subject,
        cause);

    private static void MoveIntoPlace(string staging, string target, string collection)
    {
        foreach (string leftover in Directory.EnumerateFiles(staging, "*.partial*"))
        {
            AtomicFile.TryDelete(leftover);
        }

        try
        {
            if (!Directory.Exists(target))
            {
                Directory.Move(staging, target);
                return;
            }

            string replaced = Path.Combine(collection, Path.GetFileName(target) + "." + Guid.NewGuid().ToString("N")[..8] + ".old");
            Directory.Move(target, replaced);
            try
            {
                Directory.Move(staging, target);
            }
            catch
            {
                Directory.Move(replaced, target);
                throw;
            }

            Directory.Delete(replaced, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(
                exception, target, $"The files are complete in '{staging}'; close what uses the model and run the same command again.");
        }
    }

    private static string LockPath(string staging) => staging + ".lock";

    private static FileStream Prepare(string staging)
    {
        try
        {
            Directory.CreateDirectory(staging);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, staging, "Choose a folder you may write to with -Destination.");
        }

        try
        {
            RegularFile.Require(LockPath(staging));
            return new FileStream(LockPath(staging), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw DiskFaults.Explain(exception, staging, "Choose a folder you may write to with -Destination.");
        }
        catch (IOException exception) when (!DiskFaults.IsDiskFull(exception))
        {
            throw new QosValuationException(
                Faults.InstallationInProgress,
                $"Another process is installing this model into '{staging}'. Wait for it to end.",
                staging,
                exception);
        }
        catch (IOException exception)
        {
            throw DiskFaults.Explain(exception, staging, "Free some space, or choose another folder with -Destination.");
        }
    }

    private static void AtomicWrite(string path, byte[] content)
    {
        try
        {
            AtomicFile.Write(path, stream => stream.Write(content));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(exception, path, "Free some space and run the same command again; what was received is kept.");
        }
    }

    private static void RemoveWhereEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another model is being installed.
        }
    }

    private static Uri ValidSource(Uri source)
    {
        if (!source.IsAbsoluteUri || source.Scheme is not ("http" or "https" or "file"))
        {
            throw new QosValuationException(
                Faults.SourceNotSupported, $"'{SafeAddress.ToShow(source)}' is not an http, https or file address.", SafeAddress.ToShow(source).ToString());
        }

        return source.AbsolutePath.EndsWith('/') ? source : new UriBuilder(source) { Path = source.AbsolutePath + "/" }.Uri;
    }

    /// <summary>Where a file may lie at a source: Hugging Face's layout, its folders copied as they are, or all files in one folder.</summary>
    private static Uri[] Addresses(Uri root, ClipModelDownload file) =>
    [
        new Uri(root, $"{file.Repository}/resolve/main/{file.RemotePath}"),
        .. root == DefaultSource ? (Uri[])[] : [new Uri(root, $"{file.Repository}/{file.RemotePath}"), new Uri(root, file.Name)],
    ];

    /// <summary>A proxy is for the outside: a mirror on this machine is reached directly.</summary>
    private sealed class LoopbackBypass(IWebProxy inner) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => inner.Credentials;
            set => inner.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => inner.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.IsLoopback || inner.IsBypassed(host);
    }

    private sealed class InstallState(ClipModelDefinition model, Action<InstallProgress>? progress)
    {
        private readonly Dictionary<string, (long Bytes, long Total)> _files =
            model.Files.ToDictionary(file => file.Name, file => (0L, file.ApproximateBytes));

        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly HashSet<string> _seen = [];
        private long _before;

        public void Report(ClipModelDownload file, long bytes, long? total)
        {
            if (_seen.Add(file.Name))
            {
                _before += bytes;
            }

            _files[file.Name] = (bytes, Math.Max(total ?? file.ApproximateBytes, bytes));
            long done = _files.Values.Sum(entry => entry.Bytes);
            double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
            progress?.Invoke(new InstallProgress(
                file.Name, done, _files.Values.Sum(entry => entry.Total), seconds > 0 ? Math.Max(0, done - _before) / seconds : 0));
        }
    }
}

/// <summary>What was installed, as <c>installed.json</c> tells.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="License">The licence of the weights.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Files">The files fetched.</param>
internal sealed record InstalledModel(string Name, string License, string Source, IReadOnlyList<InstalledFile> Files);

/// <summary>One installed file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its digest.</param>
internal sealed record InstalledFile(string Name, long Bytes, string Sha256);
