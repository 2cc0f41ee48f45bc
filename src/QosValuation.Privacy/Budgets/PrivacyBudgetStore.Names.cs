using System.Data.Common;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;

namespace QosValuation.Privacy.Budgets;

/// <content>The names of contributors, as <see cref="ContributorName"/> compares them: another spelling opens no other account.</content>
public sealed partial class PrivacyBudgetStore
{
    private const int NamesPerQuery = 500;

    // What the store holds, by skeleton; not what a transaction adds, which may be undone.
    private readonly Dictionary<string, string> _accounts = new(StringComparer.Ordinal);

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

        string[] folded = [.. charges.SelectMany(charge => charge.Contributors).Select(ContributorName.Fold).Distinct(StringComparer.Ordinal)];
        try
        {
            if (!folded.All(name => _accounts.ContainsKey(ContributorName.Skeleton(name))))
            {
                Guarded(_store, () => _store.Run(writes: false, () =>
                {
                    FindAccounts(folded);
                    return true;
                }));
            }
        }
        catch (QosValuationException fault)
        {
            throw new PrivacyBudgetException(fault.Fault, fault.Kind, fault.Message + " Nothing was charged.", fault.Subject, fault);
        }

        return
        [
            .. charges.Select(charge => charge with
            {
                Contributors = [.. charge.Contributors.Select(name => AccountOf(ContributorName.Fold(name))).Distinct(StringComparer.Ordinal)],
            }),
        ];

        string AccountOf(string name) =>
            _accounts.TryGetValue(ContributorName.Skeleton(name), out string? known) && ContributorName.Fold(known) == name ? known : name;
    }

    /// <summary>Looks up the accounts whose names look like these and are not known yet. An account stays what it is, so that each is asked for once.</summary>
    private void FindAccounts(IEnumerable<string> names)
    {
        string[] wanted =
        [
            .. names.Where(SqliteFile.IsStorable).Select(ContributorName.Skeleton).Where(skeleton => !_accounts.ContainsKey(skeleton))
                .Distinct(StringComparer.Ordinal),
        ];
        foreach (string[] part in wanted.Chunk(NamesPerQuery))
        {
            (string Name, object? Value)[] values = [.. part.Select((skeleton, i) => ("@s" + i, (object?)skeleton))];
            using DbCommand command = _store.Command(
                $"SELECT skeleton, contributor FROM account WHERE skeleton IN ({string.Join(", ", values.Select(value => value.Name))})", values);
            using DbDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                _accounts[reader.GetString(0)] = reader.GetString(1);
            }
        }
    }

    /// <summary>
    /// Refuses names that look like that of an account and are not it, and remembers the new ones. Part of the transaction that charges
    /// them, after what others have charged was read: an account that does not fit the charges is damage. O(names · log accounts).
    /// </summary>
    private void RequireDistinct(IReadOnlyCollection<string> names)
    {
        FindAccounts(names);
        var added = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            string skeleton = ContributorName.Skeleton(name);
            bool isKnown = _accounts.TryGetValue(skeleton, out string? account);
            if (isKnown ? !_chain.IsAccount(skeleton, account!) : _chain.HasAccount(skeleton))
            {
                _accounts.Clear(); // the next look finds what stands there then
                throw Damaged(Budget.Path, (isKnown ? BudgetChain.WrongAccount(account!) : BudgetChain.MissingAccount(skeleton)).Message);
            }

            if (!isKnown && !added.TryGetValue(skeleton, out account))
            {
                added.Add(skeleton, name);
            }
            else if (account != name)
            {
                throw new PrivacyBudgetException(
                    Faults.ContributorLooksAlike,
                    $"'{name}' looks like '{account}', who has an account in '{Budget.Path}': a second one would be a second budget for the same data. "
                    + $"Charge '{account}' if they are one, or give them names that differ in more than letter case or script. Nothing was charged.",
                    name);
            }
        }

        _store.Insert("account", "skeleton, contributor", added.Select(pair => new object?[] { pair.Key, pair.Value }));
    }
}
