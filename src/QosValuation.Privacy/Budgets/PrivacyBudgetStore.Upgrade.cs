using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Stores;

namespace QosValuation.Privacy.Budgets;

/// <content>The files of earlier versions, and how they get what they lack.</content>
public sealed partial class PrivacyBudgetStore
{
    // The tables as the first version made them: Gaussian releases alone.
    private const string FirstSchema = """
        CREATE TABLE budget (id INTEGER PRIMARY KEY, epsilon REAL NOT NULL, delta REAL NOT NULL, neighboring TEXT NOT NULL, unit TEXT NOT NULL,
            created INTEGER NOT NULL) STRICT;
        CREATE TABLE release (id INTEGER PRIMARY KEY, cluster INTEGER NOT NULL, modality TEXT NOT NULL, mechanism TEXT NOT NULL,
            neighboring TEXT NOT NULL, unit TEXT NOT NULL, squared_mu REAL NOT NULL, timestamp INTEGER NOT NULL) STRICT;
        CREATE TABLE charge (contributor TEXT NOT NULL, release INTEGER NOT NULL, squared_mu REAL NOT NULL, total REAL NOT NULL,
            PRIMARY KEY (contributor, release)) STRICT, WITHOUT ROWID;
        """;

    // What they hold stays as it is: a row without an event is a Gaussian release.
    private const string EventMigration = """
        ALTER TABLE release ADD COLUMN event TEXT;
        ALTER TABLE charge ADD COLUMN renyi BLOB;
        CREATE INDEX charge_renyi ON charge (contributor, release) WHERE renyi IS NOT NULL;
        """;

    private const string ChainMigration = """
        ALTER TABLE release ADD COLUMN previous_hash TEXT;
        ALTER TABLE release ADD COLUMN hash TEXT;
        CREATE INDEX charge_release ON charge (release);
        CREATE TABLE head (id INTEGER PRIMARY KEY, release INTEGER NOT NULL, charges INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
        CREATE TABLE account (skeleton TEXT PRIMARY KEY, contributor TEXT NOT NULL) STRICT, WITHOUT ROWID;
        PRAGMA user_version = 2;
        """;

    private static readonly Lazy<Dictionary<string, BudgetLayout>> Layouts = new(() => new(StringComparer.Ordinal)
    {
        [SqliteFile.DescribeSchema(FirstSchema)] = BudgetLayout.Gaussian,
        [SqliteFile.DescribeSchema(FirstSchema + EventMigration)] = BudgetLayout.WithEvents,
        [SqliteFile.DescribeSchema(Schema)] = BudgetLayout.WithChain,
    });

    private static void UpgradeIfOld(SqliteStore file)
    {
        using (file.BeginRead())
        {
            if ((LayoutOf(file) ?? throw Damaged(file.Address.Text, ForeignSchema)) == BudgetLayout.WithChain)
            {
                return;
            }
        }

        StoreTransaction change;
        try
        {
            change = file.BeginWrite();
        }
        catch (SqliteException exception)
            when (exception.SqliteErrorCode is SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM)
        {
            return; // an old file that cannot be written to is read as it is
        }

        using (change)
        {
            // Decided again under the write lock: another process may be at it.
            BudgetLayout layout = LayoutOf(file) ?? throw Damaged(file.Address.Text, ForeignSchema);
            Upgrade(file, ReadTerms(file), ref layout);
            change.Commit();
        }
    }

    // Gives a file of an earlier version what it lacks. Its sums are checked first: a chain over damaged charges would vouch for them.
    private static void Upgrade(SqliteStore file, PrivacyBudget? budget, ref BudgetLayout layout)
    {
        if (layout == BudgetLayout.WithChain)
        {
            return;
        }

        if (file.FindDamage() is string damage)
        {
            throw Damaged(file.Address.Text, damage);
        }

        if (layout == BudgetLayout.Gaussian)
        {
            file.Execute(EventMigration);
        }

        var chain = budget is null ? null : new BudgetChain(budget, BudgetLayout.WithEvents);
        var hashes = new List<(long Id, string Previous, string Hash)>();
        if (chain is not null)
        {
            Walk(file, chain, (id, previous, hash) => hashes.Add((id, previous, hash)));
        }

        file.Execute(ChainMigration);
        FillAccounts(file);
        foreach ((long id, string previous, string hash) in hashes)
        {
            file.Execute("UPDATE release SET previous_hash = @previous, hash = @hash WHERE id = @id", ("@id", id), ("@previous", previous), ("@hash", hash));
        }

        if (chain is not null)
        {
            WriteHead(file, chain);
        }

        layout = BudgetLayout.WithChain;
    }

    private static BudgetLayout? LayoutOf(SqliteStore file)
    {
        long version = SqliteFile.Scalar(file.Connection, "PRAGMA user_version", file.Transaction);
        return Layouts.Value.TryGetValue(SqliteFile.DescribeSchema(file.Connection, file.Transaction), out BudgetLayout layout)
            && version == (layout == BudgetLayout.WithChain ? 2 : 0) ? layout : null;
    }

    // Once for a file of an earlier version, whose names were stored as they were written: they are accounts as they stand. O(charges).
    private static void FillAccounts(SqliteStore file)
    {
        var known = new List<string>();
        using (var command = file.Command("SELECT DISTINCT contributor FROM charge ORDER BY contributor"))
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                known.Add(reader.GetString(0));
            }
        }

        foreach (string name in known.OrderBy(name => name == ContributorName.Fold(name) ? 0 : 1))
        {
            file.Execute(
                "INSERT OR IGNORE INTO account (skeleton, contributor) VALUES (@skeleton, @contributor)",
                ("@skeleton", ContributorName.Skeleton(name)),
                ("@contributor", name));
        }
    }
}
