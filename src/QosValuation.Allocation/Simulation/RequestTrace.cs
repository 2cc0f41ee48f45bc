using CsvHelper;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;

namespace QosValuation.Allocation.Simulation;

/// <summary>Requests with their times and costs, in order of time (ties: in order of the source).</summary>
public sealed class RequestTrace
{
    private readonly Dictionary<string, int> _index;

    private RequestTrace(string[] names, Dictionary<string, int> index, Request[][] requests, double lastTime, int count, string name)
    {
        Name = name;
        Agents = names;
        _index = index;
        Requests = requests;
        LastTime = lastTime;
        Count = count;
    }

    /// <summary>What the trace is called in a message, with its path where it came from a file.</summary>
    public string Name { get; }

    /// <summary>The names of the agents that send requests, in order of their first row.</summary>
    public IReadOnlyList<string> Agents { get; }

    /// <summary>The number of requests.</summary>
    public int Count { get; }

    /// <summary>The time of the last request; 0 where there is none.</summary>
    public double LastTime { get; }

    /// <summary>The requests of each agent.</summary>
    internal Request[][] Requests { get; }

    /// <summary>Builds a trace.</summary>
    /// <param name="requests">Time in units of time (finite, at least 0), agent, and cost in tokens (finite, above 0; NaN takes the agent's mean
    /// cost); in any order.</param>
    /// <returns>The trace.</returns>
    /// <exception cref="QosValuationException"><c>TraceNotValid</c>: a time or a cost lies outside its range.</exception>
    public static RequestTrace Create(IEnumerable<(double Time, string Agent, double Cost)> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        return Create(requests.Select((r, i) => ((long)i + 1, r.Time, r.Agent, r.Cost)), "Request");
    }

    /// <summary>
    /// Reads a trace from a CSV file with the columns Time, Agent and, where costs differ, Cost (any order and letter case; others are ignored).
    /// </summary>
    /// <param name="path">The file, in UTF-8; numbers are read by <see cref="NumberText"/>.</param>
    /// <returns>The trace.</returns>
    /// <exception cref="QosValuationException"><c>TraceNotFound</c>, or <c>TraceNotValid</c> with the row.</exception>
    public static RequestTrace Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new QosValuationException(Faults.TraceNotFound, $"The trace '{path}' does not exist.", path);
        }

        try
        {
            RegularFile.Require(path);
            using CsvReader csv = CsvReader.FromFile(path, new CsvReaderOptions { TrimWhitespace = true, PoolStrings = true });
            return Create(Rows(csv, path), "Row", $"the trace '{path}'");
        }
        catch (CsvFormatException fault)
        {
            throw new QosValuationException(Faults.TraceNotValid, $"The trace '{path}' is not a readable CSV file: {fault.Message}", path, fault);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.TraceNotValid, FaultKind.ReadFailed, $"The trace '{path}' could not be read: {exception.Message}", path, exception);
        }
    }

    /// <summary>Finds the requests of an agent.</summary>
    /// <param name="agent">Its name.</param>
    /// <returns>Its requests; empty where it sends none.</returns>
    internal ReadOnlyMemory<Request> Of(string agent) => _index.TryGetValue(agent, out int i) ? Requests[i] : ReadOnlyMemory<Request>.Empty;

    private static IEnumerable<(long Row, double Time, string Agent, double Cost)> Rows(CsvReader csv, string path)
    {
        string[] header = [.. csv.Headers];
        int time = Array.FindIndex(header, name => name.Trim().Equals("Time", StringComparison.OrdinalIgnoreCase));
        int agent = Array.FindIndex(header, name => name.Trim().Equals("Agent", StringComparison.OrdinalIgnoreCase));
        int cost = Array.FindIndex(header, name => name.Trim().Equals("Cost", StringComparison.OrdinalIgnoreCase));
        if (time < 0 || agent < 0)
        {
            throw new QosValuationException(
                Faults.TraceNotValid,
                $"The trace '{path}' lacks the column {(time < 0 ? "Time" : "Agent")}; it needs a header with Time, Agent and optionally Cost.",
                path);
        }

        bool isEmpty = true;
        while (csv.Read())
        {
            isEmpty = false;
            string Text(int column) => column >= 0 && column < csv.FieldCount ? csv.GetString(column) : string.Empty;
            double Number(int column) => NumberText.TryParse(Text(column), out double value)
                ? value
                : throw new QosValuationException(
                    Faults.TraceNotValid,
                    $"Row {csv.RowNumber} of the trace '{path}': {header[column]} '{Text(column)}' is not a number: {NumberText.Advice}.",
                    path);

            yield return (csv.RowNumber, Number(time), Text(agent), Text(cost).Length == 0 ? double.NaN : Number(cost));
        }

        if (isEmpty && !RegularFile.EndsInLineBreak(path))
        {
            throw new QosValuationException(Faults.TraceNotValid, $"The trace '{path}' ends in its first line: it was cut off.", path);
        }
    }

    private static RequestTrace Create(IEnumerable<(long Row, double Time, string Agent, double Cost)> rows, string noun, string trace = "the trace")
    {
        var names = new List<string>();
        var index = new Dictionary<string, int>(StringComparer.Ordinal);
        var requests = new List<List<Request>>();
        double last = 0;
        int count = 0;
        foreach ((long row, double time, string agent, double cost) in rows)
        {
            if (!(double.IsFinite(time) && time >= 0))
            {
                throw new QosValuationException(Faults.TraceNotValid, $"{noun} {row} of {trace}: a time must be finite and at least 0, not {time}.", time);
            }

            if (!double.IsNaN(cost) && !(double.IsFinite(cost) && cost > 0))
            {
                throw new QosValuationException(Faults.TraceNotValid, $"{noun} {row} of {trace}: a cost must be finite and above 0, not {cost}.", cost);
            }

            string name = ContributorName.Fold(agent);
            if (!ContributorName.IsDecoded(name))
            {
                throw new QosValuationException(Faults.TraceNotValid, $"{noun} {row} of {trace}: {ContributorName.NotDecoded(name)}", row);
            }

            if (name.Length == 0)
            {
                throw new QosValuationException(Faults.TraceNotValid, $"{noun} {row} of {trace} names no agent.", row);
            }

            if (!index.TryGetValue(name, out int i))
            {
                i = names.Count;
                index.Add(name, i);
                names.Add(name);
                requests.Add([]);
            }

            requests[i].Add(new Request(time, cost));
            last = Math.Max(last, time);
            count++;
        }

        // OrderBy is stable: requests of one instant keep their order.
        return new RequestTrace([.. names], index, [.. requests.Select(list => list.OrderBy(r => r.Time).ToArray())], last, count, trace);
    }

    /// <summary>One request.</summary>
    /// <param name="Time">When it arrives.</param>
    /// <param name="Cost">Its cost in tokens; NaN for the agent's mean cost.</param>
    internal readonly record struct Request(double Time, double Cost);
}
