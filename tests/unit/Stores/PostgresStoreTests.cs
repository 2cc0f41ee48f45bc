using System.Diagnostics;
using System.Globalization;
using Npgsql;
using QosValuation.Foundation.IO;
using QosValuation.Foundation.Stores;
using QosValuation.Markets.Ledger;
using QosValuation.Privacy.Accounting;
using QosValuation.Privacy.Budgets;

namespace QosValuation.Tests;

[Collection(SharedServer.Name)]
public sealed class PostgresStoreTests(StorePlaces places)
{
    private static readonly string[] Damage = ["PrivacyBudgetDamaged", "DatabaseNotReadable"];

    private PostgresServer Server => places.Server;

    [PostgresTheory]
    [InlineData("UPDATE charge SET total = -1 WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Miscounted, 2)]
    [InlineData("UPDATE charge SET total = total / 2, squared_mu = squared_mu / 2 WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("UPDATE charge SET squared_mu = float8 '1e-300' + squared_mu * (1 + 3e-16) WHERE release = 3", PrivacyBudgetFaultKind.Changed, 3)]
    [InlineData("DELETE FROM charge WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("DELETE FROM release WHERE id = 2; DELETE FROM charge WHERE release = 2", PrivacyBudgetFaultKind.Dropped, 2)]
    [InlineData("DELETE FROM release WHERE id = 3; DELETE FROM charge WHERE release = 3", PrivacyBudgetFaultKind.Dropped, 3)]
    [InlineData("INSERT INTO charge VALUES ('eve', 7, 0.1, 0.1, NULL)", PrivacyBudgetFaultKind.Inserted, 7)]
    [InlineData("UPDATE release SET mechanism = 'None' WHERE id = 1", PrivacyBudgetFaultKind.Changed, 1)]
    [InlineData("UPDATE charge SET contributor = 'Bob' WHERE contributor = 'bob'", PrivacyBudgetFaultKind.Changed, 2)]
    [InlineData("UPDATE budget SET epsilon = 100", PrivacyBudgetFaultKind.Changed, 1)]
    [InlineData("UPDATE budget SET unit = '1'", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("DELETE FROM head", PrivacyBudgetFaultKind.Changed, 0)]
    [InlineData("DELETE FROM head WHERE id = 3", PrivacyBudgetFaultKind.Inserted, 3)]
    [InlineData("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER undo BEFORE INSERT ON charge FOR EACH ROW EXECUTE FUNCTION f()", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE RULE undo AS ON INSERT TO charge DO INSTEAD NOTHING", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge RENAME TO hidden; CREATE VIEW charge AS SELECT * FROM hidden WHERE false", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE TABLE mine (x int)", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE FUNCTION convert_to(text, text) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea'", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge ADD COLUMN x int GENERATED ALWAYS AS (1) STORED", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge ALTER COLUMN total SET DEFAULT 0", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge ENABLE ROW LEVEL SECURITY", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE TABLE child () INHERITS (charge)", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("CREATE INDEX mine ON charge (lower(contributor))", PrivacyBudgetFaultKind.Damaged, 0)]
    [InlineData("ALTER TABLE charge DROP CONSTRAINT charge_release_fkey", PrivacyBudgetFaultKind.Damaged, 0)]
    public void WhatWasChangedInATableIsNamedAndClosesIt(string sql, PrivacyBudgetFaultKind kind, long release)
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore open = PrivacyBudgetStore.Open(place);
        open.Charge([Charge(0.01, "ann"), Charge(0.02, "ann", "bob")]);
        open.Charge([Charge(0.001, "cy")]);
        Assert.True(PrivacyBudgetStore.Check(place, PrivacyBudgetStore.Check(place).HeadHash).IsValid);
        places.Change(place, sql);
        PrivacyBudgetReport report = PrivacyBudgetStore.Check(place);
        Assert.False(report.IsValid);
        Assert.Contains(report.Faults, fault => fault.Kind == kind && fault.Release == release);
        Assert.Contains(Assert.ThrowsAny<QosValuationException>(() => PrivacyBudget.Open(place)).ErrorId, Damage);
    }

    [PostgresFact]
    public void TablesThatWerePutBackAreExposedByAnExpectedHash()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(place))
        {
            store.Charge([Charge(0.01, "ann")]);
            store.Charge([Charge(0.01, "ann")]);
            string head = PrivacyBudgetStore.Check(place).HeadHash;
            places.Change(place, "DELETE FROM charge WHERE release = 2; DELETE FROM release WHERE id = 2; DELETE FROM head WHERE id = 2");
            Assert.True(PrivacyBudgetStore.Check(place).IsValid);
            Assert.Equal(PrivacyBudgetFaultKind.Changed, Assert.Single(PrivacyBudgetStore.Check(place, head).Faults).Kind);

            // A session that saw the release does not go on without it.
            Assert.Equal("PrivacyBudgetDamaged", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(0.01, "ann")])).ErrorId);
        }
    }

    [PostgresTheory]
    [InlineData("UPDATE record SET value = 99 WHERE sequence = 2", DatLedgerFaultKind.Changed, 2)]
    [InlineData("DELETE FROM record WHERE sequence = 2", DatLedgerFaultKind.Dropped, 2)]
    [InlineData("DELETE FROM record WHERE sequence = 3", DatLedgerFaultKind.Dropped, 3)]
    [InlineData("DELETE FROM head", DatLedgerFaultKind.Changed, 0)]
    public void WhatWasChangedInALedgerIsNamed(string sql, DatLedgerFaultKind kind, long sequence)
    {
        string place = places.New(StoreKind.PostgreSql);
        using DatLedger ledger = DatLedger.Open(place, create: true);
        ledger.Append([("ann", 1.5, "p"), ("bob", 0, string.Empty), ("\u00E9ve", double.Epsilon, "p:\U0001F600")]);
        Assert.True(ledger.Verify().IsValid);
        places.Change(place, sql);
        DatLedgerReport report = ledger.Verify();
        Assert.Contains(report.Faults, fault => fault.Kind == kind && fault.Sequence == sequence);
    }

    [PostgresTheory]
    [InlineData("CREATE RULE undo AS ON INSERT TO record DO INSTEAD NOTHING")]
    [InlineData("CREATE VIEW mine AS SELECT 1")]
    public void ForeignObjectsBesideALedgerAreRefused(string sql)
    {
        string place = places.New(StoreKind.PostgreSql);
        DatLedger.Open(place, create: true).Dispose();
        DatLedger.Open(place, create: false).Dispose();
        places.Change(place, sql);
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => DatLedger.Open(place, create: false)).ErrorId);
    }

    [PostgresTheory]
    [InlineData("migration")]
    [InlineData("budget")]
    [InlineData("charge")]
    [InlineData("head")]
    public void APolicyRunsNothingWithTheRightsOfWhoeverReads(string table)
    {
        string visitor = "visitor_of_" + table;
        foreach (bool isBudget in new[] { true, false })
        {
            if (!isBudget && table is not ("migration" or "head"))
            {
                continue;
            }

            string place = places.New(StoreKind.PostgreSql);
            string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
            if (isBudget)
            {
                PrivacyBudget.Create(place, 1, 1e-5);
            }
            else
            {
                DatLedger.Open(place, create: true).Dispose();
            }

            Server.Sql($"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{visitor}') THEN CREATE ROLE {visitor} LOGIN PASSWORD '{PostgresServer.Password}'; END IF; END $$; "
                + $"GRANT USAGE ON SCHEMA {schema} TO {visitor}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO {visitor}; "
                + "CREATE TABLE IF NOT EXISTS public.loot (who text); GRANT INSERT ON public.loot TO public; "
                + $"CREATE FUNCTION {schema}.f() RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.loot VALUES (current_user); RETURN true; END'; "
                + $"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON {schema}.{table} USING ({schema}.f())");
            string asVisitor = With($"Username={visitor}", schema);
            if (isBudget)
            {
                Assert.Contains(FaultOf(asVisitor), Damage);
                string id = Record.Exception(() => Assert.False(PrivacyBudgetStore.Check(asVisitor).IsValid)) is QosValuationException fault ? fault.ErrorId : Damage[0];
                Assert.Contains(id, Damage);
            }
            else
            {
                Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => DatLedger.Open(asVisitor, create: false)).ErrorId);
            }

            Assert.Equal(string.Empty, Server.Sql("SELECT * FROM public.loot"));
        }
    }

    [PostgresFact]
    public void APolicyThatIsAddedWhileALedgerIsOpenDoesNotRun()
    {
        string place = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        DatLedger.Open(place, create: true).Dispose();
        Server.Sql($"CREATE ROLE late LOGIN PASSWORD '{PostgresServer.Password}'; GRANT USAGE ON SCHEMA {schema} TO late; "
            + $"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO late; CREATE TABLE public.taken (who text); GRANT INSERT ON public.taken TO public");
        using DatLedger ledger = DatLedger.Open(With("Username=late", schema), create: false);
        Server.Sql($"CREATE FUNCTION {schema}.f() RETURNS bool LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.taken VALUES (current_user); RETURN true; END'; "
            + $"ALTER TABLE {schema}.head ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON {schema}.head USING ({schema}.f()) WITH CHECK ({schema}.f())");
        Assert.Equal("DatabaseNotPermitted", Assert.Throws<QosValuationException>(() => ledger.Append([("ann", 1, "p")])).ErrorId);
        Assert.Equal(string.Empty, Server.Sql("SELECT * FROM public.taken"));
    }

    [PostgresTheory]
    [InlineData("UPDATE migration SET version = -1")]
    [InlineData("UPDATE migration SET kind = repeat('x', 100000)")]
    [InlineData("ALTER TABLE migration ALTER COLUMN version TYPE text")]
    [InlineData("ALTER TABLE migration ALTER COLUMN kind DROP NOT NULL; UPDATE migration SET kind = NULL")]
    public void AVersionThatIsNoneIsRefusedInASentence(string sql)
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        places.Change(place, sql);
        QosValuationException refused = Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(place));
        Assert.Equal("DatabaseNotReadable", refused.ErrorId);
        Assert.Contains("'postgresql:", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.Message.Length, 1, 600);
    }

    [PostgresFact]
    public void WhatKeepsAStoreFromBeingCheckedIsNoDamage()
    {
        string place = places.New(StoreKind.PostgreSql);
        string book = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        string ledgerSchema = ((PostgresAddress)StoreAddress.Parse(book)).Name;
        PrivacyBudget.Create(place, 1, 1e-5);
        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(place))
        {
            store.Charge([Charge(0.01, "ann")]);
        }

        using (DatLedger ledger = DatLedger.Open(book, create: true))
        {
            ledger.Append([("ann", 1, "p")]);
        }

        Server.Sql($"CREATE ROLE auditor LOGIN PASSWORD '{PostgresServer.Password}'; GRANT USAGE ON SCHEMA {schema}, {ledgerSchema} TO auditor; "
            + $"GRANT SELECT ON {schema}.migration, {schema}.budget, {ledgerSchema}.migration TO auditor");
        Assert.Equal("DatabaseNotPermitted", CheckFault(With("Username=auditor", schema)));
        Assert.Equal("DatabaseNotPermitted", VerifyFault(With("Username=auditor", ledgerSchema)));

        using var holder = new NpgsqlConnection(Server.Connection);
        holder.Open();
        using NpgsqlTransaction held = holder.BeginTransaction();
        using (var command = new NpgsqlCommand($"LOCK TABLE {schema}.charge, {ledgerSchema}.record IN ACCESS EXCLUSIVE MODE", holder, held))
        {
            command.ExecuteNonQuery();
        }

        Assert.Equal("DatabaseBusy", CheckFault(With("Options=-c lock_timeout=200", schema)));
        Assert.Equal("DatabaseBusy", VerifyFault(With("Options=-c lock_timeout=200", ledgerSchema)));
        string CheckFault(string at) => Assert.Throws<QosValuationException>(() => PrivacyBudgetStore.Check(at)).ErrorId;
        string VerifyFault(string at)
        {
            using DatLedger ledger = DatLedger.Open(at, create: false);
            return Assert.Throws<QosValuationException>(() => ledger.Verify()).ErrorId;
        }
    }

    [PostgresFact]
    public void WhatIsNotThereOrOfAnotherKindIsNamed()
    {
        string place = places.New(StoreKind.PostgreSql);
        Assert.Equal("DatabaseNotFound", FaultOf(place));
        DatLedger.Open(place, create: true).Dispose();
        Assert.Equal("DatabaseNotReadable", FaultOf(place));
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(place, 1, 1e-5)).ErrorId);

        string foreign = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(foreign)).Name;
        Server.Sql($"CREATE SCHEMA {schema}; CREATE TABLE {schema}.mine (x int)");
        Assert.Equal("DatabaseNotReadable", Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(foreign, 1, 1e-5)).ErrorId);
        Assert.Equal("DatabaseNotReadable", FaultOf(foreign));

        Assert.Equal("DatabaseNotFound", FaultOf(With("Database=nowhere")));
        Assert.Equal("DatabaseNotReachable", FaultOf(With("Port=1")));
        Assert.Equal("DatabaseNotReachable", FaultOf(With("Host=no-such-host.invalid")));
        Assert.Equal("DatabaseLoginRefused", FaultOf(With("Password=wrong")));
        Assert.Equal("DatabaseConnectionNotValid", FaultOf(With("Passfile=/nowhere")));
        Assert.Equal("DatabaseTlsFailed", FaultOf(With("SSL Mode=VerifyFull;Root Certificate=/nowhere")));
        Assert.Equal("DatabaseLoginRefused", FaultOf(PostgresAddress.Create($"Host=127.0.0.1;Port={Server.Port};Database=postgres;Username=owner", "none").Text));

        // A password that was refused is forgotten.
        Assert.Equal("DatabaseNotReadable", FaultOf(place));
    }

    [PostgresFact]
    public void TlsIsAskedForAndChecked()
    {
        string place = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        PrivacyBudget.Create(place, 1, 1e-5);
        Server.Sql($"CREATE ROLE encrypted LOGIN PASSWORD '{PostgresServer.Password}'; GRANT USAGE ON SCHEMA {schema} TO encrypted; "
            + $"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO encrypted");
        string settings = "Username=encrypted;" + (OperatingSystem.IsWindows() ? string.Empty : "Host=localhost;");
        Assert.Equal("DatabaseTlsFailed", FaultOf(With(settings + "SSL Mode=Disable", schema)));
        Assert.Equal("DatabaseTlsFailed", FaultOf(With(settings + "SSL Mode=VerifyFull", schema)));
        Assert.Equal("DatabaseTlsFailed", FaultOf(With(settings + $"Host=127.0.0.1;SSL Mode=VerifyFull;Root Certificate={Server.RootCertificate}", schema)));
        Assert.Equal(1, PrivacyBudget.Open(With(settings + $"SSL Mode=VerifyFull;Root Certificate={Server.RootCertificate}", schema)).Epsilon);
    }

    [PostgresFact]
    public void ARoleThatMayOnlySelectAndInsertIsEnough()
    {
        string place = places.New(StoreKind.PostgreSql);
        string book = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        string ledgerSchema = ((PostgresAddress)StoreAddress.Parse(book)).Name;
        PrivacyBudget.Create(place, 1, 1e-5);
        DatLedger.Open(book, create: true).Dispose();
        Server.Sql($"CREATE ROLE curator LOGIN PASSWORD '{PostgresServer.Password}'");
        string asCurator = With("Username=curator", schema);
        Assert.Equal("DatabaseNotPermitted", FaultOf(asCurator));
        Assert.Equal("DatabaseNotPermitted", Assert.Throws<QosValuationException>(() => PrivacyBudget.Create(With("Username=curator", "new_one"), 1, 1e-5)).ErrorId);
        foreach (string each in new[] { schema, ledgerSchema })
        {
            Server.Sql($"GRANT USAGE ON SCHEMA {each} TO curator; GRANT SELECT ON ALL TABLES IN SCHEMA {each} TO curator");
        }

        // Who may only read sees and checks, and charges nothing.
        using (PrivacyBudgetStore reader = PrivacyBudgetStore.Open(asCurator))
        {
            Assert.Equal("DatabaseNotPermitted", Assert.Throws<PrivacyBudgetException>(() => reader.Charge([Charge(0.01, "ann")])).ErrorId);
            Assert.Empty(reader.ReadSpending());
        }

        foreach (string each in new[] { schema, ledgerSchema })
        {
            Server.Sql($"GRANT INSERT ON ALL TABLES IN SCHEMA {each} TO curator");
        }

        using (PrivacyBudgetStore store = PrivacyBudgetStore.Open(asCurator))
        {
            store.Charge([Charge(0.01, "ann", "bob"), Charge(0.01, "ann")]);
            store.Charge([Charge(0.01, "ann")]);
        }

        using (DatLedger ledger = DatLedger.Open(With("Username=curator", ledgerSchema), create: true))
        {
            ledger.Append([("ann", 1, "p")]);
            Assert.Single(ledger.Append([("ann", 1, "p"), ("ann", 2, "p"), ("ann", 2, "p")], skipExisting: true));
            Assert.True(ledger.Verify().IsValid);
        }

        Assert.True(PrivacyBudgetStore.Check(asCurator).IsValid);
        Assert.Equal("f", Server.Sql($"SELECT has_table_privilege('curator', '{schema}.charge', 'UPDATE') OR has_table_privilege('curator', '{schema}.charge', 'DELETE')"));
    }

    [PostgresFact]
    public void SchemasAreMigratedByVersionAndNewerOnesAreRefused()
    {
        string place = places.New(StoreKind.PostgreSql);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        const string Base = "index of a: x; primary\nindex of migration: version; primary\nr a: x bigint not null\nr migration: version bigint not null, kind text not null";
        string[] migrations = ["CREATE TABLE a (x bigint PRIMARY KEY)", "ALTER TABLE a ADD COLUMN y text; INSERT INTO a VALUES (1, 'moved')"];
        StoreSchema old = new("thing", 1, string.Empty, migrations[..1], Base);
        StoreSchema now = new("thing", 1, string.Empty, migrations, Base.Replace("r a: x bigint not null", "r a: x bigint not null, y text", StringComparison.Ordinal));
        DataStore.Open(StoreAddress.Parse(place), old, create: true).Dispose();
        DataStore.Open(StoreAddress.Parse(place), old, create: false).Dispose();

        // Who does not own it cannot upgrade it, and is told.
        Server.Sql($"CREATE ROLE guest LOGIN PASSWORD '{PostgresServer.Password}'; GRANT USAGE ON SCHEMA {schema} TO guest; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO guest");
        Assert.Equal("DatabaseNotPermitted", Assert.Throws<QosValuationException>(() => DataStore.Open(StoreAddress.Parse(With("Username=guest", schema)), now, create: false)).ErrorId);
        using (DataStore upgraded = DataStore.Open(StoreAddress.Parse(place), now, create: false))
        {
            Assert.Equal("moved", upgraded.Scalar("SELECT y FROM a"));
        }

        DataStore.Open(StoreAddress.Parse(With("Username=guest", schema)), now, create: false).Dispose();
        Assert.Equal("1|thing\n2|thing", Server.Sql($"SELECT * FROM {schema}.migration ORDER BY version"));
        QosValuationException refused = Assert.Throws<QosValuationException>(() => DataStore.Open(StoreAddress.Parse(place), old, create: true));
        Assert.Equal("DatabaseTooNew", refused.ErrorId);
        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
    }

    [PostgresTheory]
    [InlineData("connect")]
    [InlineData("charge")]
    [InlineData("check")]
    public async Task AServerThatDoesNotAnswerIsGivenUpAtOnce(string what)
    {
        using var proxy = new CuttingProxy(Server.Port);
        using var stop = new CancellationTokenSource();
        string schema = ((PostgresAddress)StoreAddress.Parse(places.New(StoreKind.PostgreSql))).Name;
        PrivacyBudget.Create(With("SSL Mode=Disable", schema), 1, 1e-5);
        string place = With($"Port={proxy.Port};SSL Mode=Disable", schema);
        using IDisposable scope = WorkCancellation.Enter(stop.Token);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        proxy.IsFrozen = true;
        Task work = Task.Run(() =>
        {
            if (what == "connect")
            {
                PrivacyBudgetStore.Open(place).Dispose();
            }
            else if (what == "charge")
            {
                store.Charge([Charge(0.01, "ann")]);
            }
            else
            {
                PrivacyBudgetStore.Check(place);
            }
        });
        await Task.Delay(300);
        Assert.False(work.IsCompleted);
        long start = Stopwatch.GetTimestamp();
        await stop.CancelAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work.WaitAsync(TimeSpan.FromSeconds(2)));
        store.Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 2);
        proxy.IsFrozen = false;
        Assert.Equal("0", Server.Sql($"SELECT count(*) FROM {schema}.release"));
    }

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void AConnectionThatIsCutAtACommitChargesOnce(bool isKept)
    {
        using var proxy = new CuttingProxy(Server.Port);
        string schema = ((PostgresAddress)StoreAddress.Parse(places.New(StoreKind.PostgreSql))).Name;
        string place = With($"Port={proxy.Port};SSL Mode=Disable", schema);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        store.Charge([Charge(0.01, "ann")]);
        proxy.Cut = isKept ? CuttingProxy.At.AfterCommit : CuttingProxy.At.BeforeCommit;
        store.Charge([Charge(0.02, "ann")]);
        Assert.Equal(CuttingProxy.At.Nowhere, proxy.Cut);
        store.Charge([Charge(0.03, "ann")]);
        Assert.Equal(3, store.Budget.Releases);
        Assert.Equal(Math.Sqrt(0.06), store.ReadSpending().Single().Mu, 1e-12);
        Assert.Equal("3", Server.Sql($"SELECT count(*) FROM {schema}.release"));
        Assert.True(PrivacyBudgetStore.Check(place).IsValid);

        using DatLedger ledger = DatLedger.Open(With($"Port={proxy.Port};SSL Mode=Disable", schema + "_l"), create: true);
        proxy.Cut = isKept ? CuttingProxy.At.AfterCommit : CuttingProxy.At.BeforeCommit;
        Assert.Equal(1, Assert.Single(ledger.Append([("ann", 1, "p")])).Sequence);
        Assert.Equal(1, ledger.Verify().Records);
        Assert.True(ledger.Verify().IsValid);
    }

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatCannotBeAskedIsTakenAsChargedAndNothingIsDrawn(bool isKept)
    {
        using var proxy = new CuttingProxy(Server.Port);
        using var stop = new CancellationTokenSource();
        string schema = ((PostgresAddress)StoreAddress.Parse(places.New(StoreKind.PostgreSql))).Name;
        string place = With("SSL Mode=Disable", schema);
        PrivacyBudget.Create(place, 1, 1e-5);
        using IDisposable scope = WorkCancellation.Enter(stop.Token);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(With($"Port={proxy.Port};SSL Mode=Disable", schema));
        proxy.StaysDown = true;
        proxy.Cut = isKept ? CuttingProxy.At.AfterCommit : CuttingProxy.At.BeforeCommit;
        stop.CancelAfter(TimeSpan.FromSeconds(1)); // so that the test need not wait as long as the store would
        PrivacyBudgetException unknown = Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(0.02, "ann")]));
        Assert.Equal("DatabaseOutcomeUnknown", unknown.ErrorId);
        Assert.Contains("not drawn", unknown.Message, StringComparison.Ordinal);
        Assert.Equal(isKept ? "1" : "0", Server.Sql($"SELECT count(*) FROM {schema}.release"));
    }

    [PostgresFact]
    public async Task ASessionThatIsEndedWhileItCommitsHasChargedOnce()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);

        // A commit that waits for a standby which does not exist hangs where it is kept already, and is then ended.
        Server.Sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        Server.Sql("SELECT pg_reload_conf()");
        try
        {
            Task charge = Task.Run(() => store.Charge([Charge(0.02, "ann")]));
            const string Waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
            while (Server.Sql("SELECT count(*) " + Waiting) == "0")
            {
                Assert.False(charge.IsFaulted, charge.Exception?.ToString());
                await Task.Delay(20);
            }

            Server.Sql("SELECT pg_terminate_backend(pid) " + Waiting);
            await charge;
        }
        finally
        {
            Server.Sql("ALTER SYSTEM RESET synchronous_standby_names");
            Server.Sql("SELECT pg_reload_conf()");
        }

        store.Charge([Charge(0.01, "ann")]);
        Assert.Equal(2, store.Budget.Releases);
        Assert.True(PrivacyBudgetStore.Check(place).IsValid);
    }

    [PostgresFact]
    public void SessionsEndedBetweenAndWithinChargesAreMadeAgain()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        for (int i = 0; i < 5; i++)
        {
            store.Charge([Charge(0.001, "ann")]);
            Assert.Equal("1", Server.Sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'QosValuation'"));
        }

        Assert.Equal(5, store.Budget.Releases);
        Assert.True(PrivacyBudgetStore.Check(place).IsValid);
    }

    [PostgresTheory]
    [InlineData("statement_timeout", "DatabaseTimedOut")]
    [InlineData("lock_timeout", "DatabaseBusy")]
    public void ATimeoutChargesNothing(string setting, string id)
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(With($"Options='-c {setting}=300ms'", ((PostgresAddress)StoreAddress.Parse(place)).Name));
        using (DataStore holder = DataStore.Open(StoreAddress.Parse(place), PrivacyBudgetStore.StoreSchema, create: false))
        using (holder.BeginWrite())
        {
            Assert.Equal(id, Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(0.02, "ann")])).ErrorId);
        }

        Assert.Equal(0, store.Budget.Releases);
        store.Charge([Charge(0.02, "ann")]);
        Assert.Equal(1, store.Budget.Releases);
    }

    /// <summary>A process that is halted, or whose machine is gone, keeps nobody waiting for long.</summary>
    [PostgresFact]
    public void ASessionThatFallsSilentInTheMidstOfAChangeLosesItsLock()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        using (DataStore silent = DataStore.Open(
            StoreAddress.Parse(With("Options='-c idle_in_transaction_session_timeout=500ms'", schema)), PrivacyBudgetStore.StoreSchema, create: false))
        using (silent.BeginWrite())
        {
            Assert.Equal("500ms", silent.Scalar("SELECT pg_catalog.current_setting('idle_in_transaction_session_timeout')"));
            store.Charge([Charge(0.02, "ann")]);
        }

        Assert.Equal(1, store.Budget.Releases);
        using DataStore other = DataStore.Open(StoreAddress.Parse(With("Host=127.0.0.1", schema)), PrivacyBudgetStore.StoreSchema, create: false);
        using (other.BeginWrite())
        {
            Assert.Equal("1min", other.Scalar("SELECT pg_catalog.current_setting('idle_in_transaction_session_timeout')"));
        }

        Assert.Equal("0 60 10 4", other.Scalar(
            "SELECT pg_catalog.concat_ws(' ', pg_catalog.current_setting('idle_in_transaction_session_timeout'), pg_catalog.current_setting('tcp_keepalives_idle'), "
                + "pg_catalog.current_setting('tcp_keepalives_interval'), pg_catalog.current_setting('tcp_keepalives_count'))"));
    }

    [PostgresFact]
    public void AStatementThatTakesTooLongIsUndoneWithAllBeforeIt()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        string schema = ((PostgresAddress)StoreAddress.Parse(place)).Name;
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(With("Options='-c statement_timeout=500ms'", schema));

        // The charges wait for a lock on their table that another session holds, after the release was inserted.
        using (DataStore holder = DataStore.Open(StoreAddress.Parse(place), PrivacyBudgetStore.StoreSchema, create: false))
        using (holder.BeginRead())
        {
            holder.Execute("LOCK TABLE account IN SHARE MODE");
            Assert.Equal("DatabaseTimedOut", Assert.Throws<PrivacyBudgetException>(() => store.Charge([Charge(0.02, "ann")])).ErrorId);
        }

        Assert.Equal("0|0|1", Server.Sql($"SELECT (SELECT count(*) FROM {schema}.release), (SELECT count(*) FROM {schema}.account), (SELECT count(*) FROM {schema}.head)"));
    }

    [PostgresFact]
    public void AWaitEndsWithTheWork()
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget.Create(place, 1, 1e-5);
        using DataStore holder = DataStore.Open(StoreAddress.Parse(place), PrivacyBudgetStore.StoreSchema, create: false);
        using StoreTransaction held = holder.BeginWrite();
        using var stop = new CancellationTokenSource();
        using IDisposable scope = WorkCancellation.Enter(stop.Token);
        using PrivacyBudgetStore store = PrivacyBudgetStore.Open(place);
        stop.CancelAfter(TimeSpan.FromMilliseconds(300));

        // Otherwise the wait ends after half a minute, as DatabaseBusy.
        Assert.ThrowsAny<OperationCanceledException>(() => store.Charge([Charge(0.02, "ann")]));
    }

    [PostgresTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AServerThatIsKilledLosesNothingThatWasAcknowledged(bool comesBackAtOnce)
    {
        string place = places.New(StoreKind.PostgreSql);
        PrivacyBudget budget = PrivacyBudget.Create(place, 1, 1e-5);
        double cost = budget.SquaredMu / 1e7;
        using PrivacyBudgetStore bystander = PrivacyBudgetStore.Open(place);
        long acknowledged = 0;
        int spenders = 0;
        for (int kill = 0; kill < 3; kill++)
        {
            Process[] processes = [.. Enumerable.Range(0, 3).Select(_ => Start(place, cost))];
            spenders += processes.Length;
            var first = new TaskCompletionSource();
            Task<int>[] counts = [.. processes.Select(process => CountAsync(process, first))];

            // Not before one of them has drawn, however slowly they start.
            await Task.WhenAny(first.Task, Task.WhenAll(counts)).WaitAsync(TimeSpan.FromMinutes(2));
            await Task.Delay(200 + (kill * 37));
            Server.Kill();
            if (comesBackAtOnce)
            {
                Server.Start();
                await Task.Delay(800);
                foreach (Process process in processes)
                {
                    process.Kill();
                }
            }

            acknowledged += (await Task.WhenAll(counts)).Sum();
            foreach (Process process in processes)
            {
                await process.WaitForExitAsync();
                process.Dispose();
            }

            if (!comesBackAtOnce)
            {
                Server.Start();
            }

            // Every release that was drawn was charged; each process may have lost one that was charged and not drawn.
            PrivacyBudgetReport report = PrivacyBudgetStore.Check(place);
            Assert.True(report.IsValid, string.Join(' ', report.Faults));
            Assert.InRange(report.Releases, acknowledged, acknowledged + spenders);
        }

        Assert.True(acknowledged > 0);
        bystander.Charge([Charge(cost, "bob")]);
        Assert.Equal(1, budget.Contributors.Single(one => one.Contributor == "bob").Releases);
    }

    [PostgresFact]
    public void APasswordIsNeitherKeptNorShown()
    {
        string schema = ((PostgresAddress)StoreAddress.Parse(places.New(StoreKind.PostgreSql))).Name;
        const string Secret = "sw0rdf;ish'";
        Server.Sql("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'sw0rdf;ish'''; GRANT CREATE ON DATABASE postgres TO keeper");
        string settings = $"Host=127.0.0.1;Port={Server.Port};Database=postgres;Username=keeper;Password=\"{Secret}\"";
        PostgresAddress address = PostgresAddress.Create(settings, schema);
        Assert.True(address.HeldSecret);
        Assert.False(PostgresAddress.ParseText(address.Text).HeldSecret);
        Assert.DoesNotContain("sw0rd", address.Text, StringComparison.Ordinal);
        PrivacyBudget budget = PrivacyBudget.Create(address.Text, 1, 1e-5);
        Assert.DoesNotContain("sw0rd", System.Text.Json.JsonSerializer.Serialize(budget) + budget + budget.Path, StringComparison.Ordinal);
        Assert.Equal(1, PrivacyBudget.Open(budget.Path).Remaining, 1e-9);
        foreach (string wrong in new[] { settings + ";Hots=x", settings + "x'", settings + ";Port=" + Secret, "Passw\0ord=" + Secret })
        {
            QosValuationException refused = Assert.Throws<QosValuationException>(() => PostgresAddress.Create(wrong, schema));
            Assert.Equal("DatabaseConnectionNotValid", refused.ErrorId);
            Assert.DoesNotContain("sw0rd", refused.ToString(), StringComparison.Ordinal);
        }

        Server.Sql("ALTER ROLE keeper PASSWORD 'changed'");
        QosValuationException denied = Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(budget.Path));
        Assert.Equal("DatabaseLoginRefused", denied.ErrorId);
        Assert.DoesNotContain("sw0rd", denied.ToString(), StringComparison.Ordinal);
    }

    [PostgresFact]
    public void AServiceIsFoundWhereLibpqFindsIt()
    {
        using var folder = new TemporaryFolder();
        string schema = ((PostgresAddress)StoreAddress.Parse(places.New(StoreKind.PostgreSql))).Name;
        File.WriteAllText(folder.File("services"), $"""
            # services
            [other]
            host=nowhere.invalid

            [market]
            host = localhost
            port={Server.Port}
            dbname=postgres
            user=owner
            password={PostgresServer.Password}
            sslmode=verify-full
            sslrootcert={Server.RootCertificate}
            connect_timeout=5
            [two]
            host=nowhere.invalid,localhost
            port={Server.Port}
            dbname=postgres
            user=owner
            password={PostgresServer.Password}
            target_session_attrs=read-write
            [one]
            host=localhost
            port={Server.Port}
            dbname=postgres
            user=owner
            password={PostgresServer.Password}
            target_session_attrs=prefer-standby
            [standby]
            host=localhost
            port={Server.Port}
            dbname=postgres
            user=owner
            password={PostgresServer.Password}
            target_session_attrs=standby
            [broken]
            hostname=x
            """);
        string? before = Environment.GetEnvironmentVariable("PGSERVICEFILE");
        Environment.SetEnvironmentVariable("PGSERVICEFILE", folder.File("services"));
        try
        {
            string place = PostgresAddress.Create("service=market", schema).Text;
            Assert.Equal($"postgresql:service=market;Name={schema}", place);
            PrivacyBudget.Create(place, 1, 1e-5);
            Assert.Equal(1, PrivacyBudget.Open(place).Epsilon);
            Assert.Equal("DatabaseNotReachable", FaultOf(PostgresAddress.Create("service=market;Port=1", schema).Text));
            Assert.Equal(1, PrivacyBudget.Open(PostgresAddress.Create("service=two", schema).Text).Epsilon);
            Assert.Equal(1, PrivacyBudget.Open(PostgresAddress.Create("service=one", schema).Text).Epsilon);
            Assert.Equal("DatabaseNotReachable", FaultOf(PostgresAddress.Create("service=standby", schema).Text));
            Assert.Equal("DatabaseConnectionNotValid", FaultOf(PostgresAddress.Create("service=nothing", schema).Text));
            Assert.Equal("DatabaseConnectionNotValid", FaultOf(PostgresAddress.Create("service=broken", schema).Text));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PGSERVICEFILE", before);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("Upper")]
    [InlineData("a-b")]
    [InlineData("a\"; DROP SCHEMA x; --")]
    [InlineData("pg_mine")]
    [InlineData("public")]
    [InlineData("trailing\n")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123")]
    public void ANameThatNamesNoSchemaIsRefused(string name) =>
        Assert.Equal("DatabaseConnectionNotValid", Assert.Throws<QosValuationException>(() => PostgresAddress.Create("Host=x", name)).ErrorId);

    [Fact]
    public void AnAddressIsReadBackAsItWasWritten()
    {
        PostgresAddress address = PostgresAddress.Create("Server=db;Database='a;Name=b';User Id=ann", "spring_1");
        NpgsqlConnectionStringBuilder settings = address.Resolve();
        Assert.Equal((false, GssEncryptionMode.Disable, 500, "QosValuation"), (settings.Pooling, settings.GssEncryptionMode, settings.CancellationTimeout, settings.ApplicationName));
        settings = PostgresAddress.Create("Host=db;GSS Encryption Mode=Require;Cancellation Timeout=7;Application Name=mine;Pooling=true", "spring_1").Resolve();
        Assert.Equal((false, GssEncryptionMode.Require, 7, "mine"), (settings.Pooling, settings.GssEncryptionMode, settings.CancellationTimeout, settings.ApplicationName));
        Assert.Equal(address.Text, StoreAddress.Parse(address.Text).Text);
        Assert.Equal("spring_1", ((PostgresAddress)StoreAddress.Parse(address.Text)).Name);
        Assert.False(StoreAddress.Parse("./postgresql:x") is PostgresAddress);
        Assert.Equal("DatabaseConnectionNotValid", Assert.Throws<QosValuationException>(() => StoreAddress.Parse("postgresql:Host=x")).ErrorId);
    }

    [Theory]
    [InlineData("postgresql:host=localhost port=5544 dbname=market user=keeper password=hushhush;Name=x")]
    [InlineData("postgresql:Host=localhost;Database=market user=keeper password = hushhush;Name=x")]
    [InlineData("postgresql:service=market passwd=hushhush;Name=x")]
    [InlineData("postgresql:Host=a=b;Name=x")]
    [InlineData("postgresql:Host=a b;Name=x")]
    [InlineData("postgresql://keeper:hushhush@localhost/market")]
    [InlineData("PostgreSQL://keeper:hushhush@localhost/market;Name=x")]
    [InlineData("postgres://keeper:hushhush@localhost/market?sslmode=require;Name=x")]
    [InlineData("postgres:Host=localhost;Password=hushhush;Name=x")]
    [InlineData(" Postgres:hushhush")]
    [InlineData("Host=localhost;Password=hushhush")]
    [InlineData("  user id = keeper;pwd=hushhush")]
    public void AnAddressOfAnotherFormIsRefusedAndNotRepeated(string text)
    {
        Assert.True(StoreAddress.IsPostgres(text));
        QosValuationException refused = Assert.Throws<QosValuationException>(() => StoreAddress.Parse(text));
        Assert.Equal("DatabaseConnectionNotValid", refused.ErrorId);
        Assert.Contains("Host=db.example;Database=market", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", refused.ToString() + refused.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePrefixOfAnAddressMayBeInCapitalsAndAPasswordMayHoldAnything()
    {
        Assert.Equal("postgresql:Host=db;Name=spring", StoreAddress.Parse("PostgreSQL:Host=db;Name=spring").Text);
        PostgresAddress address = PostgresAddress.Create("Host=db;Password='hush;Name=xx'", "spring");
        Assert.True(address.HeldSecret);
        Assert.Equal("postgresql:Host=db;Name=spring", address.Text);
        Assert.Equal("hush;Name=xx", address.Resolve().Password);
        address = PostgresAddress.ParseText("postgresql:Host=db;Password='a password=b;Name=yy';Name=spring");
        Assert.Equal(("a password=b;Name=yy", "spring"), (address.Resolve().Password, address.Name));
    }

    [PostgresTheory]
    [InlineData("Host=")]
    [InlineData("Port=99999")]
    [InlineData("Read Buffer Size=512")]
    [InlineData("Target Session Attributes=primary")]
    public void SettingsThatDoNotGoTogetherAreNamedInASentence(string settings)
    {
        QosValuationException refused = Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(With(settings)));
        Assert.Equal("DatabaseConnectionNotValid", refused.ErrorId);
        Assert.EndsWith(".", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cannot execute INSERT in a read-only transaction", "25006")]
    [InlineData("cannot use serializable mode in a hot standby", "0A000")]
    public void AStandbyIsSaidToBeOne(string message, string state)
    {
        QosValuationException refused = PostgresFaults.Explain(new PostgresException(message, "ERROR", "ERROR", state), "postgresql:x", "ledger");
        Assert.Equal("DatabaseNotWritable", refused.ErrorId);
        Assert.Contains("as on a standby", refused.Message, StringComparison.Ordinal);
    }

    private static string FaultOf(string place) => Assert.Throws<QosValuationException>(() => PrivacyBudget.Open(place)).ErrorId;

    private static PrivacyCharge Charge(double squaredMu, params string[] contributors) =>
        new(new GaussianEvent(squaredMu), new ReleaseLabel("DiscreteGaussian", "Image", 0), contributors);

    private static async Task<int> CountAsync(Process process, TaskCompletionSource? first = null)
    {
        int count = 0;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "released")
            {
                count++;
                first?.TrySetResult();
            }
        }

        return count;
    }

    private static Process Start(string place, double cost)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(TestData.RepositoryRoot, "out", "fixtures", "BudgetSpender", "BudgetSpender.dll"));
        start.ArgumentList.Add(place);
        start.ArgumentList.Add(cost.ToString("R", CultureInfo.InvariantCulture));
        return Process.Start(start)!;
    }

    private string With(string settings, string schema = "none") => PostgresAddress.Create(Server.Connection + ";" + settings, schema).Text;
}
