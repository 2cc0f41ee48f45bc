using System.Text;
using QosValuation.Embeddings.Datasets;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class CocoDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<QosValuationException> _faults = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gives_images_with_their_captions_in_file_order()
    {
        // Annotations before images, captions interleaved, an image without caption, other sections and unknown properties.
        string path = Write("captions_small.json", """
            {"info": {"x": [1, {"y": 2}]},
             "annotations": [
               {"image_id": 7, "id": 1, "caption": "日本の猫 \ud83d\ude00"},
               {"image_id": 3, "id": 2, "caption": "a \"dog\""},
               {"image_id": 7, "id": 3, "caption": "second", "extra": {"caption": "not this"}}],
             "licenses": [{"id": 2, "name": "CC BY", "url": "u"}],
             "images": [
               {"id": 3, "file_name": "b.jpg", "width": 640, "height": 480, "license": 2},
               {"id": 7, "file_name": "sub/a.jpg", "license": 9},
               {"id": 9, "file_name": "c.jpg", "name": "nobody", "width": -1}]}
            """);
        Touch("b.jpg", "sub/a.jpg", "c.jpg");
        CocoItem[] items = Read(path);
        Assert.Empty(_faults);
        Assert.Equal([3L, 7L, 9L], items.Select(item => item.ImageId));
        Assert.Equal(["a \"dog\""], items[0].Captions);
        Assert.Equal(["日本の猫 😀", "second"], items[1].Captions);
        Assert.Empty(items[2].Captions);
        Assert.Equal((640, 480, "CC BY"), (items[0].Width, items[0].Height, items[0].License));
        Assert.Equal((0, 0, null), (items[1].Width, items[1].Height, items[1].License));
        Assert.Equal(_folder.File("sub/a.jpg"), Path.GetFullPath(items[1].Path!));
        Assert.Equal(0, items[2].Width);
    }

    [Fact]
    public void What_is_wrong_with_one_entry_costs_one_fault_and_no_other_entry()
    {
        string path = Write("captions.json", """
            {"images": [
               {"id": 1, "file_name": "here.jpg"},
               {"id": 2, "file_name": "missing.jpg"},
               {"id": 1, "file_name": "again.jpg"},
               {"file_name": "no id.jpg"},
               {"id": "5", "file_name": "text id.jpg"},
               {"id": 6, "file_name": "../../etc/passwd"},
               {"id": 7, "file_name": "/etc/passwd"},
               "not an object",
               {"id": 8, "file_name": "last.jpg"}],
             "annotations": [
               {"image_id": 1, "caption": "fine"},
               {"image_id": 1, "caption": 5},
               {"image_id": 1, "caption": "\ud83d broken"},
               {"image_id": 99, "caption": "lost"},
               {"image_id": 98, "caption": "lost too"},
               {"image_id": 8, "caption": "kept"}]}
            """);
        Touch("here.jpg", "last.jpg", "again.jpg");
        CocoItem[] items = Read(path);
        Assert.Equal([1L, 8L], items.Select(item => item.ImageId));
        Assert.Equal(["fine"], items[0].Captions);
        Assert.Equal(["kept"], items[1].Captions);
        Assert.Equal(
            [
                "CaptionNotReadable",
                "CaptionNotReadable",
                "CaptionWithoutImage",
                "DuplicateImageId",
                "ImageEntryNotReadable",
                "ImageEntryNotReadable",
                "ImageEntryNotReadable",
                "ImageFileMissing",
                "ImagePathOutsideFolder",
                "ImagePathOutsideFolder",
            ],
            _faults.Select(fault => fault.ErrorId).Order(StringComparer.Ordinal));
        Assert.Contains("2 captions", _faults.Single(fault => fault.ErrorId == "CaptionWithoutImage").Message, StringComparison.Ordinal);
        Assert.Equal(_folder.File("missing.jpg"), _faults.Single(fault => fault.ErrorId == "ImageFileMissing").Subject);
    }

    [Fact]
    public void Without_images_no_file_is_looked_for()
    {
        string path = Write("captions.json", """{"images": [{"id": 1, "file_name": "../nowhere.jpg"}], "annotations": [{"image_id": 1, "caption": "text"}]}""");
        CocoItem item = Assert.Single(CocoDataset.Read(path, null, withoutImage: true, onFault: _faults.Add));
        Assert.Null(item.Path);
        Assert.Equal(["text"], item.Captions);
        Assert.Empty(_faults);
    }

    [Fact]
    public void First_counts_records_given_and_stops_there()
    {
        string path = Write(
            "captions.json",
            """{"images": [{"id": 1, "file_name": "no.jpg"}, {"id": 2, "file_name": "b.jpg"}, """
            + """{"id": 3, "file_name": "c.jpg"}, {"id": 4, "file_name": "no.jpg"}]}""");
        Touch("b.jpg", "c.jpg");
        Assert.Equal([2L, 3L], CocoDataset.Read(path, _folder.Path, first: 2, onFault: _faults.Add).Select(item => item.ImageId));
        Assert.Single(_faults);
    }

    [Theory]
    [InlineData("captions_val2017.json", "val2017")]
    [InlineData("captions_val2017_all.json", "val2017")]
    [InlineData("captions.json", "images")]
    [InlineData("captions.json", ".")]
    [InlineData("annotations/captions_train2014.json", "train2014")]
    public void The_image_folder_is_found_beside_the_annotation_file(string annotation, string folder)
    {
        string path = Write(annotation, """{"images": [{"id": 1, "file_name": "absent.jpg"}, {"id": 2, "file_name": "here.jpg"}]}""");
        Touch(folder + "/here.jpg");
        Assert.Equal(2, Assert.Single(CocoDataset.Read(path, null, onFault: _faults.Add)).ImageId);
    }

    [Fact]
    public void A_folder_that_cannot_be_found_is_an_error_and_not_one_for_every_image()
    {
        string path = Write("captions.json", """{"images": [{"id": 1, "file_name": "a.jpg"}]}""");
        Assert.Equal("ImageFolderNotFound", Fault(() => CocoDataset.Read(path, null)).ErrorId);
        Assert.Equal("ImageFolderNotFound", Fault(() => CocoDataset.Read(path, _folder.File("none"))).ErrorId);
    }

    [Theory]
    [InlineData("{\"images\": [{\"id\": 1,\n \"file_name\": \"a\"\n", "AnnotationNotReadable", "line 3")]
    [InlineData("{\"images\": []}\n]", "AnnotationNotReadable", "line 2, byte 1")]
    [InlineData("[]", "AnnotationNotReadable", "root")]
    [InlineData("", "AnnotationNotReadable", "JSON")]
    [InlineData("{\"annotations\": []}", "AnnotationNotReadable", "images")]
    [InlineData("{\"images\": {}}", "AnnotationNotReadable", "array")]
    [InlineData("{\"images\": [], \"annotations\": [{\"image_id\": 1, \"bbox\": [1, 2, 3, 4]}]}", "AnnotationNotCaptions", "captions")]
    public void A_file_that_cannot_be_used_says_why(string content, string id, string expected)
    {
        string path = Write("captions.json", content);
        QosValuationException fault = Fault(() => CocoDataset.Read(path, _folder.Path));
        Assert.Equal(id, fault.ErrorId);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Equal(path, fault.Subject);
    }

    [Fact]
    public void Whole_numbers_may_be_written_as_floats_and_sections_may_be_null()
    {
        string path = Write("captions.json", """
            {"licenses": null,
             "annotations": [{"image_id": 1.39e2, "caption": "a"}, {"image_id": 7.5, "caption": "no"}],
             "images": [{"id": 139.0, "file_name": "x", "width": 640.0, "height": 480.5}, {"id": 1e300, "file_name": "y"}]}
            """);
        CocoItem item = Assert.Single(CocoDataset.Read(path, null, withoutImage: true, onFault: _faults.Add));
        Assert.Equal((139L, 640, 0), (item.ImageId, item.Width, item.Height));
        Assert.Equal(["a"], item.Captions);
        Assert.Equal(["ImageEntryNotReadable", "CaptionNotReadable"], _faults.Select(fault => fault.ErrorId));
        Assert.Empty(Assert.Single(
            CocoDataset.Read(Write("none.json", """{"images": [{"id": 1, "file_name": "x"}], "annotations": null}"""), null, withoutImage: true)).Captions);
        Assert.Contains(
            "no 'images'",
            Fault(() => CocoDataset.Read(Write("null.json", """{"images": null}"""), _folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_annotation_file_is_named()
    {
        Assert.Equal("AnnotationNotFound", Fault(() => CocoDataset.Read(_folder.File("none.json"), _folder.Path)).ErrorId);
        Assert.Contains("is a folder", Fault(() => CocoDataset.Read(_folder.Path, _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Byte_order_marks_are_honoured(string encoding)
    {
        string path = _folder.File("captions.json");
        File.WriteAllText(
            path,
            """{"images": [{"id": 1, "file_name": "x"}], "annotations": [{"image_id": 1, "caption": "é"}]}""",
            System.Text.Encoding.GetEncoding(encoding) is UTF8Encoding ? new UTF8Encoding(true) : System.Text.Encoding.GetEncoding(encoding));
        Assert.Equal(["é"], Assert.Single(CocoDataset.Read(path, null, withoutImage: true)).Captions);
    }

    [SharedDataFact]
    public void The_real_subset_holds_358_photographs_with_1791_captions()
    {
        string folder = Path.Combine(TestData.SharedData!, "coco-val2017-subset");
        CocoItem[] items = [.. CocoDataset.Read(Path.Combine(folder, "captions_val2017.json"), null, onFault: _faults.Add)];
        Assert.Empty(_faults);
        Assert.Equal((358, 1791), (items.Length, items.Sum(item => item.Captions.Count)));
        Assert.All(items, item => Assert.True(File.Exists(item.Path) && item.License is not null && item.Width > 0));

        // The complete caption file lists 5,000 images, most of which are absent.
        CocoItem[] present = [.. CocoDataset.Read(Path.Combine(folder, "captions_val2017_all.json"), Path.Combine(folder, "val2017"), onFault: _faults.Add)];
        Assert.Equal((358, 4642), (present.Length, _faults.Count(fault => fault.ErrorId == "ImageFileMissing")));
        Assert.Equal(items.Select(item => item.ImageId).Order(), present.Select(item => item.ImageId).Order());
        Assert.Equal(25_014, CocoDataset.Read(Path.Combine(folder, "captions_val2017_all.json"), null, withoutImage: true).Sum(item => item.Captions.Count));
    }

    private static QosValuationException Fault(Func<object> work) => Assert.Throws<QosValuationException>(work);

    private CocoItem[] Read(string path) => [.. CocoDataset.Read(path, _folder.Path, onFault: _faults.Add)];

    private string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        File.WriteAllText(_folder.File(name), content);
        return _folder.File(name);
    }

    private void Touch(params string[] names)
    {
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
            File.WriteAllBytes(_folder.File(name), []);
        }
    }
}
