using System.Globalization;
using QosValuation.Embeddings.Clustering;
using QosValuation.Foundation.IO;
using QosValuation.Markets.Ledger;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;
using QosValuation.Valuation.Quality;

namespace QosValuation.Tests;

/// <summary>
/// Turns single bits of small files whose content is protected: whoever reads one afterwards reads what was written, or is told. A few hundred bits of a
/// database are turned by default, and all of them where QOSVALUATION_FUZZ_ROUNDS is set; all bits of the other files always.
/// </summary>
public sealed class BitFlipTests : IDisposable
{
    // A prime, so that bits of all bytes and places of pages come in turn.
    private const int DatabaseStride = 499;

    private static readonly bool TurnsAll = Environment.GetEnvironmentVariable("QOSVALUATION_FUZZ_ROUNDS") is { Length: > 0 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ABitOfALedgerDoesNotTurnUnnoticed()
    {
        string path = _folder.File("ledger.db");
        using (var ledger = DatLedger.Open(path, create: true))
        {
            ledger.Append([("alice", 1.5, "p"), ("bob", 2, "sha256:00"), ("alice", 0.1, string.Empty), ("Zoë", 7, "r")]);
        }

        TurnBits(path, DatabaseStride, () =>
        {
            using var ledger = DatLedger.Open(path, create: false);
            DatLedgerReport report = ledger.Verify();
            return report.IsValid ? string.Join('\n', ledger.Read().Select(record => record.ToString())) + report.HeadHash : null;
        });
    }

    [Fact]
    public void ABitOfABudgetDoesNotTurnUnnoticedEvenByWhoeverOnlyReadsIt()
    {
        string path = _folder.File("budget.db");
        PrivacyBudget.Create(path, 2, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(path))
        {
            store.Charge([Charge(0.01, "alice", "bob")]);
            store.Charge([Charge(0.02, "alice"), Charge(0.005, "Zoë")]);
        }

        TurnBits(path, DatabaseStride, () =>
        {
            PrivacyBudget budget = PrivacyBudget.Open(path);
            return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{budget.Epsilon:R} {budget.Delta:R} {budget.Neighboring} {budget.Unit} {budget.Created.Ticks} {budget.Releases} {budget.Spent:R} {budget.Remaining:R} ")
                + string.Join('\n', budget.Contributors.Select(one => one.ToString()));
        });
    }

    [Fact]
    public void ABitOfAClusteringStateDoesNotTurnUnnoticed()
    {
        string path = _folder.File("state.bin");
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { });
        for (int i = 0; i < 3; i++)
        {
            clusterer.Add(Samples.Embedding(Modality.Image, $"item {i}", "alice", 0.6f, 0.8f));
        }

        ClusteringState.Save(clusterer, path);
        TurnBits(path, 1, () =>
        {
            ClusteringState state = ClusteringState.Load(path);
            return string.Create(CultureInfo.InvariantCulture, $"{state.SimilarityThreshold:R} {state.NoveltyThreshold} {state.RecordCount}")
                + Convert.ToHexString(SealedFile.StoredDigest(path)!);
        });
    }

    [Fact]
    public void ABitOfAReferenceIndexDoesNotTurnUnnoticed()
    {
        string path = _folder.File("index.qvref");
        var vectors = new VectorMatrix(3);
        vectors.Add([1, 0, 0]);
        vectors.Add([0, 0.6f, 0.8f]);
        using (var corpus = ReferenceCorpus.Create(vectors, ReferenceCorpus.Digest(["a", "b"]), ReferenceCorpus.DigestOfModel("m"), 10, default))
        {
            corpus.Save(path);
        }

        var query = new VectorMatrix(3);
        query.Add([0.8f, 0, 0.6f]);
        TurnBits(path, 1, () =>
        {
            using ReferenceCorpus corpus = ReferenceCorpus.Open(path);
            return string.Create(CultureInfo.InvariantCulture, $"{corpus.Sha256} {corpus.Model} {corpus.Count} {corpus.IsExact} ")
                + corpus.Nearest(query, out _, null, default)[0].ToString("R", CultureInfo.InvariantCulture);
        });
    }

    /// <summary>Reads a file after each turned bit: null or a fault of the catalogue means that the damage was noticed.</summary>
    private static void TurnBits(string path, int stride, Func<string?> read)
    {
        byte[] whole = File.ReadAllBytes(path);
        string said = read()!;
        Assert.NotNull(said);
        Assert.Equal(whole, File.ReadAllBytes(path));
        var wrong = new List<string>();
        int turned = 0;
        int noticed = 0;
        for (long bit = 0; bit < 8L * whole.Length; bit += TurnsAll ? 1 : stride)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << (int)(bit % 8));
            foreach (string beside in Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + "-*"))
            {
                File.Delete(beside);
            }

            File.WriteAllBytes(path, damaged);
            turned++;
            try
            {
                string? now = read();
                noticed += now is null ? 1 : 0;
                if (now is not null && now != said)
                {
                    wrong.Add($"byte {bit / 8}, bit {bit % 8}: {now}");
                }
            }
            catch (QosValuationException fault) when (!fault.Is(Faults.Unspecified, Faults.UnexpectedFailure))
            {
                noticed++;
            }
            catch (Exception raw)
            {
                wrong.Add($"byte {bit / 8}, bit {bit % 8}: {raw.GetType().Name}: {raw.Message}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {turned}, where '{said}' was written:\n{string.Join('\n', wrong.Take(20))}");
        Assert.InRange(noticed, 1, turned);
    }

    private static PrivacyCharge Charge(double squaredMu, params string[] contributors) =>
        new(new GaussianEvent(squaredMu), new ReleaseLabel("DiscreteGaussian", "Image", 0), contributors);
}
