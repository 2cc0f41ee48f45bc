BeforeAll {
    . $PSScriptRoot/Common.ps1

    # Opens a SQLite file by the module's own library, as another program would, and keeps it from everybody else.
    function Lock-Database {
        param([string] $Path)
        $library = [System.AppDomain]::CurrentDomain.GetAssemblies().Where{ $_.GetName().Name -eq 'Microsoft.Data.Sqlite' }[0]
        $connection = [System.Activator]::CreateInstance($library.GetType('Microsoft.Data.Sqlite.SqliteConnection'), "Data Source=$Path;Pooling=False")
        $connection.Open()
        $command = $connection.CreateCommand()
        $command.CommandText = 'BEGIN IMMEDIATE'
        $null = $command.ExecuteNonQuery()
        $connection
    }
}

Describe 'Waiting' {
    It 'for a locked <Name> ends within a second of Ctrl+C' -ForEach @(
        @{ Name = 'ledger'; Make = { param($path) [pscustomobject]@{ Agent = 'a'; Value = 1 } | Add-DatRecord -LedgerPath $path }
            Wait = { param($path) Write-Information here; [pscustomobject]@{ Agent = 'b'; Value = 1 } | Add-DatRecord -LedgerPath $path } }
        @{ Name = 'budget'; Make = { param($path) New-PrivacyBudget -Path $path -Epsilon 9 -Delta 1e-4 }
            Wait = {
                param($path, $vectors)
                $clusters = Import-Embedding $vectors -Contributor alice | Group-Embedding -Algorithm KMeans -ClusterCount 1 -Seed 1
                Write-Information here
                $clusters | New-DpPrototype -Epsilon 1 -Budget $path
            } }
        @{ Name = 'cache'; Make = { param($path) Get-ClipEmbedding -Text a -CachePath $path -WarningAction SilentlyContinue }
            Wait = { param($path) Write-Information here; Get-ClipEmbedding -Text b -CachePath $path } }
    ) {
        $path = Join-Path $TestDrive "$Name.db"
        $vectors = Join-Path $TestDrive 'vectors.csv'
        Set-Content -LiteralPath $vectors -Value 'v0,v1', '1,0', '0.9,0.1', '0.8,0.2'
        $null = & $Make $path
        $connection = Lock-Database $path
        try {
            $watch = [System.Diagnostics.Stopwatch]::new()
            $null = Stop-WorkingScript -Script $Wait -ArgumentList $path, $vectors -Until {
                $isThere = $args[0].Streams.Information.Count -gt 0
                if ($isThere) { Start-Sleep -Milliseconds 700; $watch.Restart() }
                $isThere
            }
            $watch.Elapsed.TotalSeconds | Should -BeLessThan 1.5 -Because 'of which 0.2 pass before the stop'
        }
        finally {
            $connection.Dispose()
        }
    }

    It 'ends when the lock does' {
        $path = Join-Path $TestDrive 'shared.db'
        $null = [pscustomobject]@{ Agent = 'a'; Value = 1 } | Add-DatRecord -LedgerPath $path
        $connection = Lock-Database $path
        $job = Start-ThreadJob { param($manifest, $path) Import-Module $manifest; [pscustomobject]@{ Agent = 'b'; Value = 1 } | Add-DatRecord -LedgerPath $path } `
            -ArgumentList $ModuleManifest, $path
        Wait-Job $job -Timeout 3 | Should -BeNullOrEmpty
        $connection.Dispose()
        (Wait-Job $job -Timeout 10 | Receive-Job).Sequence | Should -Be 2
        Remove-Job $job
    }
}

Describe 'Working' {
    It 'on a round of a model market ends within a second of Ctrl+C<Name>' -ForEach @(
        @{ Name = ''; Extra = @{} }
        @{ Name = ', and says what was charged'; Extra = @{ Epsilon = 1 } }
    ) {
        $budget = Join-Path $TestDrive 'clients.db'
        if ($Extra.Count -gt 0) {
            $null = New-PrivacyBudget -Path $budget -Epsilon 2 -Delta 1e-5 -Neighboring AddRemove
            $Extra.Budget = $budget
        }

        $watch = [System.Diagnostics.Stopwatch]::new()
        $null = Stop-WorkingScript -ArgumentList $Extra -Script {
            param($extra)
            $random = [Random]::new(1)
            $clients = foreach ($i in 0..79) {
                [pscustomobject]@{ Item = "photo$i"; Label = "class$($i % 2)"; Contributor = "c$($i % 4)"
                    Vector = [float[]] (0..63 | ForEach-Object { $random.NextDouble() }) }
            }
            $clients = $clients | New-ModelClient -Cost 1 -Seed 1
            Write-Information here
            $clients | Invoke-ModelMarket -Round 1 -LocalStep 100000000 @extra
        } -Until {
            $isThere = $args[0].Streams.Information.Count -gt 0
            if ($isThere) { Start-Sleep -Milliseconds 3000; $watch.Restart() }
            $isThere
        }
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 1.2 -Because 'of which 0.2 pass before the stop'
        if ($Extra.Count -gt 0) { (Get-PrivacyBudget $budget -Contributor *).Count | Should -Be 4 }
    }

    It 'on a model of the user''s ends within a second of Ctrl+C, <Name>, and leaves every file as it was' -ForEach @(
        @{ Name = 'between steps'; Options = @{ LocalStep = 100000000; BatchSize = 4 } }
        @{ Name = 'within a step of many rows'; Options = @{ LocalStep = 1000; BatchSize = 600; Epsilon = 1 } }
    ) {
        $folder = (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
        function New-Client([int] $Count) {
            $random = [Random]::new(1)
            $rows = foreach ($i in 0..($Count - 1)) {
                [pscustomobject]@{ Item = "photo$i"; Label = "class$($i % 2)"; Contributor = "c$($i % 2)"
                    Vector = [float[]] (0..7 | ForEach-Object { $random.NextDouble() }) }
            }
            $rows | New-ModelClient -Cost 1 -Seed 1
        }

        # Four million weights: a row takes milliseconds, and a step of all rows seconds.
        New-Client 40 | Invoke-ModelMarket Local -Learner Mlp -Hidden 2000, 2000 -Round 1 -LocalStep 1 -BatchSize 4 -Seed 1 -PassThru |
            Export-ClientModel "$folder/mine.onnx" -Client c0
        $clients = New-Client 1200
        $before = @(Get-ChildItem -LiteralPath $folder -Force | ForEach-Object { $_.Name + (Get-FileHash -LiteralPath $_.FullName).Hash })
        $watch = [System.Diagnostics.Stopwatch]::new()
        $stopped = Stop-WorkingScript -ArgumentList $folder, $clients, $Options -Script {
            param($folder, $clients, $options)
            Set-Location -LiteralPath $folder
            Write-Information here
            $clients | Invoke-ModelMarket Local -LearnerPath ./mine.onnx -Trainable * -Round 1 -PassThru @options | Export-ClientModel ./trained.onnx -Client c0
        } -Until {
            $isThere = $args[0].Streams.Information.Count -gt 0
            if ($isThere) { Start-Sleep -Milliseconds 4000; $watch.Restart() }
            $isThere
        }
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 1.2 -Because 'of which 0.2 pass before the stop'
        $stopped.State | Should -Be Stopped
        @(Get-ChildItem -LiteralPath $folder -Force | ForEach-Object { $_.Name + (Get-FileHash -LiteralPath $_.FullName).Hash }) | Should -Be $before
    }
}
