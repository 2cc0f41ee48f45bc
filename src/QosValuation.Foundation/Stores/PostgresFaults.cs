using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;

namespace QosValuation.Foundation.Stores;

/// <summary>Explains what PostgreSQL and the way to it say. Messages name the address, which holds no secrets.</summary>
internal static class PostgresFaults
{
    /// <summary>Whether an exception comes of the server, or of the connection to it.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>False for others.</returns>
    public static bool IsOurs(Exception exception) =>
        exception is NpgsqlException or SocketException or TimeoutException or AuthenticationException or IOException || IsOfFile(exception);

    /// <summary>Whether the connection is gone, so that nothing is known of a commit that was under way.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>False where the server answered: it then undid the transaction.</returns>
    public static bool IsLost(Exception exception) => exception is PostgresException said ? said.Severity != "ERROR" : IsOurs(exception);

    /// <summary>Whether another try may succeed: the server undid the work for the sake of others, or the connection was lost and can be made again.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>False where it would fail alike.</returns>
    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException said => said.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections || said.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException { InnerException: TimeoutException or AuthenticationException } => false,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        SocketException => true,
        _ => false,
    };

    /// <summary>Explains a failure.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="address">The address, as it is shown.</param>
    /// <param name="kind">What the store is.</param>
    /// <returns>The fault to throw.</returns>
    public static QosValuationException Explain(Exception exception, string address, string kind)
    {
        (Fault fault, string message) = exception switch
        {
            PostgresException said => OfServer(said, address, kind),
            _ when IsOfFile(exception) => (
                Faults.DatabaseConnectionNotValid,
                $"A password, certificate or key file of the connection to the {kind} '{address}' cannot be used: {Text(exception)}"),
            NpgsqlException { InnerException: TimeoutException } or TimeoutException => (
                Faults.DatabaseTimedOut, $"The server of the {kind} '{address}' did not answer in time: {Text(exception)} Nothing was kept."),
            NpgsqlException { InnerException: AuthenticationException } or AuthenticationException => (
                Faults.DatabaseTlsFailed, $"The server of the {kind} '{address}' could not be trusted: {Text(exception.InnerException ?? exception)}"),
            NpgsqlException when exception.Message.Contains("SSL", StringComparison.Ordinal) => (
                Faults.DatabaseTlsFailed, $"There is no encrypted connection to the server of the {kind} '{address}': {Text(exception)}{Inner(exception)}"),
            NpgsqlException when exception.Message.Contains("password", StringComparison.OrdinalIgnoreCase) => (
                Faults.DatabaseLoginRefused,
                $"The server of the {kind} '{address}' wants a password, and none was found: give it by PGPASSWORD, a password file or a service."),
            _ => (
                Faults.DatabaseNotReachable,
                $"The server of the {kind} '{address}' cannot be reached: {Text(exception)}{Inner(exception)} What was not acknowledged was not kept."),
        };
        return new QosValuationException(fault, message, address, exception);
    }

    private static (Fault Fault, string Message) OfServer(PostgresException said, string address, string kind)
    {
        string text = $"{said.MessageText.TrimEnd('.')} ({said.SqlState}).";
        return said.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword => (Faults.DatabaseLoginRefused, $"The server of the {kind} '{address}' refused the login: {text}"),
            PostgresErrorCodes.InvalidAuthorizationSpecification when said.MessageText.Contains("no encryption", StringComparison.Ordinal) => (
                Faults.DatabaseTlsFailed, $"The server of the {kind} '{address}' takes no connection without TLS: {text} Give SSL Mode=VerifyFull."),
            PostgresErrorCodes.InvalidAuthorizationSpecification => (
                Faults.DatabaseLoginRefused, $"The server of the {kind} '{address}' refused the login: {text}"),
            PostgresErrorCodes.InvalidCatalogName => (Faults.DatabaseNotFound, $"There is no database for the {kind} '{address}': {text}"),
            PostgresErrorCodes.InsufficientPrivilege => (Faults.DatabaseNotPermitted, $"The role may not do that to the {kind} '{address}': {text}"),
            PostgresErrorCodes.LockNotAvailable => (Faults.DatabaseBusy, $"Another session kept the {kind} '{address}' locked for too long: {text}"),
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.TooManyConnections => (
                Faults.DatabaseBusy, $"Too many sessions use the {kind} '{address}' at once: {text}"),
            PostgresErrorCodes.QueryCanceled => (Faults.DatabaseTimedOut, $"The server ended work on the {kind} '{address}': {text} Nothing was kept."),
            PostgresErrorCodes.DiskFull => (Faults.DiskFull, $"The disk of the server is full: nothing was written to the {kind} '{address}'."),
            // The second: a standby has no serialisable transactions, and changes are nothing else.
            PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.FeatureNotSupported when IsOfStandby(said) => (
                Faults.DatabaseNotWritable, $"The {kind} '{address}' cannot be written to, as on a standby: {text}"),
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => (
                Faults.DatabaseNotReadable, $"The tables of the {kind} '{address}' are damaged: {text}"),
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.DatatypeMismatch => (
                Faults.DatabaseNotReadable, $"'{address}' cannot be read as a {kind}: {text}"),
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow => (
                Faults.DatabaseNotReachable, $"The server of the {kind} '{address}' ended the connection: {text} What was not acknowledged was not kept."),
            _ when said.SqlState.StartsWith("08", StringComparison.Ordinal) => (
                Faults.DatabaseNotReachable, $"The connection to the {kind} '{address}' was lost: {text}"),
            _ => (Faults.DatabaseNotWritable, $"The server refused work on the {kind} '{address}': {text} Nothing was kept."),
        };
    }

    private static bool IsOfStandby(PostgresException said) =>
        said.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction || said.MessageText.Contains("hot standby", StringComparison.Ordinal);

    private static bool IsOfFile(Exception exception) => exception is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException
        or CryptographicException;

    private static string Text(Exception exception) => exception.Message.TrimEnd('.') + ".";

    private static string Inner(Exception exception) => exception.InnerException is { } inner ? " " + Text(inner) : string.Empty;
}
