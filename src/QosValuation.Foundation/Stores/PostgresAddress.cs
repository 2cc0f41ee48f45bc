using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Npgsql;

namespace QosValuation.Foundation.Stores;

/// <summary>
/// A schema of a PostgreSQL database. Its text is <c>postgresql:</c>, the settings of the connection and <c>;Name=</c> with the schema; passwords are
/// taken out of it. One that was given is remembered by this process alone, beside the address, so that the next connection is made with it.
/// </summary>
public sealed partial class PostgresAddress : StoreAddress
{
    private const string NameKey = ";Name=";

    // By the text of the settings. Never shown, stored or handed out.
    private static readonly ConcurrentDictionary<string, (string? Password, string? KeyPassword)> Secrets = new(StringComparer.Ordinal);

    private readonly string _settings;
    private readonly string? _service;

    private PostgresAddress(string settings, string? service, string name)
        : base(PostgresPrefix + Join(settings, service) + NameKey + name)
    {
        _settings = settings;
        _service = service;
        Name = name;
    }

    /// <summary>Whether the settings held a password, which then stands in the history and in transcripts as well.</summary>
    public bool HeldSecret { get; private init; }

    /// <summary>The schema that holds the budget or the ledger.</summary>
    public string Name { get; }

    /// <summary>Makes an address.</summary>
    /// <param name="connectionString">Npgsql's settings, such as <c>Host=db.example;Database=market;Username=ann;SSL Mode=VerifyFull</c>; also
    /// <c>service=market</c>, for a service of pg_service.conf, with more settings where wanted.</param>
    /// <param name="name">The schema: small letters, digits and underscores, at most 63, not a digit first.</param>
    /// <returns>The address.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>; its message repeats no value.</exception>
    public static PostgresAddress Create(string connectionString, string name)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        if (name is null || !SchemaName().IsMatch(name) || name.StartsWith("pg_", StringComparison.Ordinal) || name is "public" or "information_schema")
        {
            throw new QosValuationException(
                Faults.DatabaseConnectionNotValid,
                $"'{name}' cannot name a budget or a ledger in a database: give up to 63 small letters, digits and underscores, beginning with a letter; "
                    + "not public, information_schema or a name that begins with pg_.",
                name);
        }

        (NpgsqlConnectionStringBuilder builder, string? service) = Read(connectionString);
        var secrets = (builder.Password, builder.SslPassword);
        builder.Remove("Password");
        builder.Remove("SSL Password");
        string settings = builder.ConnectionString;
        bool heldSecret = secrets is not (null, null);
        if (heldSecret)
        {
            Secrets[Join(settings, service)] = secrets;
        }

        return new PostgresAddress(settings, service, name) { HeldSecret = heldSecret };
    }

    /// <summary>Reads an address from its text.</summary>
    /// <param name="text">The text; a password in it is taken out.</param>
    /// <returns>The address.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>; its message repeats no value.</exception>
    public static PostgresAddress ParseText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.TrimStart();
        if (!text.StartsWith(PostgresPrefix, StringComparison.OrdinalIgnoreCase) || text.AsSpan(PostgresPrefix.Length).StartsWith("//"))
        {
            throw NotValid("An address such as postgres://…, or a connection string alone, is not taken here.");
        }

        int at = text.LastIndexOf(NameKey, StringComparison.Ordinal);
        return at < PostgresPrefix.Length
            ? throw NotValid("The address of a store in PostgreSQL ends with ;Name= and the name of its schema.")
            : Create(text[PostgresPrefix.Length..at], text[(at + NameKey.Length)..]);
    }

    /// <summary>The settings to connect with, secrets included: not to be shown.</summary>
    /// <returns>Npgsql's settings.</returns>
    internal NpgsqlConnectionStringBuilder Resolve()
    {
        var given = new NpgsqlConnectionStringBuilder(_settings);
        NpgsqlConnectionStringBuilder builder = _service is null ? new() : PostgresService.Find(_service);

        // libpq looks at what one host is, too; Npgsql does so where there are several, which may be the same.
        if (builder.TargetSessionAttributes is not null && builder.Host is string host && !host.Contains(',', StringComparison.Ordinal))
        {
            builder.Host = $"{host},{host}";
        }

        foreach (string key in given.Keys)
        {
            builder[key] = given[key];
        }

        (string? password, string? keyPassword) = Secrets.GetValueOrDefault(Join(_settings, _service));
        builder.Password = password ?? builder.Password;
        builder.SslPassword = keyPassword ?? builder.SslPassword;

        // A session holds its connection while it works and no longer. Kerberos encryption is for who asks for it: looking for its library prints.
        builder.Pooling = false;
        builder.Enlist = false;
        builder.Multiplexing = false;
        builder.IncludeErrorDetail = false;
        builder.LogParameters = false;
        builder.PersistSecurityInfo = false;
        // Not by ContainsKey, which is true of every keyword there is.
        if (!builder.ShouldSerialize("GSS Encryption Mode") && Environment.GetEnvironmentVariable("PGGSSENCMODE") is null)
        {
            builder.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        if (!builder.ShouldSerialize("Cancellation Timeout"))
        {
            builder.CancellationTimeout = 500;
        }

        if (!builder.ShouldSerialize("Application Name") && Environment.GetEnvironmentVariable("PGAPPNAME") is null)
        {
            builder.ApplicationName = "QosValuation";
        }

        return builder;
    }

    /// <summary>Forgets a password that the server refused, so that the next try takes that of the password file.</summary>
    internal void Forget() => Secrets.TryRemove(Join(_settings, _service), out _);

    private static (NpgsqlConnectionStringBuilder Settings, string? Service) Read(string connectionString)
    {
        try
        {
            var pairs = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = connectionString };
            string? service = pairs.TryGetValue("service", out object? value) ? $"{value}" : null;
            pairs.Remove("service");
            var builder = new NpgsqlConnectionStringBuilder(pairs.ConnectionString);
            return IsOfLibpq(builder, service)
                ? throw NotValid("The connection string is of libpq's form, whose settings stand side by side with blanks between them.")
                : (builder, service);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException or OverflowException or KeyNotFoundException
            or NotSupportedException or InvalidOperationException)
        {
            throw NotValid("The connection string cannot be read.");
        }
    }

    // Where blanks divide the settings, the first one has swallowed the others, a password among them.
    private static bool IsOfLibpq(NpgsqlConnectionStringBuilder builder, string? service) =>
        builder.Host?.AsSpan().ContainsAny(" \t\r\n=") == true
        || (service is not null && SwallowedSecret().IsMatch(service))
        || builder.Keys.Cast<string>().Any(key => key is not ("Password" or "SSL Password") && SwallowedSecret().IsMatch($"{builder[key]}"));

    // Neither the text nor a cause is told: both may hold a part of a password.
    private static QosValuationException NotValid(string why) => new(
        Faults.DatabaseConnectionNotValid,
        why + " A connection string holds Npgsql's settings as keyword=value, separated by ';', such as "
            + "Host=db.example;Database=market;Username=ann;SSL Mode=VerifyFull, or service=name; a value with ';' stands in quotation marks. "
            + "As one text: postgresql:, the settings, ;Name= and the schema.",
        PostgresPrefix);

    private static string Join(string settings, string? service) =>
        string.Join(';', new[] { service is null ? string.Empty : Quote(service), settings }.Where(part => part.Length > 0));

    private static string Quote(string service) => new System.Data.Common.DbConnectionStringBuilder { ["service"] = service }.ConnectionString;

    [GeneratedRegex("(pass(word|wd)?|pwd)\\s*=", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex SwallowedSecret();

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SchemaName();
}
