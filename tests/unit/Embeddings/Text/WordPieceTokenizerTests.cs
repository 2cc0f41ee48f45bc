using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QosValuation.Embeddings.Text;

namespace QosValuation.Tests;

/// <summary>
/// BERT's tokenizer against ids that Hugging Face's tokenizers (the Rust library) gave for the same vocabulary: tests/fixtures/wordpiece/texts.jsonl holds a
/// thousand texts of odd characters with their ids, captions.txt digests of the ids of 2,000 COCO captions.
/// </summary>
public sealed class WordPieceTokenizerTests
{
    private static readonly Lazy<WordPieceTokenizer> Shared = new(() => WordPieceTokenizer.Load(Path.Combine(TestData.MiniLm, "vocab.txt")));

    private static string Fixture(string name) => Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "wordpiece", name);

    [Fact]
    public void OddTextsHaveTheReferencesIds()
    {
        var differing = new List<string>();
        int count = 0;
        foreach (string line in File.ReadLines(Fixture("texts.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string text = document.RootElement.GetProperty("text").GetString()!;
            int[] expected = [.. document.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] actual = Shared.Value.Encode(text);
            count++;
            if (!expected.SequenceEqual(actual))
            {
                string points = string.Join(' ', text.EnumerateRunes().Select(rune => rune.Value.ToString("X4", System.Globalization.CultureInfo.InvariantCulture)));
                differing.Add($"'{text}' ({points}): {string.Join(' ', expected)} | {string.Join(' ', actual)} = {Shared.Value.Decode(actual)}");
            }
        }

        Assert.True(count > 1000);
        Assert.True(differing.Count == 0, $"{differing.Count} of {count}:\n" + string.Join('\n', differing.Take(40)));
    }

    [SharedDataFact]
    public void CaptionsHaveTheReferencesIds()
    {
        string path = Path.Combine(TestData.SharedData!, "coco-val2017-subset", "captions_val2017_all.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        string[] captions = [.. document.RootElement.GetProperty("annotations").EnumerateArray()
            .Select(annotation => annotation.GetProperty("caption").GetString()!).Where((_, i) => i % 12 == 0).Take(2000)];
        string[] expected = File.ReadAllLines(Fixture("captions.txt"));
        string[] actual = [.. captions.Chunk(100).Select(block =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', block.Select(text => string.Join(' ', Shared.Value.Encode(text)))))))[..16])];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void TokenizerJsonAndVocabTxtSayTheSame()
    {
        using var folder = new TemporaryFolder();
        string[] pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "dog", "!"];
        File.WriteAllText(folder.File("vocab.txt"), string.Join("\r\n", pieces) + "\r\n");
        string vocabulary = string.Join(", ", pieces.Select((piece, id) => $"\"{piece}\": {id}"));
        File.WriteAllText(folder.File("tokenizer.json"), "{ \"model\": { \"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", \"vocab\": { " + vocabulary + " } } }");
        foreach (string name in (string[])["vocab.txt", "tokenizer.json"])
        {
            ITextTokenizer tokenizer = TextTokenizer.Load(folder.File(name), null);
            Assert.Equal([5, 6, 7, 8, 9, 1], tokenizer.Encode("Unaffable DOG! cat"));
            Assert.Equal("unaffable dog !", tokenizer.Decode([2, 5, 6, 7, 8, 9, 3, 0]));
            int[] ids = new int[8];
            Assert.Equal(5, tokenizer.EncodePadded("unaffable", 8, ids, out bool isTruncated));
            Assert.Equal([2, 5, 6, 7, 3, 0, 0, 0], ids);
            Assert.False(isTruncated);
            Assert.Equal(4, tokenizer.EncodePadded("unaffable", 4, ids, out isTruncated));
            Assert.Equal([2, 5, 6, 3], ids[..4]);
            Assert.True(isTruncated);
        }
    }

    [Theory]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n", "lists 'a' twice")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\na\n", "[SEP]")]
    [InlineData("[PAD]\n\n[CLS]\n", "empty line 2")]
    public void DamagedVocabulariesAreNamed(string content, string part)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.txt"), content);
        var fault = Assert.Throws<QosValuationException>(() => WordPieceTokenizer.Load(folder.File("vocab.txt")));
        Assert.True(fault.Is(Faults.VocabularyNotReadable));
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
    }
}
