using System.Text;
using QosValuation.Allocation.Fairness;
using QosValuation.Allocation.Optimal;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Numerics;
using QosValuation.Foundation.Randomness;

namespace QosValuation.Allocation.Schemes;

/// <summary>
/// Agents as columns: a million of them are read from and written to CSV files and NumPy arrays without an object for each.
/// Memory is 40 bytes an agent and its name.
/// </summary>
public sealed class AgentColumns
{
    // Where the names are; null for NumPy arrays.
    private readonly CsvNumberTable? _table;
    private readonly double[] _remaining;
    private readonly double[] _room;

    private AgentColumns(double[] values, double[] capacities, double[] remaining, CsvNumberTable? table, string path)
    {
        Values = values;
        _remaining = remaining;
        _room = capacities;
        _table = table;
        for (int i = 0; i < values.Length; i++)
        {
            bool isValid = values[i] is >= 0 and <= double.MaxValue
                && capacities[i] <= double.MaxValue && remaining[i] >= 0 && remaining[i] <= capacities[i];
            if (!isValid)
            {
                throw new QosValuationException(
                    Faults.AgentNotValid,
                    $"Agent {i + 1} in '{path}' has a value of {values[i]}, a capacity of {capacities[i]} and {remaining[i]} tokens remaining; " +
                    "give finite numbers of at least 0, and at most the capacity remaining.",
                    path);
            }

            _room[i] = TokenAgent.Room(capacities[i], remaining[i]);
        }
    }

    /// <summary>N: the number of agents.</summary>
    public int Count => Values.Length;

    /// <summary>v: the data value of each agent, finite and at least 0.</summary>
    public double[] Values { get; }

    /// <summary>u: the tokens granted to each agent by the last allocation; empty before the first.</summary>
    public double[] Tokens { get; private set; } = [];

    /// <summary>The scheme of the last allocation; null before the first.</summary>
    public AllocationScheme? Scheme { get; private set; }

    /// <summary>
    /// Reads a CSV file with the column Value, and where it has them Agent (or Contributor, Address), Capacity and Remaining. Other columns are
    /// ignored. O(size of the file), and O(N log N) for names.
    /// </summary>
    /// <param name="path">The file in UTF-8, with a header; names of columns are not case-sensitive. Names of agents are folded
    /// (<see cref="ContributorName"/>), numbers read by <see cref="NumberText"/>.</param>
    /// <param name="capacity">B of all agents where the file has no such column, and of those whose field is empty.</param>
    /// <param name="remaining">R of all agents where the file has no such column, and of those whose field is empty.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The agents in the order of the file.</returns>
    /// <exception cref="QosValuationException">
    /// <c>ColumnNotReadable</c>, <c>AgentNotValid</c>, <c>AgentRepeated</c>: the first row at fault is named.
    /// </exception>
    public static AgentColumns ReadCsv(string path, double capacity, double remaining, CancellationToken cancellationToken)
    {
        CsvNumberTable table = CsvNumberTable.Read(
            path, "agent", ["Agent", "Contributor", "Address"], [("Value", null), ("Capacity", capacity), ("Remaining", remaining)], cancellationToken);
        return table.FindRepeatedName() is (int first, int second)
            ? throw TokenAgent.Repeated(Encoding.UTF8.GetString(table.Name(first)), $" in '{path}', as agent {first + 1} and {second + 1}")
            : new AgentColumns(table.Columns[0], table.Columns[1], table.Columns[2], table, path);
    }

    /// <summary>Reads NumPy arrays, one a column. O(N).</summary>
    /// <param name="valuePath">A .npy file of v, one number for each agent.</param>
    /// <param name="capacityPath">A .npy file of B; null where it is the same for all.</param>
    /// <param name="remainingPath">A .npy file of R; null where it is the same for all.</param>
    /// <param name="capacity">B of all agents without <paramref name="capacityPath"/>.</param>
    /// <param name="remaining">R of all agents without <paramref name="remainingPath"/>.</param>
    /// <returns>The agents.</returns>
    /// <exception cref="QosValuationException"><c>ColumnNotReadable</c>, <c>ColumnLengthMismatch</c>, <c>AgentNotValid</c>.</exception>
    public static AgentColumns ReadNpy(string valuePath, string? capacityPath, string? remainingPath, double capacity, double remaining)
    {
        double[] values = NpyColumn.Read(valuePath);
        return new AgentColumns(values, Column(capacityPath, capacity), Column(remainingPath, remaining), null, valuePath);

        double[] Column(string? path, double everywhere)
        {
            double[] column = path is null ? new double[values.Length] : NpyColumn.Read(path);
            if (path is null)
            {
                Array.Fill(column, everywhere);
            }

            return column.Length == values.Length
                ? column
                : throw new QosValuationException(
                    Faults.ColumnLengthMismatch,
                    $"'{path}' holds {column.Length:N0} numbers and '{valuePath}' {values.Length:N0}; give one for each agent.",
                    path);
        }
    }

    /// <summary>Divides a supply among the agents: fills <see cref="Tokens"/>.</summary>
    /// <param name="scheme">How to divide.</param>
    /// <param name="supply">V ≥ 0.</param>
    /// <param name="wholeTokens">Whether grants are whole numbers.</param>
    /// <param name="random">The source that Random draws from.</param>
    /// <param name="bounds">Bounds on fairness, for schemes that take them; null for none.</param>
    /// <param name="cancellationToken">Stops a scheme that searches.</param>
    /// <exception cref="QosValuationException">What <see cref="TokenAllocator.Require"/> refuses, and bounds that cannot be kept.</exception>
    public void Allocate(
        AllocationScheme scheme,
        double supply,
        bool wholeTokens,
        RandomSource? random,
        OptimalAllocationOptions? bounds = null,
        CancellationToken cancellationToken = default)
    {
        Tokens = new double[Count];
        TokenAllocator.Allocate(scheme, Values, _room, _remaining, supply, wholeTokens, random, Tokens, bounds, cancellationToken);
        Scheme = scheme;
    }

    /// <summary>The fairness of <see cref="Tokens"/>. O(N log N).</summary>
    /// <param name="supply">V.</param>
    /// <returns>The report.</returns>
    public FairnessReport Measure(double supply)
    {
        double[] rates = new double[Count];
        CompensatedSum welfare = default;
        for (int i = 0; i < rates.Length; i++)
        {
            rates[i] = FairnessMeasures.RewardRate(Tokens[i], Values[i]);
            welfare.Add(Values[i] * Tokens[i]);
        }

        return FairnessMeasures.Measure(rates) with
        {
            Scheme = Scheme?.ToString(),
            SocialWelfare = welfare.Value,
            Allocated = CompensatedSum.Of(Tokens),
            Supply = supply,
        };
    }

    /// <summary>
    /// Writes the grants, whole or not at all: a .csv with Agent (where there are names), Value, Tokens and RewardRate, or a .npy with the
    /// tokens alone. O(N).
    /// </summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="raw">Whether names are written as they are. Otherwise one that a spreadsheet would take for a formula (it begins with =, +, -, @,
    /// a tab or a carriage return) gets an apostrophe before it.</param>
    /// <exception cref="QosValuationException"><c>ColumnFormatNotKnown</c>, <c>FileNotWritable</c>, <c>DiskFull</c>.</exception>
    public void Write(string path, bool raw = false)
    {
        bool hasNames = _table is { HasNames: true };
        CsvNumberTable.Write(path, Tokens, hasNames ? ["Agent", "Value", "Tokens", "RewardRate"] : ["Value", "Tokens", "RewardRate"], (csv, i) =>
        {
            if (hasNames)
            {
                CsvNumberTable.WriteName(csv, _table!.Name(i), raw);
            }

            csv.WriteField(Values[i]);
            csv.WriteField(Tokens[i]);
            csv.WriteField(FairnessMeasures.RewardRate(Tokens[i], Values[i]));
        });
    }
}
