using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Schemes;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Tests;

public sealed class AgentColumnsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("columns").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void CsvColumnsGiveTheGrantsOfObjects()
    {
        string path = File("agents.csv", "Note,agent,VALUE,Capacity,Remaining\nx,ann,1,4,0\n\"a, b\",\"bo\"\"b, jr\",3e0,6,1\n,čeněk,6,6,2\n,dora,2,,\n");
        AgentColumns columns = AgentColumns.ReadCsv(path, 5, 0, CancellationToken.None);
        TokenAgent[] agents =
        [
            new() { Agent = "ann", Value = 1, Capacity = 4 }, new() { Agent = "bo\"b, jr", Value = 3, Capacity = 6, Remaining = 1 },
            new() { Agent = "čeněk", Value = 6, Capacity = 6, Remaining = 2 }, new() { Agent = "dora", Value = 2, Capacity = 5 },
        ];
        foreach (AllocationScheme scheme in new[] { AllocationScheme.Proposed, AllocationScheme.WaterFilling, AllocationScheme.MaxMin, AllocationScheme.Random })
        {
            TokenGrant[] grants = TokenAllocator.Allocate(agents, 13, scheme, random: RandomSource.Create(1));
            columns.Allocate(scheme, 13, wholeTokens: false, RandomSource.Create(1));
            Assert.Equal(grants.Select(g => g.Tokens), columns.Tokens);
            Assert.Equal(FairnessMeasures.Measure(grants), columns.Measure(13));
        }

        string target = Path.Combine(_folder, "new", "grants.csv");
        columns.Allocate(AllocationScheme.Proposed, 12, wholeTokens: false, null);
        columns.Write(target);
        Assert.Equal("Agent,Value,Tokens,RewardRate\nann,1,1,1\n\"bo\"\"b, jr\",3,3,1\nčeněk,6,4,0.6666666666666666\ndora,2,2,1\n", System.IO.File.ReadAllText(target));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(target)!));
    }

    [Fact]
    public void NumpyColumnsGoInAndOut()
    {
        string value = Npy("value.npy", "<f8", [1.0, 3, 6], BitConverter.GetBytes);
        string capacity = Npy("capacity.npy", "<i4", [4.0, 6, 6], x => BitConverter.GetBytes((int)x));
        string remaining = Npy("remaining.npy", ">f4", [0.0, 1, 2], x => [.. BitConverter.GetBytes((float)x).Reverse()]);
        AgentColumns columns = AgentColumns.ReadNpy(value, capacity, remaining, 4, 0);
        columns.Allocate(AllocationScheme.Proposed, 20, wholeTokens: false, null);
        Assert.Equal([2, 5, 4], columns.Tokens);
        string target = Path.Combine(_folder, "tokens.npy");
        columns.Write(target);
        Assert.Equal([2, 5, 4], NpyColumn.Read(target));

        // The header as NumPy writes it: the numbers start at a multiple of 64 bytes.
        byte[] bytes = System.IO.File.ReadAllBytes(target);
        Assert.Equal(128 + 24, bytes.Length);
        Assert.Equal("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", System.Text.Encoding.ASCII.GetString(bytes, 10, 118).Trim());
        AgentColumns everywhere = AgentColumns.ReadNpy(value, null, null, 2.5, 0.5);
        everywhere.Allocate(AllocationScheme.MaxWelfare, 3, wholeTokens: false, null);
        Assert.Equal([0, 1, 2], everywhere.Tokens);
    }

    [Fact]
    public void NumbersComeBackAsTheyWere()
    {
        RandomSource random = RandomSource.Create(2);
        double[] numbers = [.. Enumerable.Range(0, 200_003).Select(_ => BitConverter.Int64BitsToDouble((long)random.NextUInt64())), double.NaN, double.NegativeInfinity, -0.0];
        string path = Path.Combine(_folder, "numbers.npy");
        using (FileStream stream = System.IO.File.Create(path))
        {
            NpyColumn.Write(stream, numbers);
        }

        Assert.Equal(numbers.Select(BitConverter.DoubleToInt64Bits), NpyColumn.Read(path).Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal([1.5, -2, 0.5], NpyColumn.Read(Npy("half.npy", "<f2", [1.5, -2, 0.5], x => BitConverter.GetBytes((Half)x))));
        Assert.Equal([1.5, -2, 0.5], NpyColumn.Read(Npy("big.npy", ">f8", [1.5, -2, 0.5], x => [.. BitConverter.GetBytes(x).Reverse()])));
        Assert.Equal([7, -2], NpyColumn.Read(Npy("long.npy", "<i8", [7, -2], x => BitConverter.GetBytes((long)x), "(1, 2)")));
        Assert.Equal([], NpyColumn.Read(Npy("none.npy", "<f8", [], BitConverter.GetBytes)));
    }

    [Fact]
    public void FaultsAreNamed()
    {
        string IdOf(Action action, string inMessage)
        {
            QosValuationException fault = Assert.Throws<QosValuationException>(action);
            Assert.Contains(inMessage, fault.Message, StringComparison.Ordinal);
            return fault.ErrorId;
        }

        void Csv(string text) => AgentColumns.ReadCsv(File("bad.csv", text), 4, 0, CancellationToken.None);
        Assert.Equal("ColumnNotReadable", IdOf(() => Csv("Agent,Worth\na,1\n"), "no column named Value"));
        Assert.Equal("ColumnNotReadable", IdOf(() => Csv("Value\n1\nmany\n"), "'many' as Value of agent 2"));
        Assert.Equal("ColumnNotReadable", IdOf(() => Csv("Agent,Value\na,\n"), "agent 1"));
        Assert.Equal("AgentNotValid", IdOf(() => Csv("Value\n1\n-1\n"), "Agent 2"));
        Assert.Equal("AgentNotValid", IdOf(() => Csv("Value,Capacity,Remaining\n1,2,3\n"), "Agent 1"));
        Assert.Equal("AgentNotValid", IdOf(() => Csv("Value\nNaN\n"), "Agent 1"));
        Assert.Equal("ColumnNotReadable", IdOf(() => AgentColumns.ReadCsv(Path.Combine(_folder, "missing.csv"), 4, 0, CancellationToken.None), "missing.csv"));
        string value = Npy("value.npy", "<f8", [1.0, 3, 6], BitConverter.GetBytes);
        string two = Npy("two.npy", "<f8", [1.0, 3], BitConverter.GetBytes);
        Assert.Equal("ColumnLengthMismatch", IdOf(() => AgentColumns.ReadNpy(value, two, null, 4, 0), "2 numbers"));
        Assert.Equal("ColumnNotReadable", IdOf(() => NpyColumn.Read(Npy("text.npy", "<U4", [1.0], BitConverter.GetBytes)), "<U4"));
        Assert.Equal("ColumnNotReadable", IdOf(() => NpyColumn.Read(Npy("matrix.npy", "<f8", [1.0, 2, 3, 4], BitConverter.GetBytes, "(2, 2)")), "(2, 2)"));
        Assert.Equal("ColumnNotReadable", IdOf(() => NpyColumn.Read(Npy("cut.npy", "<f8", [1.0], BitConverter.GetBytes, "(9,)")), "cut off"));
        Assert.Equal("ColumnNotReadable", IdOf(() => NpyColumn.Read(File("not.npy", "Value\n1\n")), "does not start"));
        Assert.Equal("ColumnFormatNotKnown", IdOf(() => CsvNumberTable.IsNpy("agents.xlsx"), "agents.xlsx"));
    }

    [Fact]
    public void EquationFifteenHoldsBitByBitOnLongColumns()
    {
        RandomSource random = RandomSource.Create(3);
        foreach (int count in new[] { 1, 7, 8, 9, 16, 1001, 40_000 })
        {
            foreach (double spread in new[] { 0, 1, 30 })
            {
                double[] values = [.. Enumerable.Range(0, count).Select(_ => Math.Exp(spread * random.NextNormal()))];
                double[] room = [.. values.Select(_ => 4 * random.NextDouble())];
                double[] tokens = new double[count];
                double supply = 2 * count;
                TokenAllocator.Allocate(AllocationScheme.Proposed, values, room, new double[count], supply, false, null, tokens);
                CompensatedSum sum = default;
                foreach (double value in values)
                {
                    sum.Add(value);
                }

                Assert.Equal(values.Zip(room, (v, space) => Math.Min(v * supply / sum.Value, space)), tokens);

                // Uncapped, the whole supply leaves, and no more than it.
                TokenAllocator.Allocate(AllocationScheme.Proposed, values, [.. values.Select(_ => 1e30)], new double[count], supply, false, null, tokens);
                Assert.InRange(CompensatedSum.Of(tokens), supply * (1 - 1e-15), supply);
            }
        }
    }

    [Fact]
    public void WaterFillingByNewtonEqualsWaterFillingBySorting()
    {
        RandomSource random = RandomSource.Create(5);
        for (int trial = 0; trial < 2_000; trial++)
        {
            int count = 1 + random.NextInt32(trial % 10 == 0 ? 3_000 : 30);
            double spread = 6 * random.NextDouble();
            double[] values = [.. Enumerable.Range(0, count).Select(_ => random.NextInt32(5) == 0 ? 0 : Math.Exp(spread * random.NextNormal()))];
            double[] room = [.. values.Select(_ => random.NextInt32(5) == 0 ? 0 : Math.Exp(spread * random.NextNormal()))];
            double supply = room.Sum() * 1.3 * random.NextDouble();
            double[] tokens = new double[count];
            double[] sorted = new double[count];
            TokenAllocator.Allocate(AllocationScheme.WaterFilling, values, room, new double[count], supply, false, null, tokens);
            WaterFillingScheme.FillSorted(values, room, supply, sorted);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(sorted[i], tokens[i], 1e-12 * Math.Max(1e-3, supply));
                Assert.InRange(tokens[i], 0, room[i]);
            }

            double most = Enumerable.Range(0, count).Where(i => values[i] > 0).Sum(i => room[i]);
            Assert.Equal(Math.Min(supply, most), tokens.Sum(), 1e-12 * Math.Max(1, supply));
            Assert.True(CompensatedSum.Of(tokens) <= supply);
        }
    }

    [Fact]
    public void SumsOfManyNumbersAreExactToTheLastDigit()
    {
        RandomSource random = RandomSource.Create(4);
        for (int trial = 0; trial < 200; trial++)
        {
            // Multiples of 10⁻⁹ below 10⁶ sum exactly in decimals.
            decimal[] exact = [.. Enumerable.Range(0, random.NextInt32(3000)).Select(_ => random.NextInt64(1_000_000_000_000_000) * 1e-9m)];
            double[] numbers = [.. exact.Select(x => (double)x)];
            double sum = CompensatedSum.Of(numbers, out double largest);
            Assert.Equal((double)numbers.Sum(x => (decimal)x), sum, 1e-15 * Math.Max(1, sum) * 20);
            Assert.Equal(numbers.Length == 0 ? double.NegativeInfinity : numbers.Max(), largest);
        }

        // Cancellation that a plain sum does not survive.
        double[] cancelling = [.. Enumerable.Range(0, 1000).SelectMany(i => new[] { 1e16 + i, 1.0, -1e16 - i, 1e-3 })];
        Assert.Equal(1001, CompensatedSum.Of(cancelling), 1e-9);
    }

    private string File(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private string Npy(string name, string type, double[] numbers, Func<double, byte[]> encode, string? shape = null)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape ?? $"({numbers.Length},)"}, }}".PadRight(117) + "\n";
        string path = Path.Combine(_folder, name);
        System.IO.File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. System.Text.Encoding.ASCII.GetBytes(header), .. numbers.SelectMany(encode)]);
        return path;
    }
}
