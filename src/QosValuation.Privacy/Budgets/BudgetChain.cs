using System.Buffers.Binary;
using System.Data.Common;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using QosValuation.Foundation.Names;
using QosValuation.Foundation.Stores;
using QosValuation.Privacy.Accounting;

namespace QosValuation.Privacy.Budgets;

/// <summary>
/// Walks the releases of a budget in order, with the charges of each: checks their hashes and adds up what every contributor has spent,
/// from the charges alone. It goes on where it stopped, so that what others have charged since is checked once. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>The hash of a release is the SHA-256 of the hash before it, of all its columns, and of its charges in the order of the contributors'
/// bytes; the hash before the first is that of the budget's terms. Texts enter as the bytes that the file holds, each with its length, so
/// that a byte that is no UTF-8 is seen. The head repeats the last release, the number of charges and the last hash, so that nothing can be
/// dropped from the end without a trace.</para>
/// <para>The accounts, which tell names that look alike, are in no hash: they follow from the names that were charged, and are compared with those.</para>
/// <para>Whoever may write to the file can write another chain. What that cannot do is agree with a head hash that was kept elsewhere.</para>
/// </remarks>
internal sealed class BudgetChain
{
    private const int BlockSize = 1024;

    // Places of the orders 2, 16 and 64.
    private static readonly int[] ComparedOrders = [0, 14, 62];

    private readonly bool _hasCurves;
    private readonly bool _isChained;
    private readonly Neighboring _neighboring;
    private readonly Dictionary<string, BudgetAccount> _accounts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _skeletons = new(StringComparer.Ordinal);

    /// <summary>Begins a walk before the first release.</summary>
    /// <param name="budget">The terms.</param>
    /// <param name="layout">What columns the file has.</param>
    public BudgetChain(PrivacyBudget budget, BudgetLayout layout)
    {
        _hasCurves = layout >= BudgetLayout.WithEvents;
        _isChained = layout >= BudgetLayout.WithChain;
        _neighboring = budget.Neighboring;
        Hash = HashOf(budget);
    }

    /// <summary>The last release that was read; 0 before the first.</summary>
    public long Release { get; private set; }

    /// <summary>The number of charges read.</summary>
    public long Charges { get; private set; }

    /// <summary>The hash of the last release, or of the terms before the first.</summary>
    public string Hash { get; private set; }

    /// <summary>What each contributor has spent, and in how many releases.</summary>
    public IReadOnlyDictionary<string, BudgetAccount> Accounts => _accounts;

    /// <summary>Whether somebody was charged whose name looks like this.</summary>
    /// <param name="skeleton">The name's <see cref="ContributorName.Skeleton"/>.</param>
    /// <returns>True where the store has an account for it.</returns>
    public bool HasAccount(string skeleton) => _skeletons.Contains(skeleton);

    /// <summary>Whether a row of the accounts is one that a charge has made: they are in no hash, and the names that were charged are.</summary>
    /// <param name="skeleton">The row's skeleton.</param>
    /// <param name="contributor">The row's name.</param>
    /// <returns>False where somebody else wrote it.</returns>
    public bool IsAccount(string skeleton, string contributor) =>
        _accounts.ContainsKey(contributor) && ContributorName.Skeleton(contributor) == skeleton;

    /// <summary>What a contributor has spent: nothing where it was never charged.</summary>
    /// <param name="contributor">The contributor.</param>
    /// <returns>The sum of the charges.</returns>
    public BudgetTotal TotalOf(string contributor) => _accounts.GetValueOrDefault(contributor).Total;

    /// <summary>Reads the releases after those that were read. O(new charges), and the integrity of the whole file the first time.</summary>
    /// <param name="store">The store, in one view of it.</param>
    /// <param name="read">Is told the number of each release, the hash before it, and its own.</param>
    /// <param name="cancellation">Stops the walk.</param>
    /// <returns>What is wrong, as it is found. A walk must be taken to its end.</returns>
    public IEnumerable<PrivacyBudgetFault> Extend(DataStore store, Action<long, string, string>? read = null, CancellationToken cancellation = default)
    {
        string chargeSql = $"SELECT release, {store.BytesOf("contributor")}, contributor, squared_mu, total, {(_hasCurves ? "renyi" : "NULL")} "
            + "FROM charge WHERE release > @last AND release <= @end ORDER BY release, contributor";
        var row = new ChainHash();
        for (long last = Release, end; last < long.MaxValue; last = end)
        {
            // By blocks, because a connection to a server reads one answer at a time.
            List<object[]> block = ReadReleases(store, last);
            end = block.Count == BlockSize ? (long)block[^1][0] : long.MaxValue;
            using DbCommand charges = store.Command(chargeSql, ("@last", last), ("@end", end));
            using DbDataReader charge = charges.ExecuteReader();
            bool hasCharge = charge.Read();
            foreach (object[] release in block)
            {
                cancellation.ThrowIfCancellationRequested();
                long id = (long)release[0];
                if (id != Release + 1)
                {
                    yield return new PrivacyBudgetFault(
                        Release + 1,
                        PrivacyBudgetFaultKind.Dropped,
                        id == Release + 2 ? $"Release {Release + 1} is missing." : $"Releases {Release + 1} to {id - 1} are missing.");
                }

                for (; hasCharge && charge.GetInt64(0) < id; hasCharge = charge.Read())
                {
                    yield return WithoutRelease(charge);
                }

                string previous = Hash;
                string stored = _isChained ? release[9] as string ?? string.Empty : string.Empty;
                row.Start(_isChained && id != Release + 1 ? stored : previous);
                row.Add(id);
                row.Add((long)release[1]);
                for (int column = 2; column < 6; column++)
                {
                    row.Add((byte[])release[column]);
                }

                row.Add((double)release[6]);
                row.Add((long)release[7]);
                byte[]? text = release[8] as byte[];
                row.Add(text);
                PrivacyCost? sampled = null;
                for (; hasCharge && charge.GetInt64(0) == id; hasCharge = charge.Read())
                {
                    Charges++;
                    string contributor = charge.GetString(2);
                    double cost = charge.GetDouble(3);
                    double total = charge.GetDouble(4);
                    byte[]? curve = charge.GetValue(5) as byte[];
                    row.Add((byte[])charge.GetValue(1));
                    row.Add(cost);
                    row.Add(total);
                    row.Add(curve);
                    sampled ??= curve is null ? null : CostOf(text);
                    if (Count(contributor, cost, total, curve, sampled) is string wrong)
                    {
                        yield return new PrivacyBudgetFault(id, PrivacyBudgetFaultKind.Miscounted, $"Release {id}: {wrong}");
                    }
                }

                Hash = row.Finish();
                read?.Invoke(id, previous, Hash);
                if (_isChained)
                {
                    string own = release[10] as string ?? string.Empty;
                    if (own != Hash)
                    {
                        yield return new PrivacyBudgetFault(
                            id,
                            PrivacyBudgetFaultKind.Changed,
                            $"Release {id}, one of its charges or what stands before it was changed: its hash is another one.");
                    }
                    else if (stored != previous && id == Release + 1)
                    {
                        yield return new PrivacyBudgetFault(id, PrivacyBudgetFaultKind.Changed, $"Release {id} does not follow the one before it.");
                    }

                    // So that one changed release is named, and not all after it.
                    Hash = own;
                }

                Release = id;
            }

            for (; hasCharge; hasCharge = charge.Read())
            {
                yield return WithoutRelease(charge);
            }
        }
    }

    private List<object[]> ReadReleases(DataStore store, long last)
    {
        using DbCommand command = store.Command(
            $"SELECT id, cluster, {store.BytesOf("modality")}, {store.BytesOf("mechanism")}, {store.BytesOf("neighboring")}, {store.BytesOf("unit")}, "
                + $"squared_mu, timestamp, {(_hasCurves ? store.BytesOf("event") : "NULL")}, {(_isChained ? "previous_hash, hash" : "NULL, NULL")} "
                + $"FROM release WHERE id > @last ORDER BY id LIMIT {BlockSize}",
            ("@last", last));
        using DbDataReader reader = command.ExecuteReader();
        var block = new List<object[]>();
        while (reader.Read())
        {
            // By value: what a damaged row holds is looked at when its turn comes.
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            block.Add(values);
        }

        return block;
    }

    /// <summary>Compares what was walked with the note of the last release.</summary>
    /// <param name="store">The store, in the view of it that was walked.</param>
    /// <returns>What is wrong; null where the two agree.</returns>
    public PrivacyBudgetFault? CheckHead(DataStore store)
    {
        if (!_isChained)
        {
            return null;
        }

        using DbCommand command = store.Command("SELECT release, charges, hash FROM head ORDER BY id DESC LIMIT 1");
        using DbDataReader reader = command.ExecuteReader();
        if (!reader.Read())
        {
            return new PrivacyBudgetFault(
                0, PrivacyBudgetFaultKind.Changed, "The note of the last release is missing: whether releases were dropped cannot be told.");
        }

        (long release, long charges, string hash) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2));
        if (release > Release)
        {
            return new PrivacyBudgetFault(
                Release + 1,
                PrivacyBudgetFaultKind.Dropped,
                release == Release + 1 ? $"Release {release} is missing." : $"Releases {Release + 1} to {release} are missing.");
        }

        if (release < Release)
        {
            return new PrivacyBudgetFault(
                release + 1, PrivacyBudgetFaultKind.Inserted, $"Releases from {release + 1} on were inserted: the budget ended before them.");
        }

        if (charges != Charges)
        {
            return new PrivacyBudgetFault(
                0,
                charges > Charges ? PrivacyBudgetFaultKind.Dropped : PrivacyBudgetFaultKind.Inserted,
                $"There are {Charges} charges, and {charges} were written.");
        }

        return hash == Hash ? null : new PrivacyBudgetFault(0, PrivacyBudgetFaultKind.Changed, "The terms, or the note of the last release, were changed.");
    }

    /// <summary>Compares the accounts, by which a name that looks like another is known, with the names that were charged. O(accounts).</summary>
    /// <param name="store">The store, in the view of it that was walked.</param>
    /// <returns>What is wrong.</returns>
    public IEnumerable<PrivacyBudgetFault> CheckAccounts(DataStore store)
    {
        if (!_isChained)
        {
            yield break;
        }

        var found = new HashSet<string>(StringComparer.Ordinal);
        using (DbCommand command = store.Command("SELECT skeleton, contributor FROM account ORDER BY skeleton"))
        using (DbDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                (string skeleton, string contributor) = (reader.GetString(0), reader.GetString(1));
                if (IsAccount(skeleton, contributor))
                {
                    found.Add(skeleton);
                }
                else
                {
                    yield return WrongAccount(contributor);
                }
            }
        }

        foreach (string skeleton in _skeletons.Where(skeleton => !found.Contains(skeleton)).Order(StringComparer.Ordinal))
        {
            yield return MissingAccount(skeleton);
        }
    }

    /// <summary>The fault of a row of the accounts that no charge has made.</summary>
    /// <param name="contributor">Its name.</param>
    /// <returns>The fault.</returns>
    public static PrivacyBudgetFault WrongAccount(string contributor) =>
        new(0, PrivacyBudgetFaultKind.Changed, $"The account of '{contributor}' was changed or inserted: no charge has made it.");

    /// <summary>The fault of a charge whose account is gone.</summary>
    /// <param name="skeleton">What the name looks like.</param>
    /// <returns>The fault.</returns>
    public static PrivacyBudgetFault MissingAccount(string skeleton) =>
        new(0, PrivacyBudgetFaultKind.Dropped, $"Somebody whose name looks like '{skeleton}' was charged, and the account is missing.");

    /// <summary>Goes on over a release that is being written.</summary>
    /// <param name="id">The release's number.</param>
    /// <param name="release">The release's columns but its number.</param>
    /// <param name="charges">Its charges.</param>
    /// <returns>The hash before it, and its own.</returns>
    public (string Previous, string Hash) Append(long id, ReleaseRow release, IReadOnlyList<ChargeRow> charges)
    {
        string previous = Hash;
        var row = new ChainHash();
        row.Start(previous);
        row.Add(id);
        row.Add(release.Cluster);
        row.Add(Encoding.UTF8.GetBytes(release.Modality));
        row.Add(Encoding.UTF8.GetBytes(release.Mechanism));
        row.Add(Encoding.UTF8.GetBytes(release.Neighboring));
        row.Add(Encoding.UTF8.GetBytes(release.Unit));
        row.Add(release.SquaredMu);
        row.Add(release.Timestamp);
        row.Add(Encoding.UTF8.GetBytes(release.Event));
        (byte[] Name, ChargeRow Charge)[] ordered = [.. charges.Select(charge => (Encoding.UTF8.GetBytes(charge.Contributor), charge))];
        Array.Sort(ordered, (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        foreach ((byte[] name, ChargeRow charge) in ordered)
        {
            row.Add(name);
            row.Add(charge.SquaredMu);
            row.Add(charge.Total.SquaredMu);
            row.Add(charge.Curve);
            ref BudgetAccount account = ref AccountOf(charge.Contributor);
            account = new BudgetAccount(charge.Total, account.Releases + 1);
        }

        Hash = row.Finish();
        Release = id;
        Charges += charges.Count;
        return (previous, Hash);
    }

    private static PrivacyBudgetFault WithoutRelease(DbDataReader charge) =>
        new(charge.GetInt64(0), PrivacyBudgetFaultKind.Inserted, $"'{charge.GetString(2)}' is charged for release {charge.GetInt64(0)}, which does not exist.");

    private static string HashOf(PrivacyBudget budget)
    {
        var row = new ChainHash();
        row.Start("QosValuation privacy budget");
        row.Add(budget.Epsilon);
        row.Add(budget.Delta);
        row.Add(Encoding.UTF8.GetBytes(budget.Neighboring.ToString()));
        row.Add(Encoding.UTF8.GetBytes(budget.Unit.ToString()));
        row.Add(budget.Created.Ticks);
        return row.Finish();
    }

    /// <summary>What the release's event costs under the budget's relation; null where the event cannot be read.</summary>
    private PrivacyCost? CostOf(byte[]? text)
    {
        try
        {
            return text is null ? null : PrivacyCost.Of(PrivacyEvent.Parse(Encoding.UTF8.GetString(text)), _neighboring);
        }
        catch (Exception exception) when (exception is QosValuationException or OverflowException)
        {
            return null;
        }
    }

    private ref BudgetAccount AccountOf(string contributor)
    {
        ref BudgetAccount account = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, contributor, out bool isKnown);
        if (!isKnown)
        {
            _skeletons.Add(ContributorName.Skeleton(contributor));
        }

        return ref account;
    }

    /// <summary>Adds a charge to what its contributor has spent, and compares that with what was noted, and with the release's event.</summary>
    private string? Count(string contributor, double cost, double total, byte[]? curve, PrivacyCost? sampled)
    {
        ref BudgetAccount account = ref AccountOf(contributor);
        BudgetTotal sum = account.Total;
        if (!(cost >= 0) || double.IsInfinity(cost))
        {
            return $"the charge of '{contributor}' is {cost}, which is no cost.";
        }

        double expected = BudgetTotal.Sum(sum.SquaredMu, cost);
        double[]? divergences = BudgetTotal.CurveOf(curve);
        bool hasShrunk = divergences is not null && sum.Curve is not null && divergences.Zip(sum.Curve).Any(pair => pair.First < pair.Second);

        // Samples are counted by the event. That it is the one that was charged is seen at some of the orders.
        bool isOfEvent = divergences is null || (sampled is not null && Array.TrueForAll(ComparedOrders, place =>
            IsNear(divergences[place], (sum.Curve?[place] ?? 0) + sampled.CurveAt(PrivacyCost.Orders[place]))));
        SampledRelease[]? added = divergences is not null && isOfEvent ? BudgetTotal.SamplesOf(sampled!) : null;
        SampledRelease[]? samples = divergences is null ? sum.Samples : sum.Curve is null ? added : BudgetTotal.Together(sum.Samples, added);
        account = new BudgetAccount(new BudgetTotal(expected, hasShrunk ? sum.Curve : divergences ?? sum.Curve, samples), account.Releases + 1);

        // Files of earlier versions may have been rounded otherwise in the last place.
        return !(Math.Abs(total - expected) <= 1e-12 * expected)
            ? $"'{contributor}' is noted to have spent μ² = {total:R}, and the charges add up to {expected:R}."
            : hasShrunk ? $"what '{contributor}' has spent became less."
            : isOfEvent ? null : $"what '{contributor}' was charged is not what the event of the release costs.";
    }

    // The computers that wrote and read may differ in the last places of logarithms.
    private static bool IsNear(double noted, double counted) => Math.Abs(noted - counted) <= 1e-9 * counted || (double.IsInfinity(counted) && noted == counted);

    /// <summary>The hash of one row after another: numbers by their bits, texts by their length and bytes.</summary>
    private sealed class ChainHash
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Start(string previous) => Add(Encoding.UTF8.GetBytes(previous));

        public void Add(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            _hash.AppendData(bytes);
        }

        public void Add(double value) => Add(BitConverter.DoubleToInt64Bits(value));

        public void Add(byte[]? bytes)
        {
            Add(bytes?.LongLength ?? -1);
            _hash.AppendData(bytes ?? []);
        }

        public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());
    }
}

/// <summary>What a contributor has spent.</summary>
/// <param name="Total">The sum of the charges.</param>
/// <param name="Releases">The number of charges.</param>
internal readonly record struct BudgetAccount(BudgetTotal Total, long Releases);

/// <summary>What columns a budget's file has: each version has those of the one before.</summary>
internal enum BudgetLayout
{
    /// <summary>Gaussian releases alone.</summary>
    Gaussian,

    /// <summary>Events of any kind, with Rényi divergences.</summary>
    WithEvents,

    /// <summary>A hash for each release, and a note of the last.</summary>
    WithChain,
}

/// <summary>A release as the file holds it.</summary>
/// <param name="Cluster">The cluster; −1 without one.</param>
/// <param name="Modality">The modality.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Neighboring">The relation.</param>
/// <param name="Unit">The unit.</param>
/// <param name="SquaredMu">μ² under its own relation.</param>
/// <param name="Timestamp">Ticks in UTC.</param>
/// <param name="Event">The event as JSON.</param>
internal sealed record ReleaseRow(
    long Cluster, string Modality, string Mechanism, string Neighboring, string Unit, double SquaredMu, long Timestamp, string Event);

/// <summary>A charge as the file holds it.</summary>
/// <param name="Contributor">Who is charged.</param>
/// <param name="SquaredMu">μ² of the charge.</param>
/// <param name="Total">What the contributor has spent with it.</param>
/// <param name="Curve">The divergences spent, where the charge added to them.</param>
internal sealed record ChargeRow(string Contributor, double SquaredMu, BudgetTotal Total, byte[]? Curve);
