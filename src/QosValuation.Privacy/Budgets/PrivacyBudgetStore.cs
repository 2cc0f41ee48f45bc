using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Budgets;

/// <summary>
/// An open privacy budget: charges are transactions, so that processes releasing at once never overspend together, and are on
/// disk when <see cref="Charge"/> returns. Not thread-safe; give each thread its own.
/// </summary>
public sealed partial class PrivacyBudgetStore : IDisposable
{
    private const int ApplicationId = 0x51565042; // "QVPB"
    private const string Kind = "privacy budget";

    // The running total stands beside each charge, so that what a contributor has spent is one look-up.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS budget (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            epsilon REAL NOT NULL,
            delta REAL NOT NULL,
            neighboring TEXT NOT NULL,
            unit TEXT NOT NULL,
            created INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS release (
            id INTEGER PRIMARY KEY,
            cluster INTEGER NOT NULL,
            modality TEXT NOT NULL,
            mechanism TEXT NOT NULL,
            neighboring TEXT NOT NULL,
            unit TEXT NOT NULL,
            squared_mu REAL NOT NULL,
            timestamp INTEGER NOT NULL,
            event TEXT) STRICT;
        CREATE TABLE IF NOT EXISTS charge (
            contributor TEXT NOT NULL,
            release INTEGER NOT NULL REFERENCES release (id),
            squared_mu REAL NOT NULL,
            total REAL NOT NULL,
            renyi BLOB,
            PRIMARY KEY (contributor, release)) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS charge_renyi ON charge (contributor, release) WHERE renyi IS NOT NULL;
        """;

    // Files from before there were events. What they hold stays as it is: a row without an event is a Gaussian release.
    private const string Migration = """
        ALTER TABLE release ADD COLUMN event TEXT;
        ALTER TABLE charge ADD COLUMN renyi BLOB;
        CREATE INDEX IF NOT EXISTS charge_renyi ON charge (contributor, release) WHERE renyi IS NOT NULL;
        """;

    // A release without a cluster.
    private const int NoCluster = -1;

    private readonly SqliteConnection _connection;
    private readonly bool _hasCurves;

    private PrivacyBudgetStore(SqliteConnection connection, PrivacyBudget budget, bool hasCurves)
    {
        _connection = connection;
        _hasCurves = hasCurves;
        Budget = budget;
    }

    /// <summary>The terms of the budget.</summary>
    public PrivacyBudget Budget { get; }

    /// <summary>Opens a budget for charging.</summary>
    /// <param name="path">The SQLite file.</param>
    /// <returns>The open budget.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>.</exception>
    public static PrivacyBudgetStore Open(string path)
    {
        SqliteConnection connection = SqliteFile.Open(path, ApplicationId, Schema, Kind, create: false);
        try
        {
            PrivacyBudget? budget = Guarded(path, () => ReadTerms(connection, path));
            return budget is not null
                ? new PrivacyBudgetStore(connection, budget, Guarded(path, () => Migrate(connection)))
                : throw new QosValuationException(
                    Faults.DatabaseNotReadable, $"'{path}' was begun and never became a budget; New-PrivacyBudget completes it.", path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>
    /// Charges releases to every contributor of each, all or none, in one transaction that is on disk afterwards.
    /// O(releases · contributors).
    /// </summary>
    /// <param name="charges">What is to be drawn next.</param>
    /// <exception cref="PrivacyBudgetException">
    /// <c>PrivacyBudgetExceeded</c>: a contributor has not enough left; <c>PrivacyBudgetNotApplicable</c>: a release that the budget
    /// cannot account for; <c>ContributorNotValid</c>; <c>ContributorLooksAlike</c>: another account has a name that looks
    /// the same; <c>DatabaseBusy</c>, <c>DiskFull</c>, <c>DatabaseNotReadable</c>. Nothing was charged.
    /// </exception>
    public void Charge(IReadOnlyList<PrivacyCharge> charges)
    {
        ArgumentNullException.ThrowIfNull(charges);
        charges = ByAccount(charges);
        PrivacyCost[] costs = [.. charges.Select(CostOf)];
        var needs = new Dictionary<string, Total>(StringComparer.Ordinal);
        for (int i = 0; i < costs.Length; i++)
        {
            foreach (string contributor in charges[i].Contributors)
            {
                RequireName(contributor);
                ref Total need = ref CollectionsMarshal.GetValueRefOrAddDefault(needs, contributor, out _);
                need = need.Plus(costs[i]);
            }
        }

        try
        {
            // IMMEDIATE: no other process charges between the look and the write.
            using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
            RequireDistinct(needs.Keys, transaction);
            Dictionary<string, Total> totals = ReadTotals(needs.Keys, transaction);
            Refuse(needs, totals);
            Write(charges, costs, totals, transaction);
            transaction.Commit();
        }
        catch (SqliteException exception)
        {
            QosValuationException fault = SqliteFile.Fault(exception, Budget.Path, Kind);
            throw new PrivacyBudgetException(fault.Fault, fault.Kind, fault.Message + " Nothing was drawn.", fault.Subject, exception);
        }
    }

    /// <summary>What each contributor has spent, in order of their names. O(charges), and two bisections for each of the totals that differ.</summary>
    /// <param name="wanted">Which contributors to look at; null for all.</param>
    /// <returns>The contributors that were charged.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotReadable</c>.</exception>
    public IEnumerable<PrivacySpending> ReadSpending(Predicate<string>? wanted = null)
    {
        using SqliteCommand command = _connection.CreateCommand();
        string curves = _hasCurves ? LastCurve("charge.contributor") : "NULL";
        command.CommandText = $"SELECT contributor, count(*), max(total), {curves} FROM charge GROUP BY contributor ORDER BY contributor";
        using SqliteDataReader reader = Guarded(Budget.Path, command.ExecuteReader);

        // Who was in the same releases has spent the same.
        var known = new Dictionary<double, (double Spent, double Remaining)>();
        while (Guarded(Budget.Path, reader.Read))
        {
            (string contributor, long releases, Total total) =
                Guarded(Budget.Path, () => (reader.GetString(0), reader.GetInt64(1), new Total(reader.GetDouble(2), CurveOf(reader.GetValue(3)))));
            if (wanted?.Invoke(contributor) == false)
            {
                continue;
            }

            (double Spent, double Remaining) epsilon;
            if (total.Curve is not null)
            {
                epsilon = (total.Epsilon(Budget.Delta), RemainingOf(total));
            }
            else if (!known.TryGetValue(total.SquaredMu, out epsilon))
            {
                epsilon = (total.Epsilon(Budget.Delta), RemainingOf(total));
                known.Add(total.SquaredMu, epsilon);
            }

            yield return new PrivacySpending
            {
                Contributor = contributor,
                Releases = releases,
                Mu = total.Curve is null ? Math.Sqrt(total.SquaredMu) : double.NaN,
                Spent = epsilon.Spent,
                Remaining = epsilon.Remaining,
                Epsilon = Budget.Epsilon,
                Delta = Budget.Delta,
            };
        }
    }

    /// <summary>Makes a budget, in a new file or in one that was begun and never completed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="epsilon">ε &gt; 0.</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <param name="neighboring">The relation.</param>
    /// <param name="unit">The unit.</param>
    /// <returns>The open budget.</returns>
    internal static PrivacyBudgetStore Create(string path, double epsilon, double delta, Neighboring neighboring, PrivacyUnit unit)
    {
        GaussianCalibration.RequireEpsilon(epsilon);
        GaussianCalibration.RequireDelta(delta);
        SqliteConnection connection = SqliteFile.Open(path, ApplicationId, Schema, Kind);
        try
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            using SqliteCommand insert = connection.CreateCommand();
            insert.Transaction = transaction;
            insert.CommandText = "INSERT OR IGNORE INTO budget (id, epsilon, delta, neighboring, unit, created) VALUES (1, $epsilon, $delta, $neighboring, "
                + "$unit, $created)";
            insert.Parameters.AddWithValue("$epsilon", epsilon);
            insert.Parameters.AddWithValue("$delta", delta);
            insert.Parameters.AddWithValue("$neighboring", neighboring.ToString());
            insert.Parameters.AddWithValue("$unit", unit.ToString());
            insert.Parameters.AddWithValue("$created", DateTime.UtcNow.Ticks);
            if (insert.ExecuteNonQuery() == 0)
            {
                throw new QosValuationException(
                    Faults.PrivacyBudgetExists,
                    $"'{path}' is a privacy budget already, and a budget is never replaced: open it with Get-PrivacyBudget, or choose another path.",
                    path);
            }

            transaction.Commit();
            return new PrivacyBudgetStore(connection, ReadTerms(connection, path)!, Migrate(connection));
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw SqliteFile.Fault(exception, path, Kind);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal long CountReleases() => Guarded(Budget.Path, () =>
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM release";
        return (long)command.ExecuteScalar()!;
    });

    /// <summary>The largest ε that a contributor has spent, and the smallest that one has left.</summary>
    internal (double Spent, double Remaining) ReadExtremes() => Guarded(Budget.Path, () =>
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT coalesce(max(total), 0.0) FROM charge";
        var gaussian = new Total((double)command.ExecuteScalar()!, null);
        (double Spent, double Remaining) extremes = (gaussian.Epsilon(Budget.Delta), RemainingOf(gaussian));
        command.CommandText = "SELECT EXISTS (SELECT 1 FROM charge WHERE renyi IS NOT NULL)";
        if (_hasCurves && (long)command.ExecuteScalar()! != 0)
        {
            foreach (PrivacySpending spending in ReadSpending())
            {
                extremes = (Math.Max(extremes.Spent, spending.Spent), Math.Min(extremes.Remaining, spending.Remaining));
            }
        }

        return extremes;
    });

    /// <summary>The fault of a release that this budget cannot account for.</summary>
    /// <param name="reason">Why, and what to do about it; a sentence.</param>
    /// <returns><c>PrivacyBudgetNotApplicable</c>.</returns>
    public PrivacyBudgetException NotApplicable(string reason) =>
        new(Faults.PrivacyBudgetNotApplicable, $"{reason} Nothing was charged to '{Budget.Path}', and nothing drawn.", Budget.Path);

    /// <summary>Refuses a release that protects less than the budget.</summary>
    /// <param name="unit">Whose data the release protects.</param>
    /// <exception cref="PrivacyBudgetException"><c>PrivacyBudgetNotApplicable</c>.</exception>
    public void RequireUnit(PrivacyUnit unit)
    {
        if (Budget.Unit == PrivacyUnit.Contributor && unit != PrivacyUnit.Contributor)
        {
            throw NotApplicable("The budget protects contributors with all their records: release with -Unit Contributor.");
        }
    }

    // Whether the file has the columns for events, which an older one is given here; false for an old one that cannot be written to.
    private static bool Migrate(SqliteConnection connection)
    {
        if (HasCurves(connection, null))
        {
            return true;
        }

        try
        {
            // Decided again under the write lock: another process may be at it.
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            if (!HasCurves(connection, transaction))
            {
                using SqliteCommand command = connection.CreateCommand();
                command.Transaction = transaction;
                command.CommandText = Migration;
                command.ExecuteNonQuery();
            }

            transaction.Commit();
            return true;
        }
        catch (SqliteException exception)
            when (exception.SqliteErrorCode is SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM)
        {
            return false;
        }
    }

    private static bool HasCurves(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT count(*) FROM pragma_table_info('charge') WHERE name = 'renyi'";
        return (long)command.ExecuteScalar()! > 0;
    }

    private static PrivacyBudget? ReadTerms(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT epsilon, delta, neighboring, unit, created FROM budget WHERE id = 1";
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read()
            ? new PrivacyBudget(
                Path.GetFullPath(path),
                reader.GetDouble(0),
                reader.GetDouble(1),
                Enum.Parse<Neighboring>(reader.GetString(2)),
                Enum.Parse<PrivacyUnit>(reader.GetString(3)),
                new DateTime(reader.GetInt64(4), DateTimeKind.Utc))
            : null;
    }

    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException exception)
        {
            throw SqliteFile.Fault(exception, path, Kind);
        }
        catch (Exception exception) when (exception is InvalidCastException or ArgumentException)
        {
            throw new QosValuationException(Faults.DatabaseNotReadable, $"'{path}' holds a row that cannot be read: {exception.Message}", path, exception);
        }
    }

    // The running total of what is no Gaussian release stands in the last charge that added to it, NULL in all others.
    private static string LastCurve(string contributor) =>
        $"(SELECT renyi FROM charge AS curve WHERE curve.contributor = {contributor} AND curve.renyi IS NOT NULL ORDER BY curve.release DESC LIMIT 1)";

    // Rounded up, so that no number of charges sums to less than it should.
    private static double Sum(double total, double cost) => total == 0 ? cost : cost == 0 ? total : Math.BitIncrement(total + cost);

    private static double[]? CurveOf(object? value)
    {
        if (value is not byte[] bytes)
        {
            return value is null or DBNull ? null : throw new InvalidCastException("Divergences are no numbers.");
        }

        if (bytes.Length != sizeof(double) * PrivacyCost.Orders.Count)
        {
            throw new InvalidCastException($"Divergences of {bytes.Length} bytes are for other orders than the {PrivacyCost.Orders.Count} known here.");
        }

        double[] curve = new double[PrivacyCost.Orders.Count];
        for (int i = 0; i < curve.Length; i++)
        {
            curve[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)));
            if (!(curve[i] >= 0))
            {
                throw new InvalidCastException("A divergence is below 0 or no number.");
            }
        }

        return curve;
    }

    private static byte[] BytesOf(double[] curve)
    {
        byte[] bytes = new byte[sizeof(double) * curve.Length];
        for (int i = 0; i < curve.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), curve[i]);
        }

        return bytes;
    }

    private static void RequireName(string contributor)
    {
        if (string.IsNullOrEmpty(contributor) || !SqliteFile.IsStorable(contributor))
        {
            throw new PrivacyBudgetException(
                Faults.ContributorNotValid,
                $"The contributor '{contributor}' cannot be charged: a name must not be empty nor hold U+0000 or a lone surrogate.",
                contributor);
        }
    }

    private PrivacyCost CostOf(PrivacyCharge charge)
    {
        RequireUnit(charge.Event.Unit);
        PrivacyCost cost = charge.CostUnder(Budget.Neighboring)
            ?? throw NotApplicable(Budget.Neighboring == Neighboring.AddRemove
                ? "The budget is for -Neighboring AddRemove, and this release tells how many records there are: release with -Neighboring AddRemove."
                : "The budget is for -Neighboring ReplaceOne, and releases of Poisson samples are accounted for under AddRemove: charge them to a budget for "
                    + "AddRemove.");
        return cost.IsFinite ? cost : throw NotApplicable("A release without a guarantee has no finite cost.");
    }

    private Dictionary<string, Total> ReadTotals(IEnumerable<string> contributors, SqliteTransaction transaction)
    {
        var totals = new Dictionary<string, Total>(StringComparer.Ordinal);
        using SqliteCommand command = _connection.CreateCommand();
        command.Transaction = transaction;
        string curve = _hasCurves ? LastCurve("$contributor") : "NULL";
        command.CommandText = $"SELECT total, {curve} FROM charge WHERE contributor = $contributor ORDER BY release DESC LIMIT 1";
        SqliteParameter name = command.Parameters.Add("$contributor", SqliteType.Text);
        foreach (string contributor in contributors)
        {
            name.Value = contributor;
            using SqliteDataReader reader = command.ExecuteReader();
            totals.Add(contributor, reader.Read() ? Guarded(Budget.Path, () => new Total(reader.GetDouble(0), CurveOf(reader.GetValue(1)))) : default);
        }

        return totals;
    }

    private bool Allows(Total total) => total.Curve is null ? total.SquaredMu <= Budget.SquaredMu : total.Epsilon(Budget.Delta) <= Budget.Epsilon;

    /// <summary>The largest ε of one more Gaussian release beside what is spent.</summary>
    private double RemainingOf(Total total)
    {
        if (total.Curve is null)
        {
            return Budget.RemainingOf(total.SquaredMu);
        }

        double left = GaussianCalibration.LargestSatisfying(square => Allows(total with { SquaredMu = Sum(total.SquaredMu, square) }));
        return GaussianCalibration.EpsilonOfSquaredMu(left, Budget.Delta);
    }

    private void Refuse(Dictionary<string, Total> needs, Dictionary<string, Total> totals)
    {
        string[] refused =
        [
            .. needs.Where(need => !Allows(totals[need.Key].Plus(need.Value))).Select(need => need.Key)
                .OrderByDescending(name => totals[name].Curve is null ? totals[name].SquaredMu : double.PositiveInfinity),
        ];
        if (refused.Length == 0)
        {
            return;
        }

        string first = refused[0];
        double needed = needs[first].Epsilon(Budget.Delta);
        double remaining = RemainingOf(totals[first]);
        string others = refused.Length == 1 ? string.Empty : $" {refused.Length - 1} other contributors have too little left as well.";
        string remedy = remaining > 0 ? "Release with a smaller ε, or without the contributor's "
            + "data." : "The contributor's data can take part in no further release.";
        throw new PrivacyBudgetException(
            Faults.PrivacyBudgetExceeded,
            $"The budget of contributor '{first}' does not allow this release: it needs ε = {needed:G6} at δ = {Budget.Delta:G3}, and ε = {remaining:G6} of "
            + $"{Budget.Epsilon:G6} is left.{others} Nothing was charged, and nothing drawn. {remedy}",
            first)
        {
            Contributor = first,
            Needed = needed,
            Remaining = remaining,
        };
    }

    private void Write(IReadOnlyList<PrivacyCharge> charges, PrivacyCost[] costs, Dictionary<string, Total> totals, SqliteTransaction transaction)
    {
        using SqliteCommand release = _connection.CreateCommand();
        release.Transaction = transaction;
        release.CommandText = """
            INSERT INTO release (cluster, modality, mechanism, neighboring, unit, squared_mu, timestamp, event)
            VALUES ($cluster, $modality, $mechanism, $neighboring, $unit, $mu, $time, $event) RETURNING id
            """;
        using SqliteCommand charge = _connection.CreateCommand();
        charge.Transaction = transaction;
        charge.CommandText = "INSERT INTO charge (contributor, release, squared_mu, total, renyi) VALUES ($contributor, $release, $mu, $total, $renyi)";
        for (int i = 0; i < costs.Length; i++)
        {
            PrivacyEvent @event = charges[i].Event;
            ReleaseLabel label = charges[i].Released;
            release.Parameters.Clear();
            release.Parameters.AddWithValue("$cluster", label.ClusterId ?? NoCluster);
            release.Parameters.AddWithValue("$modality", label.Modality);
            release.Parameters.AddWithValue("$mechanism", label.Mechanism);
            release.Parameters.AddWithValue("$neighboring", @event.Neighboring.ToString());
            release.Parameters.AddWithValue("$unit", @event.Unit.ToString());
            release.Parameters.AddWithValue("$mu", (charges[i].CostUnder(@event.Neighboring) ?? costs[i]).SquaredMu);
            release.Parameters.AddWithValue("$time", DateTime.UtcNow.Ticks);
            release.Parameters.AddWithValue("$event", @event.ToText());
            long id = (long)release.ExecuteScalar()!;
            bool addsCurve = costs[i].Curve() is not null;
            foreach (string contributor in charges[i].Contributors)
            {
                Total total = totals[contributor].Plus(costs[i]);
                totals[contributor] = total;
                charge.Parameters.Clear();
                charge.Parameters.AddWithValue("$contributor", contributor);
                charge.Parameters.AddWithValue("$release", id);
                charge.Parameters.AddWithValue("$mu", costs[i].SquaredMu);
                charge.Parameters.AddWithValue("$total", total.SquaredMu);
                charge.Parameters.AddWithValue("$renyi", addsCurve ? BytesOf(total.Curve!) : DBNull.Value);
                charge.ExecuteNonQuery();
            }
        }
    }

    /// <summary>What a contributor has spent: Σμ² of Gaussian releases, and Rényi divergences of others; null without any.</summary>
    private readonly record struct Total(double SquaredMu, double[]? Curve)
    {
        public Total Plus(PrivacyCost cost) => Plus(new Total(cost.SquaredMu, cost.Curve()));

        public Total Plus(Total other) => new(
            Sum(SquaredMu, other.SquaredMu),
            Curve is null ? other.Curve : other.Curve is null ? Curve : [.. Curve.Zip(other.Curve, Sum)]);

        public double Epsilon(double delta) =>
            Curve is null ? GaussianCalibration.EpsilonOfSquaredMu(SquaredMu, delta) : PrivacyCost.EpsilonOfCurve(SquaredMu, Curve, delta);
    }
}
