using QosValuation.Embeddings.Clustering;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Encoding;

namespace QosValuation.Tests;

public sealed class RecordIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a dog in the snow", "text:a dog in the snow")]
    [InlineData("", "text:")]
    public void AShortTextNamesItself(string text, string item) => Assert.Equal(item, ItemName.OfTexts(text));

    [Fact]
    public void UnlikeTextsNeverShareAName()
    {
        string beginning = "a photograph of a dog in the snow, taken in the year ";
        string[][] texts =
        [
            ["a"], ["b"], ["A"], ["a", "b"], ["ab"], ["a", "c"], ["b", "a"], ["a", ""], ["", "a"], [beginning + "1990"], [beginning + "1991"], ["a\nb"], ["a b"], ["a\tb"],
            [ItemName.OfTexts("a", "b")[5..]], [ItemName.OfTexts(beginning + "1990")[5..]], ["a\u2026#b"],
        ];
        string[] names = [.. texts.Select(list => ItemName.OfTexts(list))];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal(names, texts.Select(list => ItemName.OfTexts(list)));
        Assert.All(names, name => Assert.True(name.Length <= 60 && !name.Any(char.IsControl), name));
    }

    [Fact]
    public void TwoShardsOfOneNameAreTwoFiles()
    {
        // Two contributors' folders of one name, as in a/photos/img_emb_0.npy and b/photos/img_emb_0.npy.
        string[] paths = [_folder.File("a/photos/img_emb_0.csv"), _folder.File("b/photos/img_emb_0.csv")];
        foreach (string path in paths)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "v0,v1\n1,0\n0,1\n0.6,0.8\n");
        }

        Assert.Equal(6, CountRecords(paths.SelectMany(path => EmbeddingFile.Read(path))));

        // The same file twice is the same records.
        Assert.Equal(3, CountRecords(EmbeddingFile.Read(paths[0]).Concat(EmbeddingFile.Read(paths[0]))));
    }

    [Fact]
    public void TwoCocoFilesThatCountFrom1AreTwoFiles()
    {
        string vectors = _folder.File("v.csv");
        File.WriteAllText(vectors, "v0,v1\n1,0\n0,1\n0.6,0.8\n");
        string[] files = [_folder.File("train.json"), _folder.File("val.json"), _folder.File("copy.json")];
        for (int i = 0; i < files.Length; i++)
        {
            File.WriteAllText(files[i], $$"""
                {"images": [{"id": 1, "file_name": "{{i % 2}}a.jpg"}, {"id": 2, "file_name": "{{i % 2}}b.jpg"}, {"id": 3, "file_name": "{{i % 2}}c.jpg"}],
                 "annotations": [{"image_id": 1, "caption": "p{{i % 2}}"}, {"image_id": 2, "caption": "q"}, {"image_id": 3, "caption": "r"}]}
                """);
        }

        ClipEmbedding[][] read = [.. files.Select(file => EmbeddingFile.Read(
            vectors, new EmbeddingReadOptions { MetadataPath = file, Contributor = "me" }).ToArray())];
        Assert.Equal(6, CountRecords([.. read[0], .. read[1]]));
        Assert.Equal(3, CountRecords([.. read[0], .. read[2]]));
        string[] items = [.. CocoDataset.Read(files[0], null, withoutImage: true).Select(item => item.Item)];
        Assert.Equal(read[0].Select(e => e.Item), items);
        Assert.All(items, item => Assert.Matches("^coco:[A-Za-z0-9_-]{22}:[123]$", item));
    }

    [Fact]
    public void ImagesOfDifferentSourcesUnderOneItemAreToldAndCaptionsAreNot()
    {
        foreach (bool isNext in new[] { true, false })
        {
            var assembler = new RecordAssembler(_ => { }, (_, _) => { }, fault => throw fault);
            assembler.Add(Embedding("1", "/a/1.jpg"));
            assembler.Add(Embedding("1", "a caption", Modality.Text));
            assembler.Add(Embedding("1", "another caption", Modality.Text));
            assembler.Add(Embedding("1", "/a/1.jpg"));
            if (!isNext)
            {
                assembler.Add(Embedding("2", "/a/2.jpg"));
            }

            Assert.Empty(assembler.Warnings);
            assembler.Add(Embedding("1", "/b/1.jpg"));
            Assert.StartsWith("1 record joins images of different sources under one Item, such as '1' with '/b/1.jpg'", Assert.Single(assembler.Warnings), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ContributorsAreComparedByTheirFoldedNames()
    {
        ClipEmbedding[] embeddings =
        [
            Embedding("x", "1") with { Contributor = "alice" },
            Embedding("x", "1") with { Contributor = "alice " },
            Embedding("x", "1") with { Contributor = "al\u200Bice" },
            Embedding("x", "1") with { Contributor = "Alice" },
        ];
        Assert.Equal(2, CountRecords(embeddings));
        var faults = new List<QosValuationException>();
        var assembler = new RecordAssembler(_ => { }, (_, _) => { }, faults.Add);
        Assert.All(embeddings, embedding => assembler.Add(embedding));
        Assert.Contains("'Alice' and 'alice'", Assert.Single(assembler.Warnings), StringComparison.Ordinal);
        Assert.False(assembler.Add(Embedding("y", "2") with { Contributor = "Jos\uFFFD" }));
        Assert.Equal("ContributorNotValid", Assert.Single(faults).ErrorId);
    }

    private static ClipEmbedding Embedding(string item, string source, Modality modality = Modality.Image) =>
        new() { Source = source, Item = item, Modality = modality, Vector = [1, 0], Contributor = "me" };

    private static int CountRecords(IEnumerable<ClipEmbedding> embeddings)
    {
        var assembler = new RecordAssembler(_ => { }, (_, _) => { }, fault => throw fault);
        foreach (ClipEmbedding embedding in embeddings)
        {
            assembler.Add(embedding);
        }

        return assembler.RecordCount;
    }
}
