namespace QosValuation.Foundation.Stores;

/// <summary>The tables of one kind of store, as each database makes them.</summary>
/// <param name="Kind">What such a store is, for messages, such as <c>ledger</c>.</param>
/// <param name="ApplicationId">What the header of a SQLite file says.</param>
/// <param name="Sqlite">The statements that make the tables of an empty SQLite file; each with IF NOT EXISTS.</param>
/// <param name="Postgres">The migrations of a PostgreSQL schema, the first of which makes the tables of an empty one: a schema has as many as its version
/// says. A new version is a new entry; none is ever changed.</param>
/// <param name="PostgresLayout">What <see cref="PostgresLayout"/> says of a schema with all of them.</param>
public sealed record StoreSchema(string Kind, int ApplicationId, string Sqlite, IReadOnlyList<string> Postgres, string PostgresLayout);
