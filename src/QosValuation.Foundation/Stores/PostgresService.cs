using System.Globalization;
using Npgsql;
using QosValuation.Foundation.IO;

namespace QosValuation.Foundation.Stores;

/// <summary>
/// Reads a service of PostgreSQL's connection service file, as libpq does: <c>PGSERVICEFILE</c>, else <c>.pg_service.conf</c> of the home folder
/// (<c>postgresql/.pg_service.conf</c> of the application data on Windows), then <c>pg_service.conf</c> of <c>PGSYSCONFDIR</c>.
/// </summary>
internal static class PostgresService
{
    private const int LargestFile = 1 << 20;

    // libpq's words, and Npgsql's for the same.
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.Ordinal)
    {
        ["host"] = "Host",
        ["port"] = "Port",
        ["dbname"] = "Database",
        ["user"] = "Username",
        ["password"] = "Password",
        ["passfile"] = "Passfile",
        ["sslmode"] = "SSL Mode",
        ["sslnegotiation"] = "SSL Negotiation",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["gssencmode"] = "GSS Encryption Mode",
        ["krbsrvname"] = "Kerberos Service Name",
        ["channel_binding"] = "Channel Binding",
        ["require_auth"] = "Require Auth",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["options"] = "Options",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    /// <summary>Finds a service.</summary>
    /// <param name="name">Its name; upper and lower case differ.</param>
    /// <returns>Its settings, with a password where the file holds one.</returns>
    /// <exception cref="QosValuationException"><c>DatabaseConnectionNotValid</c>; its message repeats no value.</exception>
    public static NpgsqlConnectionStringBuilder Find(string name)
    {
        string[] files = [.. Files()];
        foreach (string file in files)
        {
            if (ReadService(file, name) is NpgsqlConnectionStringBuilder found)
            {
                return found;
            }
        }

        throw new QosValuationException(
            Faults.DatabaseConnectionNotValid,
            $"There is no service '{name}' in {(files.Length == 0 ? "any pg_service.conf" : string.Join(" or ", files.Select(file => $"'{file}'")))}.",
            name);
    }

    private static IEnumerable<string> Files()
    {
        string? own = Environment.GetEnvironmentVariable("PGSERVICEFILE");
        if (string.IsNullOrEmpty(own))
        {
            own = OperatingSystem.IsWindows()
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "postgresql", ".pg_service.conf")
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pg_service.conf");
        }

        string? system = Environment.GetEnvironmentVariable("PGSYSCONFDIR");
        string? shared = string.IsNullOrEmpty(system) ? null : Path.Combine(system, "pg_service.conf");
        return new[] { own, shared }.Where(file => file is not null && Path.Exists(file))!;
    }

    private static NpgsqlConnectionStringBuilder? ReadService(string file, string name)
    {
        string[] lines;
        try
        {
            RegularFile.Require(file);
            if (new FileInfo(file).Length > LargestFile)
            {
                throw new IOException("It is longer than a service file ever is.");
            }

            lines = File.ReadAllLines(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new QosValuationException(
                Faults.DatabaseConnectionNotValid, $"The service file '{file}' cannot be read: {exception.Message}", file, exception);
        }

        NpgsqlConnectionStringBuilder? found = null;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '[')
            {
                if (found is not null)
                {
                    return found;
                }

                found = line == $"[{name}]" ? new NpgsqlConnectionStringBuilder() : null;
            }
            else if (found is not null)
            {
                Set(found, line, file, i + 1);
            }
        }

        return found;
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, string line, string file, int number)
    {
        int at = line.IndexOf('=', StringComparison.Ordinal);
        string word = at < 0 ? string.Empty : line[..at].Trim();
        try
        {
            // Values such as verify-full are Npgsql's words without the hyphen. (Those of target_session_attrs are its own.)
            string value = line[(at + 1)..].Trim();
            bool isWord = word is "sslmode" or "gssencmode" or "channel_binding" or "sslnegotiation";
            settings[Keywords[word]] = isWord ? value.Replace("-", string.Empty, StringComparison.Ordinal) : value;
        }
        catch (Exception exception) when (exception is KeyNotFoundException or ArgumentException or FormatException or InvalidCastException
            or OverflowException)
        {
            throw new QosValuationException(
                Faults.DatabaseConnectionNotValid,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Line {number} of the service file '{file}' holds no setting that is known here, or not with this value."),
                file);
        }
    }
}
