BeforeAll {
    . $PSScriptRoot/Common.ps1
    . $PSScriptRoot/Jobs.Common.ps1
    $folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-jobs-').FullName
    $pwsh = Get-PwshCommand

    # The process of a shard, as the coordinator's log names it last.
    function Get-ShardProcess([QosValuation.QosJob] $Job, [int] $Shard) {
        $line = Get-Content -LiteralPath "$($Job.Path)/coordinator.log" | Where-Object { $_ -match " $Shard/\d+ began on .*, process (\d+)\." } | Select-Object -Last 1
        [int] ($line -replace '.*, process (\d+)\.$', '$1')
    }

    function Get-Coordinator([QosValuation.QosJob] $Job) {
        [int] (Get-Content -LiteralPath "$($Job.Path)/coordinator.ready" -Raw)
    }
}

AfterAll {
    Get-QosJob "$folder/*" -ErrorAction Ignore | Where-Object { -not $_.IsFinished } | Stop-QosJob | Out-Null
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
}

Describe 'A job of local processes' {
    It 'tells scripts their shard, passes arguments and $using: as they are, and gives objects in the order of the shards' {
        $odd = "a 'b' `"c`"`n-d `$(e) [f]"
        $table = @{ Key = 1.5; List = 1, 2 }
        # The later shard ends first.
        $job = Submit-QosJob -Shards 2 -JobPath (Join-Path $folder "-a job's [folder]`nof two lines") -ArgumentList $odd, @(1, 2) -ScriptBlock {
            param($Text, $Numbers, $ShardIndex)
            if ($ShardIndex -eq 1) { Start-Sleep -Milliseconds 1500 }
            [pscustomobject]@{
                Shard = $Shard; Index = $ShardIndex; Count = $ShardCount; Variable = $env:QOSVALUATION_SHARD; Text = $Text; Numbers = $Numbers -join '+'
                Using = "$using:odd"; Key = $using:table['Key']; Place = (Get-Location).ProviderPath; Processors = [System.Environment]::ProcessorCount
            }
            , (1, 2)
        } -CpusPerShard 1
        $job | Should -BeOfType QosValuation.QosJob
        $rows = @($job | Receive-QosJob -Wait)
        $rows.Count | Should -Be 4
        $rows[1] | Should -Be 1, 2
        $rows[0].Shard, $rows[2].Shard | Should -Be '1/2', '2/2'
        $rows[0].Variable, $rows[0].Index, $rows[0].Count, $rows[0].Numbers, $rows[0].Key | Should -Be '1/2', 1, 2, '1+2', 1.5
        $rows[2].Text | Should -BeExactly $odd
        $rows[2].Using | Should -BeExactly $odd
        $rows[0].Place | Should -Be (Get-Location).ProviderPath
        $rows[0].Processors | Should -Be 1
        $job.State | Should -Be 'Completed'
        if (-not $IsWindows) { (Get-Item -LiteralPath $job.Path).UnixMode | Should -Be 'drwx------' }
    }

    It 'gives records back to the last bit, and merges them by a script' {
        $random = [System.Random]::new(5)
        $bytes = [byte[]]::new(4000)
        $random.NextBytes($bytes)
        $vector = [float[]]::new(1000)
        [System.Buffer]::BlockCopy($bytes, 0, $vector, 0, 4000)
        $vector = [float[]] (@($vector | Where-Object { -not [float]::IsNaN($_) }) + [float]::NegativeInfinity, [float]::NaN, -0.0, [float]::Epsilon)
        $given = [QosValuation.ClipEmbedding] [pscustomobject]@{ Source = 's'; Item = 'i'; Modality = 'Text'; Vector = $vector; Model = 'm' }
        $job = Submit-QosJob -Shards 2 -ThrottleLimit 1 -JobPath "$folder/exact" -ScriptBlock { $using:given } -MergeScriptBlock { $input }
        $back = @($job | Wait-QosJob | Receive-QosJob)
        $back.Count | Should -Be 2
        foreach ($one in $back) {
            $one | Should -BeOfType QosValuation.ClipEmbedding
            [System.Linq.Enumerable]::SequenceEqual([int[]] @($one.Vector | ForEach-Object { [System.BitConverter]::SingleToInt32Bits($_) }),
                [int[]] @($vector | ForEach-Object { [System.BitConverter]::SingleToInt32Bits($_) })) | Should -BeTrue
        }
    }

    It 'gives the bytes of one process though a worker and then the coordinator are killed' -Skip:($IsWindows) {
        $files = Get-JobPhotograph "$folder/scenes"
        $whole = Get-EmbeddingHash (Get-ClipEmbedding -LiteralPath $files -Model clip-mini) $folder
        $gate = (New-Item -ItemType Directory "$folder/gate").FullName
        $path = "$folder/killed"
        $job = Submit-QosJob -Shards 3 -ThrottleLimit 2 -MaximumRetries 1 -JobPath $path -ScriptBlock $ShardWork -ArgumentList $files, $gate
        Wait-Until { @(Get-ChildItem "$gate/began-*").Count -ge 2 }
        $first = Get-ShardProcess $job 1
        Stop-Process -Id $first -Force
        Wait-Until { (Get-Content -LiteralPath "$path/coordinator.log" -Raw) -match '1/3 ended on .* with exit code 137' }
        Wait-Until { @(Get-ChildItem "$gate/began-*").Count -ge 3 }

        # The coordinator as well: its workers end with it, and the job says so.
        $second = Get-ShardProcess $job 2
        Stop-Process -Id (Get-Coordinator $job) -Force
        Wait-Until { -not (Get-Process -Id $second -ErrorAction Ignore) } 20 'The end of the workers'
        $job = Get-QosJob -LiteralPath $path
        $job.State | Should -Be 'Interrupted'
        Wait-QosJob $job -WarningVariable warned -WarningAction SilentlyContinue | Out-Null
        "$warned" | Should -Match 'Resume-QosJob'

        $null = New-Item -ItemType File "$gate/open"
        $job = $job | Resume-QosJob | Wait-QosJob
        $job.State | Should -Be 'Completed'
        Get-EmbeddingHash ($job | Receive-QosJob) $folder | Should -Be $whole
    }

    It 'tries only what failed again, names each failure, and goes on when the cause is mended' {
        $mended = "$folder/mended"
        $job = Submit-QosJob -Shards 3 -MaximumRetries 1 -JobPath "$folder/failing" -ArgumentList $mended -ScriptBlock {
            param($Mended)
            "ran $ShardIndex"
            [Console]::Error.WriteLine('said so')
            if (-not (Test-Path -LiteralPath $Mended)) {
                if ($ShardIndex -eq 2) { throw 'boom' }
                if ($ShardIndex -eq 3) { exit 7 }
            }
        } | Wait-QosJob
        $job.State, $job.Completed, $job.Failed | Should -Be 'Failed', 1, 2
        $job.Elements.Attempts | Should -Be 1, 2, 2
        $job.Elements.ExitCode | Should -Be 0, 1, 7
        $rows = $job | Receive-QosJob -ErrorAction SilentlyContinue -ErrorVariable failed
        $rows | Should -Be 'ran 1'
        $failed.FullyQualifiedErrorId | Should -Be (@('JobShardFailed,QosValuation.Cmdlets.Jobs.ReceiveQosJobCommand') * 2)
        "$($failed[0])" | Should -Match 'Shard 2/3 .*exit code 1 after 2 attempts.*boom'
        $failed[0].TargetObject | Should -Be $job.Elements[1].LogPath
        Get-Content -LiteralPath (Join-Path $failed[0].TargetObject stderr.log) -Raw | Should -Match '(?s)said so.*boom.*said so.*boom'

        $null = New-Item -ItemType File $mended
        $job | Resume-QosJob | Wait-QosJob | Receive-QosJob | Should -Be 'ran 1', 'ran 2', 'ran 3'
        $job.Elements.Attempts | Should -Be 1, 3, 3

        # A result that was changed is refused, and made anew.
        $result = (Get-ChildItem -LiteralPath $job.Elements[1].LogPath -Filter result-*).FullName
        Add-Content -LiteralPath $result ' '
        $job = Get-QosJob -LiteralPath $job.Path
        $rows = $job | Receive-QosJob -ErrorAction SilentlyContinue -ErrorVariable failed
        $rows | Should -Be 'ran 1', 'ran 3'
        $failed.FullyQualifiedErrorId | Should -Be 'JobResultDamaged,QosValuation.Cmdlets.Jobs.ReceiveQosJobCommand'
        $job | Resume-QosJob | Wait-QosJob | Receive-QosJob | Should -Be 'ran 1', 'ran 2', 'ran 3'
    }

    It 'goes on when waiting is stopped by Ctrl+C, which says how to come back' -Skip:($IsWindows) {
        $path = "$folder/it's long"
        $gate = (New-Item -ItemType Directory "$folder/gate2").FullName
        $script = "$folder/wait.ps1"
        Set-Content -LiteralPath $script @"
`$PSStyle.OutputRendering = 'PlainText'
Import-Module '$ModuleManifest'
`$job = Submit-QosJob -Shards 1 -JobPath '$($path -replace "'", "''")' -ArgumentList '$gate' -ScriptBlock { param(`$Gate) while (-not (Test-Path "`$Gate/open")) { Start-Sleep -Milliseconds 100 }; 'the end' }
New-Item -ItemType File '$gate/submitted' | Out-Null
`$job | Wait-QosJob
"@

        # Tests that a shell runs in the background would hand on that Ctrl+C is ignored.
        $command = @(if ($IsLinux) { 'env', '--default-signal=INT' }) + $pwsh
        $start = [System.Diagnostics.ProcessStartInfo]::new($command[0])
        $command | Select-Object -Skip 1 | ForEach-Object { $start.ArgumentList.Add($_) }
        '-NoProfile', '-File', $script | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardOutput = $true
        $process = [System.Diagnostics.Process]::Start($start)
        Wait-Until { Test-Path "$gate/submitted" }
        Start-Sleep -Milliseconds 700
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        kill -INT $process.Id
        $process.WaitForExit(10000) | Should -BeTrue
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 5
        $said = $process.StandardOutput.ReadToEnd()
        $said | Should -Match 'goes on' -Because $said
        ($said -replace '\s+', ' ') | Should -Match ([regex]::Escape("Get-QosJob -LiteralPath '$($path -replace "'", "''")' | Wait-QosJob | Receive-QosJob"))
        (Get-QosJob -LiteralPath $path).IsFinished | Should -BeFalse
        $null = New-Item -ItemType File "$gate/open"
        Get-QosJob -LiteralPath $path | Wait-QosJob | Receive-QosJob | Should -Be 'the end'
    }

    It 'stops, with what its script started, and is not removed while it works' {
        $job = Submit-QosJob -Shards 2 -JobPath "$folder/stopped" -ScriptBlock { Start-Sleep 600 }
        Wait-Until { (Get-QosJob $job).Running -eq 2 }
        $ids = 1, 2 | ForEach-Object { Get-ShardProcess $job $_ }
        { $job | Remove-QosJob -ErrorAction Stop } | Should -Throw -ErrorId 'JobAtWork*'
        { $job | Resume-QosJob -ErrorAction Stop } | Should -Throw -ErrorId 'JobAtWork*'
        $job | Receive-QosJob -WarningVariable warned -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warned" | Should -Match '0 of 2 shards are done'
        ($job | Wait-QosJob -Timeout 0 -WarningAction SilentlyContinue).State | Should -Be 'Running'
        ($job | Stop-QosJob).State | Should -Be 'Stopped'
        Get-Process -Id $ids -ErrorAction Ignore | Should -BeNullOrEmpty
        $job.Elements.State | Should -Be 'Stopped', 'Stopped'
        $job | Remove-QosJob
        Test-Path -LiteralPath $job.Path | Should -BeFalse
    }

    It 'does not mix builds of the module, nor run a script that was changed' {
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/other" -MaximumRetries 0 -ScriptBlock { 'ran' } | Wait-QosJob
        $results = { Get-ChildItem -LiteralPath "$folder/other/elements/00001" -Filter result-* | Remove-Item }
        & $results
        Add-Content -LiteralPath "$folder/other/script.ps1" "'and more'"
        $job = Get-QosJob "$folder/other" | Resume-QosJob | Wait-QosJob
        $job.State | Should -Be 'Failed'
        $job.Elements[0].Message | Should -Match 'was changed after the job was submitted'

        $manifest = Get-Content -LiteralPath "$folder/other/job.json" -Raw
        Set-Content -LiteralPath "$folder/other/job.json" ($manifest -replace '("ModuleBuild": ")\w+', '${1}0123')
        $null = & $pwsh[0] @($pwsh | Select-Object -Skip 1) -NoProfile -File "$folder/other/worker.ps1" -JobPath "$folder/other" -Element 1 2>&1 | Tee-Object -Variable said
        $LASTEXITCODE | Should -Be 120
        "$said" | Should -Match 'build \w+, and the job was submitted by version .* build 0123'
    }
}

Describe 'Submit-QosJob' {
    It 'refuses <What>' -ForEach @(
        @{ What = 'no shards'; With = @{ Shards = 0 } }
        @{ What = 'too many shards'; With = @{ Shards = 100000 } }
        @{ What = 'an option of another scheduler'; With = @{ Partition = 'all' } }
        @{ What = 'a name that is an option'; With = @{ Name = '-x' } }
        @{ What = 'a name with a slash'; With = @{ Name = 'a/b' } }
        @{ What = 'too many retries'; With = @{ MaximumRetries = 101 } }
        @{ What = 'a time below a minute'; With = @{ Scheduler = 'Slurm'; Time = 60 } }
        @{ What = 'an amount of memory that is none'; With = @{ Scheduler = 'Slurm'; Memory = '4 G' } }
        @{ What = 'a variable that does not exist'; With = @{ ScriptBlock = { $using:noSuchVariable } } }
    ) {
        $all = @{ Shards = 1; ScriptBlock = { 1 }; JobPath = "$folder/refused" } + @{}
        $With.Keys | ForEach-Object { $all[$_] = $With[$_] }
        { Submit-QosJob @all } | Should -Throw -ErrorId 'JobNotValid,*'
        Test-Path -LiteralPath "$folder/refused" | Should -BeFalse
    }

    It 'refuses a folder that holds something, and does nothing with -WhatIf' {
        $null = New-Item -ItemType Directory "$folder/full"
        Set-Content "$folder/full/mine" 1
        { Submit-QosJob -Shards 1 -ScriptBlock { 1 } -JobPath "$folder/full" } | Should -Throw -ErrorId 'JobFolderNotEmpty,*'
        Get-ChildItem "$folder/full" | Should -HaveCount 1
        Submit-QosJob -Shards 1 -ScriptBlock { 1 } -JobPath "$folder/what if" -WhatIf | Should -BeNullOrEmpty
        Test-Path "$folder/what if" | Should -BeFalse
    }

    It 'says where no Slurm is' -Skip:([bool] (Get-Command sbatch -ErrorAction Ignore)) {
        { Submit-QosJob -Scheduler Slurm -Shards 1 -ScriptBlock { 1 } -JobPath "$folder/none" } | Should -Throw -ErrorId 'JobSchedulerNotFound,*'
        Test-Path "$folder/none" | Should -BeFalse
    }

    It 'is not taken in by a folder that is no job, or a damaged one' {
        { Get-QosJob "$folder/full" -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotFound,*'
        foreach ($text in '', 'null', '[]', '{"Version":1}', '{"Version":1,"Id":5}') {
            Set-Content "$folder/full/job.json" $text
            { Get-QosJob "$folder/full" -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotReadable,*'
        }
    }

    It 'leaves no folder where the disk is full, and says so' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $small = New-Item -ItemType Directory "$folder/small"
        & mount -t tmpfs -o size=8k none $small 2>$null
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        try {
            { Submit-QosJob -Shards 2 -ScriptBlock { 1 } -JobPath "$small/job" } | Should -Throw -ErrorId 'DiskFull,*' -ExpectedMessage "The disk is full: *job' could not*"
            Get-ChildItem -LiteralPath $small | Should -BeNullOrEmpty
        }
        finally {
            & umount -l $small # the process that ran the job may not have ended yet
        }
    }

    It 'says of a shard whose result fills the disk that it is full, and goes on where there is space' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $small = New-Item -ItemType Directory "$folder/filled"
        & mount -t tmpfs -o size=1m none $small 2>$null
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        try {
            $job = Submit-QosJob -Shards 1 -JobPath "$small/job" -MaximumRetries 0 -ScriptBlock { 'x' * 2MB } | Wait-QosJob
            $job.State | Should -Be Failed
            $job | Receive-QosJob -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            "$failed" | Should -BeLike "*failed with exit code 1*The disk is full: *$small/job/elements/00001/result-*Free some space*"
            Get-ChildItem "$small/job/elements/00001/result-*" | Should -BeNullOrEmpty
            & mount -o remount,size=8m $small
            ($job | Resume-QosJob | Wait-QosJob | Receive-QosJob).Length | Should -Be 2MB
        }
        finally {
            & umount -l $small # the process that ran the job may not have ended yet
        }
    }
}

Describe 'A script that ends early' {
    It 'keeps what it wrote where it ends by <Word>' -ForEach @(@{ Word = 'break' }, @{ Word = 'continue' }, @{ Word = 'return' }, @{ Word = 'exit' }) {
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/by $Word" -MaximumRetries 0 -ScriptBlock ([scriptblock]::Create("'first'; $Word; 'never'")) | Wait-QosJob
        $job.State | Should -Be Completed
        $job | Receive-QosJob | Should -Be first
    }

    It 'keeps what a merge wrote that ends by break' {
        Submit-QosJob -Shards 2 -JobPath "$folder/merged by break" -MaximumRetries 0 -ScriptBlock { $ShardIndex; continue } -MergeScriptBlock {
            foreach ($one in $input) { $one * 10 }
            break
        } | Wait-QosJob | Receive-QosJob | Should -Be 10, 20
    }

    It 'is told as failed where it <What>' -ForEach @(
        @{ What = 'ends its PowerShell'; Text = '[System.Environment]::Exit(0)' }
        @{ What = 'breaks to a label of nobody'; Text = 'break nowhere' }
    ) {
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/when it $What" -MaximumRetries 0 -ScriptBlock ([scriptblock]::Create($Text)) | Wait-QosJob
        $job.State | Should -Be Failed
        $job.Elements[0].State | Should -Be Failed
        $null = $job | Receive-QosJob -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Should -BeLike 'JobShardFailed*'
        "$failed" | Should -BeLike '*ended with exit code 0 and without a result*: PowerShell ended before the script did*'
    }
}

Describe 'A script that hands work on' {
    It 'gives $using: of an inner block the value of the session, or of the script where that sets it' {
        $k = 3
        $own = 7
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/inner" -MaximumRetries 0 -ScriptBlock {
            $own = 10
            "outer $using:k $using:own"
            1..2 | ForEach-Object -Parallel { "inner $using:k $using:own $_" } -ThrottleLimit 1
            1 | ForEach-Object { "same $using:k" }
        }
        $job | Wait-QosJob | Receive-QosJob | Should -Be 'outer 3 7', 'inner 3 10 1', 'inner 3 10 2', 'same 3'
    }

    It 'leaves $using: of an inner block to a script file, in UTF-16 too' {
        $scale = 7
        Set-Content "$folder/own.ps1" '$scale = 10; 1..2 | ForEach-Object -Parallel { "$($using:scale * $_) ä" } -ThrottleLimit 1' -Encoding unicode
        Submit-QosJob -Shards 1 -JobPath "$folder/own" -MaximumRetries 0 -FilePath "$folder/own.ps1" | Wait-QosJob | Receive-QosJob | Should -Be '10 ä', '20 ä'
        Remove-Variable scale
        Submit-QosJob -Shards 1 -JobPath "$folder/own2" -MaximumRetries 0 -FilePath "$folder/own.ps1" | Wait-QosJob | Receive-QosJob | Should -Be '10 ä', '20 ä'
    }
}

Describe 'A folder that others made or keep' {
    It 'is readable by its owner alone, also where it was there already' -Skip:($IsWindows) {
        $made = New-Item -ItemType Directory "$folder/wide"
        & chmod 755 $made
        $null = Submit-QosJob -Shards 1 -JobPath $made -ArgumentList geheim -ScriptBlock { param($x) } | Wait-QosJob
        (Get-Item $made).UnixMode | Should -Be 'drwx------'
    }

    It 'shows a job that has ended as ended where nothing may be written' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $null = New-Item -ItemType Directory "$folder/archive", "$folder/seen"
        $null = Submit-QosJob -Shards 1 -MaximumRetries 0 -JobPath "$folder/archive/job" -ScriptBlock { throw 'x' } | Wait-QosJob
        & mount --bind "$folder/archive" "$folder/seen" 2>$null
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        try {
            & mount -o remount,ro,bind "$folder/seen"
            $job = Get-QosJob "$folder/seen/job"
            $job.State | Should -Be Failed
            ($job | Wait-QosJob -Timeout 30).State | Should -Be Failed
            $null = $job | Receive-QosJob -ErrorVariable failed -ErrorAction SilentlyContinue
            $failed.FullyQualifiedErrorId | Should -BeLike 'JobShardFailed,*'
        }
        finally {
            & umount -l "$folder/seen"
        }
    }

    It 'is looked at without making the target of a link in it' -Skip:($IsWindows) {
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/linked" -MaximumRetries 0 -ScriptBlock { throw 'x' } | Wait-QosJob
        Remove-Item "$($job.Path)/coordinator.lock"
        $null = New-Item -ItemType SymbolicLink -Path "$($job.Path)/coordinator.lock" -Target "$folder/made-by-a-link"
        (Get-QosJob $job.Path).State | Should -Be Failed
        "$folder/made-by-a-link" | Should -Not -Exist
    }
}

Describe 'A job in several hands' {
    It 'is resumed by one of the sessions that try at once, and the others are told so' {
        $flags = New-Item -ItemType Directory "$folder/flags"
        $job = Submit-QosJob -Shards 1 -JobPath "$folder/hands" -MaximumRetries 0 -ArgumentList $flags.FullName -ScriptBlock {
            param($flags)
            if (-not (Test-Path "$flags/open")) { throw 'not yet' }
            while (-not (Test-Path "$flags/end")) { Start-Sleep -Milliseconds 100 }
            'once'
        } | Wait-QosJob
        $job.State | Should -Be Failed
        Set-Content "$flags/open" ''
        $module = (Get-Module QosValuation).Path
        $told = 1..3 | ForEach-Object -ThrottleLimit 3 -Parallel {
            Import-Module $using:module
            try { $null = Get-QosJob ($using:job).Path | Resume-QosJob -ErrorAction Stop; 'resumed' } catch { $_.FullyQualifiedErrorId }
        }
        Set-Content "$flags/end" ''
        @($told -eq 'resumed').Count | Should -Be 1
        @($told -like 'JobAtWork,*').Count | Should -Be 2
        $job | Wait-QosJob | Receive-QosJob | Should -Be once
    }
}

Describe 'A job whose submission is interrupted' {
    It 'does not run on' {
        # The process that runs the job may be there before this one looks.
        for ($try = 1; $try -le 10 -and $state -ne 'Stopped'; $try++) {
            $path = "$folder/interrupted-$try"
            $shell = [powershell]::Create()
            try {
                $null = $shell.AddScript('param($module, $path) Import-Module $module; Submit-QosJob -Shards 1 -JobPath $path -ScriptBlock { Start-Sleep 300 }').AddArgument((Get-Module QosValuation).Path).AddArgument($path)
                $running = $shell.BeginInvoke()
                while (-not (Test-Path "$path/job.json") -and -not $running.IsCompleted) { Start-Sleep -Milliseconds 5 }
                $shell.Stop()
                $state = "$($shell.InvocationStateInfo.State)"
            }
            finally {
                $shell.Dispose()
            }

            if ($state -ne 'Stopped') { $null = Get-QosJob $path | Stop-QosJob }
        }

        $state | Should -Be Stopped
        $limit = [datetime]::UtcNow.AddSeconds(120)
        do { $left = Get-Process pwsh, dotnet -ErrorAction Ignore | Where-Object { $_.CommandLine -like "*$path*" }; Start-Sleep -Milliseconds 200 } while ($left -and [datetime]::UtcNow -lt $limit)
        $left | Should -BeNullOrEmpty
        (Get-QosJob $path).State | Should -Be Stopped
        (Get-QosJob $path).Elements[0].Attempts | Should -Be 0 -Because 'no shard began'
    }
}

Describe 'A job that loses its place' {
    It 'ends its shards where its folder is deleted, and does not make it again' {
        $ids = New-Item -ItemType Directory "$folder/ids"
        $job = Submit-QosJob -Shards 2 -ThrottleLimit 2 -JobPath "$folder/gone" -ScriptBlock { param($at) $PID > "$at/$ShardIndex"; Start-Sleep 300 } -ArgumentList $ids.FullName
        $limit = [datetime]::UtcNow.AddSeconds(120)
        while (@(Get-ChildItem $ids -File | Where-Object Length).Count -lt 2 -and [datetime]::UtcNow -lt $limit) { Start-Sleep -Milliseconds 200 }
        $workers = Get-ChildItem $ids -File | ForEach-Object { [int] (Get-Content $_) }
        $workers.Count | Should -Be 2
        Remove-Item -Recurse -Force $job.Path
        $limit = [datetime]::UtcNow.AddSeconds(120)
        while ((Get-Process -Id $workers -ErrorAction Ignore) -and [datetime]::UtcNow -lt $limit) { Start-Sleep -Milliseconds 200 }
        Get-Process -Id $workers -ErrorAction Ignore | Should -BeNullOrEmpty
        $job.Path | Should -Not -Exist
        { $job | Wait-QosJob -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotFound,*'
    }

    It 'comes to an end where what its shards say fills the disk' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $small = New-Item -ItemType Directory "$folder/loud"
        & mount -t tmpfs -o size=1m none $small 2>$null
        if ($LASTEXITCODE) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        try {
            $job = Submit-QosJob -Shards 1 -JobPath "$small/job" -MaximumRetries 0 -ScriptBlock { [Console]::Out.Write('x' * 8MB); 'heard' } | Wait-QosJob
            $job.IsFinished | Should -BeTrue
            $job.State | Should -Not -Be Completed
            & mount -o remount,size=32m $small
            $job | Resume-QosJob | Wait-QosJob | Receive-QosJob | Should -Be heard
        }
        finally {
            & umount -l $small # the process that ran the job may not have ended yet
        }
    }
}

Describe 'A job whose folder is not what it was' {
    BeforeAll {
        $whole = Submit-QosJob -Shards 1 -JobPath "$folder/whole" -ScriptBlock { 'kept' } | Wait-QosJob
        function Copy-Job([string] $To) {
            Copy-Item -LiteralPath $whole.Path -Destination "$folder/$To" -Recurse
            "$folder/$To"
        }
    }

    It 'is not deleted through a link, of which the link alone is, named <Name>' -Skip:($IsWindows) -ForEach @(@{ Name = 'link' }, @{ Name = 'link/' }) {
        $null = New-Item -ItemType SymbolicLink -Path "$folder/link" -Target $whole.Path
        Get-QosJob "$folder/$Name" | Remove-QosJob
        Get-Item -LiteralPath "$folder/link" -ErrorAction Ignore | Should -BeNullOrEmpty
        Get-QosJob -LiteralPath $whole.Path | Receive-QosJob | Should -Be 'kept'
    }

    It 'is not there any more, for <Command>' -ForEach @(
        @{ Command = 'Wait-QosJob' }, @{ Command = 'Receive-QosJob' }, @{ Command = 'Stop-QosJob' }, @{ Command = 'Resume-QosJob' }, @{ Command = 'Remove-QosJob' }
    ) {
        $job = Get-QosJob -LiteralPath (Copy-Job "gone $Command")
        Remove-Item -LiteralPath $job.Path -Recurse
        $job | & $Command -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'JobNotFound,*'
        "$failed" | Should -BeLike "*gone $Command' of the job * is not there any more*"
        Test-Path -LiteralPath $job.Path | Should -BeFalse
    }

    It 'is taken as an argument also when it was saved and loaded again' {
        $file = "$folder/saved.clixml"
        $whole | Export-Clixml $file
        $saved = Import-Clixml $file
        (Get-QosJob $saved).Id | Should -Be $whole.Id
        (Wait-QosJob $saved).Id | Should -Be $whole.Id
        Receive-QosJob $saved | Should -Be kept
        Receive-QosJob -Job $saved, $whole | Should -Be kept, kept
        $saved | Receive-QosJob | Should -Be kept
        $rows = ($whole | ConvertTo-Json -Depth 3 | ConvertFrom-Json), ($whole | ConvertTo-Csv | ConvertFrom-Csv)
        foreach ($row in $rows) {
            (Get-QosJob $row).Id, (Wait-QosJob $row).Id | Should -Be $whole.Id, $whole.Id
        }

        Receive-QosJob $rows | Should -Be kept, kept
        $saved.Path = "$folder/nowhere"
        { Wait-QosJob $saved } | Should -Throw '*is not the folder of a job*'
    }

    It 'is damaged where its result, with the hash of it, is no CLIXML, and the other jobs are read' {
        $copy = Copy-Job 'forged'
        $file = "$copy/elements/00001/status.json"
        $status = Get-Content -LiteralPath $file -Raw | ConvertFrom-Json
        Set-Content -LiteralPath "$copy/elements/00001/$($status.Result)" '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><S>half</S'
        $status.ResultHash = (Get-FileHash -LiteralPath "$copy/elements/00001/$($status.Result)").Hash.ToLowerInvariant()
        $status | ConvertTo-Json | Set-Content -LiteralPath $file
        Receive-QosJob -LiteralPath $copy, $whole.Path -ErrorAction SilentlyContinue -ErrorVariable failed | Select-Object -Last 1 | Should -Be kept
        $failed.FullyQualifiedErrorId | Should -BeLike 'JobResultDamaged,*'
        "$failed" | Should -BeLike "*00001/$($status.Result)' is no CLIXML*"
    }

    It 'is damaged where its manifest says <Value> for <Name>' -ForEach @(
        @{ Name = 'Scheduler'; Value = 9 }, @{ Name = 'Scheduler'; Value = 'Nobody' }, @{ Name = 'Program'; Value = @() }
    ) {
        $file = "$(Copy-Job "$Name $Value")/job.json"
        $manifest = Get-Content -LiteralPath $file -Raw | ConvertFrom-Json
        $manifest.$Name = $Value
        ConvertTo-Json $manifest -Depth 9 | Set-Content -LiteralPath $file
        Get-QosJob -LiteralPath (Split-Path $file) -ErrorAction SilentlyContinue -ErrorVariable failed | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId | Should -BeLike 'JobNotReadable,*'
        "$failed" | Should -BeLike "*$Name $Value/job.json' is damaged*"
    }

    It 'is damaged where what was given to Slurm says <What>' -ForEach @(
        @{ What = '[null]' }, @{ What = '[{"ArrayId":"--user=root","MergeId":"1","Elements":[1],"IsFresh":true}]' }
        @{ What = '[{"ArrayId":"1","MergeId":"-u","Elements":[1],"IsFresh":true}]' }, @{ What = '[{"ArrayId":"1","MergeId":"2","Elements":null,"IsFresh":true}]' }
    ) {
        $copy = Copy-Job ([guid]::NewGuid())
        $manifest = Get-Content -LiteralPath "$copy/job.json" -Raw | ConvertFrom-Json
        $manifest.Scheduler = 'Slurm'
        ConvertTo-Json $manifest -Depth 9 | Set-Content -LiteralPath "$copy/job.json"
        Set-Content -LiteralPath "$copy/slurm.json" $What
        Get-QosJob -LiteralPath $copy -ErrorAction SilentlyContinue -ErrorVariable failed | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId | Should -BeLike 'JobNotReadable,*'
        "$failed" | Should -BeLike "*slurm.json' is damaged*"
    }

    It 'is read, and never run, where it belongs to somebody else' -Skip:(-not $IsLinux -or (id -u) -ne 0) {
        $copy = Copy-Job 'theirs'
        & chown -R nobody $copy
        Receive-QosJob -LiteralPath $copy | Should -Be kept
        { Resume-QosJob -LiteralPath $copy -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotOwned,*'
    }

    It 'is not run where the script that runs its shards was changed' {
        $copy = Copy-Job 'changed'
        Remove-Item -LiteralPath "$copy/elements/00001/status.json"
        Add-Content -LiteralPath "$copy/worker.ps1" '# more'
        { Resume-QosJob -LiteralPath $copy -ErrorAction Stop } | Should -Throw -ErrorId 'JobNotReadable,*' -ExpectedMessage "*worker.ps1' was changed*"
    }

    It 'is damaged where its manifest says null for <Name>' -ForEach @(
        @{ Name = 'Name' }, @{ Name = 'Id' }, @{ Name = 'Program' }, @{ Name = 'ModuleVersion' }
    ) {
        $file = "$(Copy-Job "null $Name")/job.json"
        $manifest = Get-Content -LiteralPath $file -Raw | ConvertFrom-Json
        $manifest.$Name = $null
        $manifest | ConvertTo-Json -Depth 9 | Set-Content -LiteralPath $file
        Get-QosJob (Split-Path $file) -ErrorAction SilentlyContinue -ErrorVariable failed | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'JobNotReadable,*'
        "$failed" | Should -BeLike "*$Name/job.json' is damaged*"
        "$failed" | Should -Not -Match 'QosValuation\.Jobs'
    }
}
