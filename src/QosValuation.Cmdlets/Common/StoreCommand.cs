using System.Management.Automation;

namespace QosValuation.Cmdlets;

/// <summary>A cmdlet over a budget or a ledger: in a SQLite file, or in a PostgreSQL database that several machines share.</summary>
public abstract class StoreCommand : QosCmdlet
{
    /// <summary>The parameter set of a database.</summary>
    private protected const string ConnectionSet = "Connection";

    /// <summary>
    /// The PostgreSQL database, as Npgsql's settings or a service of pg_service.conf: 'Host=db.example;Database=market;Username=ann;SSL Mode=VerifyFull'
    /// or 'service=market'. Keep the password in a password file, PGPASSWORD or the service: what stands here also stands in the history.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = ConnectionSet)]
    [ValidateNotNullOrEmpty]
    public string? ConnectionString { get; set; }

    /// <summary>
    /// The name within the database, which holds each budget and each ledger in a schema of its own: small letters, digits and underscores. By default
    /// privacy_budget or dat_ledger.
    /// </summary>
    [Parameter(ParameterSetName = ConnectionSet)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The name where none is given.</summary>
    private protected abstract string DefaultName { get; }

    /// <summary>Where the store lies that the parameters name.</summary>
    /// <param name="path">What the path's parameter holds.</param>
    /// <returns>A full path, or the address in a database without any password.</returns>
    private protected string StoreAt(string path) =>
        ConnectionString is null ? ResolveStore(path) : ResolveStore(ConnectionString, Name ?? DefaultName);
}
