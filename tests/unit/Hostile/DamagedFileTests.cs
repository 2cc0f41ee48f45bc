using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using QosValuation.Allocation.Schemes;
using QosValuation.Allocation.Simulation;
using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Encoding;
using QosValuation.Embeddings.Images;
using QosValuation.Embeddings.Models;
using QosValuation.Embeddings.Text;
using QosValuation.Foundation.IO;
using QosValuation.Markets.Ledger;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

/// <summary>
/// Damages files of every kind, the same way with the same seed, and reads them: what a reader does not take it refuses by a fault of the
/// catalogue that names the file, quickly.
/// </summary>
public sealed class DamagedFileTests : IDisposable
{
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("QOSVALUATION_FUZZ_ROUNDS"), out int rounds) ? rounds : ByDefault;
    private const int LongestSeconds = 5;
    private const int ByDefault = 200;

    private static readonly string[] Tokens =
    [
        "\\ud800", "\\u0000", "null", "1e999", "-1", "99999999999999999999", "9223372036854775807", "[", "{", "\"", ",", "NaN", "\u001b[31m", "\0", "true", "[[1]]", "{}",
        "'", "(", ")", "2147483648", "\ufffd", "\n", "\r",
    ];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds { get; } =
    [
        "onnx", "onnx of a transformer", "vocab.json", "merges.txt", "tokenizer.json", "preprocessor_config.json", "special_tokens_map.json", "installed.json", "captions.json",
        "metadata.json", "e.csv", "e.jsonl", "e.npy", "e.metadata.jsonl", "column.npy", "agents.csv", "trace.csv", "settlement.json", "key.pem",
        "state", "image.png", "image.jpg", "ledger.db", "budget.db", "cache.db",
    ];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatIsDamagedIsRefusedByAFaultThatNamesIt(string kind)
    {
        (string path, Action read) = Prepare(kind);
        byte[] whole = File.ReadAllBytes(path);
        read();
        var random = new Random(kind.Length * 7919 + kind[0]);
        var wrong = new List<string>();
        for (int round = 0; round < Rounds; round++)
        {
            byte[] damaged = Damage(whole, random, isText: kind.Contains('.', StringComparison.Ordinal) && !kind.EndsWith(".db", StringComparison.Ordinal));
            foreach (string beside in Directory.GetFiles(_folder.Path, Path.GetFileName(path) + "-*"))
            {
                File.Delete(beside);
            }

            File.WriteAllBytes(path, damaged);
            long start = Stopwatch.GetTimestamp();
            try
            {
                read();
            }
            catch (QosValuationException fault)
            {
                if (fault.Is(Faults.Unspecified, Faults.UnexpectedFailure)
                    || !(fault.Message + fault.Subject).Contains(_folder.Path, StringComparison.Ordinal)
                    || fault.Message.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
                {
                    wrong.Add($"round {round}: {fault.ErrorId}: {fault.Message}");
                }
            }
            catch (Exception raw)
            {
                wrong.Add($"round {round}: {raw.GetType().Name}: {raw.Message} {raw.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("QosValuation", StringComparison.Ordinal))}");
            }

            if (Stopwatch.GetElapsedTime(start).TotalSeconds > LongestSeconds)
            {
                wrong.Add($"round {round}: {Stopwatch.GetElapsedTime(start)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {Rounds}:\n{string.Join('\n', wrong.DistinctBy(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]).Take(20))}");
    }

    private static byte[] Damage(byte[] whole, Random random, bool isText)
    {
        var bytes = new List<byte>(whole);
        for (int times = random.Next(1, 4); times > 0 && bytes.Count > 0; times--)
        {
            // Most of what steers a reader stands at the beginning.
            int at = random.Next(random.Next(2) == 0 ? bytes.Count : Math.Min(bytes.Count, 512));
            switch (random.Next(isText ? 7 : 5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    int length = Math.Min(random.Next(1, 64), bytes.Count - at);
                    bytes.RemoveRange(at, length);
                    break;
                case 4:
                    for (int i = at; i < Math.Min(bytes.Count, at + 8); i++)
                    {
                        bytes[i] = 0xFF;
                    }

                    break;
                case 5:
                    bytes.InsertRange(at, System.Text.Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
                default:
                    // A value in place of another: from a digit, a quotation mark or a bracket to the next separator.
                    int start = bytes.FindIndex(at, static b => b is (byte)'"' or (byte)'[' or (byte)'{' or (>= (byte)'0' and <= (byte)'9'));
                    int end = start < 0 ? -1 : bytes.FindIndex(start + 1, static b => b is (byte)',' or (byte)'}' or (byte)']' or (byte)'\n');
                    if (end > start)
                    {
                        bytes.RemoveRange(start, end - start);
                        bytes.InsertRange(start, System.Text.Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    }

                    break;
            }
        }

        return [.. bytes];
    }

    private static ClipEmbedding[] Embeddings() => [.. Enumerable.Range(0, 6).Select(i => new ClipEmbedding
    {
        Source = $"image {i}.png", Item = $"i{i}", Modality = Modality.Image, Vector = [1, 0, 0], Model = "m", Contributor = "alice", Ordinal = i, ClusterId = i % 2,
        Novelty = Novelty.Novel,
    })];

    private string Copy(string name)
    {
        string path = _folder.File(name);
        File.Copy(Path.Combine(TestData.ClipMini, name), path, overwrite: true);
        return path;
    }

    private (string Path, Action Read) Prepare(string kind)
    {
        string path = _folder.File(kind);
        string Text(string text)
        {
            File.WriteAllText(path, text);
            return path;
        }

        string Export(string name)
        {
            using EmbeddingWriter writer = EmbeddingWriter.Create(_folder.File(name));
            Array.ForEach(Embeddings(), writer.Write);
            writer.Complete();
            return _folder.File(name);
        }

        switch (kind)
        {
            case "onnx" or "onnx of a transformer":
                path = _folder.File("vision_model.onnx");
                if (kind == "onnx")
                {
                    TinyModels.Vision(path, "batch");
                }
                else
                {
                    File.Copy(Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "reference-clip", "vision_model.onnx"), path);
                }

                return (path, () =>
                {
                    OnnxModelReader.Read(path, OnnxWeights.LeftOut);
                    ClipModelReader.Describe(ClipModelCatalog.TryRead(_folder.Path)!);
                });
            case "vocab.json" or "merges.txt":
                Copy("vocab.json");
                Copy("merges.txt");
                return (path, () => ClipTokenizer.Load(_folder.File("vocab.json"), _folder.File("merges.txt")).Tokenize("a dog", 16));
            case "tokenizer.json":
                IEnumerable<string> merges = File.ReadLines(Path.Combine(TestData.ClipMini, "merges.txt")).Where(line => line.Length > 0 && line[0] != '#');
                Text("{\"model\":{\"merges\":" + JsonSerializer.Serialize(merges) + ",\"type\":\"BPE\",\"vocab\":"
                    + File.ReadAllText(Path.Combine(TestData.ClipMini, "vocab.json")) + "}}");
                return (path, () => ClipTokenizer.Load(path, null).Tokenize("ab", 16));
            case "special_tokens_map.json":
                Copy("vocab.json");
                Copy("merges.txt");
                Text("""{"bos_token":{"content":"<|startoftext|>"},"eos_token":"<|endoftext|>","pad_token":"<|endoftext|>"}""");
                return (path, () => ClipTokenizer.Load(_folder.File("vocab.json"), _folder.File("merges.txt")));
            case "preprocessor_config.json":
                Copy(kind);
                return (path, () => ImagePreprocessing.Load(path));
            case "installed.json":
                Text("""{"Name":"x","License":"MIT","Source":"x","Files":[{"Name":"vision_model.onnx","Bytes":1,"Sha256":"00"}]}""");
                return (path, () => ClipModelInstaller.ReadManifest(_folder.Path));
            case "captions.json":
                Text("""{"images":[{"id":1,"file_name":"a.png","width":3,"height":4,"license":1}],"annotations":[{"id":1,"image_id":1,"caption":"a dog"}],"licenses":[{"id":1,"name":"CC"}]}""");
                return (path, () => CocoAnnotations.Read(path));
            case "metadata.json":
                Export("e.npy");
                Text("""[{"source":"a","item":"b","ordinal":1},{"source":"a","clusterId":1},{},{},{},"text"]""");
                return (path, () => _ = EmbeddingFile.Read(_folder.File("e.npy"), new EmbeddingReadOptions { MetadataPath = path }).Count());
            case "e.csv" or "e.jsonl" or "e.npy":
                Export(kind);
                return (path, () => _ = EmbeddingFile.Read(path).Count());
            case "e.metadata.jsonl":
                Export("e.npy");
                return (path, () => _ = EmbeddingFile.Read(_folder.File("e.npy")).Count());
            case "column.npy":
                AtomicFile.Write(path, static stream => NpyColumn.Write(stream, [1, 2, 3, 4]));
                return (path, () => NpyColumn.Read(path));
            case "agents.csv":
                Text("Agent,Value,Capacity,Remaining\na,1,4,0\n\"b,\"\"c\",2.5,4,1\n");
                return (path, () => AgentColumns.ReadCsv(path, 4, 0, default));
            case "trace.csv":
                Text("Time,Agent,Cost\n0,a,1\n0.5,\"b\",2\n");
                return (path, () => RequestTrace.Read(path));
            case "settlement.json":
                using (var ledger = DatLedger.Open(_folder.File("l.db"), create: true))
                using (var key = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10")))
                {
                    ledger.Append([("alice", 1, "p"), ("bob", 2, "q"), ("alice", 3, "r")]);
                    DatSettlement.Write(path, () => ledger.Read(), key);
                }

                return (path, () => DatSettlement.Verify(path));
            case "key.pem":
                SigningKey.Create(path).Dispose();
                return (path, () =>
                {
                    using ECDsa key = SigningKey.Load(path);
                    DatSettlement.Write(_folder.File("signed.json"), () => [], key);
                });
            case "state":
                EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { });
                Array.ForEach(Embeddings(), embedding => clusterer.Add(embedding));
                ClusteringState.Save(clusterer, path);
                return (path, () => ClusteringState.Load(path).Resume(new ClusteringOptions(), null, _ => { }));
            case "image.png" or "image.jpg":
                File.WriteAllBytes(path, kind.EndsWith("png", StringComparison.Ordinal)
                    ? ImageWriter.EncodePng(new byte[3 * 20 * 10], 20, 10)
                    : ImageWriter.EncodeJpeg(new byte[3 * 20 * 10], 20, 10));
                return (path, () => new ImagePreprocessor(new ImagePreprocessing { ImageSize = 8 }).Crop(path, new byte[3 * 8 * 8]));
            case "ledger.db":
                using (var ledger = DatLedger.Open(path, create: true))
                {
                    ledger.Append([("alice", 1, "p"), ("bob", 2, "q")]);
                }

                return (path, () =>
                {
                    using var ledger = DatLedger.Open(path, create: false);
                    ledger.Verify();
                    _ = ledger.Read().Count();
                });
            case "budget.db":
                PrivacyBudget.Create(path, 1, 1e-5);
                return (path, () => PrivacyBudget.Open(path));
            default:
                using (EmbeddingCache.Open(path))
                {
                }

                return (path, () => EmbeddingCache.Open(path).Dispose());
        }
    }
}
