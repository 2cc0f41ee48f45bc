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
            (byte[] root, IReadOnlyList<byte[]>[] proofs) = Build(data);
            Assert.Equal(roots[n - 1], Convert.ToHexStringLower(root));
            for (int i = 0; i < n; i++)
            {
                Assert.True(MerkleTree.Verify(data[i], i, n, proofs[i], root));
                Assert.False(MerkleTree.Verify([.. data[i], 1], i, n, proofs[i], root));
                Assert.False(MerkleTree.Verify(data[i], i + 1, n, proofs[i], root));
                Assert.False(MerkleTree.Verify(data[i], i, n, [.. proofs[i], root], root));
            }
        }

        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Convert.ToHexStringLower(new MerkleTree().Root()));
    }

    [Fact]
    public void ProofsHoldForEveryTreeSizeAndForNoOtherPosition()
    {
        for (int n = 1; n <= 40; n++)
        {
            byte[][] data = [.. Enumerable.Range(0, n).Select(i => BitConverter.GetBytes(i))];
            (byte[] root, IReadOnlyList<byte[]>[] proofs) = Build(data);
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
        DatLedgerReport report = DatSettlement.Verify(path, trusted);
        Assert.True(report.IsValid, string.Join('\n', report.Faults.Select(fault => fault.Message)));
        Assert.Equal(count, report.Records);
        using ECDsa other = SigningKey.Create(_folder.File("other.pem"));
        Assert.False(DatSettlement.Verify(path, other).IsValid);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("alice")]
    public void NoChangedCharacterOfASettlementGoesUnnoticed(string? address)
    {
        string path = Save(3, out string key, address);
        using ECDsa trusted = SigningKey.Load(key + ".pub");
        byte[] bytes = File.ReadAllBytes(path);
        byte[] original = Canonical(Read(path));
        Assert.True(DatSettlement.Verify(path, trusted).IsValid);
        string copy = _folder.File("copy.json");
        int found = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] tampered = (byte[])bytes.Clone();
            tampered[i] = tampered[i] == (byte)'1' ? (byte)'2' : (byte)'1';
            File.WriteAllBytes(copy, tampered);
            try
            {
                bool valid = DatSettlement.Verify(copy, trusted).IsValid;

                // JSON may spell the same number in several ways (0.250 and 0.25): the content is what counts.
                Assert.True(!valid || original.AsSpan().SequenceEqual(Canonical(Read(copy))), $"Character {i} was changed unnoticed.");
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
        DatSettlement settlement = Read(path);
        byte[] signature = Convert.FromBase64String(settlement.Signature);
        var order = System.Numerics.BigInteger.Parse("0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
        byte[] other = (order - new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] twin = [.. signature[..32], .. new byte[32 - other.Length], .. other];
        Assert.True(trusted.VerifyData(Canonical(settlement), twin, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation), "the other signature holds for ECDSA itself");
        Assert.Equal(signature, SigningKey.WithSmallerS(twin));
        string text = File.ReadAllText(path);
        foreach ((string before, string after) in new[]
        {
            (settlement.Signature, Convert.ToBase64String(twin)),
            (settlement.Signature, settlement.Signature.Insert(5, " ")),
            (settlement.PublicKey, Convert.ToBase64String([.. Convert.FromBase64String(settlement.PublicKey), 0])),
        })
        {
            File.WriteAllText(path, text.Replace(before, after, StringComparison.Ordinal));
            Assert.NotEqual(text, File.ReadAllText(path));
            Assert.False(DatSettlement.Verify(path, trusted).IsValid);
            Assert.False(DatSettlement.Verify(path).IsValid);
        }

        foreach (string changed in new[]
        {
            "{\"count\":7," + text[1..],
            "{\"records\":[]," + text[1..],
            "{\"note\":1," + text[1..],
            text.Replace("\"totals\":{", "\"totals\":{\"alice\":99,", StringComparison.Ordinal),
            text.Replace("\"sequence\":1,", "\"sequence\":1,\"sequence\":1,", StringComparison.Ordinal),
            text.Replace("\"sequence\":1,", string.Empty, StringComparison.Ordinal),
            text.Replace("\"pointer\":\"sha256:0\"", "\"pointer\":null", StringComparison.Ordinal),
            text.Replace("\"pointer\":\"sha256:0\"", "\"pointer\":\"\\ud800\"", StringComparison.Ordinal),
            text + "{}",
            text[..^1],
            text[..(text.Length / 2)],
            "[" + text + "]",
            string.Empty,
        })
        {
            Assert.NotEqual(text, changed);
            File.WriteAllText(path, changed);
            Assert.Equal("SettlementNotReadable", ErrorOf(() => DatSettlement.Verify(path, trusted)));
        }
    }

    [Fact]
    public void ASettlementOfTheFormerFormatIsReadStill()
    {
        // Version 1 gave each record its proof. The file of this test is signed here; its layout is that of the documentation of version 1.
        using ECDsa key = SigningKey.Create(_folder.File("v1.pem"));
        using DatLedger ledger = DatLedger.Open(_folder.File("v1.db"), create: true);
        ledger.Append([("alice", 1, "p"), ("bob", 2, "q"), ("alice", 0.5, "r")]);
        var tree = new MerkleTree(keepsNodes: true);
        foreach (DatRecord record in ledger.Read())
        {
            tree.Add(Convert.FromHexString(record.Hash));
        }

        var summary = new DatSettlement
        {
            Format = DatSettlement.FormerFormat,
            Count = 3,
            HeadHash = ledger.Read().Last().Hash,
            MerkleRoot = Convert.ToHexStringLower(tree.Root()),
            Totals = new Dictionary<string, double> { ["alice"] = 1.5, ["bob"] = 2 },
            PublicKey = Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()),
            Signature = string.Empty,
        };
        string signature = Convert.ToBase64String(SigningKey.WithSmallerS(
            key.SignData(Canonical(summary), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)));
        string Records(bool withProof) => string.Join(",\n", ledger.Read().Select(record => System.Text.Json.JsonSerializer.Serialize(
            DatSettlementEntry.Of(record) with { Proof = withProof ? [.. tree.Proof(record.Sequence - 1).Select(Convert.ToHexStringLower)] : null },
            DatSettlement.Json)));
        string Document(string records) => $$"""
            {
              "format": "{{summary.Format}}", "count": 3, "headHash": "{{summary.HeadHash}}", "merkleRoot": "{{summary.MerkleRoot}}",
              "totals": { "alice": 1.5, "bob": 2 }, "publicKey": "{{summary.PublicKey}}", "signature": "{{signature}}",
              "records": [ {{records}} ]
            }
            """;
        string path = _folder.File("v1.json");
        File.WriteAllText(path, Document(Records(withProof: true)));
        DatLedgerReport report = DatSettlement.Verify(path, key);
        Assert.True(report.IsValid, string.Join('\n', report.Faults.Select(fault => fault.Message)));
        Assert.Equal(3, report.Records);
        File.WriteAllText(path, Document(Records(withProof: false)));
        Assert.Equal([1, 2, 3], DatSettlement.Verify(path, key).Faults.Select(fault => fault.Sequence));
    }

    [Fact]
    public void AReceiptProvesOneAccountsRecordsAndNoOthers()
    {
        string path = Save(9, out string key, "bob");
        using ECDsa trusted = SigningKey.Load(key + ".pub");
        DatLedgerReport report = DatSettlement.Verify(path, trusted);
        Assert.True(report.IsValid, string.Join('\n', report.Faults.Select(fault => fault.Message)));
        Assert.Equal(4, report.Records);
        string text = File.ReadAllText(path);
        Assert.DoesNotContain("sha256:0\"", text, StringComparison.Ordinal);

        // One record held back, another account's name, the records the other way round.
        int first = text.IndexOf("{\"sequence\"", StringComparison.Ordinal);
        int second = text.IndexOf("{\"sequence\"", first + 1, StringComparison.Ordinal);
        int third = text.IndexOf("{\"sequence\"", second + 1, StringComparison.Ordinal);
        foreach (string changed in new[]
        {
            text.Remove(first, second - first),
            text.Replace("\"address\":\"bob\"", "\"address\":\"alice\"", StringComparison.Ordinal),
            text.Replace("\"address\":\"bob\",\"records\"", "\"address\":\"alice\",\"records\"", StringComparison.Ordinal),
            text.Replace("\"address\":\"bob\",\"records\"", "\"records\"", StringComparison.Ordinal),
            text[..first] + text[second..third] + text[first..second] + text[third..],
            text[..second] + text[first..second] + text[second..],
        })
        {
            Assert.NotEqual(text, changed);
            File.WriteAllText(path, changed);
            Assert.False(DatSettlement.Verify(path, trusted).IsValid);
        }

        using ECDsa signer = SigningKey.Load(key);
        using DatLedger ledger = DatLedger.Open(_folder.File("two.db"), create: true);
        ledger.Append([("alice", 1, "p")]);
        Assert.Equal("DatAddressNotFound", ErrorOf(() => DatSettlement.Write(_folder.File("no.json"), () => ledger.Read(), signer, "carol")));
        Assert.False(File.Exists(_folder.File("no.json")));
    }

    [Fact]
    public void ALedgerThatChangesWhileItIsSettledIsNotSettled()
    {
        using ECDsa key = SigningKey.Create(_folder.File("c.pem"));
        using DatLedger ledger = DatLedger.Open(_folder.File("c.db"), create: true);
        ledger.Append([("alice", 1, "p")]);
        IEnumerable<DatRecord> Growing()
        {
            DatRecord[] records = [.. ledger.Read()];
            ledger.Append([("alice", 1, "p")]);
            return records;
        }

        string path = _folder.File("c.json");
        Assert.Equal("LedgerNotValid", ErrorOf(() => DatSettlement.Write(path, Growing, key)));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void ValuesLongerThanTheReadersBufferAreReadAndThoseWithoutEndAreNot()
    {
        using ECDsa key = SigningKey.Create(_folder.File("l.pem"));
        using DatLedger ledger = DatLedger.Open(_folder.File("l.db"), create: true);
        ledger.Append([("alice", 1, new string('x', 300_000)), (new string('y', 200_000), 2, "p")]);
        string path = _folder.File("l.json");
        DatSettlement.Write(path, () => ledger.Read(), key);
        Assert.True(DatSettlement.Verify(path, key).IsValid);
        using (FileStream stream = File.Create(path))
        {
            stream.Write("{\"format\":\""u8);
            byte[] block = new byte[1 << 20];
            Array.Fill(block, (byte)'z');
            for (int i = 0; i <= SettlementReader.LongestValue >> 20; i++)
            {
                stream.Write(block);
            }
        }

        Assert.Equal("SettlementNotReadable", ErrorOf(() => DatSettlement.Verify(path, key)));
    }

    [Fact]
    public void WhatIsSignedIsWhatTheDocumentationSays()
    {
        // docs/concepts/ledger.md, written out: 𐌀 comes before ﴾ by its UTF-16 code units (D800 < FD3E), though not by its code point.
        using ECDsa key = SigningKey.Create(_folder.File("doc.pem"));
        using DatLedger ledger = DatLedger.Open(_folder.File("doc.db"), create: true);
        ledger.Append([("﴾", 0.1, "p"), ("𐌀", 2, "p"), ("﴾", 0.2, "p")]);
        DatSettlement settlement = DatSettlement.Write(_folder.File("doc.json"), () => ledger.Read(), key);
        byte[] summary =
        [
            0, 0, 0, 29, .. "QosValuation.DatSettlement.v2"u8,
            0, 0, 0, 0, 0, 0, 0, 3,
            0, 0, 0, 64, .. System.Text.Encoding.ASCII.GetBytes(ledger.Read().Last().Hash),
            0, 0, 0, 64, .. System.Text.Encoding.ASCII.GetBytes(settlement.MerkleRoot),
            0, 0, 0, 4, 0xF0, 0x90, 0x8C, 0x80, 0x40, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 3, 0xEF, 0xB4, 0xBE, 0x3F, 0xD3, 0x33, 0x33, 0x33, 0x33, 0x33, 0x34,
        ];
        Assert.Equal(summary, Canonical(settlement));
        Assert.True(key.VerifyData(summary, Convert.FromBase64String(settlement.Signature), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    [Fact]
    public void EverySignatureIsWrittenWithTheSmallerS()
    {
        using ECDsa key = SigningKey.Create(_folder.File("many.pem"));
        for (int i = 0; i < 20; i++)
        {
            byte[] signature = Convert.FromBase64String(DatSettlement.Write(_folder.File("many.json"), () => [], key).Signature);
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
            Assert.Equal("DatTotalNotFinite", Assert.Throws<QosValuationException>(() => DatSettlement.Write(_folder.File("t.json"), () => ledger.Read(), key)).ErrorId);
        }

        string folder = Path.GetDirectoryName(_folder.File("x"))!;
        Assert.Equal("SettlementNotReadable", Assert.Throws<QosValuationException>(() => DatSettlement.Verify(folder)).ErrorId);
        Assert.Equal("SigningKeyNotReadable", Assert.Throws<QosValuationException>(() => SigningKey.Load(folder)).ErrorId);
        Assert.Equal("FileNotWritable", Assert.Throws<QosValuationException>(() => DatSettlement.Write(folder, () => [], key)).ErrorId);
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
        Assert.Equal("SigningKeyNotValid", Assert.Throws<QosValuationException>(() => DatSettlement.Write(_folder.File("p.json"), () => [], p256)).ErrorId);
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
        Assert.Equal("SigningKeyNotValid", Assert.Throws<QosValuationException>(() => DatSettlement.Write(_folder.File("p.json"), () => [], publicOnly)).ErrorId);
    }

    // The tree that keeps its nodes and the one that does not have one root.
    private static (byte[] Root, IReadOnlyList<byte[]>[] Proofs) Build(byte[][] leaves)
    {
        var tree = new MerkleTree(keepsNodes: true);
        var light = new MerkleTree();
        foreach (byte[] leaf in leaves)
        {
            tree.Add(leaf);
            light.Add(leaf);
        }

        Assert.Equal(tree.Root(), light.Root());
        Assert.Throws<InvalidOperationException>(() => light.Proof(0));
        return (tree.Root(), [.. Enumerable.Range(0, leaves.Length).Select(i => tree.Proof(i))]);
    }

    private static byte[] Canonical(DatSettlement settlement)
    {
        using var buffer = new MemoryStream();
        settlement.Canonical(bytes => buffer.Write(bytes));
        return buffer.ToArray();
    }

    private static DatSettlement Read(string path)
    {
        using SettlementReader reader = SettlementReader.Open(path, out DatSettlement summary);
        Assert.All(reader.Records(), entry => Assert.NotNull(entry.Hash));
        return summary;
    }

    private static string ErrorOf(Action action) => Assert.Throws<QosValuationException>(action).ErrorId;

    private string Save(int count, out string key, string? address = null)
    {
        key = _folder.File("signer.pem");
        using ECDsa signer = SigningKey.Create(key);
        string path = _folder.File("settlement.json");
        string file = _folder.File("ledger.db");
        using (DatLedger ledger = DatLedger.Open(file, create: true))
        {
            ledger.Append(Enumerable.Range(0, count).Select(i => (i % 2 == 0 ? "alice" : "bob", i + 0.25, "sha256:" + i)));
            DatSettlement.Write(path, () => ledger.Read(), signer, address);
        }

        File.Delete(file);
        return path;
    }
}
