using System.Text.Json;
using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Ledger;

/// <summary>
/// Reads a settlement from a stream: the summary first, then one record at a time, so that memory does not grow with the records. It is strict,
/// because two readers must never see two contents in one file: no unknown name, no name twice, records last.
/// </summary>
internal sealed class SettlementReader : IDisposable
{
    /// <summary>The longest record or text, in bytes.</summary>
    internal const int LongestValue = 1 << 26;

    private readonly string _path;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _isFinal;
    private JsonReaderState _state = new(new JsonReaderOptions { AllowMultipleValues = false });

    private SettlementReader(string path, Stream stream)
    {
        _path = path;
        _stream = stream;
    }

    /// <summary>Opens a settlement and reads its summary.</summary>
    /// <param name="path">The file.</param>
    /// <param name="summary">The summary, unverified.</param>
    /// <returns>The reader, before the first record.</returns>
    /// <exception cref="QosValuationException"><c>SettlementNotFound</c>, <c>SettlementNotReadable</c>.</exception>
    public static SettlementReader Open(string path, out DatSettlement summary)
    {
        SettlementReader? reader = null;
        try
        {
            reader = new SettlementReader(path, Guarded(path, () => RegularFile.OpenRead(path)));
            summary = reader.Guard(reader.ReadSummary);
            return reader;
        }
        catch
        {
            reader?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Reads the records, and holds the file to ending after them.</summary>
    /// <returns>The records in the file's order, unverified.</returns>
    /// <exception cref="QosValuationException"><c>SettlementNotReadable</c>.</exception>
    public IEnumerable<DatSettlementEntry> Records()
    {
        while (Guard(ReadRecord) is { } entry)
        {
            yield return entry;
        }

        Guard(() =>
        {
            Expect(JsonTokenType.EndObject);
            return Next(out _, out _) ? throw NotASettlement("text follows its end") : true;
        });
    }

    private DatSettlement ReadSummary()
    {
        string? format = null, head = null, root = null, key = null, signature = null, address = null;
        long? count = null;
        Dictionary<string, double>? totals = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartObject);
        while (Next(out JsonTokenType type, out string name) && type == JsonTokenType.PropertyName)
        {
            if (!seen.Add(name))
            {
                throw NotASettlement($"it names '{name}' twice");
            }

            switch (name)
            {
                case "format":
                    format = Text();
                    if (format is not (DatSettlement.CurrentFormat or DatSettlement.FormerFormat))
                    {
                        throw NotASettlement($"its format is '{format}', not {DatSettlement.CurrentFormat}");
                    }

                    break;
                case "count":
                    count = Count();
                    break;
                case "headHash":
                    head = Text();
                    break;
                case "merkleRoot":
                    root = Text();
                    break;
                case "publicKey":
                    key = Text();
                    break;
                case "signature":
                    signature = Text();
                    break;
                case "address" when format == DatSettlement.CurrentFormat:
                    address = Text();
                    break;
                case "totals":
                    totals = Totals();
                    break;
                case "records":
                    Expect(JsonTokenType.StartArray);
                    return new DatSettlement
                    {
                        Format = format ?? throw Missing("format"),
                        Count = count ?? throw Missing("count"),
                        HeadHash = head ?? throw Missing("headHash"),
                        MerkleRoot = root ?? throw Missing("merkleRoot"),
                        Totals = totals ?? throw Missing("totals"),
                        PublicKey = key ?? throw Missing("publicKey"),
                        Signature = signature ?? throw Missing("signature"),
                        Address = address,
                    };
                default:
                    throw NotASettlement($"it has a name '{name}' that a settlement has not");
            }
        }

        throw Missing("records");
    }

    private Dictionary<string, double> Totals()
    {
        var totals = new Dictionary<string, double>(StringComparer.Ordinal);
        Expect(JsonTokenType.StartObject);
        while (Next(out JsonTokenType type, out string account) && type == JsonTokenType.PropertyName)
        {
            if (!Next(out JsonTokenType kind, out string number) || kind != JsonTokenType.Number)
            {
                throw NotASettlement($"the total of '{account}' is not a number");
            }

            double total = double.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
            if (!totals.TryAdd(account, total))
            {
                throw NotASettlement($"it holds two totals of '{account}'");
            }
        }

        return totals;
    }

    // The next record, or null at the end of the array.
    private DatSettlementEntry? ReadRecord()
    {
        while (true)
        {
            var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isFinal, _state);
            if (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndArray)
                {
                    Accept(ref reader);
                    return null;
                }

                if (reader.TokenType != JsonTokenType.StartObject)
                {
                    throw NotASettlement("its records are not objects");
                }

                int begin = (int)reader.TokenStartIndex;
                if (reader.TrySkip())
                {
                    ReadOnlySpan<byte> json = _buffer.AsSpan(_start + begin, (int)reader.BytesConsumed - begin);
                    DatSettlementEntry entry = JsonSerializer.Deserialize<DatSettlementEntry>(json, DatSettlement.Json)!;
                    if (entry is not { Address: not null, Pointer: not null, PreviousHash: not null, Hash: not null })
                    {
                        throw NotASettlement($"record {entry.Sequence} has an empty field");
                    }

                    Accept(ref reader);
                    return entry;
                }
            }

            if (!Refill())
            {
                throw NotASettlement("it ends in the middle");
            }
        }
    }

    private void Expect(JsonTokenType expected)
    {
        if (!Next(out JsonTokenType type, out _) || type != expected)
        {
            throw NotASettlement($"a {expected} is missing");
        }
    }

    private string Text() =>
        Next(out JsonTokenType type, out string value) && type == JsonTokenType.String ? value : throw NotASettlement("a text is missing");

    private long Count() => Next(out JsonTokenType type, out string value)
        && type == JsonTokenType.Number
        && long.TryParse(value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long count)
            ? count
            : throw NotASettlement("its count is not a whole number");

    // One token; a name, a text or a number with what it says. False at the end.
    private bool Next(out JsonTokenType type, out string value)
    {
        while (true)
        {
            var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isFinal, _state);
            if (reader.Read())
            {
                type = reader.TokenType;
                value = type switch
                {
                    JsonTokenType.PropertyName or JsonTokenType.String => reader.GetString()!,
                    JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
                    _ => string.Empty,
                };
                Accept(ref reader);
                return true;
            }

            if (!Refill())
            {
                type = JsonTokenType.None;
                value = string.Empty;
                return false;
            }
        }
    }

    private void Accept(ref Utf8JsonReader reader)
    {
        _start += (int)reader.BytesConsumed;
        _state = reader.CurrentState;
    }

    private bool Refill()
    {
        if (_isFinal)
        {
            return false;
        }

        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= LongestValue)
            {
                throw NotASettlement($"it holds a value of more than {LongestValue >> 20} MiB");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _isFinal = read == 0;
        return true;
    }

    private QosValuationException Missing(string name) => NotASettlement($"it has no '{name}' before its records");

    private QosValuationException NotASettlement(string why) => new(Faults.SettlementNotReadable, $"'{_path}' is not a settlement: {why}.", _path);

    private T Guard<T>(Func<T> read) => Guarded(_path, read);

    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new QosValuationException(Faults.SettlementNotFound, $"There is no settlement at '{path}'.", path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.SettlementNotReadable,
                FaultKind.ReadFailed,
                $"The settlement '{path}' cannot be read: {exception.Message} Name the file that Export-DatSettlement wrote.",
                path,
                exception);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            // InvalidOperationException: bytes that are not UTF-8, or half of a surrogate pair.
            throw new QosValuationException(Faults.SettlementNotReadable, $"'{path}' is not a settlement: {exception.Message}", path, exception);
        }
    }
}
