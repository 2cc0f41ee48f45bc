using System.Security.Cryptography;
using QosValuation.Embeddings.Models;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class ClipModelInstallerTests : IDisposable
{
    private const string TextPath = "/maker/text/resolve/main/model.onnx";
    private const string VisionPath = "/maker/vision/resolve/main/onnx/model.onnx";

    private readonly TemporaryFolder _folder = new();
    private readonly LocalFileServer _server = new();
    private readonly byte[] _text = RandomBytes(1, 700_001);
    private readonly byte[] _vision = RandomBytes(2, 1_200_000);

    public ClipModelInstallerTests()
    {
        _server.Files[TextPath] = _text;
        _server.Files[VisionPath] = _vision;
        _server.Files["/maker/text/resolve/main/vocab.json"] = File.ReadAllBytes(Path.Combine(TestData.ClipMini, "vocab.json"));
        _server.Files["/maker/text/resolve/main/merges.txt"] = File.ReadAllBytes(Path.Combine(TestData.ClipMini, "merges.txt"));
    }

    private string Target => Path.Combine(_folder.Path, "small");

    private string Partial(string file) => Path.Combine(_folder.Path, ".partial", "small", file + ".partial");

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Installs_a_complete_model_and_lists_what_it_holds()
    {
        var reports = new List<InstallProgress>();
        ClipModelFiles files = await InstallAsync(progress: reports.Add);
        Assert.Equal(("small", Target), (files.Name, files.Folder));
        Assert.Equal(_vision, File.ReadAllBytes(files.VisionModelPath!));
        Assert.Equal(_text, File.ReadAllBytes(files.TextModelPath!));
        Assert.NotNull(files.VocabularyPath);
        Assert.NotNull(files.MergesPath);
        Assert.NotNull(files.PreprocessorConfigPath);
        InstalledModel manifest = ClipModelInstaller.ReadManifest(Target)!;
        Assert.Equal(
            ["merges.txt", "text_model.onnx", "vision_model.onnx", "vocab.json"],
            manifest.Files.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.All(manifest.Files, file => Assert.Equal(file.Sha256, Digest(File.ReadAllBytes(Path.Combine(Target, file.Name)))));
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, ".partial")));
        Assert.Equal(reports[^1].TotalBytes, reports[^1].Bytes);
        Assert.True(reports.Zip(reports.Skip(1)).All(pair => pair.First.Bytes <= pair.Second.Bytes));
    }

    [Fact]
    public async Task An_interrupted_installation_goes_on_where_it_ended()
    {
        // The vision file breaks off half way, and the server stays away.
        _server.CutAfter = (path, number) => path == VisionPath && number == 0 ? 600_000 : null;
        _server.Status = (path, number) => path == VisionPath && number > 0 ? 503 : null;
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal(("DownloadFailed", FaultKind.Connection), (fault.ErrorId, fault.Kind));
        long kept = new FileInfo(Partial("vision_model.onnx")).Length;
        Assert.InRange(kept, 1, 600_000);
        Assert.False(Directory.Exists(Target));
        Assert.DoesNotContain(ClipModelCatalog.List(), model => model.Name == "small");

        _server.Status = static (_, _) => null;
        _server.Requests.Clear();
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_vision, File.ReadAllBytes(files.VisionModelPath!));

        // What was complete is not fetched again; the rest is fetched from the byte where it ended, if it is still the same file.
        LocalFileServer.Request only = Assert.Single(_server.Requests);
        Assert.Equal(new LocalFileServer.Request(VisionPath, $"bytes={kept}-", "\"v1\""), only);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_resumed_within_one_installation()
    {
        _server.CutAfter = (path, _) => path == TextPath ? 150_000 : null;
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_text, File.ReadAllBytes(files.TextModelPath!));
        LocalFileServer.Request[] requests = [.. _server.Requests.Where(request => request.Path == TextPath)];
        Assert.True(requests.Length >= 5, "700,001 bytes in parts of at most 150,000");
        Assert.Null(requests[0].Range);
        Assert.All(requests[1..], request => Assert.StartsWith("bytes=", request.Range, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Passing_failures_of_the_server_are_tried_again()
    {
        _server.Status = (path, number) => path == TextPath && number < 3 ? 503 : null;
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_text, File.ReadAllBytes(files.TextModelPath!));
        Assert.Equal(4, _server.Requests.Count(request => request.Path == TextPath));
    }

    [Theory]
    [InlineData(false, "\"v1\"")]
    [InlineData(true, "\"v2\"")]
    public async Task A_server_without_ranges_or_with_another_version_starts_the_file_over(bool supportsRanges, string secondTag)
    {
        _server.CutAfter = (path, number) => path == TextPath && number == 0 ? 300_000 : null;
        _server.Status = (path, number) => path == TextPath && number > 0 ? 500 : null;
        await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.True(File.Exists(Partial("text_model.onnx")));

        _server.Status = static (_, _) => null;
        _server.SupportsRanges = supportsRanges;
        _server.EntityTag = secondTag;
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_text, File.ReadAllBytes(files.TextModelPath!));
    }

    [Fact]
    public async Task A_partial_file_that_is_complete_is_not_fetched_again()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial("x"))!);
        File.WriteAllBytes(Partial("text_model.onnx"), _text);
        await InstallAsync();
        Assert.Equal($"bytes={_text.Length}-", Assert.Single(_server.Requests, request => request.Path == TextPath).Range);
    }

    [Fact]
    public async Task A_partial_file_of_other_content_is_thrown_away_and_the_file_fetched_whole()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial("x"))!);
        File.WriteAllBytes(Partial("text_model.onnx"), RandomBytes(9, 5_000));
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_text, File.ReadAllBytes(files.TextModelPath!));
        Assert.Equal(["bytes=5000-", null], _server.Requests.Where(request => request.Path == TextPath).Select(request => request.Range));
    }

    [Fact]
    public async Task A_wrong_digest_installs_nothing_and_keeps_nothing_of_the_file()
    {
        _server.Files[VisionPath] = RandomBytes(3, 1_200_000);
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal(("ModelDigestMismatch", FaultKind.Integrity), (fault.ErrorId, fault.Kind));
        Assert.Contains(Digest(_vision), fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Partial("vision_model.onnx")));
        Assert.False(Directory.Exists(Target));

        _server.Files[VisionPath] = _vision;
        await InstallAsync();
        Assert.Equal(_vision, File.ReadAllBytes(Path.Combine(Target, "vision_model.onnx")));
    }

    [Fact]
    public async Task A_wrong_vocabulary_is_a_wrong_digest_however_it_is_written()
    {
        string vocabulary = File.ReadAllText(Path.Combine(TestData.ClipMini, "vocab.json"));
        _server.Files["/maker/text/resolve/main/vocab.json"] =
            [.. System.Text.Encoding.UTF8.GetBytes(vocabulary.Replace("\n", string.Empty, StringComparison.Ordinal))];
        await InstallAsync();
        _server.Files["/maker/text/resolve/main/vocab.json"] =
            [.. System.Text.Encoding.UTF8.GetBytes(vocabulary.Replace("scales</w>", "scalez</w>", StringComparison.Ordinal))];
        _server.Requests.Clear();
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(force: true));
        Assert.Equal("ModelDigestMismatch", fault.ErrorId);
        Assert.DoesNotContain(_server.Requests, request => request.Path is TextPath or VisionPath);
        Assert.True(Directory.Exists(Target), "The model installed before stays.");
    }

    [Fact]
    public async Task A_disk_without_room_is_noticed_before_a_byte_is_written()
    {
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(settings: Fast with { FreeSpace = _ => 800_000 }));
        Assert.Equal(("DiskFull", FaultKind.LimitReached), (fault.ErrorId, fault.Kind));
        Assert.Contains("1,200,000", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Partial("vision_model.onnx")));
        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public async Task A_disk_that_fills_up_is_named_and_the_installation_goes_on_once_there_is_room()
    {
        // Real writes until the quota, then what the operating system reports for a full disk.
        DownloadSettings full = Fast with
        {
            FreeSpace = static _ => null,
            OpenForAppend = path => new QuotaStream(
                new FileStream(path, FileMode.Append), path.Contains("vision", StringComparison.Ordinal) ? 400_000 : long.MaxValue),
        };
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(settings: full));
        Assert.Equal(("DiskFull", FaultKind.LimitReached), (fault.ErrorId, fault.Kind));
        Assert.False(Directory.Exists(Target));
        long kept = new FileInfo(Partial("vision_model.onnx")).Length;
        Assert.InRange(kept, 1, 400_000);
        _server.Requests.Clear();
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_vision, File.ReadAllBytes(files.VisionModelPath!));
        Assert.Equal($"bytes={kept}-", Assert.Single(_server.Requests).Range);
    }

    [Fact]
    public async Task The_kernels_own_report_of_a_full_disk_is_recognised()
    {
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        DownloadSettings full = Fast with
        {
            FreeSpace = static _ => null,
            OpenForAppend = static _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0),
        };
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(settings: full));
        Assert.Equal("DiskFull", fault.ErrorId);
    }

    [Fact]
    public async Task Cancelling_keeps_what_was_received()
    {
        using var cancellation = new CancellationTokenSource();
        Task<ClipModelFiles> installation = InstallAsync(
            progress: progress =>
            {
                if (progress.File == "vision_model.onnx" && progress.Bytes > 1_000_000)
                {
                    cancellation.Cancel();
                }
            },
            cancellation: cancellation.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => installation);
        Assert.False(Directory.Exists(Target));
        long kept = new FileInfo(Partial("vision_model.onnx")).Length;
        Assert.True(kept > 0);
        ClipModelFiles files = await InstallAsync();
        Assert.Equal(_vision, File.ReadAllBytes(files.VisionModelPath!));
        Assert.Equal($"bytes={kept}-", _server.Requests.Last().Range);
    }

    [Fact]
    public async Task A_silent_server_is_given_up_after_the_stall_timeout()
    {
        using var release = new SemaphoreSlim(0);
        _server.BeforeContent = (path, _) => path == TextPath ? release.WaitAsync(TimeSpan.FromSeconds(30)) : Task.CompletedTask;
        var fault = await Assert.ThrowsAsync<QosValuationException>(
            () => InstallAsync(settings: Fast with { StallTimeout = TimeSpan.FromMilliseconds(150), Retries = 1 }));
        Assert.Equal("DownloadFailed", fault.ErrorId);
        Assert.Contains("sent nothing", fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, _server.Requests.Count(request => request.Path == TextPath));
        release.Release(10);
    }

    [Fact]
    public async Task A_server_that_drips_is_given_up_although_it_never_stops()
    {
        // 2,000 bytes a second where 10,000 are asked for: each attempt brings something, and none enough.
        _server.Drip = (200, TimeSpan.FromMilliseconds(100));
        var fault = await Assert.ThrowsAsync<QosValuationException>(
            () => InstallAsync(settings: Fast with { StallTimeout = TimeSpan.FromMilliseconds(400), MinimumRate = 10_000, Retries = 1 }));
        Assert.Equal("DownloadFailed", fault.ErrorId);
        Assert.Contains("less than 10,000 bytes a second", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_sends_more_than_the_file_has_is_stopped_and_nothing_of_it_kept(bool tellsLength)
    {
        _server.TellsLength = tellsLength;
        _server.Files[TextPath] = new byte[8 << 20];
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(approximateBytes: 700_001));
        Assert.Equal(("DownloadTooLarge", FaultKind.Integrity), (fault.ErrorId, fault.Kind));
        Assert.Contains("2,098,577", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Partial("text_model.onnx")));
        Assert.Single(_server.Requests, request => request.Path == TextPath);
    }

    [Fact]
    public async Task What_cannot_be_resumed_is_not_kept()
    {
        _server.EntityTag = null;
        _server.SupportsRanges = false;
        _server.CutAfter = (path, _) => path == TextPath ? 150_000 : null;
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(settings: Fast with { Retries = 1 }));
        Assert.Equal("DownloadFailed", fault.ErrorId);
        Assert.DoesNotContain("are kept", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Partial("text_model.onnx")));
    }

    [Fact]
    public async Task Redirections_are_followed_to_servers_and_never_to_files()
    {
        _server.Files["/elsewhere"] = _text;
        _server.Location = path => path == TextPath ? "/elsewhere" : null;
        await InstallAsync();
        Assert.Equal(_text, File.ReadAllBytes(Path.Combine(Target, "text_model.onnx")));

        string secret = _folder.File("secret");
        File.WriteAllBytes(secret, _text);
        _server.Location = path => path == TextPath ? new Uri(secret).ToString() : null;
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(force: true));
        Assert.Equal("DownloadRefused", fault.ErrorId);
        Assert.Contains("no address of a network", fault.Message, StringComparison.Ordinal);

        _server.Location = static path => path == TextPath ? TextPath : null;
        fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(force: true));
        Assert.Contains("more than 10 times", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://a/x", "https://b/y", "https://b/y")]
    [InlineData("https://a/x", "//b/y", "https://b/y")]
    [InlineData("https://a/x", "y", "https://a/y")]
    [InlineData("https://a/x", "https://user:password@b/y", "https://b/y")]
    [InlineData("https://a/x", "http://a/x", null)]
    [InlineData("https://a/x", "file:///etc/passwd", null)]
    [InlineData("http://a/x", "ftp://b/y", null)]
    public void A_redirection_leads_to_https_or_from_http_to_http(string from, string to, string? next)
    {
        var location = new Uri(to, UriKind.RelativeOrAbsolute);
        if (next is null)
        {
            Assert.Equal("DownloadRefused", Assert.Throws<QosValuationException>(() => Redirects.Next(new Uri(from), location)).ErrorId);
        }
        else
        {
            Assert.Equal(new Uri(next), Redirects.Next(new Uri(from), location));
        }
    }

    [Fact]
    public async Task A_password_is_sent_and_neither_stored_nor_told()
    {
        var source = new UriBuilder(_server.Address) { UserName = "alice", Password = "x%3Apa55w0rd" }.Uri;
        await InstallAsync(source: source);
        Assert.All(_server.Authorizations, header => Assert.Equal("Basic " + Convert.ToBase64String("alice:x:pa55w0rd"u8), header));
        Assert.All(
            Directory.GetFiles(Target).Where(file => !file.EndsWith(".onnx", StringComparison.Ordinal)),
            file => Assert.DoesNotContain("pa55w0rd", File.ReadAllText(file), StringComparison.Ordinal));

        _server.CutAfter = (path, _) => path == TextPath ? 150_000 : null;
        _server.Status = (path, number) => path == TextPath && number > 1 ? 503 : null;
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(source: source, force: true));
        Assert.DoesNotContain("pa55w0rd", fault + fault.Subject?.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("pa55w0rd", File.ReadAllText(Partial("text_model.onnx") + ".etag"), StringComparison.Ordinal);
        Assert.Equal("https://host/a", SafeAddress.ToShow(new Uri("https://u:p@host/a?token=1#f")).ToString());
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("/etc/hostname")]
    [InlineData("a/b")]
    [InlineData("a\\\\b")]
    [InlineData("..")]
    [InlineData("")]
    public void A_list_of_files_that_names_others_is_not_taken(string name)
    {
        File.WriteAllText(
            _folder.File("installed.json"),
            $$"""{"Name":"x","License":"MIT","Source":"x","Files":[{"Name":"{{name}}","Bytes":1,"Sha256":"00"}]}""");
        Assert.Null(ClipModelInstaller.ReadManifest(_folder.Path));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"Files\":[null]}")]
    [InlineData("{\"Files\":[{}]}")]
    [InlineData("{\"Files\":[{\"Name\":\"\\ud800\",\"Sha256\":\"\"}]}")]
    public void A_list_of_files_without_its_parts_is_not_taken(string json)
    {
        File.WriteAllText(_folder.File("installed.json"), json);
        Assert.Null(ClipModelInstaller.ReadManifest(_folder.Path));
    }

    [Fact]
    public async Task A_refusal_is_not_tried_again()
    {
        _server.Status = (path, _) => path == TextPath ? 403 : null;
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal("DownloadRefused", fault.ErrorId);
        Assert.Single(_server.Requests, request => request.Path == TextPath);
    }

    [Fact]
    public async Task Mirrors_may_be_copied_repositories_or_one_flat_folder()
    {
        foreach ((string path, byte[] content) in _server.Files.ToArray())
        {
            _server.Files.TryRemove(path, out _);
            _server.Files["/mirror" + path.Replace("/resolve/main", string.Empty, StringComparison.Ordinal)] = content;
        }

        await InstallAsync(source: new Uri(_server.Address, "mirror"));
        Assert.Equal(_text, File.ReadAllBytes(Path.Combine(Target, "text_model.onnx")));

        string flat = _folder.File("flat");
        Directory.CreateDirectory(flat);
        foreach (string name in (string[])["vision_model.onnx", "text_model.onnx", "vocab.json", "merges.txt"])
        {
            File.Copy(Path.Combine(Target, name), Path.Combine(flat, name));
        }

        _server.Requests.Clear();
        ClipModelFiles files = await InstallAsync(source: new Uri(flat), force: true);
        Assert.Equal(_vision, File.ReadAllBytes(files.VisionModelPath!));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_file_that_no_layout_holds_is_named()
    {
        _server.Files.TryRemove(VisionPath, out _);
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal(("ModelFileNotFound", FaultKind.NotFound), (fault.ErrorId, fault.Kind));
        Assert.Contains("maker/vision/resolve/main/onnx/model.onnx", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_installed_model_is_left_alone_unless_forced()
    {
        await InstallAsync();
        _server.Requests.Clear();
        ClipModelFiles again = await InstallAsync();
        Assert.Equal(Target, again.Folder);
        Assert.Empty(_server.Requests);
        File.WriteAllText(Path.Combine(Target, "vision_model.onnx"), "damaged");
        File.WriteAllText(Path.Combine(Target, "stray"), "of the old one");
        await InstallAsync(force: true);
        Assert.Equal(_vision, File.ReadAllBytes(Path.Combine(Target, "vision_model.onnx")));
        Assert.False(File.Exists(Path.Combine(Target, "stray")));
        Assert.Equal(["small"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_folder_that_holds_something_else_is_not_replaced_unasked()
    {
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "thesis.txt"), "do not lose");
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal("ModelFolderNotEmpty", fault.ErrorId);
        Assert.True(File.Exists(Path.Combine(Target, "thesis.txt")));
    }

    [Fact]
    public async Task Two_installations_at_once_do_not_share_a_partial_file()
    {
        using var release = new SemaphoreSlim(0);
        using var reached = new SemaphoreSlim(0);
        _server.BeforeContent = (path, _) =>
        {
            if (path != TextPath)
            {
                return Task.CompletedTask;
            }

            reached.Release();
            return release.WaitAsync(TimeSpan.FromSeconds(30));
        };
        Task<ClipModelFiles> first = InstallAsync(settings: Fast with { StallTimeout = TimeSpan.FromSeconds(30) });
        Assert.True(await reached.WaitAsync(TimeSpan.FromSeconds(30)));
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync());
        Assert.Equal("InstallationInProgress", fault.ErrorId);
        release.Release(10);
        Assert.Equal(Target, (await first).Folder);
    }

    [Fact]
    public async Task A_source_of_another_kind_is_refused()
    {
        var fault = await Assert.ThrowsAsync<QosValuationException>(() => InstallAsync(source: new Uri("ftp://example.org/")));
        Assert.Equal(("SourceNotSupported", FaultKind.InvalidArgument), (fault.ErrorId, fault.Kind));
    }

    [Fact]
    public void Every_offered_weight_file_has_a_pinned_digest()
    {
        Assert.Equal(
            [ClipModelPrecision.Float32, ClipModelPrecision.Float16, ClipModelPrecision.Quantized],
            ClipModelDefinition.All.Select(model => model.Precision));
        foreach (ClipModelDefinition model in ClipModelDefinition.All)
        {
            Assert.Equal(4, model.Files.Count);
            Assert.All(model.Files.Where(file => file.Name.EndsWith(".onnx", StringComparison.Ordinal)), file => Assert.Matches("^[0-9a-f]{64}$", file.Sha256));
            Assert.NotNull(model.TokenizerSha256);
            Assert.Same(model, ClipModelDefinition.Find(model.Name, model.Precision));
            Assert.Same(model, ClipModelDefinition.Find("vit-b-32", model.Precision));
        }

        Assert.Equal("ModelNotOffered", Assert.Throws<QosValuationException>(() => ClipModelDefinition.Find("ViT-Z", ClipModelPrecision.Float32)).ErrorId);
    }

    [SharedDataFact]
    public void The_pinned_tokenizer_digest_is_that_of_the_public_files()
    {
        string folder = Path.Combine(TestData.SharedData!, "clip-bpe");
        Assert.Equal(
            ClipModelDefinition.All[0].TokenizerSha256,
            ClipModelInstaller.TokenizerDigest(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt")));
    }

    private static DownloadSettings Fast => new() { FirstDelay = TimeSpan.FromMilliseconds(1) };

    private static byte[] RandomBytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private async Task<ClipModelFiles> InstallAsync(
        DownloadSettings? settings = null, Uri? source = null, bool force = false, Action<InstallProgress>? progress = null,
        long approximateBytes = 0, CancellationToken cancellation = default)
    {
        using var installer = new ClipModelInstaller(settings ?? Fast);
        return await installer.InstallAsync(
            new ClipModelDefinition
            {
                Name = "small",
                Family = "small",
                Precision = ClipModelPrecision.Float32,
                License = "MIT",
                PreprocessorConfig = "{}",
                TokenizerSha256 = ClipModelInstaller.TokenizerDigest(
                    Path.Combine(TestData.ClipMini, "vocab.json"), Path.Combine(TestData.ClipMini, "merges.txt")),
                Files =
                [
                    new() { Name = "vocab.json", Repository = "maker/text", RemotePath = "vocab.json" },
                    new() { Name = "merges.txt", Repository = "maker/text", RemotePath = "merges.txt" },
                    new() { Name = "text_model.onnx", Repository = "maker/text", RemotePath = "model.onnx", Sha256 = Digest(_text), ApproximateBytes = approximateBytes },
                    new() { Name = "vision_model.onnx", Repository = "maker/vision", RemotePath = "onnx/model.onnx", Sha256 = Digest(_vision) },
                ],
            },
            _folder.Path,
            source ?? _server.Address,
            force,
            progress,
            cancellation);
    }

    /// <summary>Writes through until a quota is spent, then fails as a full disk does.</summary>
    private sealed class QuotaStream(Stream inner, long quota) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            int room = (int)Math.Min(count, quota - inner.Length);
            inner.Write(buffer, offset, Math.Max(room, 0));
            if (room < count)
            {
                throw new IOException("No space left on device", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);
            }
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
