using System.Text.Json;
using QosValuation.Embeddings.Text;

namespace QosValuation.Tests;

/// <summary>
/// Against Hugging Face's Rust library (tokenizers 0.22, by Tokenizers.DotNet 1.4.1): tests/fixtures/sentencepiece/tokenizer.json has SigLIP's layout and
/// rules with a vocabulary of its own, and texts.jsonl what that library makes of 150 captions of drawn scenes and 53 odd texts.
/// </summary>
public sealed class UnigramTokenizerTests : IDisposable
{
    private static readonly Lazy<UnigramTokenizer> Siglip = new(() => UnigramTokenizer.Load(Fixture("tokenizer.json")));
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Texts_give_the_ids_of_the_reference()
    {
        int count = 0;
        foreach (string line in File.ReadLines(Fixture("texts.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string text = document.RootElement.GetProperty("text").GetString()!;
            int[] expected = [.. document.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.True(
                expected.AsSpan().SequenceEqual([.. Siglip.Value.Encode(text), Siglip.Value.EndId]),
                $"'{text}': expected {string.Join(' ', expected)}, not {string.Join(' ', Siglip.Value.Encode(text))}");
            count++;
        }

        Assert.Equal(203, count);
    }

    [Fact]
    public void Texts_begin_at_once_and_end_with_the_end_token_that_also_pads()
    {
        UnigramTokenizer tokenizer = Siglip.Value;
        Assert.Equal((1, 1, 1), (tokenizer.StartId, tokenizer.EndId, tokenizer.PadId));
        int[] ids = new int[64];
        int length = tokenizer.EncodePadded("A dog in the snow.", 64, ids, out bool isTruncated);
        Assert.False(isTruncated);
        Assert.Equal<int>([.. tokenizer.Encode("a dog in the snow"), 1], ids[..length]);
        Assert.All(ids[length..], id => Assert.Equal(1, id));
        Assert.Equal("a dog in the snow", tokenizer.Decode(ids));

        // A text too long keeps its first pieces.
        int[] all = tokenizer.Encode(string.Concat(Enumerable.Repeat("dog snow ", 60)));
        Assert.Equal(64, tokenizer.EncodePadded(string.Concat(Enumerable.Repeat("dog snow ", 60)), 64, ids, out isTruncated));
        Assert.True(isTruncated);
        Assert.Equal<int>([.. all[..63], 1], ids);
        ClipTokenSequence shown = tokenizer.Tokenize("dog", 64);
        Assert.Equal<int>([.. tokenizer.Encode("dog"), 1], shown.Ids);
        Assert.Equal<int>([tokenizer.Encode("dog")[0], 1], tokenizer.Tokenize("dog snow", 2).Ids);
    }

    [Fact]
    public void The_sum_of_scores_is_the_largest()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Fixture("tokenizer.json")));
        Dictionary<string, double> scores = document.RootElement.GetProperty("model").GetProperty("vocab").EnumerateArray()
            .Skip(3).ToDictionary(entry => entry[0].GetString()!, entry => entry[1].GetDouble());
        string[] pieces = [.. document.RootElement.GetProperty("model").GetProperty("vocab").EnumerateArray().Select(entry => entry[0].GetString()!)];
        foreach (string word in (string[])["mountains", "underwater", "snowfield", "housedog", "parasols", "abcdefghij", "sunsetting"])
        {
            string text = "\u2581" + word;
            double[] best = [0, .. Enumerable.Repeat(double.NegativeInfinity, text.Length)];
            for (int end = 1; end <= text.Length; end++)
            {
                for (int start = 0; start < end; start++)
                {
                    best[end] = Math.Max(best[end], best[start] + scores.GetValueOrDefault(text[start..end], double.NegativeInfinity));
                }
            }

            int[] ids = Siglip.Value.Encode(word);
            Assert.Equal(text, string.Concat(ids.Select(id => pieces[id])));
            Assert.Equal(best[^1], ids.Sum(id => scores[pieces[id]]), 1e-3);
        }
    }

    [Theory]
    [InlineData("test_test", "testtest", "test test")]
    [InlineData("Test.", "test", "test")]
    [InlineData("  a \n b\t", "a b", "a b")]
    [InlineData("{it's} $5", "its 5", "its 5")]
    [InlineData("ΌΣ İ", "όσ i\u0307", "όσ i\u0307")]
    [InlineData("&amp;lt;b", "amplt;b", "b")]
    public void Siglip_and_OpenClip_clean_as_they_say(string text, string siglip, string openClip)
    {
        Assert.Equal(siglip.Replace(";", string.Empty, StringComparison.Ordinal), CanonicalText.Siglip(text, toLower: true));
        Assert.Equal(openClip, CanonicalText.OpenClip(text));
    }

    [Fact]
    public void OpenClips_own_file_says_how_texts_are_cleaned()
    {
        File.Copy(Fixture("tokenizer.json"), _folder.File("tokenizer.json"));
        File.WriteAllText(_folder.File("open_clip_config.json"), """{"model_cfg":{"text_cfg":{"context_length":64,"tokenizer_kwargs":{"clean":"canonicalize"}}}}""");
        int[] expected = Siglip.Value.Encode("snow dog");
        Assert.Equal(expected, UnigramTokenizer.Load(_folder.File("tokenizer.json")).Encode("Snow_DOG!"));
        Assert.NotEqual(expected, Siglip.Value.Encode("Snow_DOG!"));
        File.WriteAllText(_folder.File("open_clip_config.json"), """{"text_cfg":{"tokenizer_kwargs":{"clean":"by hand"}}}""");
        var fault = Assert.Throws<QosValuationException>(() => UnigramTokenizer.Load(_folder.File("tokenizer.json")));
        Assert.Contains("by hand", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_agree()
    {
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => $"a {(i % 7 == 0 ? "brown dog" : "boat")} number {i} by the sea {new string((char)('a' + (i % 26)), i % 90)}")];
        int[][] expected = [.. texts.Select(Siglip.Value.Encode)];
        UnigramTokenizer fresh = UnigramTokenizer.Load(Fixture("tokenizer.json"));
        int[][] found = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => found[i] = fresh.Encode(texts[i]));
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("\"type\":\"Unigram\",\"unk_id\":2", "\"type\":\"Unigram\",\"unk_id\":9999")]
    [InlineData("\"type\":\"Lowercase\"", "\"type\":\"Nonesuch\"")]
    [InlineData("\"type\":\"Metaspace\",\"replacement\"", "\"type\":\"Punctuation\",\"replacement\"")]
    [InlineData("\"type\":\"TemplateProcessing\"", "\"type\":\"Nonesuch\"")]
    [InlineData("\"ids\":[1]", "\"ids\":[100000]")]
    [InlineData("\"vocab\":[", "\"vocab\":[7,")]
    [InlineData("\\\\s+", "(?=a)")]
    [InlineData("\"content\":\"\"}", "\"contents\":\"\"}")]
    [InlineData("\"single\":", "\"singel\":")]
    [InlineData("{\"type\":\"Lowercase\"}", "{\"type\":\"Prepend\",\"prepend\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}")]
    public void Files_that_cannot_be_followed_are_refused(string part, string other)
    {
        string json = File.ReadAllText(Fixture("tokenizer.json")).Replace("\": ", "\":", StringComparison.Ordinal).Replace(", \"", ",\"", StringComparison.Ordinal);
        Assert.Contains(part, json, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("tokenizer.json"), json.Replace(part, other, StringComparison.Ordinal));
        var fault = Assert.Throws<QosValuationException>(() => TextTokenizer.Load(_folder.File("tokenizer.json"), null));
        Assert.Equal("VocabularyNotReadable", fault.ErrorId);
        Assert.Contains("tokenizer.json", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_none_is_refused()
    {
        foreach (byte[] content in (byte[][])[[], [1, 2, 3], "not a model"u8.ToArray(), [10, 200, 1]])
        {
            File.WriteAllBytes(_folder.File("spiece.model"), content);
            var fault = Assert.Throws<QosValuationException>(() => TextTokenizer.Load(_folder.File("spiece.model"), null));
            Assert.Equal("VocabularyNotReadable", fault.ErrorId);
        }
    }

    [Fact]
    public void A_normalizer_cannot_flood_the_memory()
    {
        string json = File.ReadAllText(Fixture("tokenizer.json"));
        const string Step = """{"type": "Lowercase"}""";
        const string Doubling = """{"type":"Replace","pattern":{"String":"a"},"content":"aa"}""";
        Assert.Contains(Step, json, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("tokenizer.json"), json.Replace(Step, string.Join(',', Enumerable.Repeat(Doubling, 40)), StringComparison.Ordinal));
        var fault = Assert.Throws<QosValuationException>(() => UnigramTokenizer.Load(_folder.File("tokenizer.json")));
        Assert.Equal("VocabularyNotReadable", fault.ErrorId);
        Assert.Contains("4,096 times", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_very_many_pieces_is_refused_before_they_are_read()
    {
        byte[] pieces = new byte[2 * ((1 << 20) + 1)];
        for (int i = 0; i < pieces.Length; i += 2)
        {
            pieces[i] = 10;
        }

        File.WriteAllBytes(_folder.File("spiece.model"), pieces);
        var fault = Assert.Throws<QosValuationException>(() => UnigramTokenizer.Load(_folder.File("spiece.model")));
        Assert.Contains("1,048,576 pieces", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("spiece.model")]
    public void A_tokenizer_file_of_a_gigabyte_is_refused_unread(string name)
    {
        using (FileStream sparse = File.Create(_folder.File(name)))
        {
            sparse.SetLength(1L << 30);
        }

        var fault = Assert.Throws<QosValuationException>(() => UnigramTokenizer.Load(_folder.File(name)));
        Assert.Contains("1,073,741,824 bytes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Surrogates_without_a_partner_are_unknown_characters()
    {
        string json = File.ReadAllText(Fixture("tokenizer.json"));
        File.WriteAllText(_folder.File("tokenizer.json"), json.Replace("\"Lowercase\"", "\"NFKC\"", StringComparison.Ordinal));
        UnigramTokenizer tokenizer = UnigramTokenizer.Load(_folder.File("tokenizer.json"));
        Assert.Equal(tokenizer.Encode("dog \uFFFD snow"), tokenizer.Encode("dog \uD800 snow"));
    }

    [Fact]
    public void What_lies_above_the_model_cannot_spoil_it()
    {
        string folder = Path.Combine(_folder.Path, "mine");
        Directory.CreateDirectory(folder);
        File.Copy(Fixture("tokenizer.json"), Path.Combine(folder, "tokenizer.json"));
        File.WriteAllText(_folder.File("config.json"), "// settings of another program");
        Assert.Equal(Siglip.Value.Encode("snow dog"), UnigramTokenizer.Load(Path.Combine(folder, "tokenizer.json")).Encode("snow dog"));
    }

    private static string Fixture(string name) => Path.Combine(TestData.RepositoryRoot, "tests", "fixtures", "sentencepiece", name);
}
