using System.Net;
using System.Net.Sockets;

namespace QosValuation.Tests;

/// <summary>Stands between a client and a server, and cuts the connection at the next COMMIT of a change: before the server sees it, or after it has answered.</summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private int _cut;

    public CuttingProxy(int port)
    {
        _port = port;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public enum At
    {
        Nowhere,
        BeforeCommit,
        AfterCommit,
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Where to cut next; once.</summary>
    public At Cut
    {
        get => (At)Volatile.Read(ref _cut);
        set => Volatile.Write(ref _cut, (int)value);
    }

    /// <summary>Whether a connection that was cut can be made again.</summary>
    public bool StaysDown { get; set; }

    /// <summary>Whether the server is frozen: connections are taken, and nothing passes any more.</summary>
    public bool IsFrozen { get; set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _port);
                var waiting = new TaskCompletionSource();
                bool[] swallows = [false];
                bool hasWritten = false;
                _ = Task.Run(() => PumpAsync(client, server, async bytes =>
                {
                    hasWritten |= bytes.Span.IndexOf("INSERT INTO head"u8) >= 0;
                    if (bytes.Span.IndexOf("COMMIT"u8) < 0 || !hasWritten || Cut == At.Nowhere)
                    {
                        return true;
                    }

                    bool after = Cut == At.AfterCommit;
                    Cut = At.Nowhere;
                    if (StaysDown)
                    {
                        _listener.Stop();
                    }

                    if (after)
                    {
                        swallows[0] = true;
                        await server.GetStream().WriteAsync(bytes);
                        await waiting.Task;
                    }

                    return false;
                }));
                _ = Task.Run(() => PumpAsync(server, client, bytes =>
                {
                    if (swallows[0])
                    {
                        waiting.TrySetResult();
                    }

                    return Task.FromResult(!swallows[0]);
                }));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The proxy ended.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<ReadOnlyMemory<byte>, Task<bool>> passes)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer)) > 0 && await passes(buffer.AsMemory(0, read)))
            {
                while (IsFrozen)
                {
                    await Task.Delay(20);
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The other side ended.
        }

        from.Dispose();
        to.Dispose();
    }
}
