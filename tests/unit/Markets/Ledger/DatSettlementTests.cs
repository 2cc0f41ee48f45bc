using System.Security.Cryptography;
using QosValuation.Markets.Ledger;

namespace QosValuation.Tests;

public sealed class DatSettlementTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheMerkleTreeIsThatOfRfc6962()
    {
        // Certificate Transparency's published test vectors: the roots over the first n of these leaves.
        string[] leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        string[] roots =
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (int n = 1; n <= leaves.Length; n++)
        {
            byte[][] data = [.. leaves.Take(n).Select(Convert.FromHexString)];
            (byte[] root, IReadOnlyList<byte[]>[] proofs) = MerkleTree.Build(data);
            Assert.Equal(roots[n - 1], Convert.ToHexStringLower(root));
            for (int i = 0; i < n; i++)
            {
                Assert.True(MerkleTree.Verify(data[i], i, n, proofs[i], root));
                Assert.False(MerkleTree.Verify([.. data[i], 1], i, n, proofs[i], root));
                Assert.False(MerkleTree.Verify(data[i], i + 1, n, proofs[i], root));
                Assert.False(MerkleTree.Verify(data[i], i, n, [.. proofs[i], root], root));
            }
        }

        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Convert.ToHexStringLower(MerkleTree.Build([]).Root));
    }

    [Fact]
    public void ProofsHoldForEveryTreeSizeAndForNoOtherPosition()
    {
        for (int n = 1; n <= 40; n++)
        {
            byte[][] data = [.. Enumerable.Range(0, n).Select(i => BitConverter.GetBytes(i))];
            (byte[] root, IReadOnlyList<byte[]>[] proofs) = MerkleTree.Build(data);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    Assert.Equal(i == j, MerkleTree.Verify(data[i], j, n, proofs[i], root));
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void ASettlementIsVerifiedOfflineAfterItsLedgerIsGone(int count)
    {
        string path = Save(count, out string key);
        using ECDsa trusted = SigningKey.Load(key + ".pub");
        DatLedgerReport report = DatSettlement.Load(path).Verify(path, trusted);
        Assert.True(report.IsValid, string.Join('\n', report.Faults.Select(fault => fault.Message)));
        Assert.Equal(count, report.Records);
        using ECDsa other = SigningKey.Create(_folder.File("other.pem"));
        Assert.False(DatSettlement.Load(path).Verify(path, other).IsValid);
    }

    [Fact]
    public void NoChangedCharacterOfASettlementGoesUnnoticed()
    {
        string path = Save(3, out string key);
        using ECDsa trusted = SigningKey.Load(key + ".pub");
        byte[] bytes = File.ReadAllBytes(path);
        DatSettlement original = DatSettlement.Load(path);
        string copy = _folder.File("copy.json");
        int found = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] tampered = (byte[])bytes.Clone();
            tampered[i] = tampered[i] == (byte)'1' ? (byte)'2' : (byte)'1';
            File.WriteAllBytes(copy, tampered);
            try
            {
                DatSettlement settlement = DatSettlement.Load(copy);
                bool valid = settlement.Verify(copy, trusted).IsValid;

                // JSON may spell the same number in several ways (0.250 and 0.25): the content is what counts.
                Assert.True(!valid || System.Text.Encoding.UTF8.GetString(original.Canonical()) == System.Text.Encoding.UTF8.GetString(settlement.Canonical()), $"Character {i} was changed unnoticed.");
                found += valid ? 0 : 1;
            }
            catch (QosValuationException)
            {
                found++;
            }
        }

        Assert.True(found >= bytes.Length - 8, $"{found} of {bytes.Length} changes were noticed.");
    }

    [Fact]
    public void ASettlementHasOneSpellingOnly()
    {
        // ECDSA knows two signatures for a message, Base64 and JSON know many spellings of one content: with each of them
        // accepted, a file could be changed and pass, or show one total to this reader and another one to the next.
        string path = Save(3, out string key);
        using ECDsa trusted = SigningKey.Load(key + ".pub");
        DatSettlement settlement = DatSettlement.Load(path);
        byte[] signature = Convert.FromBase64String(settlement.Signature);
        var order = System.Numerics.BigInteger.Parse("0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
        byte[] other = (order - new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] twin = [.. signature[..32], .. new byte[32 - other.Length], .. other];
        Assert.True(trusted.VerifyData(settlement.Canonical(), twin, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation), "the other signature holds for ECDSA itself");
        Assert.Equal(signature, SigningKey.WithSmallerS(twin));
        foreach (DatSettlement changed in new[]
        {
            settlement with { Signature = Convert.ToBase64String(twin) },
            settlement with { Signature = settlement.Signature.Insert(5, " ") },
            settlement with { PublicKey = Convert.ToBase64String([.. Convert.FromBase64String(settlement.PublicKey), 0]) },
        })
        {
            Assert.False(changed.Verify(path, trusted).IsValid);
            Assert.False(changed.Verify(path).IsValid);
        }

        string text = File.ReadAllText(path);
        foreach (string start in new[] { "\"count\":7,", "\"records\":[]," })
        {
            File.WriteAllText(path, "{" + start + text[1..]);
            Assert.Equal("SettlementNotReadable", Assert.Throws<QosValuationException>(() => DatSettlement.Load(path)).ErrorId);
        }

        File.WriteAllText(path, text.Replace("\"totals\":{", "\"totals\":{\"alice\":99,", StringComparison.Ordinal));
        Assert.Equal("SettlementNotReadable", Assert.Throws<QosValuationException>(() => DatSettlement.Load(path)).ErrorId);
    }

    [Fact]
    public void WhatIsSignedIsWhatTheDocumentationSays()
    {
        // docs/concepts/ledger.md, written out: 𐌀 comes before ﴾ by its UTF-16 code units (D800 < FD3E), though not by its code point.
        using ECDsa key = SigningKey.Create(_folder.File("doc.pem"));
        using DatLedger ledger = DatLedger.Open(_folder.File("doc.db"), create: true);
        ledger.Append([("﴾", 0.1, "p"), ("𐌀", 2, "p"), ("﴾", 0.2, "p")]);
        DatSettlement settlement = DatSettlement.Create(ledger.Read(), key);
        byte[] summary =
        [
            0, 0, 0, 29, .. "QosValuation.DatSettlement.v1"u8,
            0, 0, 0, 0, 0, 0, 0, 3,
            0, 0, 0, 64, .. System.Text.Encoding.ASCII.GetBytes(ledger.Read().Last().Hash),
            0, 0, 0, 64, .. System.Text.Encoding.ASCII.GetBytes(settlement.MerkleRoot),
            0, 0, 0, 4, 0xF0, 0x90, 0x8C, 0x80, 0x40, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 3, 0xEF, 0xB4, 0xBE, 0x3F, 0xD3, 0x33, 0x33, 0x33, 0x33, 0x33, 0x34,
        ];
        Assert.Equal(summary, settlement.Canonical());
        Assert.True(key.VerifyData(summary, Convert.FromBase64String(settlement.Signature), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public void EverySignatureIsWrittenWithTheSmallerS()
    {
        using ECDsa key = SigningKey.Create(_folder.File("many.pem"));
        for (int i = 0; i < 20; i++)
        {
            byte[] signature = Convert.FromBase64String(DatSettlement.Create([], key).Signature);
            Assert.Equal(signature, SigningKey.WithSmallerS(signature));
        }
    }

    [Fact]
    public void TotalsThatNoNumberHoldsAndFilesThatCannotBeReadAreExplained()
    {
        using ECDsa key = SigningKey.Create(_folder.File("k.pem"));
        using (DatLedger ledger = DatLedger.Open(_folder.File("huge.db"), create: true))
        {
            ledger.Append([("alice", 1e308, "p"), ("alice", 1e308, "p")]);
            Assert.Equal("DatTotalNotFinite", Assert.Throws<QosValuationException>(() => DatSettlement.Create(ledger.Read(), key)).ErrorId);
        }

        string folder = Path.GetDirectoryName(_folder.File("x"))!;
        Assert.Equal("SettlementNotReadable", Assert.Throws<QosValuationException>(() => DatSettlement.Load(folder)).ErrorId);
        Assert.Equal("SigningKeyNotReadable", Assert.Throws<QosValuationException>(() => SigningKey.Load(folder)).ErrorId);
        Assert.Equal("FileNotWritable", Assert.Throws<QosValuationException>(() => DatSettlement.Create([], key).Save(folder)).ErrorId);
        string file = _folder.File("file");
        File.WriteAllText(file, string.Empty);
        Assert.Equal("DatabaseNotWritable", Assert.Throws<QosValuationException>(() => DatLedger.Open(Path.Combine(file, "ledger.db"), create: true)).ErrorId);

        // The public half of a lost key is not overwritten either.
        File.WriteAllText(_folder.File("half.pem.pub"), "kept");
        Assert.Equal("SigningKeyExists", Assert.Throws<QosValuationException>(() => SigningKey.Create(_folder.File("half.pem"))).ErrorId);
        Assert.Equal("kept", File.ReadAllText(_folder.File("half.pem.pub")));
        Assert.False(File.Exists(_folder.File("half.pem")));
    }

    [Fact]
    public void KeysOnOtherCurvesAreRefusedAndKeysAreNeverOverwritten()
    {
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal("SigningKeyNotValid", Assert.Throws<QosValuationException>(() => DatSettlement.Create([], p256)).ErrorId);
        string path = _folder.File("key.pem");
        using (SigningKey.Create(path))
        {
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        Assert.Equal("SigningKeyExists", Assert.Throws<QosValuationException>(() => SigningKey.Create(path)).ErrorId);
        Assert.Equal("SigningKeyNotFound", Assert.Throws<QosValuationException>(() => SigningKey.Load(_folder.File("no.pem"))).ErrorId);
        File.WriteAllText(_folder.File("bad.pem"), "not a key");
        Assert.Equal("SigningKeyNotValid", Assert.Throws<QosValuationException>(() => SigningKey.Load(_folder.File("bad.pem"))).ErrorId);
        using ECDsa publicOnly = SigningKey.Load(path + ".pub");
        Assert.Equal("SigningKeyNotValid", Assert.Throws<QosValuationException>(() => DatSettlement.Create([], publicOnly)).ErrorId);
    }

    private string Save(int count, out string key)
    {
        key = _folder.File("signer.pem");
        using ECDsa signer = SigningKey.Create(key);
        string path = _folder.File("settlement.json");
        string file = _folder.File("ledger.db");
        using (DatLedger ledger = DatLedger.Open(file, create: true))
        {
            ledger.Append(Enumerable.Range(0, count).Select(i => (i % 2 == 0 ? "alice" : "bob", i + 0.25, "sha256:" + i)));
            DatSettlement.Create(ledger.Read(), signer).Save(path);
        }

        File.Delete(file);
        return path;
    }
}
