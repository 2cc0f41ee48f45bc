using System.Diagnostics;
using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ATemporaryFileIsItsOwnersAlone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        UnixFileMode? during = null;
        AtomicFile.Write(_folder.File("a"), stream => during = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(((FileStream)stream).Name));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, during);
        Assert.Equal([_folder.File("a")], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void AFileKeepsThePermissionsOfWhatItReplacesAndANewOneGetsThoseOfAnyNewFile()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.WriteAllText(_folder.File("plain"), "x");
        string path = _folder.File("a");
        AtomicFile.Write(path, static stream => stream.WriteByte(1));
        Assert.Equal(File.GetUnixFileMode(_folder.File("plain")), File.GetUnixFileMode(path));
        foreach (int mode in new[] { 0b110_000_000, 0b110_110_110, 0b110_100_000, 0b100_000_000 })
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
            AtomicFile.Write(path, static stream => stream.WriteByte(2));
            Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void WhatDeadProcessesLeftIsSweptAndNothingElse()
    {
        // The name of a writer that ended, of this one, of one on another machine, and of a process whose number another has by now.
        using var ended = Process.Start(new ProcessStartInfo("dotnet", "--version") { RedirectStandardOutput = true })!;
        ended.WaitForExit();
        string own = AtomicFile.TemporaryNeighbour(_folder.File("private.npy"));
        string[] parts = Path.GetFileName(own).Split('-');
        string machine = parts[0][^8..];
        string dead = _folder.File($"{parts[0]}-{ended.Id:x}-{parts[2]}-{parts[3]}");
        string reused = _folder.File($"{parts[0]}-{parts[1]}-{Convert.ToInt64(parts[2], 16) - 3600:x}-{parts[3]}");
        string[] others =
        [
            own,
            dead.Replace(machine, machine == "00000000" ? "11111111" : "00000000", StringComparison.Ordinal),
            _folder.File("thesis.tmp"),
            dead + ".bak",
            _folder.File("0123abcd.tmp"),
        ];
        foreach (string file in others.Append(dead).Append(reused))
        {
            File.WriteAllText(file, "vectors");
        }

        AtomicFile.Write(_folder.File("another"), static stream => stream.WriteByte(1));
        Assert.Equal(others.Append(_folder.File("another")).Order(StringComparer.Ordinal), Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AFailedWriteLeavesTheOldFileAlone()
    {
        string path = _folder.File("a");
        File.WriteAllText(path, "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, static stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void ADeviceIsNotReplaced()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string link = _folder.File("null");
        File.CreateSymbolicLink(link, "/dev/null");
        Assert.Throws<IOException>(() => AtomicFile.Write(link, static stream => stream.WriteByte(1)));
        Assert.Equal("/dev/null", new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void ALongNameIsWrittenToo()
    {
        string path = _folder.File(new string('é', 120) + ".png");
        AtomicFile.Write(path, static stream => stream.WriteByte(1));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }
}
