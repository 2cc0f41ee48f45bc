# A Slurm cluster of our own on the loopback: a controller and two nodes, in a temporary folder.
BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    . $PSScriptRoot/Jobs.Common.ps1
    $missing = Get-MissingDaemon 'slurmctld', 'slurmd', 'sbatch', 'munged'
    if ($missing) { Write-Warning "Jobs on Slurm are not tested: $missing." }
}

Describe 'Jobs on Slurm' -Skip:([bool] $missing) {
    BeforeAll {
        . $PSScriptRoot/Common.ps1
        . $PSScriptRoot/Jobs.Common.ps1
        $folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-slurm-').FullName
        $conf = "$folder/slurm.conf"
        'state', 'spool', 'log', 'munge', 'gate' | ForEach-Object { $null = New-Item -ItemType Directory -Path "$folder/$_" }
        $key = [byte[]]::new(128)
        [System.Security.Cryptography.RandomNumberGenerator]::Fill($key)
        [System.IO.File]::WriteAllBytes("$folder/munge/key", $key)
        chmod 600 "$folder/munge/key"
        munged --force "--key-file=$folder/munge/key" "--socket=$folder/munge/socket" "--pid-file=$folder/munge/pid" "--log-file=$folder/munge/log" "--seed-file=$folder/munge/seed" 2>&1 | Out-Null
        # An element of a lost node begins anew when the credential of its former start has expired, after two minutes by default.
        Set-Content -LiteralPath $conf @"
ClusterName=local
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$(Get-FreePort)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=8
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/ctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/log/ctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
SlurmdTimeout=6
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
ReturnToService=2
MpiDefault=none
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$(Get-FreePort) CPUs=1 RealMemory=1000 State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$(Get-FreePort) CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"@
        $before = $env:SLURM_CONF
        $env:SLURM_CONF = $conf
        slurmctld -c -f $conf
        'n1', 'n2' | ForEach-Object { slurmd -N $_ -f $conf }
        Wait-Until { (sinfo --noheader --format=%t,%D 2>$null) -eq 'idle,2' } 30 'That both nodes are idle'

        $files = Get-JobPhotograph "$folder/scenes"
        $whole = Get-EmbeddingHash (Get-ClipEmbedding -LiteralPath $files -Model clip-mini) $folder
    }

    AfterAll {
        if ($folder) {
            scancel --user=root --full 2>$null
            "$folder/slurmd-n1.pid", "$folder/slurmd-n2.pid", "$folder/ctld.pid", "$folder/munge/pid" | ForEach-Object { Stop-ByFile $_ }
            foreach ($id in @('n1', 'n2' | ForEach-Object { Get-ProcessByVariable SLURMD_NODENAME $_ })) { Stop-Process -Id $id -Force -ErrorAction Ignore }
            $env:SLURM_CONF = $before
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
        }
    }

    It 'gives the bytes of one process from eight elements of which a node is lost midway' {
        $path = "$folder/a job's fol%der"
        $job = Submit-QosJob -Scheduler Slurm -Shards 8 -JobPath $path -Name coco -MaximumRetries 1 -CpusPerShard 1 -Time 00:30:00 -ScriptBlock $ShardWork -ArgumentList $files, "$folder/gate"
        $job.SchedulerId.Count | Should -Be 2 -Because 'there is an array and a job that depends on it'
        $job.IsFinished | Should -BeFalse
        Wait-Until { @(Get-ChildItem "$folder/gate/began-*").Count -ge 2 } 60 'That both nodes are at work'

        # The node n1 dies, with its daemon, the daemon's steps and all they started.
        Stop-ByFile "$folder/slurmd-n1.pid"
        $lost = @(Get-ProcessByVariable SLURMD_NODENAME n1)
        $lost.Count | Should -BeGreaterThan 0
        foreach ($id in @($lost | ForEach-Object { Get-ParentId $_ } | Where-Object { $_ -gt 1 }) + $lost) { Stop-Process -Id $id -Force -ErrorAction Ignore }
        $null = New-Item -ItemType File "$folder/gate/open"

        # A session that knows the folder alone.
        $again = Get-QosJob -LiteralPath $path | Wait-QosJob -Timeout 240
        $again.State | Should -Be 'Completed' -Because ((Get-Content "$folder/log/ctld.log" -Tail 20) -join "`n")
        @($again.Elements | Where-Object Attempts -GT 1).Count | Should -BeGreaterThan 0 -Because 'an element was lost'
        Get-EmbeddingHash ($again | Receive-QosJob) $folder | Should -Be $whole
    }

    It 'runs only the failed elements again, from the job that depends on the array' {
        $marks = (New-Item -ItemType Directory "$folder/marks").FullName
        $job = Submit-QosJob -Scheduler Slurm -Shards 3 -JobPath "$folder/retried" -MaximumRetries 1 -ArgumentList $marks -ScriptBlock {
            param($Marks)
            $null = New-Item -ItemType File "$Marks/$ShardIndex-$PID"
            if ($ShardIndex -eq 2 -and @(Get-ChildItem "$Marks/2-*").Count -lt 2) { exit 5 }
            $ShardIndex
        } -MergeScriptBlock { ($input | Measure-Object -Sum).Sum }
        # Nobody waits by Wait-QosJob, which would also try again.
        Wait-Until { -not (squeue --noheader) } 120 'That the queue is empty'
        $job = Get-QosJob $job.Path
        $job.State | Should -Be 'Completed'
        $job | Receive-QosJob | Should -Be 6
        $job.SchedulerId.Count | Should -Be 4
        @(Get-ChildItem $marks).Count | Should -Be 4
    }

    It 'is waited for by several sessions, of which one tries again and none tells a failure' {
        $mark = "$folder/several.mark"
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/several" -MaximumRetries 2 -ArgumentList $mark -ScriptBlock {
            param($Mark)
            if (-not (Test-Path $Mark)) { $null = New-Item $Mark; exit 5 }
            'fine'
        }
        scancel $job.SchedulerId[1]
        Wait-Until { -not (squeue --noheader) } 120 'That the queue is empty'
        $module = (Get-Module QosValuation).Path
        $path = $job.Path
        $states = 1..3 | ForEach-Object -ThrottleLimit 3 -Parallel {
            Import-Module $using:module
            while ([datetime]::UtcNow.Second % 5) { Start-Sleep -Milliseconds 10 }
            "$((Get-QosJob $using:path | Wait-QosJob -Timeout 200).State)"
        }
        $states | Should -Be 'Completed', 'Completed', 'Completed'
        $job | Receive-QosJob | Should -Be fine
    }

    It 'tells no failure of a job at work whose scheduler cannot be asked' {
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/unasked" -MaximumRetries 0 -ArgumentList "$folder/unasked.end" -ScriptBlock {
            param($End)
            while (-not (Test-Path $End)) { Start-Sleep -Milliseconds 200 }
            'ended'
        }
        $known = $env:PATH
        try {
            $env:PATH = '/nowhere'
            $seen = Get-QosJob $job.Path -ErrorVariable unasked -ErrorAction SilentlyContinue
            $unasked.FullyQualifiedErrorId | Should -BeLike 'JobScheduler*'
            $seen.IsFinished | Should -BeFalse
            $null = Receive-QosJob -Path $job.Path -ErrorVariable told -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
            @($told.FullyQualifiedErrorId) -like 'JobShardFailed*' | Should -BeNullOrEmpty
        }
        finally {
            $env:PATH = $known
            Set-Content "$folder/unasked.end" ''
        }

        Get-QosJob $job.Path | Wait-QosJob -Timeout 120 | Receive-QosJob | Should -Be ended
    }

    It 'tells what failed, stops, and quotes what sbatch refuses' {
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/stopped" -ScriptBlock { Start-Sleep 600 }
        $job | Stop-QosJob | Select-Object -ExpandProperty State | Should -Be 'Stopped'
        Wait-Until { -not (squeue --noheader) } 30 'That the queue is empty'
        { Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/refused" -Partition none -ScriptBlock { 1 } } | Should -Throw '*invalid partition*' -ErrorId 'JobNotSubmitted*'
        Test-Path "$folder/refused" | Should -BeFalse
    }

    It 'does nothing more, and makes nothing again, where its folder was deleted or it was stopped while it waited for its turn' {
        $gate = "$folder/turn"
        $first = Submit-QosJob -Scheduler Slurm -Shards 2 -JobPath "$folder/busy" -ArgumentList $gate -ScriptBlock {
            param($Gate)
            $null = New-Item -ItemType File "$Gate-began-$ShardIndex"
            while (-not (Test-Path $Gate)) { Start-Sleep -Milliseconds 100 }
        }
        Wait-Until { @(Get-ChildItem "$gate-began-*").Count -ge 1 } 60 'That the node is at work' # another one was lost above
        $gone = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/gone" -ScriptBlock { 1 }
        $stopped = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/late" -ArgumentList "$folder/late.ran" -ScriptBlock { param($Ran) Set-Content $Ran 1 }
        Remove-Item -LiteralPath $gone.Path -Recurse

        # As Ctrl+C leaves it: Slurm was not told.
        $null = New-Item -ItemType File "$folder/late/stop"
        $null = New-Item -ItemType File $gate
        Wait-Until { -not (squeue --noheader) } 120 'That the queue is empty'
        ($first | Wait-QosJob).State | Should -Be Completed
        Test-Path -LiteralPath $gone.Path | Should -BeFalse
        Test-Path "$folder/late.ran" | Should -BeFalse
        (Get-QosJob $stopped.Path).State | Should -Be Stopped
        $stopped | Resume-QosJob | Wait-QosJob -Timeout 120 | Select-Object -ExpandProperty State | Should -Be Completed
        Test-Path "$folder/late.ran" | Should -BeTrue
    }

    It 'says of a shard that ends its PowerShell that it has failed' {
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/exited" -MaximumRetries 0 -ScriptBlock { [System.Environment]::Exit(0) } | Wait-QosJob -Timeout 120
        $job.State | Should -Be Failed
        $job.Elements[0].State | Should -Be Failed
        $job.Elements[0].Message | Should -BeLike 'PowerShell ended before the script did, with exit code 0*'
    }

    It 'says of a shard that is asked to end, as one is whose time is over, that a signal ended it' {
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/timed" -MaximumRetries 0 -ArgumentList "$folder/timed.began" -ScriptBlock {
            param($Began)
            Set-Content $Began 1
            Start-Sleep 600
        }
        Wait-Until { Test-Path "$folder/timed.began" } 60 'That it is at work'
        scancel --batch --signal=TERM $job.SchedulerId[0]
        $null = $job | Wait-QosJob -Timeout 120
        $job.State | Should -Be Failed
        $job.Elements[0].State, $job.Elements[0].ExitCode, $job.Elements[0].Message | Should -Be 'Failed', 143, 'It was ended by signal 15.'
    }

    It 'is not run from a folder of somebody else, and what is submitted again is not what lies there' {
        $job = Submit-QosJob -Scheduler Slurm -Shards 1 -JobPath "$folder/foreign" -MaximumRetries 3 -ScriptBlock { exit 5 }
        scancel $job.SchedulerId
        Wait-Until { -not (squeue --noheader) } 120 'That the queue is empty'
        Set-Content "$folder/foreign/shard.sbatch" "#!/bin/bash`ntouch '$folder/foreign.ran'"
        & chown -R nobody $job.Path
        $waited = Get-QosJob $job.Path | Wait-QosJob -Timeout 60 -WarningVariable told -WarningAction SilentlyContinue
        $waited.State | Should -Be Failed
        "$told" | Should -BeLike '*belongs to another user*'
        squeue --noheader | Should -BeNullOrEmpty
        & chown -R root $job.Path
        $null = Get-QosJob $job.Path | Wait-QosJob -Timeout 120
        Test-Path "$folder/foreign.ran" | Should -BeFalse
        (Get-QosJob $job.Path).Elements[0].ExitCode | Should -Be 5
    }

    It 'runs a script by hand, by the same batch script' {
        Set-Content "$folder/by hand.ps1" 'param($To) Set-Content -LiteralPath "$To-$($env:QOSVALUATION_SHARD -replace "/", "of")" $env:DOTNET_PROCESSOR_COUNT'
        $env:QOSVALUATION_PWSH = (Get-PwshCommand)[-1]
        try {
            sbatch --parsable --wait --array=1-2 --output=/dev/null (Join-Path $RepositoryRoot scripts/slurm/shard.sbatch) "$folder/by hand.ps1" "$folder/hand" | Should -Match '^\d+$'
            $LASTEXITCODE | Should -Be 0
        }
        finally {
            Remove-Item Env:QOSVALUATION_PWSH
        }

        Get-Content "$folder/hand-1of2", "$folder/hand-2of2" | Should -Be '1', '1'
    }
}
