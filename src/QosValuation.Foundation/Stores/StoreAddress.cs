using System.Text.RegularExpressions;

namespace QosValuation.Foundation.Stores;

/// <summary>Where a store lies: the path of a SQLite file, or a <see cref="PostgresAddress"/>.</summary>
public partial class StoreAddress
{
    /// <summary>What the text of a store in PostgreSQL begins with. A file of such a name is given as <c>./postgresql:…</c>.</summary>
    public const string PostgresPrefix = "postgresql:";

    private protected StoreAddress(string text) => Text = text;

    /// <summary>The address as text, from which <see cref="Parse"/> makes it again: a path, or PostgreSQL's without any password.</summary>
    public string Text { get; }

    // What libpq's addresses begin with as well.
    private const string ShortPrefix = "postgres:";

    /// <summary>Whether a text is the address of a store in PostgreSQL, or is meant to be one: it may hold a password, and is never shown.</summary>
    /// <param name="text">The text; letter case does not matter.</param>
    /// <returns>False for a path.</returns>
    public static bool IsPostgres(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart();
        return start.StartsWith(PostgresPrefix, StringComparison.OrdinalIgnoreCase)
            || start.StartsWith(ShortPrefix, StringComparison.OrdinalIgnoreCase)
            || FirstSetting().IsMatch(text);
    }

    /// <summary>Reads an address.</summary>
    /// <param name="text">A path, or the text of another address.</param>
    /// <returns>The address.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>.</exception>
    public static StoreAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IsPostgres(text) ? PostgresAddress.ParseText(text) : new StoreAddress(text);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    // How a connection string begins that was given where a path is asked for. A file of such a name is given as ./host=…
    [GeneratedRegex(
        @"\A\s*(host|server|service|port|database|db|user ?name|user ?id|uid|password|pwd|passfile|ssl ?mode)\s*=",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex FirstSetting();
}
