using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using QosValuation.Markets.Ledger;
using QosValuation.Onnx.Model;

namespace QosValuation.Tests;

public sealed class DatLedgerTests : IDisposable
{
    private static readonly DateTime Clock = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();

    private string LedgerPath => _folder.File("ledger.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheCanonicalEncodingIsTheDocumentedOne()
    {
        // The layout is written out byte by byte, as the doc comment states it; the timestamp's bytes come from
        // Python's struct.pack(">q", 1767323045000000).
        var record = new DatRecord
        {
            Sequence = 1,
            Address = "0xab",
            Value = 2.5,
            Pointer = "sha256:é",
            Timestamp = Clock,
            PreviousHash = DatRecord.Genesis,
            Hash = string.Empty,
        };
        byte[] layout =
        [
            .. "QosValuation.DatRecord.v1\0"u8,
            .. new byte[32],
            0, 0, 0, 0, 0, 0, 0, 1,
            .. Convert.FromHexString("0006475EF64CF340"),
            .. Convert.FromHexString("4004000000000000"),
            0, 0, 0, 4, .. "0xab"u8,
            0, 0, 0, 9, .. "sha256:é"u8,
        ];
        Assert.Equal(0x0006475EF64CF340, DatRecord.ToMicroseconds(Clock));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(layout)), record.ComputeHash());
    }

    [Fact]
    public void AppendedRecordsComeBackInOrderAndTheChainHolds()
    {
        IReadOnlyList<DatRecord> written = Fill(5);
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: false);
        Assert.Equal(written, ledger.Read());
        Assert.Equal([1L, 2, 3, 4, 5], written.Select(r => r.Sequence));
        Assert.Equal(DatRecord.Genesis, written[0].PreviousHash);
        Assert.Equal(written[3].Hash, written[4].PreviousHash);
        DatLedgerReport report = ledger.Verify();
        Assert.True(report.IsValid, Describe(report));
        Assert.Equal(5, report.Records);
        Assert.Equal(written[4].Hash, report.HeadHash);
        Assert.Equal(["bob"], ledger.Read("bob").Select(r => r.Address).Distinct());
        Assert.True(ledger.Verify(written[2].Hash).IsValid);
        Assert.False(ledger.Verify(new string('a', 64)).IsValid);
    }

    [Fact]
    public void AnEmptyLedgerIsValidAndAMissingOneIsAnError()
    {
        using (DatLedger ledger = DatLedger.Open(LedgerPath, create: true))
        {
            Assert.Empty(ledger.Append([]));
            Assert.True(ledger.Verify().IsValid);
        }

        var missing = Assert.Throws<QosValuationException>(() => DatLedger.Open(_folder.File("none.db"), create: false));
        Assert.Equal("DatabaseNotFound", missing.ErrorId);
        Assert.False(File.Exists(_folder.File("none.db")));
        File.WriteAllText(_folder.File("text.db"), new string('x', 5000));
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => DatLedger.Open(_folder.File("text.db"), create: true)).ErrorId);
    }

    [Fact]
    public void ADatabaseOfAnotherProgramIsRefusedUnchanged()
    {
        string path = _folder.File("other.db");
        Sql("CREATE TABLE other (x INTEGER); INSERT INTO other VALUES (1)", path);
        byte[] before = File.ReadAllBytes(path);
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => DatLedger.Open(path, create: true)).ErrorId);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData("", 1.0, "p", "DatAddressNotValid")]
    [InlineData("a", -1.0, "p", "DatValueNotValid")]
    [InlineData("a", double.NaN, "p", "DatValueNotValid")]
    [InlineData("a", double.PositiveInfinity, "p", "DatValueNotValid")]
    [InlineData("a\0b", 1.0, "p", "DatAddressNotValid")]
    public void UnusableRecordsAreRefusedAndNothingOfTheirBatchIsKept(string address, double value, string pointer, string id)
    {
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: true);
        Assert.Equal(id, Assert.Throws<QosValuationException>(() => ledger.Append([("good", 1, "p"), (address, value, pointer)])).ErrorId);
        Assert.Empty(ledger.Read());
    }

    [Fact]
    public void ALoneSurrogateIsRefusedBecauseItCannotBeStored()
    {
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: true);
        string pointer = "p" + (char)0xD800;
        Assert.Equal("DatPointerNotValid", Assert.Throws<QosValuationException>(() => ledger.Append([("a", 1, pointer)])).ErrorId);
    }

    [Theory]
    [InlineData("UPDATE record SET value = 99 WHERE sequence = 3", 3, DatLedgerFaultKind.Changed)]
    [InlineData("UPDATE record SET address = 'mallory' WHERE sequence = 1", 1, DatLedgerFaultKind.Changed)]
    [InlineData("UPDATE record SET pointer = pointer || ' ' WHERE sequence = 5", 5, DatLedgerFaultKind.Changed)]
    [InlineData("UPDATE record SET timestamp = timestamp + 1 WHERE sequence = 2", 2, DatLedgerFaultKind.Changed)]
    [InlineData("UPDATE record SET hash = upper(hash) WHERE sequence = 2", 2, DatLedgerFaultKind.Changed)]
    [InlineData("DELETE FROM record WHERE sequence = 2", 2, DatLedgerFaultKind.Dropped)]
    [InlineData("DELETE FROM record WHERE sequence = 1", 1, DatLedgerFaultKind.Dropped)]
    [InlineData("DELETE FROM record WHERE sequence = 5", 5, DatLedgerFaultKind.Dropped)]
    [InlineData("DELETE FROM record", 1, DatLedgerFaultKind.Dropped)]
    [InlineData("UPDATE record SET sequence = 100 WHERE sequence = 2; UPDATE record SET sequence = 2 WHERE sequence = 3; UPDATE record SET sequence = 3 WHERE sequence = 100", 2, DatLedgerFaultKind.Reordered)]
    [InlineData("INSERT INTO record SELECT 6, address, value, pointer, timestamp, previous_hash, hash FROM record WHERE sequence = 5", 6, DatLedgerFaultKind.Inserted)]
    public void EveryKindOfTamperingIsFoundAndNamed(string sql, long sequence, DatLedgerFaultKind kind)
    {
        Fill(5);
        Sql(sql, LedgerPath);
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: false);
        DatLedgerReport report = ledger.Verify();
        Assert.False(report.IsValid);
        Assert.Contains(report.Faults, fault => fault.Sequence == sequence && fault.Kind == kind);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("swap 2 and 3", "2 Reordered, 3 Reordered")]
    [InlineData("move 2 to 5", "2 Reordered, 3 Reordered, 4 Reordered, 5 Reordered")]
    [InlineData("insert at 3", "3 Inserted, 4 Reordered, 5 Reordered, 6 Reordered, 7 Reordered")]
    [InlineData("insert at 1", "1 Inserted, 2 Reordered, 3 Reordered, 4 Reordered, 5 Reordered, 6 Reordered, 7 Reordered")]
    [InlineData("drop 3 and close the gap", "3 Dropped, 3 Reordered, 4 Reordered, 5 Reordered")]
    [InlineData("drop 2 to 4", "2 Dropped")]
    [InlineData("repeat 3 at the end", "7 Inserted")]
    [InlineData("repeat 3 as a new head", "7 Inserted")]
    [InlineData("link 4 to 1", "4 Changed")]
    [InlineData("change 2 and drop 5", "2 Changed, 5 Dropped")]
    [InlineData("forge 3", "3 Changed, 4 Reordered")]
    [InlineData("forge 6", "6 Changed")]
    [InlineData("splice", "3 Changed, 4 Reordered")]
    [InlineData("forget the head", "0 Changed")]
    public void TheDiagnosisNamesExactlyWhatWasDone(string what, string expected)
    {
        IReadOnlyList<DatRecord> records = Fill(6);
        string[] words = what.Split(' ');
        switch (words[0])
        {
            case "swap":
                Sql("UPDATE record SET sequence = 5 - sequence + 100 WHERE sequence IN (2, 3); UPDATE record SET sequence = sequence - 100 WHERE sequence > 100", LedgerPath);
                break;
            case "move":
                Sql("UPDATE record SET sequence = 100 WHERE sequence = 2; UPDATE record SET sequence = sequence - 1 WHERE sequence IN (3, 4, 5); UPDATE record SET sequence = 5 WHERE sequence = 100", LedgerPath);
                break;
            case "insert":
                long at = words[2][0] - '0';
                DatRecord inserted = records[0] with { Sequence = at, Address = "mallory", PreviousHash = at == 1 ? DatRecord.Genesis : records[(int)at - 2].Hash };
                Sql($"UPDATE record SET sequence = sequence + 100 WHERE sequence >= {at}; UPDATE record SET sequence = sequence - 99 WHERE sequence > 100", LedgerPath);
                Insert(inserted with { Hash = inserted.ComputeHash() });
                break;
            case "drop" when words[1] == "3":
                Sql("DELETE FROM record WHERE sequence = 3; UPDATE record SET sequence = sequence - 1 WHERE sequence > 3; UPDATE head SET sequence = 5", LedgerPath);
                break;
            case "drop":
                Sql("DELETE FROM record WHERE sequence IN (2, 3, 4)", LedgerPath);
                break;
            case "repeat":
                Insert(records[2] with { Sequence = 7 });
                Sql(what.EndsWith("head", StringComparison.Ordinal) ? $"UPDATE head SET sequence = 7, hash = '{records[5].Hash}'" : "SELECT 1", LedgerPath);
                break;
            case "link":
                Sql($"UPDATE record SET previous_hash = '{records[0].Hash}' WHERE sequence = 4", LedgerPath);
                break;
            case "change":
                Sql("UPDATE record SET value = 99 WHERE sequence = 2; DELETE FROM record WHERE sequence = 5", LedgerPath);
                break;
            case "forge":
                int index = words[1][0] - '1';
                DatRecord forged = records[index] with { Address = "mallory", Value = 1000 };
                Sql($"UPDATE record SET address = 'mallory', value = 1000, hash = '{forged.ComputeHash()}' WHERE sequence = {index + 1}", LedgerPath);
                break;
            case "splice":
                string other = _folder.File("other.db");
                using (DatLedger ledger = DatLedger.Open(other, create: true))
                {
                    IReadOnlyList<DatRecord> foreign = ledger.Append(Enumerable.Range(0, 6).Select(i => ("carol", (double)i, "p")), Clock);
                    Sql("DELETE FROM record WHERE sequence > 3", LedgerPath);
                    foreach (DatRecord record in foreign.Skip(3))
                    {
                        Insert(record);
                    }

                    Sql($"UPDATE head SET hash = '{foreign[5].Hash}'", LedgerPath);
                }

                break;
            case "forget":
                Sql("DELETE FROM head", LedgerPath);
                break;
        }

        using DatLedger tampered = DatLedger.Open(LedgerPath, create: false);
        DatLedgerReport report = tampered.Verify();
        Assert.Equal(expected, string.Join(", ", report.Faults.Select(fault => $"{fault.Sequence} {fault.Kind}")));
        Assert.Equal(expected.Length == 0, report.IsValid);
    }

    [Fact]
    public async Task ALedgerThatOthersAppendToVerifies()
    {
        Fill(3);
        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(() =>
        {
            using DatLedger ledger = DatLedger.Open(LedgerPath, create: false);
            for (int i = 0; i < 3000 && !stop.IsCancellationRequested; i++)
            {
                ledger.Append([("writer", i, "p")]);
            }
        });
        using (DatLedger ledger = DatLedger.Open(LedgerPath, create: false))
        {
            while (!writer.IsCompleted && ledger.Verify() is DatLedgerReport report && report.Records < 1000)
            {
                Assert.True(report.IsValid, Describe(report));
            }
        }

        await stop.CancelAsync();
        await writer;
    }

    [Fact]
    public void AForgedRecordWithAHashOfItsOwnIsNamedAsInserted()
    {
        IReadOnlyList<DatRecord> records = Fill(4);
        DatRecord forged = records[2] with { Address = "mallory", Value = 1000 };
        forged = forged with { Hash = forged.ComputeHash() };
        Sql($"UPDATE record SET address = 'mallory', value = 1000, hash = '{forged.Hash}' WHERE sequence = 3", LedgerPath);
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: false);
        DatLedgerReport report = ledger.Verify();
        Assert.Contains(report.Faults, fault => fault.Sequence == 4 && fault.Kind == DatLedgerFaultKind.Reordered && fault.Message.Contains("replaced", StringComparison.Ordinal));
    }

    [Fact]
    public void AByteThatIsNoTextDoesNotPassForTheReplacementCharacter()
    {
        using (DatLedger ledger = DatLedger.Open(LedgerPath, create: true))
        {
            ledger.Append([("p", 1, "caf\uFFFD")]);
            Assert.True(ledger.Verify().IsValid);
        }

        using (var connection = new SqliteConnection($"Data Source={LedgerPath};Pooling=False"))
        {
            connection.Open();
            QosValuation.Foundation.IO.SqliteFile.Execute(connection, "UPDATE record SET pointer = CAST(x'636166FF' AS TEXT)");
        }

        using DatLedger changed = DatLedger.Open(LedgerPath, create: false);
        Assert.False(changed.Verify().IsValid);
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => changed.Read().ToList()).ErrorId);
    }

    [Fact]
    public void NoFlippedByteOfASmallLedgerGoesUnnoticed()
    {
        IReadOnlyList<DatRecord> original = Fill(3);
        byte[] bytes = File.ReadAllBytes(LedgerPath);
        string copy = _folder.File("copy.db");
        int found = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            foreach (byte flip in new byte[] { 0x01, 0xFF })
            {
                byte[] tampered = (byte[])bytes.Clone();
                tampered[i] ^= flip;
                if (i % 7 != 0 && bytes.AsSpan(Math.Max(0, i - 64), Math.Min(128, bytes.Length - Math.Max(0, i - 64))).IndexOfAnyExcept((byte)0) < 0)
                {
                    continue; // deep inside unused space: every seventh byte is enough
                }

                File.WriteAllBytes(copy, tampered);
                bool valid;
                List<DatRecord> records = [];
                try
                {
                    using DatLedger ledger = DatLedger.Open(copy, create: false);
                    valid = ledger.Verify().IsValid;
                    if (valid)
                    {
                        records.AddRange(ledger.Read());
                    }
                }
                catch (QosValuationException)
                {
                    valid = false;
                }

                found += valid ? 0 : 1;

                // A byte that SQLite does not use may change; what the ledger says may not.
                Assert.True(!valid || records.SequenceEqual(original), $"Byte {i} flipped by {flip:X2} changed the records unnoticed.");
                File.Delete(copy + "-wal");
                File.Delete(copy + "-shm");
            }
        }

        Assert.True(found > 500, $"Only {found} flips were noticed.");
    }

    [Fact]
    public void ALedgerThatMayOnlyBeReadIsReadAndCheckedAndRefusesRecords()
    {
        // A folder in the place of the log keeps SQLite from writing, whoever runs the tests.
        Fill(3);
        Directory.CreateDirectory(LedgerPath + "-wal");
        using (DatLedger ledger = DatLedger.Open(LedgerPath, create: false))
        {
            Assert.True(ledger.Verify().IsValid);
            Assert.Equal(3, ledger.Read().Count());
            Assert.Equal("DatabaseNotWritable", Assert.Throws<QosValuationException>(() => ledger.Append([("a", 1, "p")])).ErrorId);
        }

        Assert.Equal("DatabaseNotWritable", Assert.Throws<QosValuationException>(() => DatLedger.Open(LedgerPath, create: true)).ErrorId);
    }

    [Theory]
    [InlineData("a%20b%41.db")]
    [InlineData("a b?c#d&mode=rw;x.db")]
    public void ALedgerThatMayOnlyBeReadIsFoundUnderEveryName(string name)
    {
        string path = _folder.File(name);
        using (DatLedger ledger = DatLedger.Open(path, create: true))
        {
            ledger.Append([("alice", 1, "p")]);
        }

        Directory.CreateDirectory(path + "-wal");
        using DatLedger read = DatLedger.Open(path, create: false);
        Assert.Equal("alice", Assert.Single(read.Read()).Address);
    }

    [Fact]
    public async Task ConcurrentWritersNeverBreakTheChain()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            using DatLedger ledger = DatLedger.Open(LedgerPath, create: true);
            for (int i = 0; i < 25; i++)
            {
                ledger.Append([($"writer-{writer}", i, "p")]);
            }
        })));
        using DatLedger result = DatLedger.Open(LedgerPath, create: false);
        DatLedgerReport report = result.Verify();
        Assert.True(report.IsValid, Describe(report));
        Assert.Equal(200, report.Records);
        Assert.All(Enumerable.Range(0, 8), writer => Assert.Equal(25, result.Read($"writer-{writer}").Count()));
    }

    [Fact]
    public void KillingTheWriterTwoHundredTimesNeverBreaksTheChain()
    {
        string program = Path.Combine(TestData.RepositoryRoot, "out", "fixtures", "LedgerWriter", "LedgerWriter.dll");
        var random = new Random(1);
        long acknowledged = 0;
        for (int kill = 0; kill < 200; kill++)
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
            start.ArgumentList.Add(program);
            start.ArgumentList.Add(LedgerPath);
            using Process process = Process.Start(start)!;

            // Wait until it writes, then kill it at a random instant of its loop.
            string? line = process.StandardOutput.ReadLine();
            Assert.NotNull(line);
            long until = Stopwatch.GetTimestamp() + random.Next(0, 8000) * Stopwatch.Frequency / 1_000_000;
            while (Stopwatch.GetTimestamp() < until)
            {
            }

            process.Kill();
            process.WaitForExit();
            for (; line is not null; line = process.StandardOutput.ReadLine())
            {
                // The last line may be cut by the kill.
                acknowledged = line.EndsWith('.') ? Math.Max(acknowledged, long.Parse(line[..^1], System.Globalization.CultureInfo.InvariantCulture)) : acknowledged;
            }

            if (kill % 20 == 19)
            {
                using DatLedger ledger = DatLedger.Open(LedgerPath, create: false);
                DatLedgerReport report = ledger.Verify();
                Assert.True(report.IsValid, Describe(report));
                Assert.True(report.Records >= acknowledged, $"{acknowledged} records were acknowledged, {report.Records} are there.");
            }
        }

        Assert.True(acknowledged >= 200);
    }

    private static string Describe(DatLedgerReport report) => string.Join(Environment.NewLine, report.Faults.Select(fault => fault.Message));

    private static void Sql(string sql, string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private void Insert(DatRecord record) => Sql(
        FormattableString.Invariant($"INSERT INTO record VALUES ({record.Sequence}, '{record.Address}', {record.Value}, '{record.Pointer}', {DatRecord.ToMicroseconds(record.Timestamp)}, '{record.PreviousHash}', '{record.Hash}')"),
        LedgerPath);

    private IReadOnlyList<DatRecord> Fill(int count)
    {
        using DatLedger ledger = DatLedger.Open(LedgerPath, create: true);
        return [.. Enumerable.Range(0, count).SelectMany(i => ledger.Append([(i % 2 == 0 ? "alice" : "bob", i + 0.25, "sha256:" + i)], Clock.AddSeconds(i)))];
    }
}
