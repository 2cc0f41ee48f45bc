using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace QosValuation.Tests;

/// <summary>A PowerShell runspace in which cmdlets run as users run them.</summary>
internal sealed class CmdletHost : IDisposable
{
    /// <summary>Opens a runspace with PowerShell's own commands and the cmdlets.</summary>
    /// <param name="cmdlets">Types with a <see cref="CmdletAttribute"/>.</param>
    public CmdletHost(params Type[] cmdlets)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        foreach (Type type in cmdlets)
        {
            CmdletAttribute name = type.GetCustomAttribute<CmdletAttribute>()!;
            state.Commands.Add(new SessionStateCmdletEntry($"{name.VerbName}-{name.NounName}", type, null));
        }

        Shell = PowerShell.Create(state);
    }

    /// <summary>The runspace's pipeline.</summary>
    public PowerShell Shell { get; }

    /// <summary>The errors of the last run.</summary>
    public IReadOnlyList<ErrorRecord> Errors => [.. Shell.Streams.Error];

    /// <summary>Runs one command and gives what it wrote.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="parameters">Its parameters; null for none.</param>
    /// <param name="input">What is piped in; null for no pipeline.</param>
    /// <returns>The records, as they were written.</returns>
    /// <exception cref="CmdletInvocationException">The command ended with a terminating error.</exception>
    public object?[] Run(string command, Dictionary<string, object?>? parameters = null, object?[]? input = null)
    {
        Shell.Commands.Clear();
        Shell.Streams.ClearStreams();
        Shell.AddCommand(command).AddParameters(parameters ?? []);
        IEnumerable<PSObject> written = input is null ? Shell.Invoke() : Shell.Invoke(input);
        return [.. written.Select(record => record?.BaseObject)];
    }

    /// <inheritdoc/>
    public void Dispose() => Shell.Dispose();
}
