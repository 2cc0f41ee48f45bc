using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class PairedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Main => Path.Combine(_folder.Path, "a.bin");

    private string Beside => Path.Combine(_folder.Path, "a.txt");

    [Fact]
    public void BothAreReplacedAndKeepTheirPermissions()
    {
        Write("one", "about one");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Beside, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.SetUnixFileMode(Main, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        Write("two", "about two");
        Assert.Equal(("two", "about two"), (File.ReadAllText(Main), File.ReadAllText(Beside)));
        Assert.Equal([Main, Beside], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Beside));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Main));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NeitherIsChangedWhereOneCannotBeWritten(bool isFirst)
    {
        Write("one", "about one");
        void Fails(Stream stream) => throw new InvalidDataException("no content");
        Assert.Throws<InvalidDataException>(() => PairedFile.Write(
            Main, isFirst ? Fails : stream => stream.Write("two"u8), Beside, isFirst ? stream => stream.Write("about two"u8) : Fails));
        Assert.Equal(("one", "about one"), (File.ReadAllText(Main), File.ReadAllText(Beside)));
        Assert.Equal([Main, Beside], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void NeitherIsChangedWhereTheFileCannotGetItsName()
    {
        Write("one", "about one");
        File.Delete(Main);
        Directory.CreateDirectory(Main);
        Assert.ThrowsAny<SystemException>(() => Write("two", "about two"));
        Assert.Equal("about one", File.ReadAllText(Beside));
        Assert.Equal([Main, Beside], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatLiesReadyIsTakenWhereItBelongs()
    {
        Assert.Equal(Beside, PairedFile.Beside(Beside, _ => throw new InvalidOperationException("asked without need")));
        File.WriteAllText(PairedFile.PendingPath(Beside), "about two");
        Assert.Equal(Beside, PairedFile.Beside(Beside, _ => false));
        Assert.Equal(PairedFile.PendingPath(Beside), PairedFile.Beside(Beside, path => File.ReadAllText(path) == "about two"));
        Assert.Equal(Beside, PairedFile.Beside(Beside, path =>
        {
            File.Move(path, Beside, overwrite: true);
            return true;
        }));
        Assert.Equal((Beside, Beside), (PairedFile.OwnPath(Beside), PairedFile.OwnPath(PairedFile.PendingPath(Beside))));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string content, string about) =>
        PairedFile.Write(Main, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(content)), Beside, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(about)));
}
