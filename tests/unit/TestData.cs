using System.Runtime.CompilerServices;

namespace QosValuation.Tests;

/// <summary>Finds the shared data beside the checkout, and makes folders that clean up after themselves.</summary>
internal static class TestData
{
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder of real data beside the checkout; null where it is absent (a plain clone).</summary>
    public static string? SharedData { get; } = FindShared("data");

    public static string ClipMini => Path.Combine(AppContext.BaseDirectory, "models", "clip-mini");

    /// <summary>The text model that the build takes out of a package.</summary>
    public static string MiniLm => Path.Combine(RepositoryRoot, "out", "models", "MiniLM-L6");

    /// <summary>
    /// A pair of encoders with what PyTorch computes with them (tests/fixtures/reference-clip); QOSVALUATION_REFERENCE_CLIP names a folder with another
    /// pair, such as one of ViT-B/32's size, that is used instead.
    /// </summary>
    public static string ReferenceClip { get; } = Environment.GetEnvironmentVariable("QOSVALUATION_REFERENCE_CLIP") is { Length: > 0 } folder
        ? folder
        : Path.Combine(RepositoryRoot, "tests", "fixtures", "reference-clip");

    private static string? FindShared(string name)
    {
        string? overridden = Environment.GetEnvironmentVariable("QOSVALUATION_SHARED");
        string path = Path.Combine(overridden ?? Path.Combine(RepositoryRoot, "..", "shared"), name);
        return Directory.Exists(path) ? Path.GetFullPath(path) : null;
    }

    private static string FindRoot([CallerFilePath] string path = "")
    {
        // Deterministic builds map the source path, so walk up from the binaries.
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "QosValuation.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("QosValuation.sln was not found above " + AppContext.BaseDirectory + " (" + path + ").");
    }
}

/// <summary>A fact over the real data beside the checkout; skipped, and said so, where a plain clone lacks it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute()
    {
        if (TestData.SharedData is null)
        {
            Skip = "The shared data folder is not beside this checkout.";
        }
    }
}

/// <summary>A temporary folder, removed at the end of the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("qosvaluation-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>A theory over the real data beside the checkout; skipped, and said so, where a plain clone lacks it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute()
    {
        if (TestData.SharedData is null)
        {
            Skip = "The shared data folder is not beside this checkout.";
        }
    }
}
