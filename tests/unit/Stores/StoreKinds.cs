using System.Reflection;
using QosValuation.Foundation.Stores;
using Xunit.Sdk;

namespace QosValuation.Tests;

public enum StoreKind
{
    Sqlite,
    PostgreSql,
}

/// <summary>Runs a theory once for each kind of store; for PostgreSQL only where its server is installed, which a <see cref="PostgresFactAttribute"/> tells.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EachStoreAttribute : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        PostgresServer.WhyNot is null ? [[StoreKind.Sqlite], [StoreKind.PostgreSql]] : [[StoreKind.Sqlite]];
}

/// <summary>A fact over a PostgreSQL server; skipped, with the reason, where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.WhyNot;
}

/// <summary>A theory over a PostgreSQL server; skipped, with the reason, where none is installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.WhyNot;
}

[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<StorePlaces>
{
    public const string Name = "Stores";
}

/// <summary>Places for stores of either kind: files in a temporary folder, and schemas of one server, which starts when it is first needed.</summary>
public sealed class StorePlaces : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<PostgresServer> _server = new(() => new PostgresServer());
    private int _last;

    public PostgresServer Server => _server.Value;

    public void Dispose()
    {
        _folder.Dispose();
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }
    }

    public string New(StoreKind kind)
    {
        string name = $"store_{Interlocked.Increment(ref _last)}";
        return kind == StoreKind.Sqlite ? _folder.File(name + ".db") : PostgresAddress.Create(Server.Connection, name).Text;
    }

    /// <summary>Changes what a store holds behind its back.</summary>
    public void Change(string place, string sql)
    {
        if (StoreAddress.Parse(place) is PostgresAddress address)
        {
            Server.Sql($"SET session_replication_role = replica; SET search_path = {address.Name}; {sql}");
            return;
        }

        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={place};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA foreign_keys = OFF; " + sql;
        command.ExecuteNonQuery();
    }
}
