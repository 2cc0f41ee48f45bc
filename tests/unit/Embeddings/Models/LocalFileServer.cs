using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace QosValuation.Tests;

/// <summary>A small HTTP/1.1 server on the loopback interface that can be told to misbehave.</summary>
internal sealed class LocalFileServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, int> _seen = new();

    public LocalFileServer()
    {
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public sealed record Request(string Path, string? Range, string? IfRange);

    /// <summary>Where a path redirects to; null where it does not.</summary>
    public Func<string, string?> Location { get; set; } = static _ => null;

    /// <summary>Whether the length of content is told; otherwise it ends with the connection.</summary>
    public bool TellsLength { get; set; } = true;

    /// <summary>Bytes after which to pause each time, and how long; null sends all at once.</summary>
    public (int Bytes, TimeSpan Pause)? Drip { get; set; }

    /// <summary>The Authorization headers received.</summary>
    public ConcurrentQueue<string?> Authorizations { get; } = new();

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Content by path, such as <c>/repo/resolve/main/model.onnx</c>.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    public ConcurrentQueue<Request> Requests { get; } = new();

    public bool SupportsRanges { get; set; } = true;

    public string? EntityTag { get; set; } = "\"v1\"";

    /// <summary>Bytes of content after which the connection is cut, by path and number of the request (from 0); null sends all.</summary>
    public Func<string, int, int?> CutAfter { get; set; } = static (_, _) => null;

    /// <summary>A status to answer instead of the content, by path and number of the request.</summary>
    public Func<string, int, int?> Status { get; set; } = static (_, _) => null;

    /// <summary>Runs before content is sent.</summary>
    public Func<string, int, Task> BeforeContent { get; set; } = static (_, _) => Task.CompletedTask;

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                using var reader = new StreamReader(stream, System.Text.Encoding.ASCII, leaveOpen: true);
                while (await reader.ReadLineAsync() is { Length: > 0 } first)
                {
                    var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                    while (await reader.ReadLineAsync() is { Length: > 0 } line)
                    {
                        int colon = line.IndexOf(':', StringComparison.Ordinal);
                        headers[line[..colon]] = line[(colon + 1)..].Trim();
                    }

                    if (!await AnswerAsync(stream, first.Split(' ')[1], headers))
                    {
                        client.LingerState = new LingerOption(false, 0);
                        return;
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
            {
            }
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, string path, Dictionary<string, string> headers)
    {
        Requests.Enqueue(new Request(path, headers.GetValueOrDefault("Range"), headers.GetValueOrDefault("If-Range")));
        int number = _seen.AddOrUpdate(path, 0, static (_, seen) => seen + 1);
        Authorizations.Enqueue(headers.GetValueOrDefault("Authorization"));
        if (Location(path) is { } location)
        {
            await WriteHeadAsync(stream, 302, $"Location: {location}\r\nContent-Length: 0\r\n");
            return true;
        }

        if (Status(path, number) is { } status)
        {
            await WriteHeadAsync(stream, status, "Content-Length: 0\r\n");
            return true;
        }

        if (!Files.TryGetValue(path, out byte[]? content))
        {
            await WriteHeadAsync(stream, 404, "Content-Length: 0\r\n");
            return true;
        }

        int start = 0;
        bool isPartial = SupportsRanges && headers.TryGetValue("Range", out string? range)
            && int.TryParse(range.AsSpan("bytes=".Length, range.Length - "bytes=".Length - 1), CultureInfo.InvariantCulture, out start)
            && (!headers.TryGetValue("If-Range", out string? condition) || condition == EntityTag);
        string tag = EntityTag is null ? string.Empty : $"ETag: {EntityTag}\r\n";
        if (isPartial && start >= content.Length)
        {
            await WriteHeadAsync(stream, 416, $"Content-Range: bytes */{content.Length}\r\nContent-Length: 0\r\n");
            return true;
        }

        start = isPartial ? start : 0;
        await WriteHeadAsync(stream, isPartial ? 206 : 200, tag
            + (TellsLength ? $"Content-Length: {content.Length - start}\r\n" : "Connection: close\r\n")
            + (isPartial ? $"Content-Range: bytes {start}-{content.Length - 1}/{content.Length}\r\n" : string.Empty));
        await BeforeContent(path, number);
        int length = Math.Min(CutAfter(path, number) ?? int.MaxValue, content.Length - start);
        int step = Drip?.Bytes ?? Math.Max(1, length);
        for (int at = 0; at < length; at += step)
        {
            await stream.WriteAsync(content.AsMemory(start + at, Math.Min(step, length - at)));
            await stream.FlushAsync();
            await Task.Delay(Drip?.Pause ?? TimeSpan.Zero);
        }

        return TellsLength && length == content.Length - start;
    }

    private static async Task WriteHeadAsync(NetworkStream stream, int status, string headers) =>
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Status\r\n{headers}\r\n"));
}
