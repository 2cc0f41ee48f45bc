using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using QosValuation.Embeddings.Datasets;
using QosValuation.Embeddings.Encoding;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class EmbeddingFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<QosValuationException> _faults = [];

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, bool, int> NpyVariants()
    {
        var data = new TheoryData<string, bool, int>();
        foreach (string type in (string[])["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"])
        {
            foreach (bool isFortran in (bool[])[false, true])
            {
                data.Add(type, isFortran, 1);
            }
        }

        data.Add("<f4", false, 2);
        data.Add("<f4", false, 3);
        return data;
    }

    [Theory]
    [MemberData(nameof(NpyVariants))]
    public void Reads_every_float_type_byte_order_memory_order_and_version(string type, bool isFortran, int version)
    {
        // Exact in 16 bits: multiples of 1/64 between -2 and 2.
        var random = new Random(5);
        double[][] rows = [.. Enumerable.Range(0, 37).Select(_ => (double[])[.. Enumerable.Range(0, 5).Select(_ => (random.Next(257) - 128) / 64.0)])];
        string path = WriteNpy("v.npy", type, isFortran, rows, version);
        float[][] read = [.. EmbeddingFile.Read(path).Select(embedding => embedding.Vector)];
        Assert.Equal(37, read.Length);
        for (int i = 0; i < read.Length; i++)
        {
            double norm = Math.Sqrt(rows[i].Sum(x => x * x));
            Assert.Equal(rows[i].Select(x => (float)(x / norm)), read[i]);
        }
    }

    [Fact]
    public void A_matrix_larger_than_a_block_is_read_in_both_memory_orders()
    {
        var random = new Random(8);
        double[][] rows = [.. Enumerable.Range(0, 3000).Select(
            _ => (double[])[.. Enumerable.Range(0, 200).Select(_ => (double)(float)(random.NextDouble() - 0.5))])];
        float[][] c = [.. EmbeddingFile.Read(WriteNpy("c.npy", "<f4", false, rows)).Select(embedding => embedding.Vector)];
        float[][] fortran = [.. EmbeddingFile.Read(WriteNpy("f.npy", "<f4", true, rows)).Select(embedding => embedding.Vector)];
        Assert.Equal(c, fortran);
        double norm = Math.Sqrt(rows[2999].Sum(x => x * x));
        Assert.Equal((float)(rows[2999][199] / norm), c[2999][199]);
    }

    [Fact]
    public void One_dimension_is_one_vector_and_no_rows_are_no_embeddings()
    {
        ClipEmbedding single = Assert.Single(EmbeddingFile.Read(WriteNpyText(
            "one.npy",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
            [.. BitConverter.GetBytes(3f), .. BitConverter.GetBytes(4f)])));
        Assert.Equal([0.6f, 0.8f], single.Vector);
        Assert.Empty(EmbeddingFile.Read(WriteNpyText("none.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 512), }", [])));
        Assert.Empty(EmbeddingFile.Read(WriteNpyText("none1.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", [])));
    }

    [Theory]
    [InlineData("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2), }", "type '<i8'")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 2), }", "type [")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }", "3 dimensions")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "0 dimensions")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", "cut off")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 2), }", "more numbers")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000, 0), }", "rows of no numbers")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (x, 2), }", "shape")]
    [InlineData("{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (1, 2), }", "fortran_order")]
    [InlineData("{'descr': '<f4', 'shape': (1, 2), }", "nothing about 'fortran_order'")]
    public void An_array_that_holds_no_embeddings_says_why(string header, string expected)
    {
        string path = WriteNpyText("x.npy", header, new byte[8]);
        QosValuationException fault = Fault(path);
        Assert.Equal("EmbeddingFileNotReadable", fault.ErrorId);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_are_no_arrays_or_no_files_are_named()
    {
        File.WriteAllText(_folder.File("x.npy"), "PK, not numpy");
        Assert.Equal("EmbeddingFileNotReadable", Fault(_folder.File("x.npy")).ErrorId);
        File.WriteAllBytes(_folder.File("empty.npy"), []);
        Assert.Equal("EmbeddingFileNotReadable", Fault(_folder.File("empty.npy")).ErrorId);
        Assert.Equal("EmbeddingFileNotFound", Fault(_folder.File("none.npy")).ErrorId);
        Assert.Equal("EmbeddingFileNotFound", Fault(_folder.File("none.csv")).ErrorId);
        Assert.Equal("EmbeddingFormatNotKnown", Fault(_folder.File("x.orc")).ErrorId);
    }

    [Fact]
    public void Rows_without_a_direction_cost_one_fault_each()
    {
        string path = WriteNpy("v.npy", "<f4", false, [[3, 4], [0, 0], [double.NaN, 1], [double.PositiveInfinity, 0], [0, -2]]);
        ClipEmbedding[] read = [.. EmbeddingFile.Read(path, onFault: _faults.Add)];
        Assert.Equal([0L, 4L], read.Select(embedding => embedding.Ordinal));
        Assert.Equal([0f, -1f], read[1].Vector);
        Assert.Equal(["EmbeddingRowNotUsable", "EmbeddingRowNotUsable", "EmbeddingRowNotUsable"], _faults.Select(fault => fault.ErrorId));
        Assert.Contains("Row 2 ", _faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_metadata_a_row_is_named_after_its_file_and_two_files_share_no_item()
    {
        string images = WriteNpy("images.npy", "<f4", false, [[1, 0], [0, 1]]);
        string texts = WriteNpy("texts.npy", "<f4", false, [[1, 0]]);
        ClipEmbedding[] read =
        [
            .. EmbeddingFile.Read(images),
            .. EmbeddingFile.Read(texts, new EmbeddingReadOptions { Modality = Modality.Text, Model = "m", Contributor = "me" }),
        ];
        Assert.Equal([images + "#0", images + "#1", texts + "#0"], read.Select(embedding => embedding.Item));
        Assert.Equal(images + "#1", read[1].Source);
        Assert.Equal((Modality.Image, string.Empty, Path.GetFileName(_folder.Path)), (read[1].Modality, read[1].Model, read[1].Contributor));
        Assert.Equal((Modality.Text, "m", "me"), (read[2].Modality, read[2].Model, read[2].Contributor));
    }

    [Theory]
    [InlineData("m.csv", "Path,item,CONTRIBUTOR,Modality,Unknown\n/a/b.jpg,one,Ann,text,x\n\"c, d\",two,,Image,y\n")]
    [InlineData(
        "m.jsonl",
        "{\"path\": \"/a/b.jpg\", \"item\": \"one\", \"contributor\": \"Ann\", \"modality\": \"Text\", \"z\": [1]}\n\n"
        + "{\"source\": \"c, d\", \"item\": \"two\", \"contributor\": \"\", \"modality\": \"image\"}\n")]
    [InlineData(
        "m.json",
        "[{\"path\": \"/a/b.jpg\", \"item\": \"one\", \"contributor\": \"Ann\", \"modality\": \"Text\"}, "
        + "{\"source\": \"c, d\", \"item\": \"two\", \"contributor\": \"\"}]")]
    public void Metadata_describes_rows_in_order(string name, string content)
    {
        string path = WriteNpy("v.npy", "<f4", false, [[1, 0], [0, 1]]);
        File.WriteAllText(_folder.File(name), content);
        ClipEmbedding[] read = [.. EmbeddingFile.Read(path, new EmbeddingReadOptions { MetadataPath = _folder.File(name), Modality = Modality.Image })];
        Assert.Equal(
            [("/a/b.jpg", "one", "Ann", Modality.Text), ("c, d", "two", "", Modality.Image)],
            read.Select(e => (e.Source, e.Item, e.Contributor, e.Modality)));
    }

    [Fact]
    public void A_JSON_array_of_texts_makes_texts_and_a_COCO_file_images_or_captions_by_count()
    {
        string three = WriteNpy("three.npy", "<f4", false, [[1, 0], [0, 1], [1, 1]]);
        string two = WriteNpy("two.npy", "<f4", false, [[1, 0], [0, 1]]);
        File.WriteAllText(_folder.File("prompts.json"), "[\"a cat\", \"a dog\"]");
        File.WriteAllText(_folder.File("coco.json"), """
            {"images": [{"id": 4, "file_name": "x.jpg"}, {"id": 5, "file_name": "y.jpg"}],
             "annotations": [{"image_id": 5, "caption": "p"}, {"image_id": 4, "caption": "q"}, {"image_id": 5, "caption": "r"}]}
            """);
        File.WriteAllBytes(_folder.File("y.jpg"), []);
        Assert.Equal([("a cat", Modality.Text), ("a dog", Modality.Text)], Described(two, "prompts.json").Select(e => (e.Source, e.Modality)));
        string coco = "coco:" + ItemName.IdentityOf(File.ReadAllBytes(_folder.File("coco.json")));
        Assert.Equal(
            [(_folder.File("x.jpg"), coco + ":4", Modality.Image), (_folder.File("y.jpg"), coco + ":5", Modality.Image)],
            Described(two, "coco.json").Select(e => (e.Source, e.Item, e.Modality)));
        Assert.Equal(
            [("p", coco + ":5", Modality.Text), ("q", coco + ":4", Modality.Text), ("r", coco + ":5", Modality.Text)],
            Described(three, "coco.json").Select(e => (e.Source, e.Item, e.Modality)));
        Assert.Single(Described(two, "coco.json").Concat(Described(three, "coco.json")).Select(e => e.Contributor).Distinct());
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void JSON_metadata_may_start_with_a_byte_order_mark(string encoding)
    {
        Encoding marked = encoding == "utf-8" ? new UTF8Encoding(true) : System.Text.Encoding.GetEncoding(encoding);
        string path = WriteNpy("v.npy", "<f4", false, [[1, 0], [0, 1]]);
        File.WriteAllText(_folder.File("prompts.json"), "[\"Kätzchen\", \"a dog\"]", marked);
        File.WriteAllText(_folder.File("coco.json"), """{"images": [{"id": 4, "file_name": "x.jpg"}, {"id": 5, "file_name": "y.jpg"}]}""", marked);
        Assert.Equal(["Kätzchen", "a dog"], Described(path, "prompts.json").Select(e => e.Source));
        Assert.Equal(["4", "5"], Described(path, "coco.json").Select(e => e.Item.Split(':')[2]));
    }

    [Theory]
    [InlineData("m.json", "[\"one\"]", "MetadataCountMismatch")]
    [InlineData("m.csv", "Item\na\nb\nc\n", "MetadataCountMismatch")]
    [InlineData("m.jsonl", "{\"item\": \"a\"}\nnot json\n", "MetadataNotReadable")]
    [InlineData("m.csv", "Item,Modality\na,Sound\nb,Text\n", "MetadataNotReadable")]
    [InlineData("m.json", "[1, 2]", "MetadataNotReadable")]
    [InlineData("m.json", "{oops", "MetadataNotReadable")]
    [InlineData("m.txt", "a\nb\n", "MetadataNotReadable")]
    public void Metadata_of_other_vectors_is_an_error_before_the_first_row(string name, string content, string expected)
    {
        string path = WriteNpy("v.npy", "<f4", false, [[1, 0], [0, 1]]);
        File.WriteAllText(_folder.File(name), content);
        var given = new List<ClipEmbedding>();
        var fault = Assert.Throws<QosValuationException>(
            () => given.AddRange(EmbeddingFile.Read(path, new EmbeddingReadOptions { MetadataPath = _folder.File(name) })));
        Assert.Equal(expected, fault.ErrorId);
        Assert.Empty(given);
        Assert.Equal("MetadataNotFound", Assert.Throws<QosValuationException>(() => Described(path, "absent.csv").ToList()).ErrorId);
    }

    [Theory]
    [InlineData("v0,v1\n3,4\n0,-1\n")]
    [InlineData("3;4\n0;-1\n")]
    [InlineData("3.0e0,4.0\n0,-1")]
    [InlineData("v1,name,v0,v2x\n4,ann,3,9\n-1,bob,0,9\n")]
    [InlineData("Source,Vector\na,\"[3, 4]\"\nb,0 -1\n")]
    public void Reads_CSV_with_numbered_columns_one_column_or_no_header(string content)
    {
        File.WriteAllText(_folder.File("v.csv"), content);
        ClipEmbedding[] read = [.. EmbeddingFile.Read(_folder.File("v.csv"), onFault: _faults.Add)];
        Assert.Empty(_faults);
        Assert.Equal([[0.6f, 0.8f], [0f, -1f]], read.Select(embedding => embedding.Vector));
    }

    [Fact]
    public void Bad_rows_of_text_formats_cost_one_fault_each()
    {
        File.WriteAllText(_folder.File("v.csv"), "Item,v0,v1,ClusterId\na,1,0,\nb,x,0,\nc,1,\nd,0,1,2\ne,0,1,many\n");
        ClipEmbedding[] csv = [.. EmbeddingFile.Read(_folder.File("v.csv"), onFault: _faults.Add)];
        Assert.Equal([("a", null), ("d", (int?)2)], csv.Select(embedding => (embedding.Item, embedding.ClusterId)));
        Assert.Equal(3, _faults.Count);
        _faults.Clear();
        File.WriteAllText(
            _folder.File("v.jsonl"),
            "{\"vector\": [1, 0]}\n{\"vector\": [1, \n{\"vector\": [1, 0, 0]}\n{\"item\": \"x\"}\n{\"embedding\": [\"1\"]}\n7\n[0, 2]\n");
        ClipEmbedding[] lines = [.. EmbeddingFile.Read(_folder.File("v.jsonl"), onFault: _faults.Add)];
        Assert.Equal([[1f, 0f], [0f, 1f]], lines.Select(embedding => embedding.Vector));
        Assert.Equal(5, _faults.Count);
        File.WriteAllText(_folder.File("w.csv"), "Item,Other\na,b\n");
        Assert.Equal("EmbeddingFileNotReadable", Fault(_folder.File("w.csv")).ErrorId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("Source,Item,Moda")]
    [InlineData("Source,Item,Modality\n")]
    [InlineData("Source,v0,v1")]
    public void A_file_that_is_cut_in_its_header_is_no_empty_file(string content)
    {
        File.WriteAllText(_folder.File("cut.csv"), content);
        Assert.Equal("EmbeddingFileNotReadable", Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("cut.csv")).ToList()).ErrorId);
    }

    [Fact]
    public void Bytes_of_zero_are_no_text()
    {
        File.WriteAllBytes(_folder.File("zero.csv"), new byte[1000]);
        var fault = Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("zero.csv")).ToList());
        Assert.Contains("U+0000", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), (3, 4), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)(3,), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'shape': (2, 1), }")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } {}")]
    public void An_array_with_two_shapes_is_refused(string header)
    {
        byte[] text = System.Text.Encoding.ASCII.GetBytes(header.PadRight(117) + "\n");
        File.WriteAllBytes(_folder.File("two.npy"), [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, 0, .. text, .. new byte[64]]);
        Assert.Equal("EmbeddingFileNotReadable", Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("two.npy")).ToList()).ErrorId);
    }

    [Theory]
    [InlineData(5, 7)]
    [InlineData(7, 5)]
    [InlineData(5, 5)]
    [InlineData(5, 0)]
    [InlineData(0, 5)]
    public void An_export_that_is_killed_leaves_the_old_embeddings_or_the_new_ones(int old, int fresh)
    {
        string array = _folder.File("e.npy");
        string metadata = _folder.File("e.metadata.jsonl");
        string pending = metadata + ".pending";
        (byte[] Array, byte[] Metadata) Pair(int seed, int count)
        {
            Export("e.npy", RandomEmbeddings(new Random(seed), count));
            return (File.ReadAllBytes(array), File.ReadAllBytes(metadata));
        }

        (byte[] Array, byte[] Metadata) before = Pair(1, old);
        float[][] oldVectors = [.. EmbeddingFile.Read(array).Select(e => e.Vector)];
        (byte[] Array, byte[] Metadata) after = Pair(2, fresh);
        float[][] newVectors = [.. EmbeddingFile.Read(array).Select(e => e.Vector)];

        // Killed before the array has its name, after it, and the same with no old pair.
        File.WriteAllBytes(pending, after.Metadata);
        File.WriteAllBytes(metadata, before.Metadata);
        File.WriteAllBytes(array, before.Array);
        Assert.Equal(oldVectors, EmbeddingFile.Read(array).Select(e => e.Vector));
        File.WriteAllBytes(array, after.Array);
        Assert.Equal(newVectors, EmbeddingFile.Read(array).Select(e => e.Vector));
        File.Delete(metadata);
        Assert.Equal(newVectors, EmbeddingFile.Read(array).Select(e => e.Vector));
        Assert.All(EmbeddingFile.Read(array), e => Assert.DoesNotContain("e.npy", e.Item, StringComparison.Ordinal));
        Assert.Equal([array], EmbeddingFile.FilesIn(Path.GetDirectoryName(array)!));

        // The next export leaves no trace of it.
        Pair(1, old);
        Assert.Equal(oldVectors, EmbeddingFile.Read(array).Select(e => e.Vector));
        Assert.False(File.Exists(pending));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}\n{}\n")]
    [InlineData("{\"vectorsSha256\":\"00\"}\n")]
    public void What_lies_ready_for_other_vectors_is_not_looked_at(string pending)
    {
        Export("e.npy", RandomEmbeddings(new Random(1), 5));
        ClipEmbedding[] before = [.. EmbeddingFile.Read(_folder.File("e.npy"))];
        File.WriteAllText(_folder.File("e.metadata.jsonl.pending"), pending);
        Assert.Equal(before.Select(e => e.Item), EmbeddingFile.Read(_folder.File("e.npy")).Select(e => e.Item));
    }

    [Fact]
    public void Vectors_beside_the_metadata_of_others_are_refused()
    {
        Export("e.npy", RandomEmbeddings(new Random(1), 5));
        byte[] before = File.ReadAllBytes(_folder.File("e.npy"));
        Export("e.npy", RandomEmbeddings(new Random(2), 5));
        Assert.Equal(5, EmbeddingFile.Read(_folder.File("e.npy")).Count());
        File.WriteAllBytes(_folder.File("e.npy"), before);
        var fault = Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("e.npy")).ToList());
        Assert.Equal(("MetadataMismatch", FaultKind.Integrity), (fault.ErrorId, fault.Kind));

        // That they are of others is told, and not that their number differs, which metadata given by hand would be told.
        Export("e.npy", RandomEmbeddings(new Random(2), 7));
        File.WriteAllBytes(_folder.File("e.npy"), before);
        fault = Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("e.npy")).ToList());
        Assert.Equal(("MetadataMismatch", FaultKind.Integrity), (fault.ErrorId, fault.Kind));
        Export("e.npy", RandomEmbeddings(new Random(2), 5));
        File.WriteAllBytes(_folder.File("e.npy"), before);

        // One flipped bit of a number, and metadata of other programs, which tell no digest.
        before[128] ^= 1;
        File.WriteAllBytes(_folder.File("e.npy"), before);
        Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(_folder.File("e.npy")).ToList());
        string[] lines = File.ReadAllLines(_folder.File("e.metadata.jsonl"));
        int at = lines[0].IndexOf(",\"vectorsSha256\"", StringComparison.Ordinal);
        Assert.Equal(lines[0].Length - 1 - at, ",\"vectorsSha256\":\"\"".Length + 64);
        Assert.DoesNotContain(lines[1..], line => line.Contains("vectorsSha256", StringComparison.Ordinal));
        lines[0] = lines[0][..at] + "}";
        File.WriteAllLines(_folder.File("e.metadata.jsonl"), lines);
        Assert.Equal(5, EmbeddingFile.Read(_folder.File("e.npy")).Count());
    }

    [Theory]
    [InlineData("e.npy")]
    [InlineData("e.csv")]
    [InlineData("e.jsonl")]
    public void What_is_exported_is_imported_bit_for_bit(string name)
    {
        for (int trial = 0; trial < 20; trial++)
        {
            ClipEmbedding[] embeddings = RandomEmbeddings(new Random(trial), trial == 0 ? 0 : trial * 7);
            Export(name, embeddings);
            ClipEmbedding[] read = [.. EmbeddingFile.Read(_folder.File(name), onFault: _faults.Add)];
            Assert.Empty(_faults);
            Assert.Equal(embeddings.Length, read.Length);
            for (int i = 0; i < read.Length; i++)
            {
                Assert.Equal(embeddings[i].Vector, read[i].Vector);
                Assert.Equal(embeddings[i] with { Vector = read[i].Vector }, read[i]);
            }
        }

        Assert.DoesNotContain(Directory.GetFiles(_folder.Path), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void An_export_that_is_not_completed_leaves_the_old_file_and_nothing_else()
    {
        Export("e.npy", RandomEmbeddings(new Random(1), 3));
        string[] before = [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal)];
        using (var writer = EmbeddingWriter.Create(_folder.File("e.npy")))
        {
            writer.Write(RandomEmbeddings(new Random(2), 1)[0]);
        }

        Assert.Equal(before, Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal(3, EmbeddingFile.Read(_folder.File("e.npy")).Count());
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_named_before_any_work()
    {
        Directory.CreateDirectory(_folder.File("v.npy"));
        var fault = Assert.Throws<QosValuationException>(() => EmbeddingWriter.Create(_folder.File("v.npy")));
        Assert.Equal("FileNotWritable", fault.ErrorId);
        Assert.Contains("it is a folder", fault.Message, StringComparison.Ordinal);
        Assert.Equal(["v.npy"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Assert.Contains("it is a folder", Fault(_folder.File("v.npy")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vector_of_another_length_or_not_finite_is_refused_and_the_others_are_written()
    {
        ClipEmbedding[] embeddings = RandomEmbeddings(new Random(3), 2);
        using (var writer = EmbeddingWriter.Create(_folder.File("e.jsonl")))
        {
            writer.Write(embeddings[0]);
            Assert.Equal("DimensionMismatch", Assert.Throws<QosValuationException>(() => writer.Write(embeddings[0] with { Vector = [1] })).ErrorId);
            Assert.Equal("VectorNotFinite", Assert.Throws<QosValuationException>(
                () => writer.Write(embeddings[0] with { Vector = [.. Enumerable.Repeat(float.NaN, embeddings[0].Dimension)] })).ErrorId);
            writer.Write(embeddings[1]);
            writer.Complete();
        }

        Assert.Equal(embeddings.Select(e => e.Item), EmbeddingFile.Read(_folder.File("e.jsonl")).Select(e => e.Item));
    }

    [Fact]
    public void The_array_written_has_NumPys_header()
    {
        ClipEmbedding[] embeddings = RandomEmbeddings(new Random(4), 3);
        Export("e.npy", embeddings);
        byte[] bytes = File.ReadAllBytes(_folder.File("e.npy"));
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, 118, 0], bytes[..10]);
        Assert.StartsWith(
            $"{{'descr': '<f4', 'fortran_order': False, 'shape': (3, {embeddings[0].Dimension}), }}",
            System.Text.Encoding.ASCII.GetString(bytes, 10, 118),
            StringComparison.Ordinal);
        Assert.Equal((byte)'\n', bytes[127]);
        Assert.Equal(128 + (3 * embeddings[0].Dimension * 4), bytes.Length);
        Assert.Equal(embeddings[0].Vector[0], BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(128)));
    }

    // Digests of NumPy's argsort of the cosines (64-bit), of the five best prompts of every photograph and the three best photographs
    // of every prompt; neighbouring cosines there differ by more than 1e-6.
    [SharedDataFact]
    public void Nearest_prompts_of_the_real_CLIP_vectors_rank_as_NumPy_ranks_them()
    {
        string folder = Path.Combine(TestData.SharedData!, "flickr8k-clip");
        ClipEmbedding[] images = [.. EmbeddingFile.Read(
            Path.Combine(folder, "image_embeddings.npy"), new EmbeddingReadOptions { MetadataPath = Path.Combine(folder, "captions.json") }, _faults.Add)];
        ClipEmbedding[] prompts = [.. EmbeddingFile.Read(
            Path.Combine(folder, "coco80_text_embeddings.npy"),
            new EmbeddingReadOptions { MetadataPath = Path.Combine(folder, "coco80_prompts.json") },
            _faults.Add)];
        Assert.Empty(_faults);
        Assert.Equal((999, 80), (images.Length, prompts.Length));
        Assert.All(images, image => Assert.True(image.Modality == Modality.Image && File.Exists(image.Source) && image.Contributor == "images"));
        Assert.All(prompts, prompt => Assert.Equal(Modality.Text, prompt.Modality));
        Assert.Equal("a frisbee", prompts[Ranked(prompts, images[0], 1)[0]].Source);
        Assert.Equal(
            "4530c11d83cdb956195fcd90854c76b1253ec035c20673fd61c9feb556551b3a",
            Digest(images.SelectMany(image => Ranked(prompts, image, 5))));
        Assert.Equal(
            "62d393b9f3c3020a5a1545af4aea74ffe724c7687fc8de47a56701e9b839ac4b",
            Digest(prompts.SelectMany(prompt => Ranked(images, prompt, 3))));

        static int[] Ranked(ClipEmbedding[] candidates, ClipEmbedding query, int count) =>
            [.. candidates.Select((candidate, index) => (index, score: candidate.Vector.Zip(query.Vector, (x, y) => (double)x * y).Sum()))
                .OrderByDescending(entry => entry.score).Take(count).Select(entry => entry.index)];

        static string Digest(IEnumerable<int> ranks) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(string.Join(',', ranks))));
    }

    private static ClipEmbedding[] RandomEmbeddings(Random random, int count)
    {
        string[] texts = ["a, \"quoted\" caption", "line\nbreak", "日本 😀", "semi;colon|bar\ttab", " blanks ", "=1+1", "'", "plain"];
        int dimension = random.Next(1, 9);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            float[] vector = [.. Enumerable.Range(0, dimension).Select(_ => (float)(random.NextDouble() - 0.5))];
            double norm = Math.Sqrt(vector.Sum(x => (double)x * x));
            return new ClipEmbedding
            {
                Source = texts[random.Next(texts.Length)] + i.ToString(CultureInfo.InvariantCulture) + texts[random.Next(texts.Length)],
                Item = texts[random.Next(texts.Length)],
                Modality = (Modality)random.Next(2),
                Vector = [.. vector.Select(x => (float)(x / norm))],
                Model = random.Next(2) == 0 ? "" : "clip-mini",
                Contributor = random.Next(3) == 0 ? "" : texts[random.Next(texts.Length)],
                Ordinal = random.NextInt64(long.MaxValue),
                ClusterId = random.Next(2) == 0 ? null : random.Next(100),
                Novelty = random.Next(2) == 0 ? null : (Novelty)random.Next(3),
            };
        })];
    }

    private IEnumerable<ClipEmbedding> Described(string path, string metadata) =>
        EmbeddingFile.Read(path, new EmbeddingReadOptions { MetadataPath = _folder.File(metadata) });

    private static QosValuationException Fault(string path) => Assert.Throws<QosValuationException>(() => EmbeddingFile.Read(path).ToList());

    private void Export(string name, IEnumerable<ClipEmbedding> embeddings)
    {
        using var writer = EmbeddingWriter.Create(_folder.File(name));
        foreach (ClipEmbedding embedding in embeddings)
        {
            writer.Write(embedding);
        }

        writer.Complete();
    }

    private string WriteNpy(string name, string type, bool isFortran, double[][] rows, int version = 1)
    {
        IEnumerable<double> values = isFortran
            ? Enumerable.Range(0, rows[0].Length).SelectMany(column => rows.Select(row => row[column]))
            : rows.SelectMany(row => row);
        byte[] data = [.. values.SelectMany(value =>
        {
            byte[] bytes = type[2] switch
            {
                '2' => BitConverter.GetBytes((Half)value),
                '4' => BitConverter.GetBytes((float)value),
                _ => BitConverter.GetBytes(value),
            };
            return BitConverter.IsLittleEndian == (type[0] == '<') ? bytes : bytes.Reverse();
        })];
        return WriteNpyText(
            name,
            $"{{'descr': '{type}', 'fortran_order': {(isFortran ? "True" : "False")}, 'shape': ({rows.Length}, {rows[0].Length}), }}",
            data,
            version);
    }

    private string WriteNpyText(string name, string header, byte[] data, int version = 1)
    {
        byte[] text = System.Text.Encoding.ASCII.GetBytes(header.PadRight(117) + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        File.WriteAllBytes(_folder.File(name), [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. data]);
        return _folder.File(name);
    }
}
