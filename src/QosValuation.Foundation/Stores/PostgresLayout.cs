namespace QosValuation.Foundation.Stores;

/// <summary>
/// What stands in a schema, as lines in the order of their letters: tables with their columns, keys and indices, and everything that would compute
/// something when a table is used. The store holds it against what its own migrations make.
/// </summary>
internal static class PostgresLayout
{
    /// <summary>Returns the lines as one text, for the parameter @schema.</summary>
    public const string Query = """
        WITH relation AS (
            SELECT c.* FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = @schema),
        line (text) AS (
            SELECT c.relkind::text || ' ' || c.relname::text || ': ' || coalesce((
                SELECT string_agg(a.attname::text || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
                    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                    || CASE WHEN a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' THEN ' computed' ELSE '' END, ', ' ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
                || CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN '; row security' ELSE '' END
                || CASE WHEN c.relpersistence <> 'p' THEN '; not permanent' ELSE '' END
            FROM relation AS c WHERE c.relkind NOT IN ('i', 'I', 't')
            UNION ALL
            SELECT 'index of ' || t.relname::text || ': ' || pg_catalog.array_to_string(ARRAY(
                    SELECT coalesce(a.attname::text, '(expression)') FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.number AND k.number > 0 ORDER BY k.place), ', ')
                || CASE WHEN i.indisprimary THEN '; primary' WHEN i.indisunique THEN '; unique' ELSE '' END
                || CASE WHEN i.indpred IS NOT NULL THEN '; partial' ELSE '' END || CASE WHEN NOT i.indisvalid THEN '; not valid' ELSE '' END
            FROM pg_catalog.pg_index AS i JOIN relation AS t ON t.oid = i.indrelid WHERE t.relkind <> 't'
            UNION ALL
            SELECT 'constraint ' || o.contype::text || ' of ' || t.relname::text FROM pg_catalog.pg_constraint AS o JOIN relation AS t ON t.oid = o.conrelid
            WHERE o.contype NOT IN ('p', 'u', 'n')
            UNION ALL
            SELECT 'trigger ' || g.tgname::text || ' of ' || t.relname::text FROM pg_catalog.pg_trigger AS g JOIN relation AS t ON t.oid = g.tgrelid
            WHERE NOT g.tgisinternal OR g.tgenabled <> 'O'
            UNION ALL
            SELECT 'rule ' || r.rulename::text || ' of ' || t.relname::text FROM pg_catalog.pg_rewrite AS r JOIN relation AS t ON t.oid = r.ev_class
            WHERE t.relkind <> 'v'
            UNION ALL
            SELECT 'policy ' || p.polname::text || ' of ' || t.relname::text FROM pg_catalog.pg_policy AS p JOIN relation AS t ON t.oid = p.polrelid
            UNION ALL
            SELECT 'child or parent of ' || t.relname::text FROM pg_catalog.pg_inherits AS h JOIN relation AS t ON t.oid IN (h.inhrelid, h.inhparent)
            UNION ALL
            SELECT 'function ' || f.proname::text FROM pg_catalog.pg_proc AS f JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
            WHERE n.nspname = @schema
            UNION ALL
            SELECT 'operator ' || o.oprname::text FROM pg_catalog.pg_operator AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
            WHERE n.nspname = @schema)
        SELECT coalesce(pg_catalog.string_agg(text, E'\n' ORDER BY text COLLATE "C"), '') FROM line
        """;

    /// <summary>Whether there is a table of a name, and no view or the like in its place.</summary>
    /// <param name="found">What stands in the schema.</param>
    /// <param name="table">The name.</param>
    /// <returns>True where there is one.</returns>
    public static bool HasTable(string found, string table) =>
        found.Split('\n').Any(line => line.StartsWith($"r {table}: ", StringComparison.Ordinal));

    /// <summary>The lines that tell of one table: its columns, keys and indices, and whatever computes something when it is used.</summary>
    /// <param name="found">What stands in the schema.</param>
    /// <param name="table">The table.</param>
    /// <returns>These lines.</returns>
    public static string Of(string found, string table) => string.Join('\n', found.Split('\n').Where(line =>
        line.StartsWith($"r {table}: ", StringComparison.Ordinal)
            || line.StartsWith($"index of {table}: ", StringComparison.Ordinal)
            || line.EndsWith(" of " + table, StringComparison.Ordinal)));

    /// <summary>The first line of one layout that another lacks, or the other way round.</summary>
    /// <param name="found">What stands in the schema.</param>
    /// <param name="wanted">What should; a line that begins with four blanks goes on the one before.</param>
    /// <returns>A phrase; null where they agree.</returns>
    public static string? Difference(string found, string wanted)
    {
        string[] has = found.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] needs = wanted.ReplaceLineEndings("\n").Replace("\n    ", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (has.Except(needs).FirstOrDefault() is string foreign)
        {
            return $"it holds '{(foreign.Length > 80 ? foreign[..80] + "…" : foreign)}', which this module did not make";
        }

        return needs.Except(has).FirstOrDefault() is string missing ? $"it lacks '{missing}'"
            : has.Length == needs.Length ? null : "it holds an index or a key twice";
    }
}
