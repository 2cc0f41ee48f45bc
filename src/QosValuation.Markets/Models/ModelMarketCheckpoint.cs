using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QosValuation.Foundation.IO;
using QosValuation.Learning.Federated;

namespace QosValuation.Markets.Models;

/// <summary>
/// The file from which an interrupted market goes on: the rows told so far and the state of each run. It belongs to one setting, carries a digest of
/// itself, and appears whole or not at all.
/// </summary>
/// <remarks>
/// A run goes on to the same rows as if it had not been interrupted; the number of rounds may be raised. The file is written after a round where the last
/// writing is long enough ago, and after the last round of each algorithm.
/// </remarks>
internal sealed class ModelMarketCheckpoint
{
    private const string Mark = "QosValuation model market 3";
    private const int DigestLength = 32;

    private readonly string _path;
    private readonly FederatedRun[] _runs;
    private readonly byte[] _setting;
    private readonly List<ModelMarketRound> _rows = [];
    private long _last = Stopwatch.GetTimestamp();
    private TimeSpan _pause = TimeSpan.FromSeconds(2);

    public ModelMarketCheckpoint(ModelMarketOptions options, TraderColumns traders, FederatedRun[] runs)
    {
        _path = options.CheckpointPath!;
        _runs = runs;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (FederatedRun run in runs)
        {
            hash.AppendData(run.Setting());
        }

        hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(new
        {
            traders.Names,
            traders.Roles,
            traders.Sizes,
            traders.Costs,
            traders.GainScales,
            traders.ReportedSizes,
            traders.ReportedCosts,
            traders.ReportedGainScales,
            options.Rules.GraphStep,
            options.Rules.Payment,
            options.HasMatrices,
            options.RunNumber,
            options.Privacy,
        }));
        _setting = hash.GetHashAndReset();
    }

    /// <summary>Reads the file where there is one, and puts the runs into its states.</summary>
    /// <returns>The rows told before.</returns>
    /// <exception cref="QosValuationException"><c>ModelMarketCheckpointNotValid</c>.</exception>
    public IReadOnlyList<ModelMarketRound> Open()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        byte[] bytes = RegularFile.ReadAllBytes(_path);
        if (bytes.Length < DigestLength || !SHA256.HashData(bytes.AsSpan(DigestLength)).AsSpan().SequenceEqual(bytes.AsSpan(0, DigestLength)))
        {
            throw NotValid("is damaged, or no checkpoint of a model market");
        }

        using var reader = new BinaryReader(new MemoryStream(bytes, DigestLength, bytes.Length - DigestLength), Encoding.UTF8);
        try
        {
            Read(reader);
        }
        catch (Exception exception) when (exception is IOException or JsonException or FormatException or ArgumentException)
        {
            // The digest is no signature: who knows the format can give any bytes a right one.
            throw NotValid("is damaged");
        }

        return [.. _rows];
    }

    /// <summary>Takes the rows of a round, and writes the file where it is time.</summary>
    public void Add(FederatedRun run, ModelMarketRound[] rows, bool isLast)
    {
        ArgumentNullException.ThrowIfNull(run);
        _rows.AddRange(rows);
        if (!isLast && Stopwatch.GetElapsedTime(_last) < _pause)
        {
            return;
        }

        long start = Stopwatch.GetTimestamp();
        byte[] body = Body();
        AtomicFile.Write(_path, stream =>
        {
            stream.Write(SHA256.HashData(body));
            stream.Write(body);
        });
        _last = Stopwatch.GetTimestamp();

        // Writing may take a tenth of the time.
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        _pause = taken * 10 > TimeSpan.FromSeconds(2) ? taken * 10 : TimeSpan.FromSeconds(2);
    }

    private static JsonSerializerOptions Json { get; } = new()
    {
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private void Read(BinaryReader reader)
    {
        if (reader.ReadString() != Mark)
        {
            throw NotValid("is of another version");
        }

        if (!reader.ReadBytes(DigestLength).AsSpan().SequenceEqual(_setting))
        {
            throw NotValid("is of a market with other clients or settings");
        }

        int rows = reader.ReadInt32();
        for (int k = 0; k < rows; k++)
        {
            ModelMarketRound row = JsonSerializer.Deserialize<ModelMarketRound>(reader.ReadString(), Json) ?? throw new FormatException();
            _rows.Add(k > 0 && _rows[^1] is var before && IsSameRound(before, row) ? Shared(row, before) : row);
        }

        foreach (FederatedRun run in _runs)
        {
            if (reader.ReadBoolean())
            {
                run.Restore(reader);
            }
        }
    }

    private byte[] Body()
    {
        var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8))
        {
            writer.Write(Mark);
            writer.Write(_setting);
            writer.Write(_rows.Count);
            for (int k = 0; k < _rows.Count; k++)
            {
                // What all clients of a round share is written once.
                bool isFirst = k == 0 || !IsSameRound(_rows[k - 1], _rows[k]);
                writer.Write(JsonSerializer.Serialize(isFirst ? _rows[k] : Shared(_rows[k], null), Json));
            }

            foreach (FederatedRun run in _runs)
            {
                writer.Write(run.Round > 0);
                if (run.Round > 0)
                {
                    run.Save(writer);
                }
            }
        }

        return stream.ToArray();
    }

    private static bool IsSameRound(ModelMarketRound first, ModelMarketRound second) =>
        first.Round == second.Round && first.Algorithm == second.Algorithm;

    private static ModelMarketRound Shared(ModelMarketRound row, ModelMarketRound? from) => row with
    {
        Check = from?.Check,
        Clients = from?.Clients,
        Graph = from?.Graph,
        Distance = from?.Distance,
        Payment = from?.Payment,
        Threshold = from?.Threshold,
        Initial = from?.Initial,
        Classes = from?.Classes,
    };

    private QosValuationException NotValid(string mistake) =>
        new(Faults.ModelMarketCheckpointNotValid, $"'{_path}' {mistake}. Give the file of this market, or another name.", _path);
}
