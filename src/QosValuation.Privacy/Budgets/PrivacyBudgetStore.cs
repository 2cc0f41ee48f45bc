using System.Data.Common;
using System.Runtime.InteropServices;
using System.Text;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Stores;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Mechanisms;

namespace QosValuation.Privacy.Budgets;

/// <summary>
/// An open privacy budget: charges are transactions, so that processes releasing at once never overspend together, and are on
/// disk when <see cref="Charge"/> returns. Not thread-safe; give each thread its own.
/// </summary>
/// <remarks>
/// Damage fails closed. Opening walks all releases (see <see cref="BudgetChain"/>) and adds up what was charged; every charge first walks
/// what others have charged since. What is spent is that sum, never a total that the file notes.
/// </remarks>
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
            event TEXT,
            previous_hash TEXT,
            hash TEXT) STRICT;
        CREATE TABLE IF NOT EXISTS charge (
            contributor TEXT NOT NULL,
            release INTEGER NOT NULL REFERENCES release (id),
            squared_mu REAL NOT NULL,
            total REAL NOT NULL,
            renyi BLOB,
            PRIMARY KEY (contributor, release)) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS charge_renyi ON charge (contributor, release) WHERE renyi IS NOT NULL;
        CREATE INDEX IF NOT EXISTS charge_release ON charge (release);
        CREATE TABLE IF NOT EXISTS head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            release INTEGER NOT NULL,
            charges INTEGER NOT NULL,
            hash TEXT NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS account (
            skeleton TEXT PRIMARY KEY,
            contributor TEXT NOT NULL) STRICT, WITHOUT ROWID;
        PRAGMA user_version = 2;
        """;

    private const string PostgresTables = """
        CREATE TABLE budget (
            id bigint PRIMARY KEY,
            epsilon double precision NOT NULL,
            delta double precision NOT NULL,
            neighboring text NOT NULL,
            unit text NOT NULL,
            created bigint NOT NULL);
        CREATE TABLE release (
            id bigint PRIMARY KEY,
            cluster bigint NOT NULL,
            modality text NOT NULL,
            mechanism text NOT NULL,
            neighboring text NOT NULL,
            unit text NOT NULL,
            squared_mu double precision NOT NULL,
            timestamp bigint NOT NULL,
            event text,
            previous_hash text,
            hash text);
        CREATE TABLE charge (
            contributor text COLLATE "C" NOT NULL,
            release bigint NOT NULL REFERENCES release (id),
            squared_mu double precision NOT NULL,
            total double precision NOT NULL,
            renyi bytea,
            PRIMARY KEY (release, contributor));
        CREATE TABLE head (
            id bigint PRIMARY KEY,
            key text NOT NULL UNIQUE,
            release bigint NOT NULL,
            charges bigint NOT NULL,
            hash text NOT NULL);
        CREATE TABLE account (
            skeleton text COLLATE "C" PRIMARY KEY,
            contributor text COLLATE "C" NOT NULL);
        """;

    private const string PostgresLayout = """
        constraint f of charge
        index of account: skeleton; primary
        index of budget: id; primary
        index of charge: release, contributor; primary
        index of head: id; primary
        index of head: key; unique
        index of migration: version; primary
        index of release: id; primary
        r account: skeleton text not null, contributor text not null
        r budget: id bigint not null, epsilon double precision not null, delta double precision not null, neighboring text not null,
            unit text not null, created bigint not null
        r charge: contributor text not null, release bigint not null, squared_mu double precision not null, total double precision not null, renyi bytea
        r head: id bigint not null, key text not null, release bigint not null, charges bigint not null, hash text not null
        r migration: version bigint not null, kind text not null
        r release: id bigint not null, cluster bigint not null, modality text not null, mechanism text not null, neighboring text not null,
            unit text not null, squared_mu double precision not null, timestamp bigint not null, event text, previous_hash text, hash text
        """;

    // A release without a cluster.
    private const int NoCluster = -1;

    private const string ForeignSchema =
        "Its tables are not those of a budget: it holds views, triggers, columns or tables of others, or lacks some of its own.";

    private readonly DataStore _store;
    private readonly BudgetLosses _losses;
    private BudgetChain _chain;

    private PrivacyBudgetStore(DataStore store, PrivacyBudget budget, BudgetChain chain)
    {
        _store = store;
        _chain = chain;
        _losses = new BudgetLosses(budget);
        Budget = budget;
    }

    /// <summary>The tables of a budget.</summary>
    internal static StoreSchema StoreSchema { get; } = new(Kind, ApplicationId, Schema, [PostgresTables], PostgresLayout);

    /// <summary>The terms of the budget.</summary>
    public PrivacyBudget Budget { get; }

    /// <summary>Opens a budget for charging, checks it, and adds up what was charged. O(charges·log charges).</summary>
    /// <param name="path">The SQLite file, or the address of a budget in PostgreSQL (<see cref="StoreAddress"/>). One of an earlier version is
    /// upgraded, where it may be written to.</param>
    /// <returns>The open budget.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatabaseNotFound</c>, <c>DatabaseNotReadable</c>, <c>DatabaseNotWritable</c>, and those of a server (<see cref="DataStore.Open"/>);
    /// <c>PrivacyBudgetDamaged</c>: it is not what was written.
    /// </exception>
    public static PrivacyBudgetStore Open(string path)
    {
        DataStore store = DataStore.Open(StoreAddress.Parse(path), StoreSchema, create: false, checksSchema: false);
        try
        {
            return Guarded(store, () => OpenChecked(store));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Checks a budget and names whatever is wrong with it; nothing is changed. O(charges·log charges).</summary>
    /// <param name="path">The SQLite file, or the address in PostgreSQL.</param>
    /// <param name="expectedHead">The hash of a release known from elsewhere, which the chain must hold; null checks the file alone.</param>
    /// <param name="cancellation">Stops the check.</param>
    /// <returns>The report. A file whose hashes were all written anew from some release on is consistent in itself; only
    /// <paramref name="expectedHead"/> exposes that.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseNotFound</c>, <c>DatabaseNotWritable</c>; <c>DatabaseNotReadable</c>: no budget at all;
    /// <c>DatabaseBusy</c>, and those of a server (<see cref="DataStore.Open"/>): whether it is what was written was not found out.</exception>
    public static PrivacyBudgetReport Check(string path, string? expectedHead = null, CancellationToken cancellation = default)
    {
        using DataStore store = DataStore.Open(StoreAddress.Parse(path), StoreSchema, create: false, checksSchema: false);
        var faults = new List<PrivacyBudgetFault>();
        BudgetChain? chain = null;
        BudgetLayout? layout = null;
        bool isExpected = expectedHead is null;
        try
        {
            Guarded(store, () =>
            {
                using StoreTransaction view = store.BeginRead();
                if (store.FindDamage() is string damage)
                {
                    faults.Add(new PrivacyBudgetFault(0, PrivacyBudgetFaultKind.Damaged, "The database is damaged: " + damage));
                }

                // Before any table is read: what somebody else made of one would run.
                BudgetLayout known = LayoutOf(store) ?? throw new InvalidDataException(ForeignOf(store));
                layout = known;
                PrivacyBudget budget = ReadTerms(store)
                    ?? throw new InvalidDataException("It was begun and never became a budget.");
                chain = new BudgetChain(budget, known);
                isExpected |= chain.Hash == expectedHead;
                faults.AddRange(chain.Extend(store, (_, _, hash) => isExpected |= hash == expectedHead, cancellation));
                if (chain.CheckHead(store) is PrivacyBudgetFault fault)
                {
                    faults.Add(fault);
                }

                faults.AddRange(chain.CheckAccounts(store));
                return true;
            });
        }
        catch (QosValuationException fault) when (fault.Fault == Faults.DatabaseNotReadable)
        {
            string message = fault.InnerException is InvalidDataException reason
                ? reason.Message
                : $"Reading stopped after {chain?.Release ?? 0} releases: {fault.Message}";
            faults.Add(new PrivacyBudgetFault((chain?.Release ?? -1) + 1, PrivacyBudgetFaultKind.Damaged, message));
        }

        if (!isExpected)
        {
            faults.Add(new PrivacyBudgetFault(
                0, PrivacyBudgetFaultKind.Changed, $"No release has the expected hash {expectedHead}: the budget was cut or written anew, or is another one."));
        }

        bool isChained = layout == BudgetLayout.WithChain;
        return new PrivacyBudgetReport
        {
            Path = PathOf(store),
            IsValid = faults.Count == 0,
            IsChained = isChained,
            Releases = chain?.Release ?? 0,
            Charges = chain?.Charges ?? 0,
            Contributors = chain?.Accounts.Count ?? 0,
            HeadHash = isChained ? chain?.Hash ?? string.Empty : string.Empty,
            Faults = faults,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <summary>
    /// Charges releases to every contributor of each, all or none, in one transaction that is on disk afterwards.
    /// O(releases · contributors + charges of others since).
    /// </summary>
    /// <param name="charges">What is to be drawn next.</param>
    /// <exception cref="PrivacyBudgetException">
    /// <c>PrivacyBudgetExceeded</c>: a contributor has not enough left; <c>PrivacyBudgetNotApplicable</c>: a release that the budget
    /// cannot account for; <c>ContributorNotValid</c>; <c>ContributorLooksAlike</c>: another account has a name that looks
    /// the same; <c>DatabaseBusy</c>, <c>DiskFull</c>, <c>DatabaseNotReadable</c>,
    /// <c>PrivacyBudgetDamaged</c>. None of the releases was charged.
    /// </exception>
    public void Charge(IReadOnlyList<PrivacyCharge> charges)
    {
        ArgumentNullException.ThrowIfNull(charges);
        charges = ByAccount(charges);
        PrivacyCost[] costs = [.. charges.Select(CostOf)];
        Dictionary<string, Need> needs = NeedsOf(charges, costs);
        bool isAhead = false;
        try
        {
            Guarded(_store, () => _store.Run(writes: true, () =>
            {
                if (isAhead)
                {
                    Restart(); // the server undid what an earlier try had written
                }

                isAhead = false;
                Follow();
                RequireDistinct(needs.Keys);
                Refuse(needs);
                isAhead = true;
                Write(charges, costs);
                return true;
            }));
            isAhead = false;
        }
        catch (QosValuationException fault) when (fault is not PrivacyBudgetException)
        {
            string message = fault.InnerException is DbException ? fault.Message + " The release was not drawn." : fault.Message;
            throw new PrivacyBudgetException(fault.Fault, fault.Kind, message, fault.Subject, fault);
        }
        finally
        {
            if (isAhead)
            {
                Restart();
            }
        }
    }

    /// <summary>
    /// Says what releases would cost every contributor, and refuses them as <see cref="Charge"/> would; nothing is changed.
    /// O(releases · contributors + charges of others since).
    /// </summary>
    /// <param name="charges">What might be drawn.</param>
    /// <param name="before">What would have been charged before; null for nothing.</param>
    /// <returns>One row a contributor, in order of their names: the releases, what they cost together, and what would be spent and left after
    /// them.</returns>
    /// <exception cref="PrivacyBudgetException">As <see cref="Charge"/>.</exception>
    public IReadOnlyList<PrivacyChargePreview> Preview(IReadOnlyList<PrivacyCharge> charges, IReadOnlyList<PrivacyCharge>? before = null)
    {
        ArgumentNullException.ThrowIfNull(charges);
        Dictionary<string, Need> earlier = before is null ? [] : NeedsOf(before, [.. before.Select(CostOf)]);
        Dictionary<string, Need> needs = NeedsOf(charges, [.. charges.Select(CostOf)]);
        try
        {
            Guarded(_store, () => _store.Run(writes: false, () =>
            {
                Follow();
                return true;
            }));
        }
        catch (QosValuationException fault) when (fault is not PrivacyBudgetException)
        {
            throw new PrivacyBudgetException(fault.Fault, fault.Kind, fault.Message, fault.Subject, fault);
        }

        Refuse(needs, earlier);
        return
        [
            .. needs.OrderBy(need => need.Key, StringComparer.Ordinal).Select(need =>
            {
                BudgetTotal after = SpentBy(need.Key, earlier).Plus(need.Value.Cost);
                return new PrivacyChargePreview(
                    need.Key, need.Value.Releases, _losses.Epsilon(need.Value.Cost), _losses.Epsilon(after), _losses.Remaining(after));
            }),
        ];
    }

    /// <summary>What releases cost each contributor by themselves. O(releases · contributors).</summary>
    /// <param name="charges">The releases.</param>
    /// <returns>ε, at the budget's δ, of a contributor's releases together.</returns>
    /// <exception cref="PrivacyBudgetException"><c>PrivacyBudgetNotApplicable</c>, <c>ContributorNotValid</c>.</exception>
    public IReadOnlyDictionary<string, double> EpsilonOf(IReadOnlyList<PrivacyCharge> charges)
    {
        ArgumentNullException.ThrowIfNull(charges);
        return NeedsOf(charges, [.. charges.Select(CostOf)])
            .ToDictionary(need => need.Key, need => _losses.Epsilon(need.Value.Cost), StringComparer.Ordinal);
    }

    /// <summary>What each contributor had spent when the budget was opened or charged last, in order of their names. O(contributors), and two
    /// bisections for each of the totals that differ.</summary>
    /// <param name="wanted">Which contributors to look at; null for all.</param>
    /// <returns>The contributors that were charged.</returns>
    public IEnumerable<PrivacySpending> ReadSpending(Predicate<string>? wanted = null)
    {
        foreach ((string contributor, (BudgetTotal total, long releases)) in _chain.Accounts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (wanted?.Invoke(contributor) == false)
            {
                continue;
            }

            yield return new PrivacySpending
            {
                Contributor = contributor,
                Releases = releases,
                Mu = total.Curve is null ? Math.Sqrt(total.SquaredMu) : double.NaN,
                Spent = _losses.Epsilon(total),
                Remaining = _losses.Remaining(total),
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
        DataStore store = DataStore.Open(StoreAddress.Parse(path), StoreSchema, create: true, checksSchema: false);
        try
        {
            return store.Guard(() => store.Run(writes: true, () =>
            {
                int made = store.Execute(
                    "INSERT INTO budget (id, epsilon, delta, neighboring, unit, created) VALUES (1, @epsilon, @delta, @neighboring, @unit, @created) "
                        + "ON CONFLICT (id) DO NOTHING",
                    ("@epsilon", epsilon),
                    ("@delta", delta),
                    ("@neighboring", neighboring.ToString()),
                    ("@unit", unit.ToString()),
                    ("@created", DateTime.UtcNow.Ticks));
                if (made == 0)
                {
                    throw new QosValuationException(
                        Faults.PrivacyBudgetExists,
                        $"'{path}' is a privacy budget already, and a budget is never replaced: open it with Get-PrivacyBudget, or choose another path.",
                        path);
                }

                PrivacyBudget budget = ReadTerms(store)!;
                BudgetLayout layout = LayoutOf(store) ?? throw Damaged(path, ForeignOf(store));
                if (store is SqliteStore file)
                {
                    Upgrade(file, budget, ref layout);
                }

                var chain = new BudgetChain(budget, layout);
                WriteHead(store, chain);
                return new PrivacyBudgetStore(store, budget, chain);
            }));
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    internal long CountReleases() => _chain.Release;

    /// <summary>The largest ε that a contributor has spent, and the smallest that one has left.</summary>
    internal (double Spent, double Remaining) ReadExtremes()
    {
        (double Spent, double Remaining) extremes = (0, Budget.Epsilon);
        foreach (BudgetTotal total in _losses.Largest([.. _chain.Accounts.Values.Select(account => account.Total)]))
        {
            extremes = (Math.Max(extremes.Spent, _losses.Epsilon(total)), Math.Min(extremes.Remaining, _losses.Remaining(total)));
        }

        return extremes;
    }

    /// <summary>The fault of a release that this budget cannot account for.</summary>
    /// <param name="reason">Why, and what to do about it; a sentence.</param>
    /// <returns><c>PrivacyBudgetNotApplicable</c>.</returns>
    public PrivacyBudgetException NotApplicable(string reason) =>
        new(Faults.PrivacyBudgetNotApplicable, $"{reason} The release was neither charged to '{Budget.Path}' nor drawn.", Budget.Path);

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

    private static PrivacyBudgetStore OpenChecked(DataStore store)
    {
        if (store is SqliteStore file)
        {
            UpgradeIfOld(file);
        }

        return store.Run(writes: false, () =>
        {
            BudgetLayout layout = LayoutOf(store) ?? throw Damaged(store.Address.Text, ForeignOf(store));
            PrivacyBudget budget = ReadTerms(store) ?? throw new QosValuationException(
                Faults.DatabaseNotReadable,
                $"'{store.Address.Text}' was begun and never became a budget; New-PrivacyBudget completes it.",
                store.Address.Text);
            if (store.FindDamage() is string damage)
            {
                throw Damaged(store.Address.Text, damage);
            }

            BudgetChain chain = Walk(store, new BudgetChain(budget, layout));
            return chain.CheckAccounts(store).FirstOrDefault() is PrivacyBudgetFault fault
                ? throw Damaged(store.Address.Text, fault.Message)
                : new PrivacyBudgetStore(store, budget, chain);
        });
    }

    private static BudgetChain Walk(DataStore store, BudgetChain chain, Action<long, string, string>? read = null)
    {
        PrivacyBudgetFault? first = null;
        foreach (PrivacyBudgetFault fault in chain.Extend(store, read))
        {
            first ??= fault;
        }

        first ??= chain.CheckHead(store);
        return first is null ? chain : throw Damaged(store.Address.Text, first.Message);
    }

    private static void WriteHead(DataStore store, BudgetChain chain) =>
        store.WriteHead(chain.Release, "release, charges, hash", chain.Release, chain.Charges, chain.Hash);

    // The layout that the tables and the number of the version agree on; null where they are of none.
    private static BudgetLayout? LayoutOf(DataStore store) =>
        store is SqliteStore file ? LayoutOf(file) : store.FindForeign() is null ? BudgetLayout.WithChain : null;

    private static string ForeignOf(DataStore store) =>
        store.FindForeign() is string what ? $"Its tables are not those of a budget: {what}." : ForeignSchema;

    private static string PathOf(DataStore store) => store is SqliteStore ? Path.GetFullPath(store.Address.Text) : store.Address.Text;

    private static QosValuationException Damaged(string path, string what) => new(
        Faults.PrivacyBudgetDamaged,
        $"The privacy budget '{path}' is not what was written: {what} Nothing is released on it; Test-PrivacyBudget names all that is wrong.",
        path);

    private static PrivacyBudget? ReadTerms(DataStore store)
    {
        using DbCommand command = store.Command("SELECT epsilon, delta, neighboring, unit, created FROM budget WHERE id = 1");
        using DbDataReader reader = command.ExecuteReader();
        return reader.Read()
            ? new PrivacyBudget(
                PathOf(store),
                reader.GetDouble(0) is > 0 and < double.PositiveInfinity and double epsilon ? epsilon : throw new InvalidCastException("ε is out of range."),
                reader.GetDouble(1) is > 0 and < 1 and double delta ? delta : throw new InvalidCastException("δ is out of range."),
                NameOf<Neighboring>(reader.GetString(2)),
                NameOf<PrivacyUnit>(reader.GetString(3)),
                new DateTime(reader.GetInt64(4), DateTimeKind.Utc))
            : null;
    }

    // Enum.Parse takes numbers, lists and blanks as well.
    private static T NameOf<T>(string text) where T : struct, Enum =>
        Enum.TryParse(text, out T value) && value.ToString() == text && Enum.IsDefined(value)
            ? value
            : throw new InvalidCastException($"'{text}' is no {typeof(T).Name}.");

    private static T Guarded<T>(DataStore store, Func<T> work)
    {
        try
        {
            return store.Guard(work);
        }
        catch (Exception exception) when (exception is InvalidCastException or ArgumentException or InvalidOperationException or InvalidDataException)
        {
            string path = store.Address.Text;
            throw new QosValuationException(Faults.DatabaseNotReadable, $"'{path}' holds a row that cannot be read: {exception.Message}", path, exception);
        }
    }

    private void RequireName(string contributor)
    {
        if (string.IsNullOrEmpty(contributor) || !SqliteFile.IsStorable(contributor))
        {
            throw new PrivacyBudgetException(
                Faults.ContributorNotValid,
                $"The contributor '{contributor}' cannot be charged: a name must not be empty nor hold U+0000 or a lone surrogate.",
                contributor);
        }

        int longest = _store.LongestName;
        if (longest < int.MaxValue
            && Math.Max(Encoding.UTF8.GetByteCount(contributor), Encoding.UTF8.GetByteCount(ContributorName.Skeleton(contributor))) > longest)
        {
            throw new PrivacyBudgetException(
                Faults.ContributorNotValid,
                $"The contributor '{contributor[..40]}…' cannot be charged: a name in this database has at most {longest} bytes in UTF-8.",
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

    private Dictionary<string, Need> NeedsOf(IReadOnlyList<PrivacyCharge> charges, PrivacyCost[] costs)
    {
        var needs = new Dictionary<string, Need>(StringComparer.Ordinal);
        for (int i = 0; i < costs.Length; i++)
        {
            foreach (string contributor in charges[i].Contributors)
            {
                RequireName(contributor);
                ref Need need = ref CollectionsMarshal.GetValueRefOrAddDefault(needs, contributor, out _);
                need = new Need(need.Releases + 1, need.Cost.Plus(costs[i]));
            }
        }

        return needs;
    }

    /// <summary>Checks and adds up what other processes have charged since.</summary>
    private void Follow()
    {
        try
        {
            // What cannot be written to is of an earlier version, and nobody charges it.
            BudgetLayout layout = Guarded(_store, () => LayoutOf(_store) ?? throw Damaged(Budget.Path, ForeignOf(_store)));
            if (layout == BudgetLayout.WithChain)
            {
                Guarded(_store, () => Walk(_store, _chain));
            }
        }
        catch
        {
            Restart();
            throw;
        }
    }

    // What was walked is not what the file holds: the next look begins before the first release, and finds what is wrong again.
    private void Restart()
    {
        _chain = new BudgetChain(Budget, BudgetLayout.WithChain);
        _accounts.Clear();
    }

    private BudgetTotal SpentBy(string contributor, Dictionary<string, Need>? earlier) =>
        earlier is not null && earlier.TryGetValue(contributor, out Need need)
            ? _chain.TotalOf(contributor).Plus(need.Cost)
            : _chain.TotalOf(contributor);

    private void Refuse(Dictionary<string, Need> needs, Dictionary<string, Need>? earlier = null)
    {
        KeyValuePair<string, Need>[] each = [.. needs];
        bool[] allowed = _losses.Allows([.. each.Select(need => SpentBy(need.Key, earlier).Plus(need.Value.Cost))]);
        string[] refused =
        [
            .. each.Where((_, i) => !allowed[i]).Select(need => need.Key)
                .OrderByDescending(name => SpentBy(name, earlier) is { Curve: null } spent ? spent.SquaredMu : double.PositiveInfinity)
                .ThenBy(name => name, StringComparer.Ordinal),
        ];
        if (refused.Length == 0)
        {
            return;
        }

        string first = refused[0];
        double needed = _losses.Epsilon(needs[first].Cost);
        double remaining = _losses.Remaining(SpentBy(first, earlier));
        string others = refused.Length switch
        {
            1 => string.Empty,
            2 => $" '{refused[1]}' has too little left as well.",
            _ => $" {refused.Length - 1} other contributors have too little left as well.",
        };
        bool isOne = needs[first].Releases == 1;
        string what = isOne ? "this release: it needs" : $"these {needs[first].Releases} releases: together they need";
        string outcome = isOne ? "The release was neither charged nor drawn." : "None of them was charged or drawn.";
        string remedy = remaining > 0 ? "Release with a smaller ε, fewer at a time, or without the contributor's data."
            : "The contributor's data can take part in no further release.";
        throw new PrivacyBudgetException(
            Faults.PrivacyBudgetExceeded,
            $"The budget of contributor '{first}' does not allow {what} ε = {needed:G6} at δ = {Budget.Delta:G3}, and ε = {remaining:G6} of "
            + $"{Budget.Epsilon:G6} is left.{others} {outcome} {remedy}",
            first)
        {
            Contributor = first,
            Needed = needed,
            Remaining = remaining,
        };
    }

    private void Write(IReadOnlyList<PrivacyCharge> charges, PrivacyCost[] costs)
    {
        var releases = new List<object?[]>();
        var rows = new List<object?[]>();
        for (int i = 0; i < costs.Length; i++)
        {
            PrivacyEvent @event = charges[i].Event;
            ReleaseLabel label = charges[i].Released;
            double square = (charges[i].CostUnder(@event.Neighboring) ?? costs[i]).SquaredMu;
            var row = new ReleaseRow(
                label.ClusterId ?? NoCluster, label.Modality, label.Mechanism, @event.Neighboring.ToString(), @event.Unit.ToString(),
                square == 0 ? 0 : square, DateTime.UtcNow.Ticks, @event.ToText());
            bool addsCurve = costs[i].Curve() is not null;
            ChargeRow[] charged =
            [
                .. charges[i].Contributors.Select(contributor =>
                {
                    BudgetTotal total = _chain.TotalOf(contributor).Plus(costs[i]);
                    double cost = costs[i].SquaredMu == 0 ? 0 : costs[i].SquaredMu; // −0 and 0 are one cost with two encodings
                    return new ChargeRow(contributor, cost, total, addsCurve ? BudgetTotal.BytesOf(total.Curve!) : null);
                }),
            ];
            long id = _chain.Release + 1;
            (string previous, string hash) = _chain.Append(id, row, charged);
            releases.Add(
            [
                id, row.Cluster, row.Modality, row.Mechanism, row.Neighboring, row.Unit, row.SquaredMu, row.Timestamp, row.Event, previous, hash,
            ]);
            rows.AddRange(charged.Select(each => new object?[] { each.Contributor, id, each.SquaredMu, each.Total.SquaredMu, each.Curve }));
        }

        _store.Insert(
            "release", "id, cluster, modality, mechanism, neighboring, unit, squared_mu, timestamp, event, previous_hash, hash", releases);
        _store.Insert("charge", "contributor, release, squared_mu, total, renyi", rows);
        if (releases.Count > 0)
        {
            WriteHead(_store, _chain);
        }
    }

    /// <summary>What releases cost a contributor together.</summary>
    private readonly record struct Need(int Releases, BudgetTotal Cost);
}
