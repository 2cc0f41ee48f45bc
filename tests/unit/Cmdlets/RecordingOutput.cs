using System.Management.Automation;
using QosValuation.Cmdlets;

namespace QosValuation.Tests;

/// <summary>Keeps what a cmdlet writes; the API's reference assembly does nothing outside PowerShell.</summary>
internal sealed class RecordingOutput : ICmdletOutput
{
    public List<object?> Objects { get; } = [];

    public List<(Exception Fault, object? Target)> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    public List<string> Actions { get; } = [];

    public QosValuationException? Terminated { get; private set; }

    public bool Confirms { get; init; } = true;

    public void Object(object? record) => Objects.Add(record);

    public void Error(Exception fault, object? target) => Errors.Add((fault, target));

    public void Terminate(QosValuationException fault)
    {
        Terminated = fault;
        throw new PipelineStoppedException();
    }

    public void Warning(string message) => Warnings.Add(message);

    public void Verbose(string message)
    {
    }

    public void Progress(ProgressRecord record)
    {
    }

    public bool ShouldProcess(string target, string action)
    {
        Actions.Add(action + " " + target);
        return Confirms;
    }
}
