using Microsoft.Data.Sqlite;
using QosValuation.Foundation.IO;

namespace QosValuation.Tests;

public sealed class SqliteFileTests : IDisposable
{
    private const int Id = 0x51564C99;
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS item_name ON item (name);
        """;

    private readonly TemporaryFolder _folder = new();

    private string File => _folder.File("x.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CREATE VIEW other AS SELECT 1")]
    [InlineData("ALTER TABLE item RENAME TO real; CREATE VIEW item AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 'a' AS name FROM n")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON item BEGIN UPDATE item SET name = 'mallory'; END")]
    [InlineData("CREATE TABLE more (x)")]
    [InlineData("CREATE INDEX slow ON item (abs(id))")]
    [InlineData("DROP INDEX item_name; CREATE INDEX item_name ON item (name) WHERE name <> 'a'")]
    [InlineData("CREATE VIRTUAL TABLE v USING fts5(x)")]
    [InlineData("DROP TABLE item; CREATE VIRTUAL TABLE item USING fts5(name)")]
    [InlineData("DROP TABLE item; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT GENERATED ALWAYS AS ('x') STORED)")]
    public void WhatAnotherHandAddedToTheSchemaIsRefused(string sql)
    {
        using (SqliteConnection connection = SqliteFile.Open(File, Id, Schema, "list"))
        {
            SqliteFile.Execute(connection, sql);
        }

        byte[] before = System.IO.File.ReadAllBytes(File);
        foreach (bool create in new[] { true, false })
        {
            var fault = Assert.Throws<QosValuationException>(() => SqliteFile.Open(File, Id, Schema, "list", create));
            Assert.Equal("DatabaseNotReadable", fault.ErrorId);
            Assert.Equal(File, fault.Subject);
        }

        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public void AFileOfTheKindIsOpenedAgainAlsoAfterVacuumAndAnalyze()
    {
        using (SqliteConnection connection = SqliteFile.Open(File, Id, Schema, "list"))
        {
            SqliteFile.Execute(connection, "INSERT INTO item VALUES (1, 'a'); ANALYZE; VACUUM");
        }

        using SqliteConnection again = SqliteFile.Open(File, Id, Schema.Replace("    ", "\n\t", StringComparison.Ordinal), "list", create: false);
        Assert.Equal(1, SqliteFile.Scalar(again, "SELECT count(*) FROM item"));
    }
}
