using System.Security.Cryptography;
using QosValuation.Embeddings.Clustering;
using static QosValuation.Tests.ClusteringSamples;

namespace QosValuation.Tests;

public sealed class ClusteringStateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string StatePath => _folder.File("clusters.state");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AResumedClusteringIsTheUninterruptedOne(bool labels)
    {
        ClipEmbedding[] embeddings = Stream();
        var options = new ClusteringOptions { SimilarityThreshold = 0.8, NoveltyThreshold = 10, KeepMembers = !labels };
        List<ClipEmbedding> expected = [];
        EmbeddingClusterer whole = EmbeddingClusterer.Create(options, labels ? expected.Add : null, _ => { });
        foreach (ClipEmbedding embedding in embeddings)
        {
            whole.Add(embedding);
        }

        whole.Complete();
        foreach (int[] cuts in new int[][] { [0], [1], [embeddings.Length], [100, 101, 102, 500], [3, 7, 200, 201, 333, 400] })
        {
            File.Delete(StatePath);
            List<ClipEmbedding> labelled = [];
            int start = 0;
            EmbeddingClusterer clusterer = whole;
            foreach (int end in cuts.Append(embeddings.Length))
            {
                ClusteringState? before = File.Exists(StatePath) ? ClusteringState.Load(StatePath) : null;
                Action<ClipEmbedding>? sink = labels ? labelled.Add : null;
                ClusteringOptions blocks = options with { BlockRecords = start % 2 == 0 ? 16 : null, MaximumThreads = 1 + (start % 2) };
                clusterer = before is null ? EmbeddingClusterer.Create(blocks, sink, _ => { }) : before.Resume(blocks, sink, _ => { });
                foreach (ClipEmbedding embedding in embeddings[start..end])
                {
                    clusterer.Add(embedding);
                }

                ClusteringState.Save(clusterer, StatePath, before);
                start = end;
                if (end < embeddings.Length)
                {
                    clusterer.Pause();
                }
            }

            clusterer.Complete();
            BlockClusteringTests.AssertSame(whole.Clusters, clusterer.Clusters);
            Assert.Equal((whole.RecordCount, whole.NoiseCount), (clusterer.RecordCount, clusterer.NoiseCount));
            Assert.Equal(expected.Count, labelled.Count);
            Assert.All(expected.Zip(labelled), pair =>
            {
                Assert.Equal(pair.First.Vector, pair.Second.Vector);
                Assert.Equal(pair.First with { Vector = pair.Second.Vector }, pair.Second);
            });

            // The same clustering makes the same bytes, however it was divided.
            string again = _folder.File("whole.state");
            File.Delete(again);
            EmbeddingClusterer anew = EmbeddingClusterer.Create(options, labels ? _ => { } : null, _ => { });
            foreach (ClipEmbedding embedding in embeddings)
            {
                anew.Add(embedding);
            }

            ClusteringState.Save(anew, again);
            Assert.Equal(File.ReadAllBytes(again), File.ReadAllBytes(StatePath));
        }
    }

    [Fact]
    public void PausedClustersCountTheLastRecordToo()
    {
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions { SimilarityThreshold = 0.9, NoveltyThreshold = 2 }, null, _ => { });
        clusterer.Add(Embedding(Plane(0), "a"));
        clusterer.Add(Embedding(Plane(1), "b"));
        ClusteringState.Save(clusterer, StatePath);
        clusterer.Pause();
        Assert.Equal(2, Assert.Single(clusterer.Clusters).Count);
        ClusteringState state = ClusteringState.Load(StatePath);
        Assert.Equal(
            (0.9, 2, true, false, 1),
            (state.SimilarityThreshold, state.NoveltyThreshold, state.KeepsMembers, state.LabelsEmbeddings, state.RecordCount));
    }

    [Fact]
    public void EveryChangedByteAndEveryMissingEndIsFound()
    {
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions { SimilarityThreshold = 0.9 }, null, _ => { });
        foreach (ClipEmbedding embedding in Images([Plane(0), Plane(1), Plane(90)]))
        {
            clusterer.Add(embedding);
        }

        ClusteringState.Save(clusterer, StatePath);
        byte[] bytes = File.ReadAllBytes(StatePath);
        string path = _folder.File("changed.state");
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 0x10;
            File.WriteAllBytes(path, changed);
            Assert.Equal(i < 8 ? "StateNotRecognised" : "StateDamaged", Assert.Throws<QosValuationException>(() => ClusteringState.Load(path)).ErrorId);
            File.WriteAllBytes(path, bytes[..i]);
            Assert.Equal(i < 8 ? "StateNotRecognised" : "StateDamaged", Assert.Throws<QosValuationException>(() => ClusteringState.Load(path)).ErrorId);
        }

        File.WriteAllBytes(path, [.. bytes, 0]);
        Assert.Equal("StateDamaged", Assert.Throws<QosValuationException>(() => ClusteringState.Load(path)).ErrorId);

        // A later version, properly sealed, is told from damage.
        byte[] later = [.. bytes];
        later[8] = 2;
        SHA256.HashData(later.AsSpan(0, later.Length - 32), later.AsSpan(later.Length - 32));
        File.WriteAllBytes(path, later);
        Assert.Equal("StateVersionNotSupported", Assert.Throws<QosValuationException>(() => ClusteringState.Load(path)).ErrorId);

        // Content that makes no sense, properly sealed, is an error of the file and not of the program.
        for (int i = 12; i < bytes.Length - 32; i++)
        {
            byte[] nonsense = [.. bytes];
            nonsense[i] = 0x7F;
            SHA256.HashData(nonsense.AsSpan(0, nonsense.Length - 32), nonsense.AsSpan(nonsense.Length - 32));
            File.WriteAllBytes(path, nonsense);
            try
            {
                ClusteringState.Load(path).Resume(new ClusteringOptions { SimilarityThreshold = 0.9 }, null, _ => { });
            }
            catch (QosValuationException fault)
            {
                Assert.Contains(fault.ErrorId, new[] { "StateDamaged", "StateParameterMismatch" });
            }
        }
    }

    [Fact]
    public void SettingsThatDisagreeAreRefused()
    {
        var options = new ClusteringOptions { SimilarityThreshold = 0.9, NoveltyThreshold = 7 };
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(options, null, _ => { });
        clusterer.Add(Embedding(Plane(0), "a"));
        ClusteringState.Save(clusterer, StatePath);
        ClusteringState state = ClusteringState.Load(StatePath);
        string IdOf(ClusteringOptions other, bool labels = false) =>
            Assert.Throws<QosValuationException>(() => state.Resume(other, labels ? _ => { } : null, _ => { })).ErrorId;
        Assert.Equal("StateParameterMismatch", IdOf(options with { SimilarityThreshold = 0.91 }));
        Assert.Equal("StateParameterMismatch", IdOf(options with { NoveltyThreshold = 8 }));
        Assert.Equal("StateParameterMismatch", IdOf(options with { KeepMembers = false }));
        Assert.Equal("StateParameterMismatch", IdOf(options, labels: true));
        Assert.Equal("StateNeedsOnline", IdOf(options with { Algorithm = ClusteringAlgorithm.Dbscan }));
        Assert.Equal(
            "StateNeedsOnline",
            Assert.Throws<QosValuationException>(
                () => ClusteringState.Save(EmbeddingClusterer.Create(new() { Algorithm = ClusteringAlgorithm.Dbscan }, null, _ => { }), StatePath)).ErrorId);

        Assert.Equal("StateNeedsOnline", IdOf(options with { PublicCentroids = [[1f, 0f]] }));

        // Vectors of another length or model are refused as within one run.
        List<QosValuationException> faults = [];
        EmbeddingClusterer resumed = state.Resume(options, null, faults.Add);
        Assert.False(resumed.Add(Embedding([1, 0, 0], "b")));
        Assert.Equal("EmbeddingDimensionMismatch", Assert.Single(faults).ErrorId);
    }

    [Fact]
    public void AFileThatAnotherProgramChangedIsLeftAlone()
    {
        EmbeddingClusterer Clusterer(ClusteringState? state, double angle)
        {
            EmbeddingClusterer clusterer = state is null
                ? EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { })
                : state.Resume(new ClusteringOptions(), null, _ => { });
            clusterer.Add(Embedding(Plane(angle), "at" + angle));
            return clusterer;
        }

        EmbeddingClusterer first = Clusterer(null, 0);
        EmbeddingClusterer second = Clusterer(null, 1);
        ClusteringState.Save(first, StatePath);
        byte[] bytes = File.ReadAllBytes(StatePath);
        Assert.Equal("StateChanged", Assert.Throws<QosValuationException>(() => ClusteringState.Save(second, StatePath)).ErrorId);
        ClusteringState state = ClusteringState.Load(StatePath);
        EmbeddingClusterer third = Clusterer(state, 2);
        EmbeddingClusterer fourth = Clusterer(state, 3);
        Assert.Equal(bytes, File.ReadAllBytes(StatePath));
        ClusteringState.Save(third, StatePath, state);
        Assert.Equal("StateChanged", Assert.Throws<QosValuationException>(() => ClusteringState.Save(fourth, StatePath, state)).ErrorId);
        File.Delete(StatePath);
        Assert.Equal("StateChanged", Assert.Throws<QosValuationException>(() => ClusteringState.Save(fourth, StatePath, state)).ErrorId);
    }

    [Fact]
    public void OfSeveralSavesAtOnceOneCounts()
    {
        for (int round = 0; round < 10; round++)
        {
            ClusteringState? before = round == 0 ? null : ClusteringState.Load(StatePath);
            EmbeddingClusterer[] clusterers = [.. Enumerable.Range(0, 8).Select(i =>
            {
                EmbeddingClusterer clusterer = before is null
                    ? EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { })
                    : before.Resume(new ClusteringOptions(), null, _ => { });
                for (int record = 0; record <= 5 + i; record++)
                {
                    clusterer.Add(Embedding(Plane(10 * i), $"{round} {i} {record}"));
                }

                return clusterer;
            })];
            bool[] saved = new bool[clusterers.Length];
            using Barrier start = new(clusterers.Length);
            Thread[] threads = [.. clusterers.Select((clusterer, i) => new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    ClusteringState.Save(clusterer, StatePath, before);
                    saved[i] = true;
                }
                catch (QosValuationException exception) when (exception.ErrorId == "StateChanged")
                {
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            int winner = Assert.Single(Enumerable.Range(0, saved.Length), i => saved[i]);
            Assert.Equal((before?.RecordCount ?? 0) + (before is null ? 0 : 1) + 5 + winner, ClusteringState.Load(StatePath).RecordCount);
            Assert.Equal([StatePath], Directory.GetFiles(_folder.Path));
        }
    }

    [Fact]
    public void AProtectedFileStaysProtected()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // The state holds embeddings of private data; the second save replaces the file.
        ClusteringState? before = null;
        const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (UnixFileMode mode in new[] { Own, Own | UnixFileMode.GroupRead | UnixFileMode.GroupWrite })
        {
            EmbeddingClusterer clusterer = before is null
                ? EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { })
                : before.Resume(new ClusteringOptions(), null, _ => { });
            clusterer.Add(Embedding(Plane(0), "a" + mode));
            ClusteringState.Save(clusterer, StatePath, before);
            File.SetUnixFileMode(StatePath, mode);
            before = ClusteringState.Load(StatePath);
            EmbeddingClusterer again = before.Resume(new ClusteringOptions(), null, _ => { });
            again.Add(Embedding(Plane(1), "b" + mode));
            ClusteringState.Save(again, StatePath, before);
            Assert.Equal(mode, File.GetUnixFileMode(StatePath));
            before = ClusteringState.Load(StatePath);
        }
    }

    [Fact]
    public void WhatAKilledSaveLeftBehindIsRemoved()
    {
        // A full copy of private embeddings, and the name by which savers take turns.
        string own = QosValuation.Foundation.IO.AtomicFile.TemporaryNeighbour(StatePath);
        string[] parts = Path.GetFileName(own).Split('-');
        string[] abandoned = [_folder.File($"{parts[0]}-7ffffffe-{parts[2]}-{parts[3]}"), StatePath + ".lock"];
        string[] others = [own, StatePath + ".tmp", StatePath + ".notes123.tmp", StatePath + ".0123abcd.bak"];
        foreach (string file in abandoned.Concat(others))
        {
            File.WriteAllText(file, "left behind");
        }

        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { });
        clusterer.Add(Embedding(Plane(0), "a"));
        ClusteringState.Save(clusterer, StatePath);
        Assert.Equal(others.Append(StatePath).Order(), Directory.GetFiles(_folder.Path).Order());
    }

    [Fact]
    public void AStoppedSaveLeavesTheOldFile()
    {
        EmbeddingClusterer clusterer = EmbeddingClusterer.Create(new ClusteringOptions(), null, _ => { });
        clusterer.Add(Embedding(Plane(0), "a"));
        ClusteringState.Save(clusterer, StatePath);
        byte[] bytes = File.ReadAllBytes(StatePath);
        ClusteringState state = ClusteringState.Load(StatePath);
        EmbeddingClusterer resumed = state.Resume(new ClusteringOptions(), null, _ => { });
        resumed.Add(Embedding(Plane(50), "b"));
        Assert.Throws<OperationCanceledException>(() => ClusteringState.Save(resumed, StatePath, state, new CancellationToken(canceled: true)));
        Assert.Equal(bytes, File.ReadAllBytes(StatePath));
        Assert.Equal([StatePath], Directory.GetFiles(_folder.Path));
    }

    /// <summary>Photographs with captions, some late, some apart, of several contributors, with records that cancel out.</summary>
    private static ClipEmbedding[] Stream()
    {
        float[][] vectors = Mixture(31, 260, 24, 20, 0.6);
        float[][] texts = Mixture(32, 260, 24, 4, 0.5);
        List<ClipEmbedding> embeddings = [];
        for (int i = 0; i < vectors.Length; i++)
        {
            embeddings.Add(Embedding(vectors[i], i % 7 == 0 ? "" : "item" + i, contributor: "c" + (i % 3), ordinal: embeddings.Count, model: "m"));
            int item = i % 4 == 0 ? i / 2 : i;
            embeddings.Add(Embedding(texts[i], "item" + item, Modality.Text, "c" + (item % 3), embeddings.Count, "m"));
            if (i % 90 == 0)
            {
                embeddings.Add(Embedding(vectors[i], "cancels" + i));
                embeddings.Add(Embedding([.. vectors[i].Select(x => -x)], "cancels" + i));
            }
        }

        return [.. embeddings];
    }
}
