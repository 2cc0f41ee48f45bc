# Two hosts of our own on the loopback: an sshd each, with keys and configuration in a temporary folder.
BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    . $PSScriptRoot/Jobs.Common.ps1
    $missing = Get-MissingDaemon 'ssh', 'ssh-keygen', '/usr/sbin/sshd'
    if ($missing) { Write-Warning "Jobs by SSH are not tested: $missing." }
}

Describe 'Jobs by SSH' -Skip:([bool] $missing) {
    BeforeAll {
        . $PSScriptRoot/Common.ps1
        . $PSScriptRoot/Jobs.Common.ps1
        $folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-ssh-').FullName
        $null = New-Item -ItemType Directory -Path /run/sshd -Force
        $null = New-Item -ItemType Directory -Path "$folder/gate"
        $keys = (New-Item -ItemType Directory -Path "$folder/the user's keys").FullName
        'host', 'user' | ForEach-Object { ssh-keygen -q -t ed25519 -N '' -C '' -f "$keys/$_" }
        Copy-Item -LiteralPath "$keys/user.pub" "$folder/authorized"
        Move-Item -LiteralPath "$keys/host" "$folder/host"
        $port = Get-FreePort
        $known = "$folder/known"
        Set-Content -LiteralPath $known ('127.0.0.1', '127.0.0.2', '127.0.0.3' | ForEach-Object { "[$_]:$port $(Get-Content -LiteralPath "$keys/host.pub" -Raw)".Trim() })

        # The third has no PowerShell subsystem.
        foreach ($number in 1..3) {
            Set-Content -LiteralPath "$folder/sshd-$number.conf" @(
                "ListenAddress 127.0.0.$number"
                "Port $port"
                "HostKey $folder/host"
                "AuthorizedKeysFile $folder/authorized"
                "PidFile $folder/sshd-$number.pid"
                'StrictModes no'
                'UsePAM no'
                'PasswordAuthentication no'
                'PermitRootLogin prohibit-password'
                "SetEnv QOSVALUATION_TEST_HOST=$folder/$number"
                if ($number -ne 3) { "Subsystem powershell $((Get-PwshCommand) -join ' ') -sshs -nologo" }
            )
            /usr/sbin/sshd -f "$folder/sshd-$number.conf" -E "$folder/sshd-$number.log"
        }

        $ssh = @{
            Scheduler = 'Ssh'; Port = $port; UserName = (id -un); KeyFilePath = "$keys/user"
            Options = @{ UserKnownHostsFile = $known; StrictHostKeyChecking = 'yes' }
        }
        $files = Get-JobPhotograph "$folder/scenes"
        $whole = Get-EmbeddingHash (Get-ClipEmbedding -LiteralPath $files -Model clip-mini) $folder

        # Takes a host away: its daemon, and what its sessions run.
        function Stop-TestHost([int] $Number) {
            Stop-ByFile "$folder/sshd-$Number.pid"
            foreach ($id in Get-ProcessByVariable QOSVALUATION_TEST_HOST "$folder/$Number") { Stop-Process -Id $id -Force -ErrorAction Ignore }
        }
    }

    AfterAll {
        if ($folder) {
            1..3 | ForEach-Object { Stop-TestHost $_ }
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
        }
    }

    It 'says that a host does not start PowerShell, and which line its sshd_config needs' {
        $job = Submit-QosJob @ssh -HostName 127.0.0.3 -Shards 1 -MaximumRetries 0 -JobPath "$folder/no subsystem" -ScriptBlock { 1 }
        # It is tried three times in all; the reason stands in the log from the first on.
        Wait-Until { (Get-Content -LiteralPath "$($job.LogPath)/00001/stderr.log" -Raw -ErrorAction Ignore) -match 'Subsystem powershell \S+' } 30 'The reason'
        $job | Stop-QosJob | Select-Object -ExpandProperty State | Should -Be 'Stopped'
    }

    It 'refuses names that ssh would take for options' {
        foreach ($wrong in @{ HostName = '-oProxyCommand=touch x' }, @{ HostName = 'a b' }, @{ HostName = "a`nb" }, @{ HostName = 'h'; UserName = '-l' }, @{ HostName = 'h'; Options = @{ 'A B' = 1 } }) {
            { Submit-QosJob -Scheduler Ssh -Shards 1 -JobPath "$folder/refused" -ScriptBlock { 1 } @wrong } | Should -Throw -ErrorId 'JobNotValid*'
        }

        { Submit-QosJob -Scheduler Ssh -Shards 1 -ScriptBlock { 1 } } | Should -Throw -ErrorId 'JobNotValid*'
        Test-Path "$folder/refused" | Should -BeFalse
    }

    It 'gives the bytes of one process from two hosts of which one is lost midway' {
        $job = Submit-QosJob @ssh -HostName 127.0.0.1, 127.0.0.2 -Shards 4 -JobPath "$folder/a job's folder" -MaximumRetries 0 -ScriptBlock $ShardWork -ArgumentList $files, "$folder/gate"
        Wait-Until { @(Get-ChildItem "$folder/gate/began-*").Count -ge 2 } 60 'That both hosts are at work'
        Stop-TestHost 2
        $null = New-Item -ItemType File "$folder/gate/open"
        $job = $job | Wait-QosJob -Timeout 120
        $job.State | Should -Be 'Completed' -Because (Get-Content -LiteralPath "$($job.Path)/coordinator.log" -Raw)
        @($job.Elements | Where-Object Attempts -GT 1).Count | Should -Be 1 -Because 'the lost element is run again, though it has no retries: it did not fail'
        $job.Elements.HostName | Sort-Object -Unique | Should -Be '127.0.0.1'
        Get-EmbeddingHash ($job | Receive-QosJob) $folder | Should -Be $whole
    }

    It 'counts a shard that ends its PowerShell as a try, and does not give its host up' {
        $job = Submit-QosJob @ssh -HostName 127.0.0.1 -Shards 2 -ThrottleLimit 1 -MaximumRetries 0 -JobPath "$folder/left" -ArgumentList "$folder/left.runs" -ScriptBlock {
            param($Runs)
            if ($ShardIndex -eq 1) {
                Add-Content $Runs 'run'
                [System.Environment]::Exit(7)
            }

            'whole'
        } | Wait-QosJob -Timeout 120
        $job.State | Should -Be 'Failed'
        @(Get-Content "$folder/left.runs").Count | Should -Be 1
        $job.Elements[0].Attempts | Should -Be 1
        $job.Elements[0].Message | Should -BeLike '*ended before the script did, and the host still answers*'
        $job.Elements[1].State | Should -Be 'Completed'
    }

    It 'leaves nothing on the host where an attempt was killed' {
        $temporary = [System.IO.Path]::GetTempPath()
        $other = (New-Item -ItemType Directory "$temporary/qosvaluation-shard-of-nobody-$PID").FullName
        $job = Submit-QosJob @ssh -HostName 127.0.0.1 -Shards 1 -MaximumRetries 1 -JobPath "$folder/killed" -ArgumentList "$folder/killed.runs" -ScriptBlock {
            param($Runs)
            if (-not (Test-Path $Runs)) {
                Set-Content $Runs 'run'
                Stop-Process -Id $PID -Force
            }

            @([System.IO.Directory]::GetDirectories([System.IO.Path]::GetTempPath(), 'qosvaluation-shard-*')).Count
        } | Wait-QosJob -Timeout 120
        # That of the second attempt, and one that no attempt made.
        $job.Elements[0].Attempts | Should -Be 2
        $job | Receive-QosJob | Should -Be 2
        @([System.IO.Directory]::GetDirectories($temporary, 'qosvaluation-shard-*')) | Should -Be $other
        Remove-Item -LiteralPath $other
    }

    It 'brings exit codes, errors and what was printed home' {
        $job = Submit-QosJob @ssh -HostName 127.0.0.1 -Shards 1 -MaximumRetries 0 -JobPath "$folder/failed" -ScriptBlock { Write-Host 'printed there'; Write-Error 'soft'; exit 9 } | Wait-QosJob
        $job.Elements[0].ExitCode | Should -Be 9
        Get-Content -LiteralPath "$($job.LogPath)/00001/stdout.log" -Raw | Should -Match 'printed there'
        Get-Content -LiteralPath "$($job.LogPath)/00001/stderr.log" -Raw | Should -Match 'soft'
        $null = $job | Receive-QosJob -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Should -BeLike 'JobShardFailed*'
    }
}
