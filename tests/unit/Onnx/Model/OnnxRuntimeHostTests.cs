using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class OnnxRuntimeHostTests
{
    [Fact]
    public void TheLibraryItselfSeesThatTelemetryIsOff()
    {
        using InferenceSession session = OnnxRuntimeHost.Open(Path.Combine(TestData.ClipMini, "text_model.onnx"));
        Assert.Contains("input_ids", session.InputNames);
        Assert.Equal("1", NativeVariable(OnnxRuntimeHost.TelemetryVariable));
    }

    [Fact]
    public void NothingElseOpensSessions()
    {
        string[] folders = [.. new[] { "src", "bench", "tests/unit" }.Select(folder => Path.Combine(TestData.RepositoryRoot, folder))];
        IEnumerable<string> files = folders
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(file => Path.GetFileName(file) is not (nameof(OnnxRuntimeHost) + ".cs" or nameof(OnnxRuntimeHostTests) + ".cs"));
        string[] others = [.. files.Where(file => File.ReadAllText(file) is string text && (text.Contains("new InferenceSession(", StringComparison.Ordinal)
            || text.Contains("OnnxRuntime.InferenceSession(", StringComparison.Ordinal)
            || text.Contains("OrtEnv.", StringComparison.Ordinal)))];
        Assert.Empty(others);
    }

    [Fact]
    public void AProbeIsNotLeftToTheProcessor()
    {
        using SessionOptions processorAlone = OnnxRuntimeHost.NewOptions();
        OnnxRuntimeException refused = Assert.Throws<OnnxRuntimeException>(() => OnnxRuntimeHost.Probe(processorAlone));
        Assert.Contains("fallback", OnnxRuntimeHost.ReasonOf(refused), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AReasonIsToldWithoutCodesAndPlacesOfSource()
    {
        OnnxRuntimeException damaged = Assert.Throws<OnnxRuntimeException>(() => OnnxRuntimeHost.Open("not a model"u8.ToArray()));
        Assert.Contains("ErrorCode", damaged.Message, StringComparison.Ordinal);
        string reason = OnnxRuntimeHost.ReasonOf(damaged);
        Assert.DoesNotContain("ErrorCode", reason, StringComparison.Ordinal);
        Assert.Contains("model", reason, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(".", reason, StringComparison.Ordinal);
        Assert.EndsWith(reason[..^1], damaged.Message.Trim().TrimEnd('.'), StringComparison.Ordinal);
    }

    private static string? NativeVariable(string name) =>
        OperatingSystem.IsWindows() ? Environment.GetEnvironmentVariable(name) : Marshal.PtrToStringUTF8(GetVariable(name));

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern nint GetVariable(string name);
}
