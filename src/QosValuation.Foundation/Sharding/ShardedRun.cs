using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace QosValuation.Foundation.Sharding;

/// <summary>One shard of a seeded simulation: which rounds are its own, and the rows that it emits.</summary>
/// <remarks>A round draws from a stream of its own, so that it gives the same numbers in whatever shard it is.</remarks>
public sealed class ShardedRun
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly string Version = typeof(ShardedRun).Assembly.GetName().Version!.ToString(3);

    private readonly Shard _shard;
    private readonly int _seed;
    private readonly string _run;
    private readonly int _rows;
    private readonly int _total;
    private readonly bool _isSummary;
    private int _emitted;

    /// <summary>Divides a run.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="total">The rounds of the run.</param>
    /// <param name="rows">The rows of the run.</param>
    /// <param name="run">What is simulated, see <see cref="IdentityOf"/>.</param>
    /// <param name="isSummary">Whether the rows are those of a summary alone.</param>
    /// <exception cref="QosValuationException"><c>ShardWithoutSeed</c>.</exception>
    public ShardedRun(Shard shard, int? seed, int total, int rows, string run, bool isSummary = false)
    {
        ArgumentNullException.ThrowIfNull(shard);
        RequireSeed(shard, seed);
        _shard = shard;
        _seed = seed!.Value;
        _run = run;
        _rows = rows;
        _total = total;
        _isSummary = isSummary;
        (First, Count) = shard.PartOf(total);
    }

    /// <summary>The first round, from 0.</summary>
    public int First { get; }

    /// <summary>How many rounds.</summary>
    public int Count { get; }

    /// <summary>Refuses a shard of a run without a seed, whose rounds would be others in every shard.</summary>
    /// <param name="shard">The shard; null for a whole run.</param>
    /// <param name="seed">The seed.</param>
    /// <exception cref="QosValuationException"><c>ShardWithoutSeed</c>.</exception>
    public static void RequireSeed(Shard? shard, int? seed)
    {
        if (shard is not null && seed is null)
        {
            throw new QosValuationException(
                Faults.ShardWithoutSeed, $"The shard {shard} needs a seed: without one, every shard would simulate another run.", shard.ToString());
        }
    }

    /// <summary>What tells a run from others: SHA-256 of its settings and of what is simulated. O(length).</summary>
    /// <param name="settings">The settings: numbers, texts, lists and objects of such, by their properties. What does not change results is left out.</param>
    /// <param name="data">What is simulated where it is no setting, such as vectors or requests; may be empty.</param>
    /// <returns>64 hexadecimal digits.</returns>
    public static string IdentityOf(object settings, IEnumerable<ReadOnlyMemory<byte>>? data = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(settings, settings.GetType(), Plain));
        foreach (ReadOnlyMemory<byte> part in data ?? [])
        {
            hash.AppendData(part.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The next row of the shard; rows are made in the order of the run.</summary>
    /// <param name="reduction">How the row is made.</param>
    /// <param name="row">A row of the place; its figures do not matter.</param>
    /// <param name="values">The numbers of the shard's rounds.</param>
    /// <returns>The row.</returns>
    public SimulationShard Next(SimulationReduction reduction, object row, double[] values)
    {
        ArgumentNullException.ThrowIfNull(reduction);
        var part = new SimulationShard
        {
            Simulation = reduction.Row.Name,
            Shard = _shard.ToString(),
            Seed = _seed,
            Run = _run,
            ModuleVersion = Version,
            Row = ++_emitted,
            Rows = _rows,
            First = First + 1,
            Last = First + Count,
            Total = _total,
            Result = reduction.Tell(reduction.Reduce(row, values)),
            Values = values,
            Hash = string.Empty,
            IsSummary = _isSummary,
        };
        return part with { Hash = HashOf(part, reduction, row) };
    }

    /// <summary>The hash of a row, whatever it says its own is. O(numbers).</summary>
    /// <param name="part">The row.</param>
    /// <param name="reduction">How it is made.</param>
    /// <param name="row">A row of the same place; its figures do not matter.</param>
    /// <returns>64 hexadecimal digits.</returns>
    internal static string HashOf(SimulationShard part, SimulationReduction reduction, object row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string place = string.Create(
            CultureInfo.InvariantCulture,
            $"{part.Simulation}|{part.Shard}|{part.Seed}|{part.Run}|{part.ModuleVersion}|{part.Row}/{part.Rows}|{part.First}-{part.Last}/{part.Total}|")
            + $"{part.IsSummary}|";
        hash.AppendData(Encoding.UTF8.GetBytes(place));

        // What the row is about: the row without figures.
        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(reduction.Reduce(row, []), reduction.Row, Plain));
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        foreach (double value in part.Values)
        {
            // A text has one NaN.
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, double.IsNaN(value) ? double.NaN : value);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
