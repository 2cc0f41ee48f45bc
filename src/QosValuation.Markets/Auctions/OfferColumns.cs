using QosValuation.Foundation.IO;

namespace QosValuation.Markets.Auctions;

/// <summary>Offers as columns of a file: a million of them are read, sold and written without an object for each.</summary>
public sealed class OfferColumns
{
    private readonly CsvNumberTable? _table;
    private readonly double[] _costs;
    private readonly double[] _qualities;
    private readonly double[] _utilities;

    private readonly string _path;

    private OfferColumns(string path, double[] costs, double[] qualities, double[] utilities, CsvNumberTable? table)
    {
        _path = path;
        _costs = costs;
        _qualities = qualities;
        _utilities = utilities;
        _table = table;
    }

    /// <summary>n: the number of offers.</summary>
    public int Count => _costs.Length;

    /// <summary>Reads a CSV file with the column Cost, and where it has them Contributor, Quality and MarginalUtility (else 1). O(size).</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The offers.</returns>
    /// <exception cref="QosValuationException"><c>ColumnNotReadable</c>.</exception>
    public static OfferColumns ReadCsv(string path, CancellationToken cancellationToken)
    {
        CsvNumberTable table = CsvNumberTable.Read(
            path, "offer", ["Contributor", "Agent", "Address"], [("Cost", null), ("Quality", 1), ("MarginalUtility", 1)], cancellationToken);
        return new OfferColumns(path, table.Columns[0], table.Columns[1], table.Columns[2], table);
    }

    /// <summary>Reads NumPy arrays, one a column. O(n).</summary>
    /// <param name="costPath">A .npy file of c.</param>
    /// <param name="qualityPath">A .npy file of q; null where all are 1.</param>
    /// <param name="utilityPath">A .npy file of φ; null where all are 1.</param>
    /// <returns>The offers.</returns>
    /// <exception cref="QosValuationException"><c>ColumnNotReadable</c>.</exception>
    public static OfferColumns ReadNpy(string costPath, string? qualityPath, string? utilityPath) =>
        new(
            costPath,
            NpyColumn.Read(costPath),
            qualityPath is null ? [] : NpyColumn.Read(qualityPath),
            utilityPath is null ? [] : NpyColumn.Read(utilityPath),
            null);

    /// <summary>Holds an auction. O(n log n).</summary>
    /// <param name="options">How.</param>
    /// <returns>The outcome.</returns>
    /// <exception cref="QosValuationException">What <see cref="DataAuctioneer"/> refuses; an offer at fault is told with the file.</exception>
    public AuctionColumns Sell(AuctionOptions options)
    {
        try
        {
            return DataAuctioneer.Run(_costs, _qualities, _utilities, options);
        }
        catch (QosValuationException fault) when (fault.Is(Faults.OfferNotValid, Faults.ColumnLengthMismatch))
        {
            throw new QosValuationException(fault.Fault, $"'{_path}': {fault.Message}", _path, fault);
        }
    }

    /// <summary>
    /// Writes an outcome, whole or not at all: a .csv with Contributor (where there are names), Cost, Value, IsWinner, Reason and Payment, or a
    /// .npy with the payments alone. O(n).
    /// </summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="outcome">The outcome.</param>
    /// <param name="raw">Whether names are written as they are (<see cref="CsvNumberTable.WriteName"/>).</param>
    /// <exception cref="QosValuationException"><c>ColumnFormatNotKnown</c>, <c>FileNotWritable</c>, <c>DiskFull</c>.</exception>
    public void Write(string path, AuctionColumns outcome, bool raw = false)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        bool hasNames = _table is { HasNames: true };
        string[] reasons = Enum.GetNames<AwardReason>();
        string[] header = ["Cost", "Value", "IsWinner", "Reason", "Payment"];
        CsvNumberTable.Write(path, outcome.Payment, hasNames ? ["Contributor", .. header] : header, (csv, i) =>
        {
            if (hasNames)
            {
                CsvNumberTable.WriteName(csv, _table!.Name(i), raw);
            }

            csv.WriteField(_costs[i]);
            csv.WriteField(outcome.Value[i]);
            csv.WriteField(outcome.Reason[i] == AwardReason.Won ? "True" : "False");
            csv.WriteField(reasons[(int)outcome.Reason[i]]);
            csv.WriteField(outcome.Payment[i]);
        });
    }
}
