using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;

namespace QosValuation.Privacy.Budgets;

/// <content>The names of contributors, as <see cref="ContributorName"/> compares them: another spelling opens no other account.</content>
public sealed partial class PrivacyBudgetStore
{
    /// <summary>Gives each charge the accounts of its contributors, each once: their folded names, or the name under which an old file keeps one.</summary>
    private PrivacyCharge[] ByAccount(IReadOnlyList<PrivacyCharge> charges)
    {
        foreach (string name in charges.SelectMany(charge => charge.Contributors))
        {
            if (!ContributorName.IsDecoded(name ?? string.Empty))
            {
                throw new PrivacyBudgetException(Faults.ContributorNotValid, ContributorName.NotDecoded(name!) + " Nothing was charged.", name);
            }
        }

        try
        {
            using SqliteCommand find = _connection.CreateCommand();
            find.CommandText = "SELECT contributor FROM account WHERE skeleton = $skeleton";
            SqliteParameter skeleton = find.Parameters.Add("$skeleton", SqliteType.Text);
            var accounts = new Dictionary<string, string>(StringComparer.Ordinal);
            return [.. charges.Select(charge => charge with { Contributors = [.. charge.Contributors.Select(AccountOf).Distinct(StringComparer.Ordinal)] })];

            string AccountOf(string name)
            {
                string folded = ContributorName.Fold(name);
                if (!accounts.TryGetValue(folded, out string? account))
                {
                    skeleton.Value = ContributorName.Skeleton(folded);
                    account = SqliteFile.IsStorable(folded) && find.ExecuteScalar() is string known && ContributorName.Fold(known) == folded ? known : folded;
                    accounts.Add(folded, account);
                }

                return account;
            }
        }
        catch (SqliteException exception)
        {
            QosValuationException fault = SqliteFile.Fault(exception, Budget.Path, Kind);
            throw new PrivacyBudgetException(fault.Fault, fault.Kind, fault.Message + " Nothing was charged.", fault.Subject, exception);
        }
    }

    /// <summary>
    /// Refuses names that look like that of an account and are not it, and remembers the new ones. Part of the transaction that charges
    /// them. O(names · log accounts).
    /// </summary>
    private void RequireDistinct(IEnumerable<string> names, SqliteTransaction transaction)
    {
        using SqliteCommand find = _connection.CreateCommand();
        find.Transaction = transaction;
        find.CommandText = "INSERT INTO account (skeleton, contributor) VALUES ($skeleton, $contributor) "
            + "ON CONFLICT (skeleton) DO UPDATE SET contributor = contributor RETURNING contributor";
        SqliteParameter skeleton = find.Parameters.Add("$skeleton", SqliteType.Text);
        SqliteParameter contributor = find.Parameters.Add("$contributor", SqliteType.Text);
        foreach (string name in names)
        {
            skeleton.Value = ContributorName.Skeleton(name);
            contributor.Value = name;
            string account = (string)find.ExecuteScalar()!;
            if (account != name)
            {
                throw new PrivacyBudgetException(
                    Faults.ContributorLooksAlike,
                    $"'{name}' looks like '{account}', who has an account in '{Budget.Path}': a second one would be a second budget for the same data. "
                    + $"Charge '{account}' if they are one, or give them names that differ in more than letter case or script. Nothing was charged.",
                    name);
            }
        }
    }

    // Once for a file of an earlier version, whose names were stored as they were written: they are accounts as they stand. O(charges).
    private static void FillAccounts(SqliteConnection connection, SqliteTransaction transaction)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT DISTINCT contributor FROM charge ORDER BY contributor";
        var known = new List<string>();
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                known.Add(reader.GetString(0));
            }
        }

        command.CommandText = "INSERT OR IGNORE INTO account (skeleton, contributor) VALUES ($skeleton, $contributor)";
        foreach (string name in known.OrderBy(name => name == ContributorName.Fold(name) ? 0 : 1))
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("$skeleton", ContributorName.Skeleton(name));
            command.Parameters.AddWithValue("$contributor", name);
            command.ExecuteNonQuery();
        }
    }
}
