using System.Globalization;
using QosValuation.Foundation.Numerics;

namespace QosValuation.Markets.Models;

/// <summary>The clients of a model market as columns: what they have, and what they say that they have. All columns have one length n.</summary>
public sealed record TraderColumns
{
    /// <summary>The clients' names, for messages.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>N: the training rows of each client, above 0.</summary>
    public required double[] Sizes { get; init; }

    /// <summary>c: what each export of its model costs a client, at least 0.</summary>
    public required double[] Costs { get; init; }

    /// <summary>K: the gain scale of each client, at least 0; who has 0 buys nothing.</summary>
    public required double[] GainScales { get; init; }

    /// <summary>The sizes that clients report; null where all are true.</summary>
    public double[]? ReportedSizes { get; init; }

    /// <summary>The costs that clients report; null where all are true.</summary>
    public double[]? ReportedCosts { get; init; }

    /// <summary>The gain scales that clients report; null where all are true.</summary>
    public double[]? ReportedGainScales { get; init; }

    /// <summary>What each client is there for; empty where all trade.</summary>
    public IReadOnlyList<ClientRole> Roles { get; init; } = [];

    /// <summary>What each client does with the model that it shares; empty where all are honest.</summary>
    public IReadOnlyList<ClientAttack> Attacks { get; init; } = [];

    /// <summary>n: the number of clients.</summary>
    public int Count => Sizes.Length;

    /// <summary>The sizes by which the market trades.</summary>
    public double[] MarketSizes => ReportedSizes ?? Sizes;

    /// <summary>The costs by which the market trades.</summary>
    public double[] MarketCosts => ReportedCosts ?? Costs;

    /// <summary>The gain scales by which the market trades.</summary>
    public double[] MarketGainScales => ReportedGainScales ?? GainScales;

    /// <summary>Whether a client reports what it has.</summary>
    /// <param name="client">From 0.</param>
    public bool IsHonest(int client) =>
        MarketSizes[client] == Sizes[client] && MarketCosts[client] == Costs[client] && MarketGainScales[client] == GainScales[client];

    /// <summary>Clients as columns. O(n).</summary>
    /// <param name="members">The clients.</param>
    /// <returns>The columns, which are not checked.</returns>
    public static TraderColumns Of(IReadOnlyList<ModelTrader> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return new()
        {
            Names = [.. members.Select(member => member.Contributor)],
            Sizes = [.. members.Select(member => member.Size)],
            Costs = [.. members.Select(member => member.Cost)],
            GainScales = [.. members.Select(member => member.GainScale)],
            ReportedSizes = [.. members.Select(member => member.ReportedSize ?? member.Size)],
            ReportedCosts = [.. members.Select(member => member.ReportedCost ?? member.Cost)],
            ReportedGainScales = [.. members.Select(member => member.ReportedGainScale ?? member.GainScale)],
            Roles = [.. members.Select(member => member.Role)],
            Attacks = [.. members.Select(member => member.Attack)],
        };
    }

    /// <summary>Checks the columns. O(n).</summary>
    /// <exception cref="QosValuationException"><c>ModelTraderNotValid</c>, naming the client, the column and the value.</exception>
    public void Validate()
    {
        if (Count == 0)
        {
            throw new QosValuationException(Faults.ModelTraderNotValid, "There are no clients; give at least one.");
        }

        Require("Size", Sizes, mayBeZero: false);
        Require("Cost", Costs, mayBeZero: true);
        Require("GainScale", GainScales, mayBeZero: true);
        Require("ReportedSize", ReportedSizes, mayBeZero: false);
        Require("ReportedCost", ReportedCosts, mayBeZero: true);
        Require("ReportedGainScale", ReportedGainScales, mayBeZero: true);
    }

    /// <summary>Checks distances between the clients. O(n²).</summary>
    /// <param name="distances">d, n × n; the diagonal does not matter.</param>
    /// <exception cref="QosValuationException"><c>ModelDistanceNotValid</c>, naming the pair and the value.</exception>
    public void Validate(SquareMatrix distances)
    {
        ArgumentNullException.ThrowIfNull(distances);
        if (distances.Count != Count)
        {
            throw new QosValuationException(
                Faults.ModelDistanceNotValid,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"There are {Count} clients, but the distances have {distances.Count} rows; give one row a client."),
                distances.Count);
        }

        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<double> row = distances.Row(i);
            for (int j = 0; j < row.Length; j++)
            {
                // A cosine of 1 leaves a rounding on either side of 0.
                if (i != j && !(row[j] >= -1e-9 && double.IsFinite(row[j])))
                {
                    throw new QosValuationException(
                        Faults.ModelDistanceNotValid,
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"The distance from '{Names[i]}' to '{Names[j]}' is {row[j]}; give a finite number of at least 0, such as 1 less the cosine."),
                        row[j]);
                }
            }
        }
    }

    private void Require(string column, double[]? values, bool mayBeZero)
    {
        if (values is null)
        {
            return;
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, Count);
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]) || values[i] < 0 || (!mayBeZero && values[i] == 0))
            {
                throw new QosValuationException(
                    Faults.ModelTraderNotValid,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"'{Names[i]}' has {values[i]} as its {column}; give a finite number {(mayBeZero ? "of at least 0" : "above 0")}."),
                    Names[i]);
            }
        }
    }
}
