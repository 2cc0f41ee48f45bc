using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using QosValuation.Embeddings.Text;

namespace QosValuation.Tests;

public sealed class ClipTokenizerTests
{
    // 20 of the 40 words of one text.
    private const string WordRun =
        "word word word word word word word word word word word word word word word word word word word word ";

    // Start, at most 30 ids and end, computed by models/clip-mini/train_clip_mini.py's own words_of and tokenise over its merges.
    private const string ClipMiniReference =
        $$"""
        [
          {"text": "a photo of a dog", "ids": [4094, 320, 1271, 531, 320, 549, 4095]},
          {"text": "Two dogs run on the grass .", "ids": [4094, 560, 696, 1180, 520, 518, 706, 269, 4095]},
          {"text": "A man in a red shirt isn't climbing the rock-face; he's resting!",
           "ids": [4094, 320, 532, 517, 320, 586, 699, 2712, 333, 6, 339, 1072, 518, 911, 268, 964, 282, 1321, 979, 1977, 256, 4095]},
          {"text": "A child plays with 12 balloons, 3 kites & a toy_boat.",
           "ids": [4094, 320, 738, 1037, 536, 272, 273, 3118, 267, 274, 1899, 261, 320, 1004, 318, 1057, 269, 4095]},
          {"text": "caf\u00e9 na\u00efve \u041f\u0440\u0438\u0432\u0435\u0442",
           "ids": [4094, 623, 69, 127, 358, 1309, 127, 107, 736, 140, 123, 141, 222, 140, 116, 140, 110, 140, 113, 141, 480, 4095]},
          {"text": "people &amp;amp; dogs &lt;3 the snow", "ids": [4094, 596, 261, 696, 283, 274, 518, 724, 4095]},
          {"text": "", "ids": [4094, 4095]},
          {"text": "  many   spaces\tand\nlines  ", "ids": [4094, 1119, 2253, 1079, 528, 3130, 4095]},
          {"text": "snowboarder antidisestablishmentarianism supercalifragilistic",
           "ids": [4094, 1375, 3767, 723, 642, 881, 65, 581, 583, 3865, 83, 1520, 515, 2712, 332, 784, 635, 2323, 72, 2403, 70, 551, 72, 1474, 4095]},
          {"text": "\ud83d\ude00\ud83d\udc4d\ud83c\udffd a dog!",
           "ids": [4094, 172, 253, 246, 222, 172, 253, 239, 235, 172, 253, 237, 377, 320, 549, 256, 4095]},
          {"text": "The girls' dresses weren't blue, they'd've said \"red\"",
           "ids": [4094, 518, 870, 262, 2207, 1621, 523, 333, 6, 339, 659, 267, 1651, 6, 323, 6, 736, 967, 2041, 257, 586, 257, 4095]},
          {"text": "{{WordRun}}{{WordRun}}",
           "ids": [4094, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235,
                   323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 1235, 323, 4095]}
        ]
        """;

    private static readonly Lazy<ClipTokenizer> ClipMini = new(() =>
        ClipTokenizer.Load(Path.Combine(TestData.ClipMini, "vocab.json"), Path.Combine(TestData.ClipMini, "merges.txt")));

    private static readonly Lazy<ClipTokenizer> Clip = new(() =>
        ClipTokenizer.Load(Path.Combine(TestData.SharedData!, "clip-bpe", "vocab.json"), Path.Combine(TestData.SharedData!, "clip-bpe", "merges.txt")));

    [Fact]
    public void ClipMini_gives_the_ids_its_training_script_gave()
    {
        using JsonDocument reference = JsonDocument.Parse(ClipMiniReference);
        int checkedTexts = 0;
        foreach (JsonElement entry in reference.RootElement.EnumerateArray())
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] ids = new int[32];
            int length = ClipMini.Value.EncodePadded(text, 32, ids, out _);
            Assert.Equal(expected, ids[..length]);
            Assert.All(ids[length..], id => Assert.Equal(ClipMini.Value.EndId, id));
            checkedTexts++;
        }

        Assert.Equal(12, checkedTexts);
    }

    [Fact]
    public void Describes_its_special_tokens()
    {
        Assert.Equal((4094, 4095, 4095, 4096), (ClipMini.Value.StartId, ClipMini.Value.EndId, ClipMini.Value.PadId, ClipMini.Value.VocabularySize));
    }

    [SharedDataFact]
    public void Clip_gives_the_reference_ids_of_every_fixture()
    {
        using JsonDocument fixtures = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.SharedData!, "clip-bpe", "token_fixtures.json")));
        Assert.Equal(213, fixtures.RootElement.GetArrayLength());
        foreach (JsonElement fixture in fixtures.RootElement.EnumerateArray())
        {
            int[] expected = [.. fixture.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(expected, Clip.Value.Encode(fixture.GetProperty("text").GetString()!));
        }

        Assert.Equal((49406, 49407, 49408), (Clip.Value.StartId, Clip.Value.EndId, Clip.Value.VocabularySize));
    }

    // The digests are over one line of comma-separated ids a caption, by an independent Python implementation of CLIP's
    // tokenizer (which agrees with all 213 fixtures) and by clip-mini's training script.
    [SharedDataFact]
    public void All_captions_of_the_shared_data_give_the_ids_of_the_reference_implementations()
    {
        using var clip = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var clipMini = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int[] padded = new int[32];
        int count = 0;
        foreach (string name in (string[])["flickr8k-clip/captions.json", "coco-val2017-subset/captions_val2017_all.json"])
        {
            using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestData.SharedData!, name)));
            foreach (JsonElement annotation in file.RootElement.GetProperty("annotations").EnumerateArray())
            {
                string caption = annotation.GetProperty("caption").GetString()!;
                clip.AppendData(System.Text.Encoding.ASCII.GetBytes(string.Join(',', Clip.Value.Encode(caption)) + "\n"));
                ClipMini.Value.EncodePadded(caption, 32, padded, out _);
                clipMini.AppendData(System.Text.Encoding.ASCII.GetBytes(string.Join(',', padded) + "\n"));
                count++;
            }
        }

        Assert.Equal(30_009, count);
        Assert.Equal("21ba676292f3ea28ab7cf141ea9d5ccf08e47b38dcbcec7870d8c83ea801554e", Convert.ToHexStringLower(clip.GetHashAndReset()));
        Assert.Equal("d94cb302a174e4305f5a49001769fb7be3f883fb4fa8d3b137bbd831bae78fa1", Convert.ToHexStringLower(clipMini.GetHashAndReset()));
    }

    // Expected by Python: html.unescape twice, unicodedata NFC, re.sub(r"\s+", " "), strip, lower.
    [Theory]
    [InlineData("&notit; &NotEqualTilde; &amp;hellip; &#128; &#x1F600; &#0; &#xD800; &#7; &#99999999999; &# &#x; &bogus; & &copy",
        "\u00ACit; \u2242\u0338 \u2026 \u20AC \U0001F600 \uFFFD \uFFFD \uFFFD &# &#x; &bogus; & \u00A9")]
    [InlineData("\u0130stanbul \u039F\u0394\u039F\u03A3 \u03A3\u03A3. \u039F\u03A3'A", "i\u0307stanbul \u03BF\u03B4\u03BF\u03C2 \u03C3\u03C2. \u03BF\u03C3'a")]
    [InlineData("A\u00BA\u03A3 \u2167\u03A3 A\u03A3\u24B7 \U0001F130\u03A3 A\u055F\u03A3 A\u03A3\u05F4b A\u03A3\U0001F170",
        "a\u00BA\u03C2 \u2177\u03C2 a\u03C3\u24D1 \U0001F130\u03C2 a\u055F\u03C2 a\u03C3\u05F4b a\u03C3\U0001F170")]
    [InlineData("a\u001C\u001Db\u0085c\u00A0\u3000d \u200B", "a b c d \u200B")]
    [InlineData("e\u0301 \u212B \u1E9B\u0323", "\u00E9 \u00E5 \u1E9B\u0323")]
    [InlineData("\u00DCBER Stra\u00DFe \U00010400 \u01C5", "\u00FCber stra\u00DFe \U00010428 \u01C6")]
    [InlineData(" \t\r\n ", "")]
    public void Cleans_as_Python_does(string text, string expected)
    {
        string cleaned = TextCleaner.Clean(text, out char[] buffer).ToString();
        ArrayPool<char>.Shared.Return(buffer);
        Assert.Equal(expected, cleaned);
    }

    [Fact]
    public void Cleans_unpaired_surrogates_to_the_replacement_character()
    {
        string cleaned = TextCleaner.Clean("a\uD800b \uDC00", out char[] buffer).ToString();
        ArrayPool<char>.Shared.Return(buffer);
        Assert.Equal("a\uFFFDb \uFFFD", cleaned);
        Assert.NotEmpty(ClipMini.Value.Encode("a\uD800b"));
    }

    [Theory]
    [InlineData("it's", "it|'s")]
    [InlineData("'''quotes'''", "'''|quotes|'''")]
    [InlineData("we'll they've I'm you're he'd isn't", "we|'ll|they|'ve|i|'m|you|'re|he|'d|isn|'t")]
    [InlineData("mixed123abc", "mixed|1|2|3|abc")]
    [InlineData("a_b!?c", "a|_|b|!?|c")]
    [InlineData("x<|endoftext|>y", "x|y")]
    [InlineData("\u00BD\u2167", "\u00BD|\u2177")]
    public void Splits_words_by_the_pattern(string text, string words)
    {
        Assert.Equal(words.Replace('|', ' '), ClipMini.Value.Decode(ClipMini.Value.Encode(text)));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_single_ids()
    {
        Assert.Equal([ClipMini.Value.StartId, ClipMini.Value.EndId], ClipMini.Value.Encode("<|STARTOFTEXT|><|endoftext|>"));
        Assert.DoesNotContain(ClipMini.Value.EndId, ClipMini.Value.Encode("!<|endoftext|>"));
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(7, false)]
    [InlineData(6, true)]
    [InlineData(2, true)]
    public void Truncation_keeps_the_end_token_in_the_last_position(int contextLength, bool expected)
    {
        ClipTokenizer tokenizer = ClipMini.Value;
        int[] ids = new int[10];
        Array.Fill(ids, -7);
        int length = tokenizer.EncodePadded("a dog a dog a", contextLength, ids, out bool isTruncated);
        Assert.Equal(expected, isTruncated);
        Assert.Equal(Math.Min(7, contextLength), length);
        Assert.Equal(tokenizer.StartId, ids[0]);
        Assert.Equal(tokenizer.EndId, ids[length - 1]);
        Assert.Equal(-7, ids[contextLength]);
    }

    // The algorithm as CLIP's simple_tokenizer.bpe writes it: on strings, all places of the best pair at once.
    private static List<string> ReferenceMerge(string word, Dictionary<(string, string), int> ranks)
    {
        var symbols = System.Text.Encoding.UTF8.GetBytes(word).Select(value => ByteAlphabet.Letter(value).ToString()).ToList();
        symbols[^1] += "</w>";
        while (symbols.Count > 1)
        {
            (string, string) best = symbols.Zip(symbols.Skip(1)).MinBy(pair => ranks.GetValueOrDefault(pair, int.MaxValue));
            if (!ranks.ContainsKey(best))
            {
                break;
            }

            var merged = new List<string>();
            for (int i = 0; i < symbols.Count; i++)
            {
                if (i + 1 < symbols.Count && (symbols[i], symbols[i + 1]) == best)
                {
                    merged.Add(symbols[i] + symbols[++i]);
                }
                else
                {
                    merged.Add(symbols[i]);
                }
            }

            symbols = merged;
        }

        return symbols;
    }

    [Fact]
    public void Random_words_merge_as_the_plain_algorithm_does()
    {
        string[] lines = File.ReadAllLines(Path.Combine(TestData.ClipMini, "merges.txt"))[1..];
        Dictionary<(string, string), int> ranks = lines
            .Select((line, rank) => (line.Split(' '), rank))
            .ToDictionary(entry => (entry.Item1[0], entry.Item1[1]), entry => entry.rank);
        byte[] json = File.ReadAllBytes(Path.Combine(TestData.ClipMini, "vocab.json"));
        Dictionary<string, int> vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(json)!;
        var random = new Random(20240501);
        for (int trial = 0; trial < 600; trial++)
        {
            int length = trial % 3 == 0 ? random.Next(40, 200) : random.Next(1, 40);
            string word = string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(12) == 0 ? 'é' : "aeinrstgohlw"[random.Next(12)]));
            int[] expected = [.. ReferenceMerge(word, ranks).Select(piece => vocabulary[piece])];
            Assert.Equal(expected, ClipMini.Value.Encode(word));
        }
    }

    // Ranks in random order produce pairs that later merges create with a lower rank, which trained merges seldom do.
    [Fact]
    public void Short_and_long_words_follow_one_algorithm_whatever_the_ranks()
    {
        var random = new Random(7);
        for (int trial = 0; trial < 400; trial++)
        {
            var merges = new Dictionary<ulong, BytePairMerge>();
            int symbols = 3;
            foreach (int rank in Enumerable.Range(0, 30).OrderBy(_ => random.Next()))
            {
                merges.TryAdd(BytePairMerger.Key(random.Next(symbols), random.Next(symbols)), new BytePairMerge(rank, symbols++));
            }

            int[] word = [.. Enumerable.Range(0, random.Next(1, 120)).Select(_ => random.Next(3))];
            int[] first = [.. word];
            int[] second = [.. word];
            Assert.Equal(first[..BytePairMerger.MergeShort(first, merges)], second[..BytePairMerger.MergeLong(second, merges)]);
        }
    }

    [Fact]
    public void A_word_of_a_hundred_thousand_letters_is_encoded_and_decodes_to_itself()
    {
        var random = new Random(3);
        string word = string.Concat(Enumerable.Range(0, 100_000).Select(_ => (char)('a' + random.Next(26))));
        Assert.Equal(word, ClipMini.Value.Decode(ClipMini.Value.Encode(word)));
        int[] ids = new int[32];
        Assert.Equal(32, ClipMini.Value.EncodePadded(word, 32, ids, out bool isTruncated));
        Assert.True(isTruncated);
    }

    [Fact]
    public void Decoding_returns_cleaned_words_for_any_text()
    {
        var random = new Random(11);
        for (int trial = 0; trial < 300; trial++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(0, 9)).Select(_ => RandomLetters(random))];
            Assert.Equal(string.Join(' ', words), ClipMini.Value.Decode(ClipMini.Value.Encode(string.Join("  ", words))));
        }

        static string RandomLetters(Random random) =>
            string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => char.ConvertFromUtf32(random.Next(4) switch
            {
                0 => random.Next(0x430, 0x450),
                1 => random.Next(0x4E00, 0x9FA6),
                2 => random.Next(0x20000, 0x2A6D6),
                _ => random.Next('a', 'z' + 1),
            })));
    }

    [Fact]
    public void Many_threads_get_the_same_ids()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i =>
            "photo " + (i % 500).ToString(CultureInfo.InvariantCulture) + " of word" + (char)('a' + (i % 26)) + "x")];
        int[][] expected = [.. texts.Select(ClipMini.Value.Encode)];
        ClipTokenizer fresh = ClipTokenizer.Load(Path.Combine(TestData.ClipMini, "vocab.json"), Path.Combine(TestData.ClipMini, "merges.txt"));
        int[][] actual = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => actual[i] = fresh.Encode(texts[i]));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Merges_without_header_and_tokenizer_json_give_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        string[] lines = File.ReadAllLines(Path.Combine(TestData.ClipMini, "merges.txt"))[1..];
        File.WriteAllText(folder.File("merges.txt"), string.Join("\r\n", lines) + "\r\n");
        byte[] vocabulary = File.ReadAllBytes(Path.Combine(TestData.ClipMini, "vocab.json"));
        File.WriteAllBytes(folder.File("vocab.json"), [0xEF, 0xBB, 0xBF, .. vocabulary]);
        var both = new { model = new { type = "BPE", vocab = JsonSerializer.Deserialize<Dictionary<string, int>>(vocabulary), merges = lines } };
        File.WriteAllText(folder.File("tokenizer.json"), JsonSerializer.Serialize(both));
        string text = "A child's 3 balloons in a café";
        Assert.Equal(ClipMini.Value.Encode(text), ClipTokenizer.Load(folder.File("vocab.json"), folder.File("merges.txt")).Encode(text));
        Assert.Equal(ClipMini.Value.Encode(text), ClipTokenizer.Load(folder.File("tokenizer.json"), null).Encode(text));
    }

    [Theory]
    [InlineData("special_tokens_map.json", """{"pad_token": "!"}""", 0)]
    [InlineData("tokenizer_config.json", """{"pad_token": {"content": "\"", "lstrip": false}}""", 1)]
    [InlineData("tokenizer_config.json", """{"pad_token": null}""", 4095)]
    public void The_pad_token_is_read_where_a_file_names_it(string name, string content, int expected)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(TestData.ClipMini, "vocab.json"), folder.File("vocab.json"));
        File.WriteAllText(folder.File(name), content);
        ClipTokenizer tokenizer = ClipTokenizer.Load(folder.File("vocab.json"), Path.Combine(TestData.ClipMini, "merges.txt"));
        int[] ids = new int[4];
        tokenizer.EncodePadded("", 4, ids, out _);
        Assert.Equal([4094, 4095, expected, expected], ids);
    }

    [Theory]
    [InlineData("{\"a\": 1", "JSON")]
    [InlineData("[1]", "object")]
    [InlineData("{}", "empty")]
    [InlineData("{\"a\": -1}", "whole number")]
    [InlineData("{\"a\": 1.5}", "whole number")]
    [InlineData("{\"a\": 3, \"b\": 3}", "id 3")]
    [InlineData("{\"a\": 3, \"a\": 4}", "twice")]
    [InlineData("{\"a\": 3}", "lacks the piece")]
    [InlineData("{\"model\": {\"vocab\": []}}", "neither")]
    public void A_malformed_vocabulary_says_what_is_wrong(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.json"), content);
        var exception = Assert.Throws<QosValuationException>(
            () => ClipTokenizer.Load(folder.File("vocab.json"), Path.Combine(TestData.ClipMini, "merges.txt")));
        Assert.Equal("VocabularyNotReadable", exception.ErrorId);
        Assert.Contains(expected, exception.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(folder.File("vocab.json"), exception.Subject);
    }

    [Theory]
    [InlineData("#version: 0.2\ni n\nth\n", "line 3")]
    [InlineData("i n\na b c\n", "line 2")]
    [InlineData("i n\nqqqq zzzz\n", "rule 2")]
    public void Malformed_merges_say_where(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("merges.txt"), content);
        var exception = Assert.Throws<QosValuationException>(
            () => ClipTokenizer.Load(Path.Combine(TestData.ClipMini, "vocab.json"), folder.File("merges.txt")));
        Assert.Equal("VocabularyNotReadable", exception.ErrorId);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using var folder = new TemporaryFolder();
        var exception = Assert.Throws<QosValuationException>(
            () => ClipTokenizer.Load(folder.File("vocab.json"), folder.File("merges.txt")));
        Assert.Equal(("VocabularyNotFound", FaultKind.NotFound), (exception.ErrorId, exception.Kind));
    }
}
