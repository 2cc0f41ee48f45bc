using QosValuation.Embeddings.Encoding;

namespace QosValuation.Tests;

public sealed class ImageFileFinderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ImageFileFinderTests()
    {
        foreach (string name in (string[])["b.JPG", "a.png", "notes.txt", "z/c.webp", "z/y/d.tiff", "m/e.gif", "m/readme"])
        {
            string path = _folder.File(name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, []);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AFolderGivesItsImagesByName() => Assert.Equal(["a.png", "b.JPG"], Find(recurse: false));

    [Fact]
    public void SubfoldersFollowTheirFolder() => Assert.Equal(["a.png", "b.JPG", "m/e.gif", "z/c.webp", "z/y/d.tiff"], Find(recurse: true));

    [Fact]
    public void LinksToFoldersAreNotFollowed()
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(_folder.File("m/loop"), _folder.Path);
        }

        Assert.Equal(5, Find(recurse: true).Length);
    }

    [Fact]
    public void AFolderThatCannotBeListedIsAFault()
    {
        List<QosValuationException> faults = [];
        Assert.Empty(ImageFileFinder.Find(_folder.File("absent"), recurse: true, faults.Add));
        Assert.Equal("FolderNotReadable", Assert.Single(faults).ErrorId);
    }

    private string[] Find(bool recurse) =>
        [.. ImageFileFinder.Find(_folder.Path, recurse, fault => Assert.Fail(fault.Message)).Select(path => Path.GetRelativePath(_folder.Path, path).Replace('\\', '/'))];
}
