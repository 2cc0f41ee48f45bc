using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace QosValuation.Tests;

/// <summary>A fact that needs headless Chromium; skipped, and said so, where none is found.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Executable is null)
        {
            Skip = "No Chromium was found: install it (Debian: apt-get install chromium), or set QOSVALUATION_BROWSER.";
        }
    }
}

/// <summary>A theory that needs headless Chromium; skipped, and said so, where none is found.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = new BrowserFactAttribute().Skip;
}

/// <summary>One page in headless Chromium, driven over its DevTools protocol; records what the page logs and asks of the network.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

    private readonly Process _process;
    private readonly TemporaryFolder _profile = new();
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _last;

    private Browser(Process process, TemporaryFolder profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>The browser; null where there is none.</summary>
    public static string? Executable { get; } = Find();

    /// <summary>What the page wrote to its console, and the errors it raised.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>The addresses that the page asked for, its own file left out.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Starts the browser with an empty page.</summary>
    public static async Task<Browser> StartAsync()
    {
        var profile = new TemporaryFolder();
        var start = new ProcessStartInfo(Executable!) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in new[]
        {
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-port=0", "--remote-allow-origins=*", "--user-data-dir=" + profile.Path, "about:blank",
        })
        {
            start.ArgumentList.Add(argument);
        }

        Process process = Process.Start(start)!;
        var browser = new Browser(process, profile);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await browser.ConnectAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a file with a window of some size, in light or dark.</summary>
    public async Task OpenAsync(string path, int width, int height, bool dark = false, bool scripts = true)
    {
        await CallAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
        await CallAsync("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        await CallAsync("Emulation.setScriptExecutionDisabled", new JsonObject { ["value"] = !scripts });
        await CallAsync("Page.navigate", new JsonObject { ["url"] = new Uri(path).AbsoluteUri });
        for (int i = 0; (await EvaluateAsync("document.readyState + ' ' + location.protocol"))?.GetValue<string>() != "complete file:"; i++)
        {
            Assert.True(i < 600, "The page did not finish loading.");
            await Task.Delay(100);
        }
    }

    /// <summary>Evaluates an expression in the page; a promise is awaited.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonObject answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(answer["exceptionDetails"] is null, answer.ToJsonString());
        return answer["result"]!["value"];
    }

    /// <summary>Presses a key.</summary>
    public async Task PressAsync(string key, int code)
    {
        await CallAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyDown", ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code, ["text"] = key == "Enter" ? "\r" : string.Empty });
        await CallAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyUp", ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code });
    }

    /// <summary>Shows the page as paper would.</summary>
    public Task EmulatePrintAsync() => CallAsync("Emulation.setEmulatedMedia", new JsonObject { ["media"] = "print" });

    /// <summary>Takes a picture of the whole page.</summary>
    public async Task<byte[]> ScreenshotAsync()
    {
        JsonObject answer = await CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png", ["captureBeyondViewport"] = true });
        return Convert.FromBase64String(answer["data"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        for (int i = 0; ; i++)
        {
            try
            {
                _profile.Dispose();
                return;
            }
            catch (IOException) when (i < 20)
            {
                await Task.Delay(100);
            }
        }
    }

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("QOSVALUATION_BROWSER");
        if (named is not null)
        {
            return File.Exists(named) ? named : null;
        }

        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return Names.SelectMany(name => folders.Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))).FirstOrDefault(File.Exists);
    }

    private async Task ConnectAsync()
    {
        string file = _profile.File("DevToolsActivePort");
        string[] lines = [];
        for (int i = 0; lines.Length < 2; i++)
        {
            Assert.True(i < 600 && !_process.HasExited, "Chromium did not start.");
            await Task.Delay(100);
            lines = File.Exists(file) ? await File.ReadAllLinesAsync(file) : [];
        }

        using var client = new HttpClient();
        JsonArray targets = JsonNode.Parse(await client.GetStringAsync(new Uri($"http://127.0.0.1:{lines[0]}/json/list")))!.AsArray();
        string address = targets.First(target => target!["type"]!.GetValue<string>() == "page")!["webSocketDebuggerUrl"]!.GetValue<string>();
        await _socket.ConnectAsync(new Uri(address), CancellationToken.None);
        foreach (string domain in new[] { "Page", "Runtime", "Network", "Log" })
        {
            await CallAsync(domain + ".enable", []);
        }
    }

    private async Task<JsonObject> CallAsync(string method, JsonObject parameters)
    {
        int id = ++_last;
        string message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await _socket.SendAsync(System.Text.Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, patience.Token);
        while (true)
        {
            JsonObject answer = await ReceiveAsync(patience.Token);
            if (answer["id"]?.GetValue<int>() == id)
            {
                Assert.True(answer["error"] is null, method + ": " + answer.ToJsonString());
                return answer["result"]!.AsObject();
            }

            Note(answer);
        }
    }

    private async Task<JsonObject> ReceiveAsync(CancellationToken cancellation)
    {
        using var stream = new MemoryStream();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(_buffer.AsMemory(), cancellation);
            stream.Write(_buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        stream.Position = 0;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private void Note(JsonObject message)
    {
        switch (message["method"]?.GetValue<string>())
        {
            case "Runtime.consoleAPICalled" or "Runtime.exceptionThrown" or "Log.entryAdded":
                Messages.Add(message["params"]!.ToJsonString());
                break;
            case "Network.requestWillBeSent":
                string url = message["params"]!["request"]!["url"]!.GetValue<string>();
                if (!url.StartsWith("file:", StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal))
                {
                    Requests.Add(url);
                }

                break;
        }
    }
}
