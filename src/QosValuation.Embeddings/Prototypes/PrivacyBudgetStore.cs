using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Embeddings.Prototypes;

/// <summary>
/// An open privacy budget: charges are transactions, so that processes releasing at once never overspend together, and are on
/// disk when <see cref="Charge"/> returns. Not thread-safe; give each thread its own.
/// </summary>
public sealed class PrivacyBudgetStore : IDisposable
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
            timestamp INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS charge (
            contributor TEXT NOT NULL,
            release INTEGER NOT NULL REFERENCES release (id),
            squared_mu REAL NOT NULL,
            total REAL NOT NULL,
            PRIMARY KEY (contributor, release)) STRICT, WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;

    private PrivacyBudgetStore(SqliteConnection connection, PrivacyBudget budget)
    {
        _connection = connection;
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
                ? new PrivacyBudgetStore(connection, budget)
                : throw new QosValuationException(Faults.DatabaseNotReadable, $"'{path}' was begun and never became a budget; New-PrivacyBudget completes it.", path);
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
    /// cannot account for; <c>ContributorNotValid</c>; <c>DatabaseBusy</c>, <c>DiskFull</c>, <c>DatabaseNotReadable</c>. Nothing was charged.
    /// </exception>
    public void Charge(IReadOnlyList<PrivacyCharge> charges)
    {
        ArgumentNullException.ThrowIfNull(charges);
        double[] costs = [.. charges.Select(CostOf)];
        var needs = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < costs.Length; i++)
        {
            foreach (string contributor in charges[i].Contributors)
            {
                RequireName(contributor);
                ref double need = ref CollectionsMarshal.GetValueRefOrAddDefault(needs, contributor, out _);
                need = Sum(need, costs[i]);
            }
        }

        try
        {
            // IMMEDIATE: no other process charges between the look and the write.
            using SqliteTransaction transaction = _connection.BeginTransaction(deferred: false);
            Dictionary<string, double> totals = ReadTotals(needs.Keys, transaction);
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
        command.CommandText = "SELECT contributor, count(*), max(total) FROM charge GROUP BY contributor ORDER BY contributor";
        using SqliteDataReader reader = Guarded(Budget.Path, command.ExecuteReader);

        // Who was in the same releases has spent the same.
        var known = new Dictionary<double, (double Spent, double Remaining)>();
        while (Guarded(Budget.Path, reader.Read))
        {
            (string contributor, long releases, double total) = Guarded(Budget.Path, () => (reader.GetString(0), reader.GetInt64(1), reader.GetDouble(2)));
            if (wanted?.Invoke(contributor) == false)
            {
                continue;
            }

            ref (double Spent, double Remaining) epsilon = ref CollectionsMarshal.GetValueRefOrAddDefault(known, total, out bool exists);
            if (!exists)
            {
                epsilon = (GaussianCalibration.EpsilonOfSquaredMu(total, Budget.Delta), Budget.RemainingOf(total));
            }

            yield return new PrivacySpending
            {
                Contributor = contributor,
                Releases = releases,
                Mu = Math.Sqrt(total),
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
            insert.CommandText = "INSERT OR IGNORE INTO budget (id, epsilon, delta, neighboring, unit, created) VALUES (1, $epsilon, $delta, $neighboring, $unit, $created)";
            insert.Parameters.AddWithValue("$epsilon", epsilon);
            insert.Parameters.AddWithValue("$delta", delta);
            insert.Parameters.AddWithValue("$neighboring", neighboring.ToString());
            insert.Parameters.AddWithValue("$unit", unit.ToString());
            insert.Parameters.AddWithValue("$created", DateTime.UtcNow.Ticks);
            if (insert.ExecuteNonQuery() == 0)
            {
                throw new QosValuationException(Faults.PrivacyBudgetExists, $"'{path}' is a privacy budget already, and a budget is never replaced: open it with Get-PrivacyBudget, or choose another path.", path);
            }

            transaction.Commit();
            return new PrivacyBudgetStore(connection, ReadTerms(connection, path)!);
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

    internal double ReadMaximum() => Guarded(Budget.Path, () =>
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = "SELECT coalesce(max(total), 0.0) FROM charge";
        return (double)command.ExecuteScalar()!;
    });

    /// <summary>Refuses releases that no charge could account for.</summary>
    /// <param name="options">How prototypes are to be released.</param>
    /// <param name="isCryptographic">Whether the noise comes from a cryptographic source.</param>
    /// <exception cref="QosValuationException"><c>PrivacyBudgetNotApplicable</c>.</exception>
    internal void RequireApplicable(PrototypeReleaseOptions options, bool isCryptographic)
    {
        string? reason = options switch
        {
            { Mechanism: PrivacyMechanism.ImageDp } => "ImageDp has no guarantee, so no budget covers it: use DiscreteGaussian.",
            { Sensitivity: not null } => "With a sensitivity of your own the guarantee rests on what you know of the data, which a budget cannot account for: leave -Sensitivity out.",
            _ when !isCryptographic => "Whoever knows the seed can take the noise away again, so that nothing is protected: leave -Seed out.",
            { Unit: PrivacyUnit.Record } when Budget.Unit == PrivacyUnit.Contributor => "The budget protects contributors with all their records: release with -Unit Contributor.",
            _ => null,
        };
        if (reason is not null)
        {
            throw NotApplicable(reason);
        }
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

    // Rounded up, so that no number of charges sums to less than it should.
    private static double Sum(double total, double cost) => total == 0 ? cost : Math.BitIncrement(total + cost);

    private static void RequireName(string contributor)
    {
        if (string.IsNullOrEmpty(contributor) || !SqliteFile.IsStorable(contributor))
        {
            throw new PrivacyBudgetException(Faults.ContributorNotValid, $"The contributor '{contributor}' cannot be charged: a name must not be empty nor hold U+0000 or a lone surrogate.", contributor);
        }
    }

    private PrivacyBudgetException NotApplicable(string reason) =>
        new(Faults.PrivacyBudgetNotApplicable, $"{reason} Nothing was charged to '{Budget.Path}', and nothing drawn.", Budget.Path);

    private double CostOf(PrivacyCharge charge)
    {
        if (Budget.Unit == PrivacyUnit.Contributor && charge.Unit != PrivacyUnit.Contributor)
        {
            throw NotApplicable("The budget protects contributors with all their records: release with -Unit Contributor.");
        }

        double cost = charge.CostUnder(Budget.Neighboring)
            ?? throw NotApplicable("The budget is for -Neighboring AddRemove, and this release tells how many records there are: release with -Neighboring AddRemove.");
        return cost >= 0 && double.IsFinite(cost)
            ? cost
            : throw NotApplicable($"A release with μ² = {cost} has no guarantee.");
    }

    private Dictionary<string, double> ReadTotals(IEnumerable<string> contributors, SqliteTransaction transaction)
    {
        var totals = new Dictionary<string, double>(StringComparer.Ordinal);
        using SqliteCommand command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT total FROM charge WHERE contributor = $contributor ORDER BY release DESC LIMIT 1";
        SqliteParameter name = command.Parameters.Add("$contributor", SqliteType.Text);
        foreach (string contributor in contributors)
        {
            name.Value = contributor;
            totals.Add(contributor, command.ExecuteScalar() is double total ? total : 0);
        }

        return totals;
    }

    private void Refuse(Dictionary<string, double> needs, Dictionary<string, double> totals)
    {
        string[] refused = [.. needs.Where(need => !(Sum(totals[need.Key], need.Value) <= Budget.SquaredMu)).Select(need => need.Key).OrderByDescending(name => totals[name])];
        if (refused.Length == 0)
        {
            return;
        }

        string first = refused[0];
        double needed = GaussianCalibration.EpsilonOfSquaredMu(needs[first], Budget.Delta);
        double remaining = Budget.RemainingOf(totals[first]);
        string others = refused.Length == 1 ? string.Empty : $" {refused.Length - 1} other contributors have too little left as well.";
        string remedy = remaining > 0 ? "Release with a smaller ε, or without the contributor's data." : "The contributor's data can take part in no further release.";
        throw new PrivacyBudgetException(
            Faults.PrivacyBudgetExceeded,
            $"The budget of contributor '{first}' does not allow this release: it needs ε = {needed:G6} at δ = {Budget.Delta:G3}, and ε = {remaining:G6} of {Budget.Epsilon:G6} is left.{others} Nothing was charged, and nothing drawn. {remedy}",
            first)
        {
            Contributor = first,
            Needed = needed,
            Remaining = remaining,
        };
    }

    private void Write(IReadOnlyList<PrivacyCharge> charges, double[] costs, Dictionary<string, double> totals, SqliteTransaction transaction)
    {
        using SqliteCommand release = _connection.CreateCommand();
        release.Transaction = transaction;
        release.CommandText = "INSERT INTO release (cluster, modality, mechanism, neighboring, unit, squared_mu, timestamp) VALUES ($cluster, $modality, $mechanism, $neighboring, $unit, $mu, $time) RETURNING id";
        using SqliteCommand charge = _connection.CreateCommand();
        charge.Transaction = transaction;
        charge.CommandText = "INSERT INTO charge (contributor, release, squared_mu, total) VALUES ($contributor, $release, $mu, $total)";
        for (int i = 0; i < costs.Length; i++)
        {
            release.Parameters.Clear();
            release.Parameters.AddWithValue("$cluster", charges[i].ClusterId);
            release.Parameters.AddWithValue("$modality", charges[i].Modality.ToString());
            release.Parameters.AddWithValue("$mechanism", charges[i].Mechanism.ToString());
            release.Parameters.AddWithValue("$neighboring", charges[i].Neighboring.ToString());
            release.Parameters.AddWithValue("$unit", charges[i].Unit.ToString());
            release.Parameters.AddWithValue("$mu", charges[i].SquaredMu);
            release.Parameters.AddWithValue("$time", DateTime.UtcNow.Ticks);
            long id = (long)release.ExecuteScalar()!;
            foreach (string contributor in charges[i].Contributors)
            {
                totals[contributor] = Sum(totals[contributor], costs[i]);
                charge.Parameters.Clear();
                charge.Parameters.AddWithValue("$contributor", contributor);
                charge.Parameters.AddWithValue("$release", id);
                charge.Parameters.AddWithValue("$mu", costs[i]);
                charge.Parameters.AddWithValue("$total", totals[contributor]);
                charge.ExecuteNonQuery();
            }
        }
    }
}
