using System.Text;
using Microsoft.Data.Sqlite;

namespace QosValuation.Foundation.IO;

/// <summary>
/// Opens the SQLite files of the module alike: write-ahead logging, full synchronisation, waiting for other writers, and
/// an application id in the header, so that a file of another program is refused before anything is written to it.
/// </summary>
public static class SqliteFile
{
    /// <summary>How long a connection waits for another process's transaction, in milliseconds; less where the work is cancelled.</summary>
    public const int BusyTimeout = 30_000;

    // By how much the index of the log grows at a time.
    private const int GrowthOfLog = 32 << 10;

    /// <summary>Opens a file, creating it with its schema where it does not exist.</summary>
    /// <param name="path">The file; its folder is created.</param>
    /// <param name="applicationId">What kind of file it is (the header's application_id).</param>
    /// <param name="schema">The statements that make the tables of an empty file; each with IF NOT EXISTS.</param>
    /// <param name="kind">What the file is, for messages, such as <c>ledger</c>.</param>
    /// <param name="create">Whether a missing file is created; otherwise it is an error, and a file that may only be read, such
    /// as an auditor's copy, is opened for that.</param>
    /// <param name="checksSchema">Whether the file's tables, views and triggers are held against the schema; false where the caller does that
    /// itself, and more closely (<see cref="DescribeSchema(SqliteConnection, SqliteTransaction?)"/>).</param>
    /// <returns>An open connection.</returns>
    /// <exception cref="QosValuationException">
    /// <c>DatabaseNotFound</c>; <c>DatabaseNotReadable</c>: not a database, or one of another program; <c>DatabaseNotWritable</c>.
    /// </exception>
    public static SqliteConnection Open(string path, int applicationId, string schema, string kind, bool create = true, bool checksSchema = true)
    {
        string full = Path.GetFullPath(path);
        RequireFiles(full, path, kind);
        if (!create && !File.Exists(full))
        {
            throw new QosValuationException(Faults.DatabaseNotFound, $"There is no {kind} at '{path}'.", path);
        }

        if (create)
        {
            MakeFolder(full, path, kind);
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = full,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 1,
        }.ToString());
        try
        {
            connection.Open();
            SqlitePatience.Attach(connection, TimeSpan.FromMilliseconds(BusyTimeout), WorkCancellation.Current);
            if (Scalar(connection, "PRAGMA application_id") != applicationId)
            {
                Initialize(connection, path, applicationId, schema, kind, create);
            }

            if (checksSchema)
            {
                RefuseForeignSchema(connection, path, schema, kind);
            }

            Execute(connection, "PRAGMA synchronous = FULL");
            return connection;
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            bool canBeRead = !create && IsNotWritable(exception) && IsSettled(full);
            return canBeRead ? OpenToRead(full, path, applicationId, checksSchema ? schema : null, kind) : throw Fault(exception, path, kind);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a file that cannot be written to. A file with a write-ahead log is not even read without writing its index beside
    /// it; where there is no log, SQLite may be told that the file is at rest.
    /// </summary>
    private static SqliteConnection OpenToRead(string full, string path, int applicationId, string? schema, string kind)
    {
        // Not by the Uri class, which takes %20 in a name for a space that was escaped already.
        string escaped = string.Join('/', full.Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString));
        string address = (escaped.StartsWith('/') ? "file://" : "file:///") + escaped;
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = address + "?immutable=1",
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            SqlitePatience.Attach(connection, TimeSpan.FromMilliseconds(BusyTimeout), WorkCancellation.Current);
            if (Scalar(connection, "PRAGMA application_id") != applicationId)
            {
                throw NotOfThisKind(path, kind);
            }

            if (schema is not null)
            {
                RefuseForeignSchema(connection, path, schema, kind);
            }

            return connection;
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw Fault(exception, path, kind);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static bool IsSettled(string full) => new FileInfo(full + "-wal") is not { Exists: true, Length: > 0 };

    private static bool IsNotWritable(SqliteException exception) => exception.SqliteErrorCode
        is SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM;

    private static QosValuationException NotOfThisKind(string path, string kind) =>
        new(Faults.DatabaseNotReadable, $"'{path}' is a database, but not a {kind} of QosValuation; nothing was changed.", path);

    /// <summary>Refuses pipes and devices, also in place of the log, its index or the journal, which SQLite opens by itself.</summary>
    private static void RequireFiles(string full, string path, string kind)
    {
        foreach (string ending in (ReadOnlySpan<string>)["", "-wal", "-shm", "-journal"])
        {
            try
            {
                RegularFile.Require(full + ending);
            }
            catch (IOException exception)
            {
                throw new QosValuationException(
                    Faults.DatabaseNotReadable, $"'{path + ending}' cannot be read as a {kind}: {exception.Message}", path, exception);
            }
        }
    }

    private static void MakeFolder(string full, string path, string kind)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full) ?? full);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.DatabaseNotWritable,
                $"The folder of the {kind} '{path}' cannot be made: {exception.Message} Choose a folder that you may write to.",
                path, exception);
        }
    }

    /// <summary>
    /// Refuses what another hand added: a view in the place of a table may compute without end, a trigger may rewrite what is stored, and so may a
    /// generated column or an index over an expression. Tables of the kind, with plain columns, and its indices are all that is accepted.
    /// </summary>
    private static void RefuseForeignSchema(SqliteConnection connection, string path, string schema, string kind)
    {
        Execute(connection, "PRAGMA trusted_schema = OFF");
        using var model = new SqliteConnection("Data Source=:memory:;Pooling=False");
        model.Open();
        Execute(model, schema);
        var known = new HashSet<(string Type, string Name, string Definition)>(Objects(model));
        foreach ((string Type, string Name, string Definition) found in Objects(connection))
        {
            // An older version's table may lack a column: that is for the reader to judge.
            bool isKnown = found.Type == "table"
                ? known.Any(item => item.Type == "table" && item.Name == found.Name)
                    && !found.Definition.StartsWith("CREATE VIRTUAL", StringComparison.OrdinalIgnoreCase)
                    && HiddenColumns(connection, found.Name) == 0
                : known.Contains(found);
            if (!isKnown)
            {
                string name = found.Name.Length > 80 ? found.Name[..80] + "…" : found.Name;
                throw new QosValuationException(
                    Faults.DatabaseNotReadable,
                    $"'{path}' holds a {found.Type} '{name}' that does not belong to a {kind} of QosValuation: somebody else wrote to the file. "
                    + "Nothing was changed.",
                    path);
            }
        }
    }

    // Tables, indices, views and triggers with their definitions, but for white space; what SQLite makes itself has none.
    private static List<(string Type, string Name, string Definition)> Objects(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'";
        using SqliteDataReader reader = command.ExecuteReader();
        var objects = new List<(string Type, string Name, string Definition)>();
        while (reader.Read())
        {
            // By value and not by GetString: a damaged row may hold anything.
            string definition = string.Join(' ', $"{reader.GetValue(2)}".Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            objects.Add(($"{reader.GetValue(0)}", $"{reader.GetValue(1)}", definition));
        }

        return objects;
    }

    private static long HiddenColumns(SqliteConnection connection, string table)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM pragma_table_xinfo($table) WHERE hidden <> 0";
        command.Parameters.AddWithValue("$table", table);
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Makes the tables of an empty file. Decided under the write lock, because other processes may be opening the same new file.</summary>
    private static void Initialize(SqliteConnection connection, string path, int applicationId, string schema, string kind, bool create)
    {
        using (SqliteTransaction transaction = connection.BeginTransaction(deferred: false))
        {
            if (Scalar(connection, "PRAGMA application_id", transaction) != applicationId)
            {
                if (!create
                    || Scalar(connection, "SELECT count(*) FROM sqlite_schema", transaction) > 0
                    || Scalar(connection, "PRAGMA application_id", transaction) != 0)
                {
                    throw NotOfThisKind(path, kind);
                }

                Execute(connection, schema, transaction);
                Execute(connection, $"PRAGMA application_id = {applicationId}", transaction);
            }

            transaction.Commit();
        }

        try
        {
            Execute(connection, "PRAGMA journal_mode = WAL");
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode is SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED)
        {
            // Another process is using the new file and sets the same mode, which stays with the file.
        }
    }

    /// <summary>Whether SQLite stores a text as it is: it ends one at U+0000, and a lone surrogate becomes U+FFFD.</summary>
    /// <param name="text">The text.</param>
    /// <returns>False where another text would be read back.</returns>
    public static bool IsStorable(string text) =>
        !text.Contains('\0', StringComparison.Ordinal) && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    /// <summary>Explains a failure of SQLite.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="path">The file.</param>
    /// <param name="kind">What the file is, for the message.</param>
    /// <returns>The fault to throw.</returns>
    public static QosValuationException Fault(SqliteException exception, string path, string kind) => exception.SqliteErrorCode switch
    {
        SQLitePCL.raw.SQLITE_FULL or SQLitePCL.raw.SQLITE_IOERR when IsDiskFull(exception, path) => new(
            Faults.DiskFull, $"The disk is full: nothing was written to the {kind} '{path}'.", path, exception),
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => new(
            Faults.DatabaseBusy, $"Another process kept the {kind} '{path}' locked for {BusyTimeout / 1000} seconds; try again.", path, exception),
        _ when IsNotWritable(exception) => new(
            Faults.DatabaseNotWritable,
            $"The {kind} '{path}' cannot be opened for writing: {exception.Message} Choose a file and folder that you may write to; "
            + "to read it, copy it there together with its -wal file.",
            path, exception),
        _ => new(Faults.DatabaseNotReadable, $"'{path}' cannot be read as a {kind}: {exception.Message}", path, exception),
    };

    // Where the log or its index cannot grow SQLite says no more than that writing failed: whether for want of space is seen at the disk.
    private static bool IsDiskFull(SqliteException exception, string path)
    {
        if (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL)
        {
            return true;
        }

        bool wrote = exception.SqliteExtendedErrorCode is SQLitePCL.raw.SQLITE_IOERR_WRITE or SQLitePCL.raw.SQLITE_IOERR_FSYNC
            or SQLitePCL.raw.SQLITE_IOERR_TRUNCATE or SQLitePCL.raw.SQLITE_IOERR_SHMOPEN or SQLitePCL.raw.SQLITE_IOERR_SHMSIZE
            or SQLitePCL.raw.SQLITE_IOERR_SHMMAP;
        try
        {
            string full = Path.GetFullPath(path);
            string disk = OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : Path.GetDirectoryName(full) ?? full;
            return wrote && new DriveInfo(disk).AvailableFreeSpace < GrowthOfLog;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// Describes the tables and indices of a file, so that two files of one schema have one description, whether they were made with it or
    /// came to it by migrations. Views, triggers, generated columns and whatever else a schema may hold are told as well.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="transaction">The transaction, where there is one.</param>
    /// <returns>One line for each object and column, in order of the names.</returns>
    public static string DescribeSchema(SqliteConnection connection, SqliteTransaction? transaction = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction ?? command.Transaction;
        command.CommandText = """
            SELECT s.type || ' ' || s.name || ' on ' || s.tbl_name || ': ' || coalesce(
                CASE s.type
                    WHEN 'table' THEN (SELECT group_concat(name || ' ' || type || ' ' || "notnull" || ' ' || pk || ' ' || hidden || ' '
                        || coalesce(dflt_value, ''), ', ') FROM pragma_table_xinfo(s.name))
                    ELSE s.sql
                END, '')
            FROM sqlite_schema AS s WHERE s.name NOT LIKE 'sqlite_stat%' ORDER BY s.name, s.type
            """;
        using SqliteDataReader reader = command.ExecuteReader();
        var lines = new StringBuilder();
        while (reader.Read())
        {
            lines.AppendJoin(' ', reader.GetString(0).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Append('\n');
        }

        return lines.ToString();
    }

    /// <summary>Describes a schema as <see cref="DescribeSchema(SqliteConnection, SqliteTransaction?)"/> describes a file that has it.</summary>
    /// <param name="schema">The statements that make it.</param>
    /// <returns>The description.</returns>
    public static string DescribeSchema(string schema)
    {
        using var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
        connection.Open();
        Execute(connection, schema);
        return DescribeSchema(connection);
    }

    /// <summary>What SQLite finds wrong with the pages, rows, indices and constraints of a file. O(n log n).</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="transaction">The transaction, where there is one.</param>
    /// <returns>The first finding; null where there is none.</returns>
    public static string? FindDamage(SqliteConnection connection, SqliteTransaction? transaction = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction ?? command.Transaction;
        command.CommandText = "PRAGMA integrity_check(1)";
        string found = (string)command.ExecuteScalar()!;
        return found == "ok" ? null : found;
    }

    /// <summary>Runs statements that return nothing.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="transaction">The transaction, where there is one.</param>
    public static void Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is a constant of this assembly.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    /// <summary>Reads one number.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="sql">A statement that returns one.</param>
    /// <param name="transaction">The transaction, where there is one.</param>
    /// <returns>The number.</returns>
    public static long Scalar(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Every statement is a constant of this assembly.
        command.CommandText = sql;
#pragma warning restore CA2100
        return (long)command.ExecuteScalar()!;
    }
}
