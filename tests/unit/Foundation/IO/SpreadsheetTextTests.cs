using QosValuation.Embeddings.Datasets;
using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class SpreadsheetTextTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@sum", "'@sum")]
    [InlineData("\tx", "'\tx")]
    [InlineData("'=1", "''=1")]
    [InlineData("'quoted'", "'quoted'")]
    [InlineData("'", "'")]
    [InlineData("plain=1", "plain=1")]
    [InlineData("", "")]
    public void AFormulaIsGuardedAndComesBack(string text, string written)
    {
        Assert.Equal(written, SpreadsheetText.Guarded(text));
        Assert.Equal(text, SpreadsheetText.Plain(written));
    }

    [Fact]
    public void ExportedEmbeddingsHoldNoFormulaAndAreReadBackAsTheyWere()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("e.csv");
        string[] names = ["=cmd|' /C calc'!A0", "@sum", "'=1", "-1", "+x", "'plain", "alice"];
        using (EmbeddingWriter writer = EmbeddingWriter.Create(path))
        {
            foreach (string name in names)
            {
                writer.Write(new ClipEmbedding { Source = name, Item = name, Modality = Modality.Image, Vector = [1, 0], Model = name, Contributor = name, Ordinal = 0, ClusterId = 3 });
            }

            writer.Complete();
        }

        Assert.DoesNotMatch("(^|,|\")[=+@]", string.Join('\n', File.ReadLines(path).Skip(1)));
        ClipEmbedding[] read = [.. EmbeddingFile.Read(path)];
        Assert.Equal(names, read.Select(embedding => embedding.Source));
        Assert.Equal(names, read.Select(embedding => embedding.Item));
        Assert.Equal(names, read.Select(embedding => embedding.Model));
        Assert.Equal(names, read.Select(embedding => embedding.Contributor));
        Assert.All(read, embedding => Assert.Equal(3, embedding.ClusterId));
    }
}
