# Starts a PostgreSQL server of its own (tests/fixtures/PostgresServer), on loopback and in a temporary folder. Skipped, with the reason, where its
# programs are not installed.
BeforeDiscovery {
    Add-Type -Path (Join-Path $PSScriptRoot '../fixtures/PostgresServer/PostgresServer.cs')
    $script:reason = [QosValuation.Tests.PostgresServer]::WhyNot
    if ($reason) { Write-Warning "Skipped: $reason" }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    Add-Type -Path (Join-Path $PSScriptRoot '../fixtures/PostgresServer/PostgresServer.cs')
}

Describe 'Budgets and ledgers in PostgreSQL' -Skip:([bool]$reason) {
    BeforeAll {
        $server = [QosValuation.Tests.PostgresServer]::new()
        $vectors = Join-Path $TestDrive 'vectors.csv'
        Set-Content -LiteralPath $vectors -Value 'v0,v1', '1,0', '0.9,0.1', '0.8,0.2'
        $clusters = Import-Embedding $vectors -Contributor alice | Group-Embedding -Algorithm KMeans -ClusterCount 1 -Seed 1
        function New-Name { 'n' + [guid]::NewGuid().ToString('N') }
    }

    AfterAll {
        if ($server) { $server.Dispose() }
    }

    It 'makes a budget, charges it, shows it, and checks it' {
        $name = New-Name
        $budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -ConnectionString $server.Connection -Name $name
        $budget | Should -BeOfType QosValuation.PrivacyBudget
        $budget.Path | Should -Match "^postgresql:Host=127\.0\.0\.1;.*;Name=$name$"
        $release = $clusters | New-DpPrototype -Epsilon 0.2 -Delta 1e-6 -Budget $budget
        $release.Count | Should -BeGreaterThan 0
        $budget.Releases | Should -Be 1
        $again = Get-PrivacyBudget -ConnectionString $server.Connection -Name $name
        $again.Spent | Should -Be $budget.Spent
        (Get-PrivacyBudget $budget.Path -Contributor ali*).Contributor | Should -Be alice
        ($budget | Get-PrivacyBudget).Releases | Should -Be 1
        $report = Test-PrivacyBudget -ConnectionString $server.Connection -Name $name
        $report.IsValid | Should -BeTrue
        $report.Path | Should -Be $budget.Path
        (Test-PrivacyBudget $budget.Path -ExpectedHash $report.HeadHash).IsValid | Should -BeTrue
        { New-PrivacyBudget -Epsilon 1 -ConnectionString $server.Connection -Name $name } | Should -Throw -ErrorId 'PrivacyBudgetExists,*'
        { $clusters | New-DpPrototype -Epsilon 0.99 -Budget $budget.Path } | Should -Throw -ErrorId 'PrivacyBudgetExceeded,*'
        $null = $server.Sql("UPDATE $name.charge SET squared_mu = squared_mu / 2, total = total / 2")
        (Test-PrivacyBudget $budget.Path).Faults.Kind | Should -Contain 'Changed'
        { $clusters | New-DpPrototype -Epsilon 0.01 -Budget $budget } | Should -Throw -ErrorId 'PrivacyBudgetDamaged,*'
    }

    It 'makes nothing with -WhatIf' {
        $name = New-Name
        New-PrivacyBudget -Epsilon 1 -ConnectionString $server.Connection -Name $name -WhatIf
        Add-DatRecord -ConnectionString $server.Connection -Name $name -Address a -Value 1 -WhatIf
        $server.Sql("SELECT count(*) FROM pg_namespace WHERE nspname = '$name'") | Should -Be 0
    }

    It 'takes a budget that was exported, in another session' {
        $budget = New-PrivacyBudget -Epsilon 1 -ConnectionString $server.Connection -Name (New-Name)
        $file = Join-Path $TestDrive 'budget.xml'
        $budget | Export-Clixml -LiteralPath $file
        $lines = Invoke-FreshPwsh "Import-Module '$ModuleManifest'; `$clusters = Import-Embedding '$vectors' -Contributor alice | Group-Embedding -Algorithm KMeans -ClusterCount 1 -Seed 1
            `$null = `$clusters | New-DpPrototype -Epsilon 0.2 -Delta 1e-6 -Budget (Import-Clixml -LiteralPath '$file')
            (Import-Clixml -LiteralPath '$file' | Get-PrivacyBudget).Releases"
        $lines | Should -Be '1'
        $budget.Releases | Should -Be 1
    }

    It 'lets a ledger be written, read, settled and shared out' {
        $name = New-Name
        $at = @{ ConnectionString = $server.Connection; Name = $name }
        $written = [pscustomobject]@{ Contributor = 'alice'; Value = 1.5; Pointer = 'sha256:a' }, [pscustomobject]@{ Agent = 'bob'; Value = 0; Pointer = '' } | Add-DatRecord @at
        $written.Sequence | Should -Be 1, 2
        $null = Add-UsageRecord @at -Source api -Revenue 12
        (Get-UsageRecord @at).Revenue | Should -Be 12
        $address = (Test-DatLedger @at).Path
        (Get-DatRecord -LedgerPath $address -Address a*).Address | Should -Be alice
        (Get-DatRecord @at).Count | Should -Be 3
        $shares = [pscustomobject]@{ Contributor = 'alice'; Quality = 0.5; MarginalUtility = 1 } | Measure-UtilityShare -LedgerPath $address
        $shares.Contributor | Should -Be alice
        $null = Export-DatSettlement @at -Path $TestDrive/s.json -KeyPath $TestDrive/k.pem -NewKey
        (Test-DatLedger -SettlementPath $TestDrive/s.json).IsValid | Should -BeTrue
        (Test-DatLedger @at -ExpectedHash $written[0].Hash).IsValid | Should -BeTrue
        $null = $server.Sql("UPDATE $name.record SET value = 9 WHERE sequence = 2")
        (Test-DatLedger @at).Faults.Kind | Should -Be Changed
    }

    It 'never shows a password' {
        $name = New-Name
        $null = $server.Sql("CREATE ROLE keeper LOGIN PASSWORD 'hush-hush'; GRANT CREATE ON DATABASE postgres TO keeper")
        $settings = "Host=127.0.0.1;Port=$($server.Port);Database=postgres;Username=keeper;Password=hush-hush"
        $budget = New-PrivacyBudget -Epsilon 1 -ConnectionString $settings -Name $name -WarningVariable warned -WarningAction SilentlyContinue -Verbose 4>&1
        $warned | Should -Match 'holds a password'
        $budget.Remaining | Should -Be 1 -Because 'this session remembers it'
        { $null = $clusters | New-DpPrototype -Epsilon 9 -Budget "postgresql:$settings;Name=$name" -WarningAction SilentlyContinue } | Should -Throw -ErrorId 'PrivacyBudgetExceeded,*'
        $failures = foreach ($wrong in $settings, "$settings;Hots=x", "postgresql:$settings", "postgresql:$settings;Port=x;Name=$name",
            "postgresql:host=127.0.0.1 port=$($server.Port) dbname=postgres user=keeper password=hush-hush;Name=$name", "PostgreSQL:$settings", "Postgres:$settings;Name=$name",
            'postgres://keeper:hush-hush@127.0.0.1/postgres', 'PostgreSQL://keeper:hush-hush@127.0.0.1/postgres') {
            $fault = $null
            try { $null = Get-PrivacyBudget $wrong -ErrorAction Stop -WarningAction SilentlyContinue } catch { $fault = $_ }
            try { $null = Get-DatRecord $wrong -ErrorAction Stop -WarningAction SilentlyContinue } catch { $_.Exception.ToString(); "$($_.TargetObject)" }
            $fault | Should -Not -BeNullOrEmpty
            $fault.Exception.ToString(), "$($fault.TargetObject)", "$($fault.CategoryInfo)"
        }
        $refused = { New-PrivacyBudget -Epsilon 1 -ConnectionString 'host=127.0.0.1 port=1 password=hush-hush' -WhatIf } | Should -Throw -ErrorId 'DatabaseConnectionNotValid,*' -PassThru
        "$($refused.Exception)$($refused.TargetObject)$($refused.CategoryInfo)" | Should -Not -Match 'hush'
        $shown = ($budget | Out-String), ($budget | Format-List * | Out-String), ($budget | ConvertTo-Json), ($failures | Where-Object { $_ -match 'postgresql' })
        $file = Join-Path $TestDrive 'kept.xml'
        $budget | Export-Clixml -LiteralPath $file
        $shown + (Get-Content -LiteralPath $file -Raw) -join "`n" | Should -Not -Match 'hush'
    }

    It 'needs no more of a role than the documentation grants' {
        $page = Get-Content -LiteralPath (Join-Path $RepositoryRoot 'docs/shared-budgets.md') -Raw
        $before, $after = [regex]::Matches($page, '(?ms)^```sql\r?\n(.*?)^```') | ForEach-Object { $_.Groups[1].Value }
        $null = $server.Sql($before + "; ALTER ROLE market_owner PASSWORD '$([QosValuation.Tests.PostgresServer]::Password)'; ALTER ROLE curator PASSWORD '$([QosValuation.Tests.PostgresServer]::Password)'")
        $owner = New-PrivacyBudget -Epsilon 1 -ConnectionString ($server.Connection -replace 'Username=owner', 'Username=market_owner') -Name spring
        $null = $server.Sql($after)
        $curator = Get-PrivacyBudget -ConnectionString ($server.Connection -replace 'Username=owner', 'Username=curator') -Name spring
        1..2 | ForEach-Object { $null = $clusters | New-DpPrototype -Epsilon 0.1 -Budget $curator }
        $owner.Releases | Should -Be 2
        $allowed = $server.Sql("SELECT string_agg(table_name || ' ' || privilege_type, ',' ORDER BY 1) FROM (SELECT DISTINCT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'curator' AND privilege_type <> 'SELECT') AS t (table_name, privilege_type)")
        $allowed -split ',' | Sort-Object | Should -Be ('account INSERT', 'charge INSERT', 'head INSERT', 'release INSERT')
    }

    It 'names what is wrong with a connection' {
        { Get-PrivacyBudget -ConnectionString 'Hots=x' -ErrorAction Stop } | Should -Throw -ErrorId 'DatabaseConnectionNotValid,*'
        { Get-PrivacyBudget -ConnectionString 'Host=127.0.0.1;Port=1' -ErrorAction Stop } | Should -Throw -ErrorId 'DatabaseNotReachable,*'
        { Get-PrivacyBudget -ConnectionString $server.Connection -Name 'No-Name' -ErrorAction Stop } | Should -Throw -ErrorId 'DatabaseConnectionNotValid,*'
        { Get-PrivacyBudget -ConnectionString $server.Connection -Name nothing_here -ErrorAction Stop } | Should -Throw -ErrorId 'DatabaseNotFound,*'
        { Get-DatRecord -ConnectionString 'service=nothing' -ErrorAction Stop } | Should -Throw -ErrorId 'DatabaseConnectionNotValid,*'
        $found = "postgresql:$($server.Connection);Name=nothing_here", (New-PrivacyBudget -Epsilon 1 -ConnectionString $server.Connection -Name (New-Name)).Path |
            Get-PrivacyBudget -ErrorVariable faults -ErrorAction SilentlyContinue
        $found.Epsilon | Should -Be 1 -Because 'the others go on'
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'DatabaseNotFound,*'
    }

    It 'ends a wait for the lock of a <What> within a second of Ctrl+C' -ForEach @(
        @{ What = 'budget' }
        @{ What = 'ledger' }
    ) {
        $name = New-Name
        if ($What -eq 'budget') { $place = (New-PrivacyBudget -Epsilon 9 -Delta 1e-4 -ConnectionString $server.Connection -Name $name).Path }
        else {
            $null = Add-DatRecord -ConnectionString $server.Connection -Name $name -Address a -Value 1
            $place = (Test-DatLedger -ConnectionString $server.Connection -Name $name).Path
        }

        # Another session that holds all tables of the schema, as a long backup or migration would.
        $holder = Start-ThreadJob { param($server, $name, $table) $server.Sql("BEGIN; LOCK TABLE $name.$table IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(20)") } `
            -ArgumentList $server, $name, ($What -eq 'budget' ? 'release' : 'record')
        while ($server.Sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL") -eq 0) { Start-Sleep -Milliseconds 50 }
        $watch = [System.Diagnostics.Stopwatch]::new()
        $null = Stop-WorkingScript -ArgumentList $place, $vectors, $What -Script {
            param($place, $vectors, $what)
            $clusters = Import-Embedding $vectors -Contributor alice | Group-Embedding -Algorithm KMeans -ClusterCount 1 -Seed 1
            Write-Information here
            if ($what -eq 'budget') { $clusters | New-DpPrototype -Epsilon 1 -Budget $place } else { Add-DatRecord -LedgerPath $place -Address b -Value 1 }
        } -Until {
            $isThere = $args[0].Streams.Information.Count -gt 0
            if ($isThere) { Start-Sleep -Milliseconds 1500; $watch.Restart() }
            $isThere
        }
        $watch.Elapsed.TotalSeconds | Should -BeLessThan 1.5 -Because 'of which 0.2 pass before the stop'
        $null = $server.Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'")
        $null = Wait-Job $holder
        Remove-Job $holder -Force
    }

    It 'is charged by sixteen sessions at once to its end, and no further' {
        # Each release of ε = 0.1 at δ = 1e-5 is charged the same; the budget's end is where a single session would meet it as well.
        $alone = New-PrivacyBudget -Epsilon 0.6 -Delta 1e-5 -Path (Join-Path $TestDrive 'alone.db')
        try { while ($true) { $null = $clusters | New-DpPrototype -Epsilon 0.1 -Delta 1e-5 -Budget $alone -ErrorAction Stop } } catch { $_.FullyQualifiedErrorId | Should -BeLike 'PrivacyBudgetExceeded*' }
        $shared = New-PrivacyBudget -Epsilon 0.6 -Delta 1e-5 -ConnectionString $server.Connection -Name (New-Name)
        $counts = 1..4 | ForEach-Object -Parallel {
            $manifest, $vectors, $place = $using:ModuleManifest, $using:vectors, $using:shared.Path
            1..4 | ForEach-Object -ThrottleLimit 4 -Parallel {
                Import-Module $using:manifest
                $clusters = Import-Embedding $using:vectors -Contributor alice | Group-Embedding -Algorithm KMeans -ClusterCount 1 -Seed 1
                $count = 0
                try { while ($true) { $null = $clusters | New-DpPrototype -Epsilon 0.1 -Delta 1e-5 -Budget $using:place -ErrorAction Stop; $count++ } }
                catch { if ($_.FullyQualifiedErrorId -notlike 'PrivacyBudgetExceeded*') { throw } }
                $count
            }
        } -ThrottleLimit 4
        $counts.Count | Should -Be 16
        ($counts | Measure-Object -Sum).Sum | Should -Be $alone.Releases
        $shared.Releases | Should -Be $alone.Releases
        $shared.Spent | Should -BeLessOrEqual 0.6
        (Test-PrivacyBudget $shared.Path).IsValid | Should -BeTrue
    }
}
