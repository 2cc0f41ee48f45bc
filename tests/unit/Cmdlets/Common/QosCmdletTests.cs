using System.Management.Automation;
using QosValuation.Cmdlets;

namespace QosValuation.Tests;

public sealed class QosCmdletTests
{
    private static readonly QosValuationException Fault = new("SampleFault", FaultKind.InvalidData, "a sample", "subject");

    [Fact]
    public void AFaultOfOneItemIsWrittenAndTheOthersGoOn()
    {
        var output = new RecordingOutput();
        using var cmdlet = new SampleCmdlet { Output = output };
        foreach (object item in new object[] { 1, Fault, new IOException("disk"), 2 })
        {
            cmdlet.Item = item;
            cmdlet.RunProcess();
        }

        Assert.Equal([1, 2], output.Objects);
        Assert.Equal([Fault, output.Errors[1].Fault], output.Errors.Select(error => error.Fault));
        Assert.IsType<IOException>(output.Errors[1].Fault);
        Assert.Null(output.Terminated);
    }

    [Fact]
    public void AnEscapingFaultEndsThePipeline()
    {
        var output = new RecordingOutput();
        using var cmdlet = new SampleCmdlet { Output = output, Escaping = Fault };
        Assert.Throws<PipelineStoppedException>(cmdlet.RunProcess);
        Assert.Same(Fault, output.Terminated);
        cmdlet.Escaping = new AggregateException(Fault);
        Assert.Throws<PipelineStoppedException>(cmdlet.RunEnd);
        Assert.Same(Fault, output.Terminated);
    }

    [Fact]
    public void AFaultThatSeveralThreadsMetIsOneFault()
    {
        var output = new RecordingOutput();
        var both = new AggregateException(Fault, new AggregateException(Fault));
        using var cmdlet = new SampleCmdlet { Output = output, Item = both };
        cmdlet.RunProcess();
        Assert.Same(Fault, output.Errors[0].Fault);
        Assert.Null(output.Terminated);
        cmdlet.Escaping = both;
        Assert.Throws<PipelineStoppedException>(cmdlet.RunEnd);
        Assert.Same(Fault, output.Terminated);
        cmdlet.Escaping = new AggregateException(Fault, new InvalidOperationException());
        Assert.Throws<AggregateException>(cmdlet.RunEnd);
    }

    [Fact]
    public void StoppingPassesThroughAndIsNoError()
    {
        var output = new RecordingOutput();
        using var cmdlet = new SampleCmdlet { Output = output, Escaping = new PipelineStoppedException() };
        Assert.Throws<PipelineStoppedException>(cmdlet.RunProcess);
        cmdlet.Item = new PipelineStoppedException();
        cmdlet.Escaping = null;
        Assert.Throws<PipelineStoppedException>(cmdlet.RunProcess);
        cmdlet.Stop();
        cmdlet.Escaping = new OperationCanceledException();
        Assert.Throws<PipelineStoppedException>(cmdlet.RunProcess);
        Assert.Empty(output.Errors);
        Assert.Null(output.Terminated);
        Assert.True(cmdlet.IsStopped);
    }

    [Fact]
    public void ACancellationThatNobodyAskedForIsNotHidden()
    {
        using var cmdlet = new SampleCmdlet { Output = new RecordingOutput(), Escaping = new OperationCanceledException() };
        Assert.Throws<OperationCanceledException>(cmdlet.RunProcess);
    }

    [Fact]
    public void LiteralPathsAreExactAndMissingOnesCostOneErrorEach()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a[1].txt"), string.Empty);
        File.WriteAllText(folder.File("b.txt"), string.Empty);
        var output = new RecordingOutput();
        using var cmdlet = new SampleCmdlet { Output = output };
        Assert.Equal([folder.File("a[1].txt"), folder.File("b.txt")], cmdlet.Resolve(folder.File("a[1].txt"), folder.File("none"), folder.File("b.txt")));
        Assert.Equal(["PathNotFound"], output.Errors.Select(error => ((QosValuationException)error.Fault).ErrorId));
    }

    private sealed class SampleCmdlet : QosCmdlet
    {
        public object? Item { get; set; }

        public Exception? Escaping { get; set; }

        public bool IsStopped => Cancellation.IsCancellationRequested;

        public void Stop() => StopProcessing();

        public List<string> Resolve(params string[] paths) => [.. ResolvePaths(paths, literal: true)];

        protected override void Process()
        {
            if (Escaping is not null)
            {
                throw Escaping;
            }

            TryItem(Item, () =>
            {
                if (Item is Exception exception)
                {
                    throw exception;
                }

                WriteRecord(Item);
            });
        }

        protected override void End() => Process();
    }
}
