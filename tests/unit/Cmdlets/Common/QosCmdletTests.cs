using System.Management.Automation;
using QosValuation.Cmdlets;

namespace QosValuation.Tests;

public sealed class QosCmdletTests : IDisposable
{
    private const string Name = "Invoke-Sample";
    private static readonly QosValuationException Fault = new(Faults.TextEmpty, "a sample", "subject");
    private readonly CmdletHost _host = new(typeof(InvokeSampleCommand));

    [Fact]
    public void AFaultOfOneItemIsWrittenAndTheOthersGoOn()
    {
        Assert.Equal([1, 2], _host.Run(Name, input: [1, Fault, new IOException("disk"), 2]));
        Assert.Equal(["TextEmpty", "ReadWriteFailed"], _host.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal([ErrorCategory.InvalidData, ErrorCategory.ReadError], _host.Errors.Select(error => error.CategoryInfo.Category));
        Assert.Same(Fault, _host.Errors[0].Exception);
        Assert.Equal("subject", _host.Errors[0].TargetObject);
        Assert.IsType<IOException>(Assert.IsType<QosValuationException>(_host.Errors[1].Exception).InnerException);
    }

    [Fact]
    public void AnErrorSaysWhatToDo()
    {
        _host.Run(Name, input: [Fault]);
        ErrorRecord error = Assert.Single(_host.Errors);
        Assert.Equal("a sample", error.ToString());
        Assert.Equal("a sample", error.ErrorDetails.Message);
        Assert.Equal(Faults.TextEmpty.Advice, error.ErrorDetails.RecommendedAction);
    }

    [Theory]
    [InlineData(FaultKind.ReadFailed, ErrorCategory.ReadError)]
    [InlineData(FaultKind.WriteFailed, ErrorCategory.WriteError)]
    [InlineData(FaultKind.NotFound, ErrorCategory.ObjectNotFound)]
    [InlineData(FaultKind.LimitReached, ErrorCategory.LimitsExceeded)]
    [InlineData(FaultKind.Connection, ErrorCategory.ConnectionError)]
    [InlineData(FaultKind.Integrity, ErrorCategory.SecurityError)]
    [InlineData(FaultKind.NotSupported, ErrorCategory.NotImplemented)]
    [InlineData(FaultKind.InvalidArgument, ErrorCategory.InvalidArgument)]
    public void TheKindDecidesTheCategory(FaultKind kind, ErrorCategory category)
    {
        _host.Run(Name, input: [new QosValuationException(Faults.ImageNotReadable, kind, "a sample")]);
        Assert.Equal(category, Assert.Single(_host.Errors).CategoryInfo.Category);
    }

    [Fact]
    public void AnEscapingFaultEndsThePipeline()
    {
        foreach (Exception escaping in new Exception[] { Fault, new AggregateException(Fault) })
        {
            CmdletInvocationException ended = Assert.Throws<CmdletInvocationException>(() => _host.Run(Name, Escaping(escaping), [1, 2]));
            Assert.Same(Fault, ended.InnerException);
            Assert.StartsWith("TextEmpty,", ended.ErrorRecord.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Equal("subject", ended.ErrorRecord.TargetObject);
        }
    }

    [Fact]
    public void AFaultThatSeveralThreadsMetIsOneFault()
    {
        var both = new AggregateException(Fault, new AggregateException(Fault));
        _host.Run(Name, input: [both]);
        Assert.Same(Fault, Assert.Single(_host.Errors).Exception);
        CmdletInvocationException ended = Assert.Throws<CmdletInvocationException>(() => _host.Run(Name, Escaping(both), [1]));
        Assert.Same(Fault, ended.InnerException);
        var mixed = new AggregateException(Fault, new InvalidOperationException());
        ended = Assert.Throws<CmdletInvocationException>(() => _host.Run(Name, Escaping(mixed), [1]));
        Assert.Same(Fault, ended.InnerException);
    }

    [Fact]
    public void WhateverEscapesAnItemIsARecordWithAnIdAndTheItem()
    {
#pragma warning disable CA2201 // What the runtime itself throws is what is meant.
        Exception[] thrown = [new OverflowException("a"), new NullReferenceException("b"), new OutOfMemoryException("c"), new UnauthorizedAccessException("d"),
            new FileNotFoundException("e"), new ArgumentException("f"), new AggregateException(new IndexOutOfRangeException("g"))];
#pragma warning restore CA2201
        Assert.Equal([1], _host.Run(Name, input: [.. thrown, 1]));
        Assert.Equal(
            ["UnexpectedFailure", "UnexpectedFailure", "OutOfMemory", "AccessDenied", "FileNotFound", "ArgumentNotValid", "UnexpectedFailure"],
            _host.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.All(_host.Errors, error => Assert.IsType<QosValuationException>(error.Exception));
        Assert.All(_host.Errors, error => Assert.NotNull(error.TargetObject));
        Assert.Contains("(OverflowException)", _host.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnEscapingExceptionNamesThePathThatWasGiven()
    {
        CmdletInvocationException ended = Assert.Throws<CmdletInvocationException>(
            () => _host.Run(Name, new() { ["Escaping"] = new OverflowException(), ["LiteralPath"] = new[] { "a.onnx" } }, [1]));
        Assert.StartsWith("UnexpectedFailure,", ended.ErrorRecord.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("a.onnx", ended.ErrorRecord.TargetObject);
        Assert.Contains("a.onnx", ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatNamesBringIntoErrorsCannotSteerTheTerminal()
    {
        const string Evil = "a\u001b]0;title\u0007\u001b[31mred\u202e\r\ud800";
        _host.Run(Name, input: [new QosValuationException(Faults.ImageNotFound, $"'{Evil}' does not exist.", Evil)]);
        ErrorRecord error = Assert.Single(_host.Errors);
        Assert.Equal(Evil, error.TargetObject);
        Assert.Equal(@"'a\e]0;title\u{07}\e[31mred\u{202E}\r\u{D800}' does not exist.", error.ToString());
        Assert.DoesNotContain(error.CategoryInfo.ToString(), char.IsControl);
    }

    [Fact]
    public async Task StoppingEndsTheWorkAndIsNoError()
    {
        using var started = new ManualResetEventSlim();
        _host.Shell.AddCommand(Name).AddParameter("Started", started);
        Task running = _host.Shell.InvokeAsync(new PSDataCollection<int>([1, 2]));
        Assert.True(started.Wait(TimeSpan.FromMinutes(1)));
        await _host.Shell.StopAsync(null, null);
        await Assert.ThrowsAnyAsync<PipelineStoppedException>(() => running);
        Assert.Equal(PSInvocationState.Stopped, _host.Shell.InvocationStateInfo.State);
        Assert.Empty(_host.Errors);
    }

    [Fact]
    public void ACancellationThatNobodyAskedForIsNotHidden()
    {
        CmdletInvocationException ended = Assert.Throws<CmdletInvocationException>(() => _host.Run(Name, Escaping(new OperationCanceledException()), [1]));
        Assert.StartsWith("UnexpectedFailure,", ended.ErrorRecord.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.IsType<OperationCanceledException>(ended.InnerException!.InnerException);
    }

    [Fact]
    public void LiteralPathsAreExactAndMissingOnesCostOneErrorEach()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a[1].txt"), string.Empty);
        File.WriteAllText(folder.File("b.txt"), string.Empty);
        string[] paths = [folder.File("a[1].txt"), folder.File("none"), folder.File("b.txt")];
        Assert.Equal([paths[0], paths[2]], _host.Run(Name, new() { ["LiteralPath"] = paths }, [1]));
        Assert.Equal(["PathNotFound"], _host.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
    }

    public void Dispose() => _host.Dispose();

    private static Dictionary<string, object?> Escaping(Exception exception) => new() { ["Escaping"] = exception };
}

/// <summary>A cmdlet that writes its items and throws those that are exceptions.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Sample")]
public sealed class InvokeSampleCommand : QosCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public object? Item { get; set; }

    [Parameter]
    public Exception? Escaping { get; set; }

    [Parameter]
    public ManualResetEventSlim? Started { get; set; }

    [Parameter]
    public string[]? LiteralPath { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (Escaping is not null)
        {
            throw Escaping;
        }

        if (LiteralPath is not null)
        {
            ResolvePaths(LiteralPath, literal: true).ToList().ForEach(WriteRecord);
            return;
        }

        TryItem(Item, () =>
        {
            if (Started is not null)
            {
                Started.Set();
                Cancellation.WaitHandle.WaitOne();
                Cancellation.ThrowIfCancellationRequested();
            }

            object? item = Item is PSObject wrapped ? wrapped.BaseObject : Item;
            if (item is Exception exception)
            {
                throw exception;
            }

            WriteRecord(item);
        });
    }
}
