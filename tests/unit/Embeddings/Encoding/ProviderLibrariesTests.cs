using QosValuation.Embeddings.Encoding;

namespace QosValuation.Tests;

public sealed class ProviderLibrariesTests
{
    [Fact]
    public void BinariesWithoutCudaAreNamedAsWhatIsMissing()
    {
        Assert.Contains("Package -Provider Cuda", ProviderLibraries.Advice(ExecutionProvider.Cuda, isOffered: false), StringComparison.Ordinal);
        Assert.Contains("Package -Provider Cuda", ProviderLibraries.Advice(ExecutionProvider.TensorRT, isOffered: false), StringComparison.Ordinal);
        Assert.Empty(ProviderLibraries.Advice(ExecutionProvider.CoreML, isOffered: false));
    }

    [Fact]
    public void EveryLibraryThatIsNotFoundIsNamedOnceWithWhereToGetIt()
    {
        IReadOnlyList<string> names = ProviderLibraries.Names(ExecutionProvider.TensorRT);
        Assert.Equal(names.Distinct(), names);
        Assert.All(ProviderLibraries.Names(ExecutionProvider.Cuda), name => Assert.Contains(name, names));
        string advice = ProviderLibraries.Advice(ExecutionProvider.TensorRT, isOffered: true);
        foreach (string name in names)
        {
            bool isThere = System.Runtime.InteropServices.NativeLibrary.TryLoad(name, out _);
            Assert.Equal(!isThere, advice.Contains(name, StringComparison.Ordinal));
        }

        Assert.Empty(ProviderLibraries.Names(ExecutionProvider.Cpu));
        Assert.Empty(ProviderLibraries.Advice(ExecutionProvider.Cpu, isOffered: true));
    }
}
