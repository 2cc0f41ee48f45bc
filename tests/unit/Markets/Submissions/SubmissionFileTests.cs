using System.Security.Cryptography;
using QosValuation.Markets.Ledger;
using QosValuation.Markets.Submissions;

namespace QosValuation.Tests;

public sealed class SubmissionFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ECDiffieHellman _key;

    public SubmissionFileTests()
    {
        SubmissionKey.Create(_folder.File("m.pem"));
        _key = SubmissionKey.Load(_folder.File("m.pem"));
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SubmissionFile.BlockSize - 1)]
    [InlineData(SubmissionFile.BlockSize)]
    [InlineData(SubmissionFile.BlockSize + 1)]
    [InlineData(3 * SubmissionFile.BlockSize)]
    public void WhatWasSealedWithThePublicKeyIsOpenedWithThePrivateOne(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        string path = _folder.File("doc.bin");
        File.WriteAllBytes(path, bytes);
        using ECDiffieHellman publicKey = SubmissionKey.Load(_folder.File("m.pem.pub"));
        DataSubmission submission = SubmissionFile.Seal(path, _folder.File("doc.sealed"), "alice", publicKey);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), submission.Hash);
        Assert.Equal(("alice", "doc.bin", (long)length), (submission.Contributor, submission.FileName, submission.Length));
        Assert.Equal(submission, SubmissionFile.Describe(submission.Path));
        Assert.Equal(submission, SubmissionFile.Open(submission.Path, _folder.File("out/doc.bin"), _key));
        Assert.Equal(bytes, File.ReadAllBytes(_folder.File("out/doc.bin")));

        // The public key alone opens nothing.
        Assert.Throws<QosValuationException>(() => SubmissionFile.Open(submission.Path, _folder.File("no.bin"), publicKey));
        Assert.False(File.Exists(_folder.File("no.bin")));
    }

    [Fact]
    public void TwoSealsOfOneDocumentShareNothingButTheirNames()
    {
        File.WriteAllText(_folder.File("d.txt"), new string('a', 1000));
        DataSubmission one = SubmissionFile.Seal(_folder.File("d.txt"), _folder.File("1.sealed"), "alice", _key);
        DataSubmission two = SubmissionFile.Seal(_folder.File("d.txt"), _folder.File("2.sealed"), "alice", _key);
        Assert.Equal(one.Hash, two.Hash);
        byte[] first = File.ReadAllBytes(one.Path)[^1016..];
        byte[] second = File.ReadAllBytes(two.Path)[^1016..];
        Assert.InRange(first.Zip(second, (a, b) => a == b ? 1 : 0).Sum(), 0, 30); // 4 are expected by chance
    }

    [Fact]
    public void NoFlippedBitOfASealedFileGoesUnnoticed()
    {
        File.WriteAllText(_folder.File("d.txt"), "a small document");
        DataSubmission submission = SubmissionFile.Seal(_folder.File("d.txt"), _folder.File("d.sealed"), "alice", _key);
        byte[] bytes = File.ReadAllBytes(submission.Path);
        string copy = _folder.File("copy.sealed");
        string target = _folder.File("copy.txt");
        for (int i = 0; i < bytes.Length * 8; i++)
        {
            byte[] tampered = (byte[])bytes.Clone();
            tampered[i / 8] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(copy, tampered);
            QosValuationException fault = Assert.Throws<QosValuationException>(() => SubmissionFile.Open(copy, target, _key));
            Assert.True(fault.Is(Faults.SubmissionNotAuthentic, Faults.SubmissionNotReadable, Faults.SubmissionKeyMismatch), fault.Message);
            Assert.Equal(copy, fault.Subject);
            Assert.False(File.Exists(target), $"Bit {i} was changed and a document appeared.");
        }
    }

    [Fact]
    public void BlocksAreNeitherMovedNorDroppedNorAdded()
    {
        byte[] bytes = new byte[3 * SubmissionFile.BlockSize];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(_folder.File("d.bin"), bytes);
        DataSubmission submission = SubmissionFile.Seal(_folder.File("d.bin"), _folder.File("d.sealed"), "alice", _key);
        byte[] whole = File.ReadAllBytes(submission.Path);
        int block = SubmissionFile.BlockSize + 16;
        int start = whole.Length - 3 * block;
        byte[] head = whole[..start];
        byte[][] blocks = [whole[start..(start + block)], whole[(start + block)..(start + 2 * block)], whole[(start + 2 * block)..]];
        foreach (byte[] changed in new byte[][]
        {
            [.. head, .. blocks[1], .. blocks[0], .. blocks[2]],
            [.. head, .. blocks[0], .. blocks[2]],
            [.. head, .. blocks[0], .. blocks[1]],
            [.. head, .. blocks[0], .. blocks[1], .. blocks[2], .. blocks[2]],
            [.. head, .. blocks[0], .. blocks[1], .. blocks[2], 0],
            head,
        })
        {
            File.WriteAllBytes(submission.Path, changed);
            Assert.Equal("SubmissionNotAuthentic", Assert.Throws<QosValuationException>(() => SubmissionFile.Open(submission.Path, _folder.File("o"), _key)).ErrorId);
            Assert.False(File.Exists(_folder.File("o")));
        }
    }

    [Fact]
    public void OtherKeysAndOtherFilesAreExplained()
    {
        File.WriteAllText(_folder.File("d.txt"), "x");
        DataSubmission submission = SubmissionFile.Seal(_folder.File("d.txt"), _folder.File("d.sealed"), "alice", _key);
        SubmissionKey.Create(_folder.File("other.pem"));
        using ECDiffieHellman other = SubmissionKey.Load(_folder.File("other.pem"));
        Assert.Equal("SubmissionKeyMismatch", ErrorOf(() => SubmissionFile.Open(submission.Path, _folder.File("o"), other)));
        Assert.Equal("SubmissionNotReadable", ErrorOf(() => SubmissionFile.Describe(_folder.File("d.txt"))));
        Assert.Equal("SubmissionSourceNotReadable", ErrorOf(() => SubmissionFile.Describe(_folder.File("none"))));
        Assert.Equal("SubmissionSourceNotReadable", ErrorOf(() => SubmissionFile.Seal(_folder.File("none"), _folder.File("o"), "a", _key)));
        Assert.Equal("SubmissionKeyExists", ErrorOf(() => SubmissionKey.Create(_folder.File("m.pem"))));
        Assert.Equal("SubmissionKeyNotFound", ErrorOf(() => SubmissionKey.Load(_folder.File("none.pem")).Dispose()));
        File.WriteAllText(_folder.File("bad.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
        Assert.Equal("SubmissionKeyNotValid", ErrorOf(() => SubmissionKey.Load(_folder.File("bad.pem")).Dispose()));
        using ECDsa signer = SigningKey.Create(_folder.File("signer.pem"));
        Assert.Equal("SubmissionKeyNotValid", ErrorOf(() => SubmissionKey.Load(_folder.File("signer.pem")).Dispose()));
    }

    [Fact]
    public void ADocumentIsReleasedOnItsAwardAloneAndTheReleaseIsLoggedFirst()
    {
        File.WriteAllText(_folder.File("d.txt"), "worth something");
        DataSubmission submission = SubmissionFile.Seal(_folder.File("d.txt"), _folder.File("d.sealed"), "alice", _key);
        using DatLedger ledger = DatLedger.Open(_folder.File("l.db"), create: true);
        var release = new SubmissionRelease(ledger);
        string target = _folder.File("out.txt");
        ledger.Append([("bob", 3, submission.Hash), ("alice", 3, "sha256:" + new string('0', 64))]);
        Assert.Equal("SubmissionNotAwarded", ErrorOf(() => release.Deliver(submission.Path, target, _key)));
        Assert.Equal(2, ledger.Read().Count());

        ledger.Append([("alice", 3, "sha256:" + submission.Hash.ToUpperInvariant())]);
        DataDelivery delivery = release.Deliver(submission.Path, target, _key);
        Assert.Equal((3L, 4L, submission.Hash), (delivery.AwardSequence, delivery.ReleaseSequence, delivery.Hash));
        Assert.Equal("worth something", File.ReadAllText(target));
        DatRecord logged = ledger.Read().Last();
        Assert.Equal(("release:alice", 0d, "sha256:" + submission.Hash), (logged.Address, logged.Value, logged.Pointer));
        Assert.True(ledger.Verify().IsValid);

        // Nobody writes a release by hand, and a damaged file is not logged.
        Assert.Equal("DatAddressNotValid", ErrorOf(() => ledger.Append([("release:alice", 0, "x")])));
        byte[] bytes = File.ReadAllBytes(submission.Path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(submission.Path, bytes);
        Assert.Equal("SubmissionNotAuthentic", ErrorOf(() => release.Deliver(submission.Path, _folder.File("again.txt"), _key)));
        Assert.Equal(4, ledger.Read().Count());
    }

    [Theory]
    [InlineData("../../etc", "../passwd")]
    [InlineData("/", "/etc/passwd")]
    [InlineData("..", ".")]
    [InlineData("a\0b", "c:\\d")]
    [InlineData(" ", "")]
    public void NoNameLeadsOutOfTheFolderOfDeliveries(string contributor, string file)
    {
        var submission = new DataSubmission
        {
            Path = "x", Contributor = contributor, FileName = file, Length = 0, Hash = new string('0', 64), Recipient = new string('0', 64),
        };
        string name = SubmissionRelease.NameOf(submission);
        string root = _folder.File("root");
        string full = Path.GetFullPath(Path.Combine(root, name));
        Assert.Equal(root, Path.GetDirectoryName(Path.GetDirectoryName(full)));
        Assert.DoesNotContain('\0', name);
        Assert.NotEqual(name, SubmissionRelease.NameOf(submission with { FileName = file + "/" }));
    }

    [Fact]
    public void UsageIsRevenueOfItsOwnAccounts()
    {
        using DatLedger ledger = DatLedger.Open(_folder.File("u.db"), create: true);
        ledger.Append([("alice", 3, "p")]);
        UsageLedger.Add(ledger, "api", UsageKind.ApiCall, 1200, 3.6);
        UsageRecord second = UsageLedger.Add(ledger, "Ärzteblatt", UsageKind.License, 1, 100);
        Assert.Equal([3.6, 100], UsageLedger.Read(ledger).Select(record => record.Revenue));
        Assert.Equal(second, UsageLedger.Read(ledger, first: 3).Single());
        Assert.Equal((UsageKind.License, 1L, "Ärzteblatt"), (second.Kind, second.Quantity, second.Source));
        Assert.True(ledger.Verify().IsValid);
        foreach (double revenue in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Equal("DatValueNotValid", ErrorOf(() => UsageLedger.Add(ledger, "api", UsageKind.Other, 1, revenue)));
        }

        Assert.Equal("DatAddressNotValid", ErrorOf(() => UsageLedger.Add(ledger, " ", UsageKind.Other, 1, 1)));
        Assert.Equal("DatAddressNotValid", ErrorOf(() => ledger.Append([("Usage:api", 1, "ApiCall:1")])));
    }

    private static string ErrorOf(Action action) => Assert.Throws<QosValuationException>(action).ErrorId;
}
