using System.Globalization;
using QosValuation.Jobs.Folders;
using QosValuation.Jobs.Schedulers;

namespace QosValuation.Tests;

public sealed class JobFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qosvaluation-jobs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        JobFolder made = Make(Manifest(JobScheduler.Slurm) with
        {
            Slurm = new SlurmOptions { Partition = "p q", Time = TimeSpan.FromMinutes(90), Memory = "4G", Arguments = ["--account=a b"] },
        });
        JobFolder read = JobFolder.Open(made.Path);
        Assert.Equal(made.Manifest.Slurm!.Arguments, read.Manifest.Slurm!.Arguments);
        Assert.Equal(made.Manifest.Program, read.Manifest.Program);
        string[] none = [];
        Assert.Equal(made.Manifest.Slurm with { Arguments = none }, read.Manifest.Slurm with { Arguments = none });
        Assert.Equal(made.Manifest with { Slurm = null, Program = none }, read.Manifest with { Slurm = null, Program = none });
        read.CheckScripts();
    }

    [Fact]
    public void AnElementIsDoneByTheStatusThatNamesItsResult()
    {
        JobFolder folder = Make(Manifest(JobScheduler.Local));
        JobAttempt attempt = JobAttempt.Begin(folder, 2, "h")!;
        Assert.Equal(JobState.Running, folder.StatusOf(2)!.State);
        File.WriteAllText(attempt.ResultPath, "r");

        // A result that nothing names, as a killed worker leaves it.
        Assert.False(folder.IsCompleted(2));
        attempt.Complete(3, 1);
        Assert.True(folder.IsCompleted(2));
        Assert.Equal((3L, 1, 1), (folder.StatusOf(2)!.Objects!.Value, folder.StatusOf(2)!.Errors, folder.StatusOf(2)!.Attempt));
        Assert.Equal("r", File.ReadAllText(folder.ResultOf(2)));
        Assert.Null(JobAttempt.Begin(folder, 2, "h"));

        File.WriteAllText(folder.ResultOf(2), "s");
        QosValuationException fault = Assert.Throws<QosValuationException>(() => folder.ResultOf(2));
        Assert.Equal(Faults.JobResultDamaged, fault.Fault);
        folder.ForgetDamaged();
        Assert.False(folder.IsCompleted(2));
        Assert.NotNull(JobAttempt.Begin(folder, 2, "h"));
        Assert.Equal(2, folder.StatusOf(2)!.Attempt);
    }

    /// <summary>A node that was given up, and whose element was begun elsewhere, may come back and end as well.</summary>
    [Fact]
    public void TheFirstOfTwoAttemptsThatOverlapStays()
    {
        JobFolder folder = Make(Manifest(JobScheduler.Slurm) with { Slurm = new SlurmOptions() });
        JobAttempt lost = JobAttempt.Begin(folder, 1, "n1")!;
        JobAttempt again = JobAttempt.Begin(folder, 1, "n2")!;
        Assert.NotEqual(lost.ResultPath, again.ResultPath);
        File.WriteAllText(again.ResultPath, "again");
        again.Complete(1, 0);
        Assert.False(File.Exists(lost.ResultPath));
        lost.Fail(1, "late", 0);
        Assert.Equal("n2", folder.StatusOf(1)!.HostName);

        JobFolder other = JobFolder.Open(folder.Path);
        JobAttempt third = JobAttempt.Begin(other, 3, "n1")!;
        JobAttempt fourth = JobAttempt.Begin(JobFolder.Open(folder.Path), 3, "n2")!;
        File.WriteAllText(fourth.ResultPath, "fourth");
        fourth.Complete(1, 0);
        File.WriteAllText(third.ResultPath, "third");
        third.Complete(1, 0);
        Assert.Equal("fourth", File.ReadAllText(JobFolder.Open(folder.Path).ResultOf(3)));
    }

    [Theory]
    [InlineData("../../elsewhere")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    public void AStatusLeadsToNoFileElsewhere(string result)
    {
        JobFolder folder = Make(Manifest(JobScheduler.Local));
        folder.SetStatus(1, new ElementStatus { State = JobState.Completed, Attempt = 1, Result = result, ResultHash = "0" });
        Assert.Equal(Faults.JobResultDamaged, Assert.Throws<QosValuationException>(() => folder.ResultOf(1)).Fault);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("1-3,7", 1, 2, 3, 7)]
    [InlineData("2,4-5,9", 2, 4, 5, 9)]
    [InlineData("")]
    public void SlurmIsToldRanges(string expected, params int[] elements) => Assert.Equal(expected, SlurmScheduler.Ranges(elements));

    [Fact]
    public void RangesNameEveryElementOnce()
    {
        var random = new Random(4);
        for (int round = 0; round < 200; round++)
        {
            int[] elements = [.. Enumerable.Range(1, 40).Where(_ => random.Next(2) == 0)];
            IEnumerable<int> named = SlurmScheduler.Ranges(elements).Split(',', StringSplitOptions.RemoveEmptyEntries).SelectMany(range =>
            {
                int[] ends = [.. range.Split('-').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
                return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
            });
            Assert.Equal(elements, named);
        }
    }

    [Theory]
    [InlineData("node1")]
    [InlineData("node-1.lab.example")]
    [InlineData("192.0.2.7")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[2001:db8::1]")]
    [InlineData("bücher.example")]
    public void HostsThatAreNames(string host) => Manifest(JobScheduler.Ssh, host).Check();

    [Theory]
    [InlineData("-oProxyCommand=x")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\n")]
    [InlineData("a;b")]
    [InlineData("$(a)")]
    [InlineData("user@host")]
    [InlineData("a\"b")]
    public void HostsThatAreNone(string host) =>
        Assert.Equal(Faults.JobNotValid, Assert.Throws<QosValuationException>(() => Manifest(JobScheduler.Ssh, host).Check()).Fault);

    [Fact]
    public void EverySchedulerIsRegisteredOnce() => Assert.Equal(Enum.GetValues<JobScheduler>(), JobSchedulers.All.Select(scheduler => scheduler.Name));

    private static JobManifest Manifest(JobScheduler scheduler, string host = "h") => new()
    {
        Id = "0123456789ab",
        Name = "test",
        Scheduler = scheduler,
        Shards = 3,
        MaximumRetries = 1,
        Submitted = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        ModuleVersion = "0.1.0",
        ModuleBuild = "0",
        ModulePath = "m",
        Program = ["pwsh"],
        WorkingDirectory = "/",
        ScriptHash = string.Empty,
        ArgumentHash = string.Empty,
        Depth = 2,
        ThrottleLimit = 0,
        CpusPerShard = 0,
        Ssh = scheduler == JobScheduler.Ssh ? new SshOptions { HostNames = [host] } : null,
    };

    private JobFolder Make(JobManifest manifest) => JobFolder.Create(Path.Combine(_folder, "job"), manifest, "w", "s", "a", null);
}
