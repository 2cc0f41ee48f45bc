using QosValuation.Allocation.Simulation;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Prototypes;
using QosValuation.Embeddings.Text;
using QosValuation.Markets.Auctions;
using QosValuation.Privacy.Accounting;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

/// <summary>What the fuzzing driver found in files of text: each is a fault of the catalogue that names the file.</summary>
public sealed class HostileTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void HalfOfASurrogatePairInADocumentIsALineThatCannotBeRead()
    {
        string path = Write("d.jsonl", """{"Text":"a \ud800 dog"}""" + "\n" + """{"Text":"a dog"}""" + "\n" + """{"\ud800":1,"Text":"b"}""" + "\n");
        var faults = new List<QosValuationException>();
        Assert.Equal(["a dog"], DocumentReader.Read(path, "a", faults.Add).Select(document => document.Text));
        Assert.Equal(2, faults.Count);
        Assert.All(faults, fault => Assert.True(fault.Is(Faults.DocumentNotReadable)));
        Assert.All(faults, fault => Assert.Contains(path, fault.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[{\"clusterId\":\"\\ud800\"}]")]
    [InlineData("[{\"\\ud800\":1}]")]
    [InlineData("[{\"clusterId\":1,\"contributors\":[1]}]")]
    public void AFileOfPrototypesThatIsNoTextIsRefused(string json) =>
        Refused(Faults.PrototypeFileNotValid, Write("p.json", json), path => PrototypeFile.Read(path));

    [Theory]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"\ud800":0}}}""")]
    [InlineData("""{"model":{"type":"WordPiece","unk_token":"\udc00","vocab":{"[UNK]":0}}}""")]
    public void AWordPieceVocabularyThatIsNoTextIsRefused(string json) =>
        Refused(Faults.VocabularyNotReadable, Write("tokenizer.json", json), path => WordPieceTokenizer.Load(path));

    [Theory]
    [InlineData("modules.json", """[{"type":"\ud800"}]""")]
    [InlineData("modules.json", """[{"type":"a.Pooling","path":"../elsewhere"}]""")]
    [InlineData("modules.json", """[{"type":"a.Pooling","path":"/etc"}]""")]
    [InlineData("modules.json", """[{"type":"a.Pooling","path":"1_Pooling/../../elsewhere"}]""")]
    [InlineData("modules.json", """[{"type":"a.Pooling","path":"a\u0000b"}]""")]
    [InlineData("1_Pooling/config.json", """{"\ud800":true}""")]
    public void AModelsPoolingStaysInItsFolderAndIsText(string name, string json)
    {
        foreach (string file in Directory.GetFiles(TestData.MiniLm, "*", SearchOption.AllDirectories))
        {
            string target = _folder.File(Path.GetRelativePath(TestData.MiniLm, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.CreateSymbolicLink(target, file);
        }

        Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(_folder.Path)!, "elsewhere"));
        File.Delete(_folder.File(name));
        Refused(Faults.ModelNotReadable, Write(name, json), path => Embeddings.Encoding.ClipModelReader.Describe(ClipModelCatalog.TryRead(_folder.Path)!));
    }

    [Theory]
    [InlineData("the\0dog\n")]
    [InlineData("\0\0\0\0")]
    public void AWordListWithZeroBytesIsNone(string text) => Refused(Faults.DictionaryNotReadable, Write("w.txt", text), path => WordList.Load(path));

    [Fact]
    public void AWordListInAnotherEncodingIsRefused()
    {
        File.WriteAllBytes(_folder.File("w.txt"), [(byte)'c', (byte)'a', (byte)'f', 0xE9, (byte)'\n']);
        Refused(Faults.DictionaryNotReadable, _folder.File("w.txt"), path => WordList.Load(path));
    }

    [Theory]
    [InlineData("Time,Agent,Co")]
    [InlineData("Time,Agent\n0,ali\uFFFDce\n")]
    public void ATraceThatLostSomethingIsRefused(string text) => Refused(Faults.TraceNotValid, Write("t.csv", text), path => RequestTrace.Read(path));

    [Fact]
    public void ATraceWithATimeInAnotherUnitDoesNotRunForHours() =>
        Refused(Faults.TraceNotValid, Write("t.csv", "Time,Agent\n999999999990,alice\n"), path => _ = new QosExperiment(new QosExperimentOptions
        {
            Simulation = new QosSimulationOptions { Agents = [], EpochLength = 2 },
            TracePath = path,
        }));

    [Fact]
    public void AnAgentOfATraceThatIsNoneIsNamedWithTheFile() =>
        Refused(Faults.QosOptionNotValid, Write("t.csv", "Time,Agent\n0,boc\n"), path =>
        {
            var experiment = new QosExperiment(new QosExperimentOptions
            {
                Simulation = new QosSimulationOptions { Agents = [new QosAgent { Name = "bob", Value = 1, Capacity = 1 }] },
                TracePath = path,
            });
            _ = QosSimulation.Run(experiment.Simulation).Count();
        });

    [Fact]
    public void DocumentsCutInTheirHeaderAreRefused() =>
        Refused(Faults.DocumentNotReadable, Write("d.csv", "Text,Contri"), path => _ = DocumentReader.Read(path, "a", _ => { }).Count());

    [Fact]
    public void AnOfferAtFaultIsToldWithItsFile() =>
        Refused(Faults.OfferNotValid, Write("o.csv", "Cost,Quality\n1,-1\n"), path => OfferColumns.ReadCsv(path, default).Sell(new AuctionOptions { Budget = 1 }));

    [Fact]
    public void APrivacyEventThatIsNoTextIsRefused() =>
        Assert.True(Assert.Throws<QosValuationException>(() => PrivacyEvent.Parse("""{"kind":"\ud800"}""")).Is(Faults.PrivacyEventNotValid));

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder.File(name), text);
        return _folder.File(name);
    }

    private static void Refused(Fault fault, string path, Action<string> read)
    {
        var thrown = Assert.Throws<QosValuationException>(() => read(path));
        Assert.True(thrown.Is(fault), $"{thrown.ErrorId}: {thrown.Message}");
        Assert.Contains(path, thrown.Message, StringComparison.Ordinal);
    }
}
