BeforeAll {
    . $PSScriptRoot/Common.ps1

    function New-TestAgent([string] $Agent, $Value, $Capacity, $Remaining) {
        [pscustomobject]@{ Agent = $Agent; Value = $Value; Capacity = $Capacity; Remaining = $Remaining }
    }
}

Describe 'Invoke-TokenAllocation' {
    BeforeAll {
        $agents = (New-TestAgent a 1 4 0), (New-TestAgent b 3 6 1), (New-TestAgent c 6 6 2)
    }

    It 'allocates as Eq. 15 by default' {
        $grants = $agents | Invoke-TokenAllocation -Supply 20
        $grants[0] | Should -BeOfType QosValuation.TokenGrant
        $grants.Agent | Should -Be 'a', 'b', 'c'
        $grants.Tokens | Should -Be 2, 5, 4
        $grants[0].RewardRate | Should -Be 2
        $grants[1].Remaining | Should -Be 1
    }

    It 'gives an agent one bucket, also where it comes twice' {
        $twice = (New-TestAgent a 1 4 0), (New-TestAgent b 3 4 0), (New-TestAgent ' a ' 9 4 0), (New-TestAgent A 2 4 0)
        $grants = $twice | Invoke-TokenAllocation -Supply 100 -ErrorVariable refused -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
        $grants.Agent | Should -Be 'a', 'b', 'A'
        $grants.Value | Should -Be 1, 3, 2
        $refused.FullyQualifiedErrorId | Should -BeLike 'AgentRepeated,*'
        $refused.TargetObject | Should -Be a
        "$refused" | Should -BeLike "The agent 'a' is there twice*"
        foreach ($cmdlet in 'Get-FairnessFrontier', 'Invoke-QosSimulation') {
            { $twice[0, 0] | & $cmdlet -Supply 5 -ErrorAction Stop } | Should -Throw -ErrorId 'AgentRepeated,*'
        }

        # One that was refused for its numbers has no bucket yet.
        $mended = (New-TestAgent a -1 4 0), (New-TestAgent a 1 4 0) | Invoke-TokenAllocation -Supply 2 -ErrorAction SilentlyContinue
        $mended.Tokens | Should -Be 2

        $table = Join-Path $TestDrive twice.csv
        $out = Join-Path $TestDrive twice-grants.csv
        @('Agent,Value', 'alice,1', ',1', 'bob,2', ',3', ' alice,1') | Set-Content $table
        { Invoke-TokenAllocation -Path $table -OutputPath $out } | Should -Throw -ErrorId 'AgentRepeated,*' -ExpectedMessage "*'alice'*as agent 1 and 5*"
        $out | Should -Not -Exist
        @('Agent,Value') + (1..3000 | ForEach-Object { "agent-$_,1" }) | Set-Content $table
        (Invoke-TokenAllocation -Path $table -OutputPath $out).Count | Should -Be 3000
    }

    It 'says that a number for all agents is one' {
        { $agents | Invoke-TokenAllocation -Supply 10 -Capacity 2, 5 } | Should -Throw '*takes one number, and 2 were given: 2, 5*'
        { $agents | Get-FairnessFrontier -Supply 10 -Capacity 1, 2, 3 } | Should -Throw '*takes one number, and 3 were given*'
        { Invoke-QosSimulation -Agents 3 -ArrivalRate 1, 2 } | Should -Throw '*takes one number, and 2 were given*'
        ($agents | Invoke-TokenAllocation -Supply 12 -Capacity (, 5)).Capacity | Should -Be 5, 5, 5
    }

    It 'follows -Scheme <Scheme>' -ForEach @(
        @{ Scheme = 'WaterFilling'; Tokens = 4, 5, 4 }
        @{ Scheme = 'MaxWelfare'; Tokens = 4, 5, 4 }
        @{ Scheme = 'RoundRobin'; Tokens = 4, 5, 4 }
        @{ Scheme = 'MaxMin'; Tokens = 4, 5, 4 }
    ) {
        ($agents | Invoke-TokenAllocation -Supply 20 -Scheme $Scheme).Tokens | Should -Be $Tokens
        ($agents | Invoke-TokenAllocation -Supply 20 -Scheme $Scheme).Scheme | Select-Object -Unique | Should -Be $Scheme
    }

    It 'takes data values, and one capacity for all' {
        $values = [QosValuation.DataValue]@{ Contributor = 'ann'; Quantity = 3; Novel = 3; Normal = 0; Noise = 0; Novelty = 1; Value = [Math]::Log(4) },
        [QosValuation.DataValue]@{ Contributor = 'bob'; Quantity = 1; Novel = 1; Normal = 0; Noise = 0; Novelty = 1; Value = [Math]::Log(2) }
        $grants = $values | Invoke-TokenAllocation -Supply 6 -Capacity 9
        $grants.Agent | Should -Be 'ann', 'bob'
        $grants.Tokens | ForEach-Object { [Math]::Round($_, 12) } | Should -Be 4, 2
        ($values | Invoke-TokenAllocation).Tokens | Should -Be 4, 4
        ($values | Invoke-TokenAllocation).Capacity | Should -Be 4, 4
    }

    It 'restores the defaults of agents that bring no capacity' {
        $grants = (New-TestAgent a 1 9 1), [pscustomobject]@{ Agent = 'b'; Value = 1 } | Invoke-TokenAllocation
        $grants.Capacity | Should -Be 9, 4
        $grants.Remaining | Should -Be 1, 0
    }

    It 'takes script blocks and arguments beside the objects of the pipeline' {
        $rows = [pscustomobject]@{ Name = 'a'; Score = 1; Size = 2 }, [pscustomobject]@{ Name = 'b'; Score = 3; Size = 9 }
        $grants = $rows | Invoke-TokenAllocation -Agent { $_.Name } -Value { $_.Score } -Capacity { $_.Size } -Supply 12
        $grants.Agent | Should -Be 'a', 'b'
        $grants.Tokens | Should -Be 2, 9
        $named = [pscustomobject]@{ Agent = 'a'; Value = 1; Size = 2 }, [pscustomobject]@{ Agent = 'b'; Value = 3; Size = 9; Capacity = 1 } |
            Invoke-TokenAllocation -Capacity { $_.Size } -Supply 12
        $named.Capacity | Should -Be 2, 9
        ([pscustomobject]@{ Contributor = 'ann'; Score = 1; Capacity = 7 } | Invoke-TokenAllocation -Value { $_.Score }).Capacity | Should -Be 7
        ([pscustomobject]@{ Agent = 'x'; Value = 2 } | Invoke-TokenAllocation ann).Agent | Should -Be 'ann'
        (Invoke-TokenAllocation -InputObject ([pscustomobject]@{ Agent = 'x'; Value = 2 })).Agent | Should -Be 'x'
        ($agents | Invoke-TokenAllocation -Capacity 9 -Remaining 8 -Supply 30).Tokens | Should -Be 1, 1, 1
        $frontier = $rows | Get-FairnessFrontier -Agent { $_.Name } -Value { $_.Score } -Supply 4 -Points 2 -Scheme Proposed
        $frontier.Count | Should -Be ([pscustomobject]@{ Agent = 'a'; Value = 1 }, [pscustomobject]@{ Agent = 'b'; Value = 3 } |
                Get-FairnessFrontier -Supply 4 -Points 2 -Scheme Proposed).Count
    }

    It 'reads properties as PowerShell binds them: a name before its aliases, numbers of any type, and what is none is named' {
        $grants = [pscustomobject]@{ Address = 'a'; Contributor = 'c'; value = [decimal] 1.5 }, [pscustomobject]@{ Agent = 5; Value = [float] 2 },
        [pscustomobject]@{ Agent = $null; Value = [long] 2 }, [pscustomobject]@{ Agent = 'big'; Value = [bigint] 7 } | Invoke-TokenAllocation
        $grants.Agent | Should -Be 'c', '5', '', 'big'
        $grants.Value | Should -Be 1.5, 2, 2, 7
        $broken = [pscustomobject]@{ Agent = 'broken' } | Add-Member ScriptProperty Value { throw 'no' } -PassThru
        $ok = $broken, [pscustomobject]@{ Agent = 'list'; Value = @(1, 2) }, [pscustomobject]@{ Agent = @('a', 'b'); Value = 1 }, [pscustomobject]@{ Agent = 't'; Value = $true },
        [pscustomobject]@{ Agent = 'ok'; Value = 1 } | Invoke-TokenAllocation -ErrorVariable faults -ErrorAction SilentlyContinue
        $ok.Agent | Should -Be 'ok'
        $faults.FullyQualifiedErrorId | Should -Be (@('AgentNotValid,QosValuation.Cmdlets.Allocation.InvokeTokenAllocationCommand') * 4)
    }

    It 'deals uniformly and without limits under Random, repeatably with a seed' {
        $first = ($agents | Invoke-TokenAllocation -Supply 3000 -Scheme Random -Seed 5).Tokens
        ($first | Measure-Object -Sum).Sum | Should -Be 3000
        $first | ForEach-Object { $_ | Should -BeGreaterThan 800 }
        ($agents | Invoke-TokenAllocation -Supply 3000 -Scheme Random -Seed 5).Tokens | Should -Be $first
    }

    It 'grants whole tokens by largest remainder' {
        $grants = 6, 9, 25 | ForEach-Object { New-TestAgent "v$_" $_ 99 0 } | Invoke-TokenAllocation -Supply 10 -WholeTokens
        $grants.Tokens | Should -Be 2, 2, 6
    }

    It 'reports a bad agent and shares the supply among the others' {
        $grants = (New-TestAgent ok 1 4 0), (New-TestAgent nan NaN 4 0), (New-TestAgent negative -1 4 0), (New-TestAgent infinite Infinity 4 0),
        (New-TestAgent overfull 1 4 5), (New-TestAgent fine 1 4 0) |
            Invoke-TokenAllocation -Supply 6 -ErrorVariable faults -ErrorAction SilentlyContinue
        $grants.Agent | Should -Be 'ok', 'fine'
        $grants.Tokens | Should -Be 3, 3
        $faults.Count | Should -Be 4
        $faults[0].FullyQualifiedErrorId | Should -Be 'AgentNotValid,QosValuation.Cmdlets.Allocation.InvokeTokenAllocationCommand'
        $faults[0].CategoryInfo.Category | Should -Be 'InvalidData'
    }

    It 'reports an object without a value and goes on' {
        $grants = [pscustomobject]@{ Agent = 'x' }, [pscustomobject]@{ Agent = 'y'; Value = 'many' }, (New-TestAgent z 1 4 0) |
            Invoke-TokenAllocation -ErrorVariable faults -ErrorAction SilentlyContinue
        $grants.Agent | Should -Be 'z'
        $faults.Count | Should -Be 2
    }

    It 'reads text as numbers without guessing, and names the agents that it cannot read' {
        $grants = "Contributor,Value,Capacity,Remaining", "point,1.5,4,1", "comma,`"2,5`",4,0", "empty,,4,0", "word,x,4,0", "default,1.5,,", "thousands,`"1,000`",4,0" |
            ConvertFrom-Csv | Invoke-TokenAllocation -Supply 4 -ErrorVariable faults -ErrorAction SilentlyContinue
        $grants.Agent | Should -Be 'point', 'default'
        $grants.Tokens | Should -Be 2, 2
        $grants.Capacity | Should -Be 4, 4
        $faults.FullyQualifiedErrorId | Should -BeLike 'AgentNotValid,*'
        $faults.TargetObject.Agent | Should -Be 'comma', 'empty', 'word', 'thousands'
        $faults[0].Exception.Message | Should -BeLike "*'comma'*nothing between thousands*"
    }

    It 'reads back what Export-Csv writes in a culture with a decimal comma' {
        $before = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = 'de-DE'
            $grants = 1, 2.5, 5 | ForEach-Object { New-TestAgent "v$_" ($_ / 3) 4 0 } | Invoke-TokenAllocation -Supply 8
            $rows = $grants | ConvertTo-Csv | ConvertFrom-Csv
            $again = $rows | Invoke-TokenAllocation -Supply 8
            $report = $rows | Measure-Fairness
            $points = 'Agent,Value', 'a,1.5' | ConvertFrom-Csv | Invoke-TokenAllocation -Supply 1
        } finally {
            [cultureinfo]::CurrentCulture = $before
        }

        $again.Tokens | Should -Be $grants.Tokens
        $again.Value | Should -Be $grants.Value
        $report.Jain | Should -Be ($grants | Measure-Fairness).Jain
        $report.Allocated | Should -Be ($grants | Measure-Fairness).Allocated
        $points.Value | Should -Be 1.5
    }

    It 'measures rates from text without guessing' {
        $report = '1', '2,5', '', '3' | Measure-Fairness -ErrorVariable faults -ErrorAction SilentlyContinue
        $report.Count | Should -Be 2
        $report.MaxRate | Should -Be 3
        $faults.FullyQualifiedErrorId | Should -BeLike 'NotARate,*'
        $faults.Count | Should -Be 2
    }

    It 'gives documented results at the edges' {
        @() | Invoke-TokenAllocation | Should -BeNullOrEmpty
        ($agents | Invoke-TokenAllocation -Supply 0).Tokens | Should -Be 0, 0, 0
        (New-TestAgent full 1 4 4 | Invoke-TokenAllocation).Tokens | Should -Be 0
        $zero = New-TestAgent zero 0 4 0 | Invoke-TokenAllocation -WarningVariable warnings -WarningAction SilentlyContinue
        $zero.Tokens | Should -Be 0
        $zero.RewardRate | Should -Be 0
        "$warnings" | Should -Match 'No agent has a value'
    }

    It 'refuses a supply of <_>' -ForEach -1, ([double]::NaN), ([double]::PositiveInfinity) {
        { New-TestAgent a 1 4 0 | Invoke-TokenAllocation -Supply $_ } | Should -Throw -ErrorId 'SupplyNotValid,*'
    }

    It 'gives the grants of several schemes one after the other, each as if it were alone' {
        $schemes = 'Proposed', 'Random', 'WaterFilling'
        $grants = $agents | Invoke-TokenAllocation -Supply 11 -Scheme Proposed, Random, WaterFilling -Seed 3
        $grants.Scheme | Should -Be ($schemes | ForEach-Object { $_, $_, $_ })
        $alone = $schemes | ForEach-Object { $agents | Invoke-TokenAllocation -Supply 11 -Scheme $_ -Seed 3 }
        $grants.Tokens | Should -Be $alone.Tokens
        $text = $agents | Invoke-TokenAllocation -Supply 11 -Scheme 'Proposed, MaxMin'
        $text.Scheme | Should -Be 'Proposed', 'Proposed', 'Proposed', 'MaxMin', 'MaxMin', 'MaxMin'
        { $agents | Invoke-TokenAllocation -Scheme Proposed, Optimal -JainFloor 0.9 } | Should -Throw -ErrorId 'FairnessBoundNotApplicable,*'
    }

    It 'completes schemes' {
        $line = 'Invoke-TokenAllocation -Scheme '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'WaterFilling'
    }
}

Describe 'Invoke-TokenAllocation on columns' {
    BeforeAll {
        $agents = Join-Path $TestDrive 'agents.csv'
        $grants = Join-Path $TestDrive 'grants.csv'
        Set-Content $agents 'Agent,Value,Capacity,Remaining', 'a,1,4,0', '"b, jr",3,6,1', 'c,6,6,2'
    }

    It 'gives the same grants as objects do, under <_>' -ForEach 'Proposed', 'WaterFilling', 'MaxWelfare', 'RoundRobin', 'MaxMin', 'Random' {
        $report = Invoke-TokenAllocation -Path $agents -OutputPath $grants -Supply 11 -Scheme $_ -Seed 1
        $report | Should -BeOfType QosValuation.FairnessReport
        $expected = Import-Csv $agents | Invoke-TokenAllocation -Supply 11 -Scheme $_ -Seed 1
        $rows = Import-Csv $grants
        $rows.Agent | Should -Be 'a', 'b, jr', 'c'
        [double[]]$rows.Tokens | Should -Be $expected.Tokens
        $fairness = $expected | Measure-Fairness
        $report.Jain, $report.Gini, $report.Allocated, $report.SocialWelfare, $report.Supply | Should -Be $fairness.Jain, $fairness.Gini, $fairness.Allocated, $fairness.SocialWelfare, 11
        ($rows | Measure-Fairness).Jain | Should -Be $report.Jain
    }

    It 'keeps to the bounds of Optimal as with objects' {
        $report = Invoke-TokenAllocation -Path $agents -OutputPath $grants -Supply 11 -JainFloor 0.95
        $expected = Import-Csv $agents | Invoke-TokenAllocation -Supply 11 -JainFloor 0.95 | Measure-Fairness
        $report.SocialWelfare | Should -Be $expected.SocialWelfare
        $report.Jain | Should -BeGreaterOrEqual 0.95
    }

    It 'goes from CSV to NumPy and back' {
        $tokens = Join-Path $TestDrive 'tokens.npy'
        $null = Invoke-TokenAllocation -Path $agents -OutputPath $tokens -Supply 20
        # The tokens 2, 5 and 4, read as the values of other agents.
        $report = Invoke-TokenAllocation -Path $tokens -OutputPath $grants -Supply 22 -Capacity 9
        $report.Count | Should -Be 3
        (Import-Csv $grants).Tokens | Should -Be '4', '9', '8'
        $report = Invoke-TokenAllocation -Path $tokens -CapacityPath $tokens -OutputPath $grants -Supply 22
        (Import-Csv $grants).Tokens | Should -Be '2', '5', '4'
    }

    It 'writes nothing with -WhatIf, and keeps the old file when it fails' {
        $file = Join-Path $TestDrive 'kept.csv'
        Invoke-TokenAllocation -Path $agents -OutputPath $file -WhatIf | Should -BeNullOrEmpty
        $file | Should -Not -Exist
        Set-Content $file 'old'
        $bad = Join-Path $TestDrive 'bad.csv'
        Set-Content $bad 'Value', '1', '-1'
        { Invoke-TokenAllocation -Path $bad -OutputPath $file } | Should -Throw -ErrorId 'AgentNotValid,*'
        Get-Content $file | Should -Be 'old'
    }

    It 'refuses what it cannot read or write' {
        Invoke-TokenAllocation -Path (Join-Path $TestDrive 'none.csv') -OutputPath $grants -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults[0].FullyQualifiedErrorId | Should -Match '^PathNotFound,'
        { Invoke-TokenAllocation -Path $agents -OutputPath (Join-Path $TestDrive 'grants.xlsx') } | Should -Throw -ErrorId 'ColumnFormatNotKnown,*'
        { Invoke-TokenAllocation -Path $agents -CapacityPath x.npy -OutputPath $grants } | Should -Throw -ErrorId 'ColumnPathNotUsed,*'
        { Invoke-TokenAllocation -Path (Join-Path $TestDrive '*.csv') -OutputPath $grants } | Should -Throw -ErrorId 'ColumnPathAmbiguous,*'
        { Invoke-TokenAllocation -Path $agents -OutputPath $grants -Supply -1 } | Should -Throw -ErrorId 'SupplyNotValid,*'
        { Invoke-TokenAllocation -Path $agents -OutputPath $grants -Scheme Proposed, MaxMin } | Should -Throw -ErrorId 'ColumnSchemesNotSupported,*'
    }
}

Describe 'Measure-Fairness' {
    It 'reports on grants' {
        $report = 1, 3, 6, 0 | ForEach-Object { New-TestAgent "v$_" $_ 5 0 } | Invoke-TokenAllocation -Supply 10 | Measure-Fairness
        $report | Should -BeOfType QosValuation.FairnessReport
        $report.Count | Should -Be 4
        $report.SocialWelfare | Should -Be 40
        $report.Allocated | Should -Be 9
        $report.Supply | Should -Be 10
        $report.MinRate | Should -Be 0
    }

    It 'reports on numbers' {
        $report = 1, 2, 3 | Measure-Fairness
        [Math]::Round($report.Jain, 12) | Should -Be ([Math]::Round(36 / 42, 12))
        [Math]::Round($report.Gini, 12) | Should -Be ([Math]::Round(8 / 36, 12))
        [double]::IsNaN($report.SocialWelfare) | Should -BeTrue
        (Measure-Fairness 1, 2, 3).Jain | Should -Be $report.Jain
        ('1', '2.0', '3' | Measure-Fairness).Jain | Should -Be $report.Jain
    }

    It 'reads rows of a table and what was written out and read back' {
        $grants = 1, 3, 6 | ForEach-Object { New-TestAgent "v$_" $_ 5 0 } | Invoke-TokenAllocation -Supply 10
        $expected = $grants | Measure-Fairness
        $back = $grants | ConvertTo-Csv | ConvertFrom-Csv | Measure-Fairness
        $back.Jain | Should -Be $expected.Jain
        $back.SocialWelfare | Should -Be $expected.SocialWelfare
        $back.Supply | Should -Be 10
        $row = [pscustomobject]@{ Tokens = 4; Value = 2 }, [pscustomobject]@{ Tokens = 2; Value = 1 } | Measure-Fairness
        $row.Jain | Should -Be 1
        $row.MaxRate | Should -Be 2
    }

    It 'measures schemes and supplies apart' {
        $agents = 1, 3, 6 | ForEach-Object { New-TestAgent "v$_" $_ 5 0 }
        $grants = @($agents | Invoke-TokenAllocation -Supply 10 -Scheme WaterFilling, MaxMin) + @($agents | Invoke-TokenAllocation -Supply 4 -Scheme MaxMin)
        $reports = $grants | Measure-Fairness
        $reports.Scheme | Should -Be 'WaterFilling', 'MaxMin', 'MaxMin'
        $reports.Supply | Should -Be 10, 10, 4
        $reports.Count | Should -Be 3 -Because 'there are three reports'
        $reports | ForEach-Object { $_.Count | Should -Be 3; $_.Allocated | Should -BeLessOrEqual $_.Supply }
        $reports[1].Jain | Should -Be ($agents | Invoke-TokenAllocation -Supply 10 -Scheme MaxMin | Measure-Fairness).Jain
        foreach ($back in ($grants | ConvertTo-Csv | ConvertFrom-Csv | Measure-Fairness), ($grants | ConvertTo-Json | ConvertFrom-Json | Measure-Fairness)) {
            $back.Scheme | Should -Be $reports.Scheme
            $back.Jain | Should -Be $reports.Jain
        }
    }

    It 'leaves out a grant whose value is no number of at least 0' {
        $rows = 1, -1, ([double]::NaN) | ForEach-Object { [pscustomobject]@{ Tokens = 2; Value = $_ } }
        ($rows | Measure-Fairness -ErrorVariable faults -ErrorAction SilentlyContinue).Count | Should -Be 1
        $faults.FullyQualifiedErrorId | Should -BeLike 'RateNotValid,*'
        $faults | Should -HaveCount 2
    }

    It 'says that there was nothing' {
        @() | Measure-Fairness -WarningVariable told -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$told" | Should -Match 'nothing to measure'
    }

    It 'leaves out what is no rate and says so' {
        $report = 1, 'x', -1, ([double]::NaN), 1 | Measure-Fairness -ErrorVariable faults -ErrorAction SilentlyContinue
        $report.Count | Should -Be 2
        $report.Jain | Should -Be 1
        ($faults | ForEach-Object { $_.FullyQualifiedErrorId -replace ',.*' }) | Should -Be 'NotARate', 'RateNotValid', 'RateNotValid'
        $null = 1, [pscustomobject]@{ Tokens = 1; Value = 1 } | Measure-Fairness -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults[0].FullyQualifiedErrorId | Should -Be 'FairnessInputMixed,QosValuation.Cmdlets.Allocation.MeasureFairnessCommand'
    }
}

Describe 'The other indices of Measure-Fairness' {
    It 'reports them beside Jain and Gini' {
        $report = 1, 3 | Measure-Fairness
        $report.MinMaxRatio | Should -Be (1 / 3)
        [Math]::Round($report.Entropy, 12) | Should -Be ([Math]::Round((0.25 * [Math]::Log(4) + 0.75 * [Math]::Log(4 / 3)) / [Math]::Log(2), 12))
        [Math]::Round($report.Theil, 12) | Should -Be ([Math]::Round((0.5 * [Math]::Log(0.5) + 1.5 * [Math]::Log(1.5)) / 2, 12))
        [Math]::Round($report.Atkinson, 12) | Should -Be ([Math]::Round(1 - [Math]::Pow(([Math]::Sqrt(0.5) + [Math]::Sqrt(1.5)) / 2, 2), 12))
        $report.Aversion | Should -Be 0.5
        $report.LorenzCurve | Should -BeNullOrEmpty
    }

    It 'takes the aversion <Aversion>' -ForEach @(
        @{ Aversion = 0; Index = 0 }
        @{ Aversion = 1; Index = 1 - [Math]::Sqrt(0.75) }
        @{ Aversion = 2; Index = 0.25 }
    ) {
        [Math]::Abs((1, 3 | Measure-Fairness -Aversion $Aversion).Atkinson - $Index) | Should -BeLessThan 1e-14
    }

    It 'adds the Lorenz curve on request' {
        $curve = (5, 0, 2, 1 | Measure-Fairness -Lorenz).LorenzCurve
        $curve | Should -BeOfType QosValuation.LorenzCurve
        $curve.Population | Should -Be 0, 0.25, 0.5, 0.75, 1
        $curve.Share | Should -Be 0, 0, 0.125, 0.375, 1
        "$curve" | Should -Match '5 points'
        (1..5000 | Measure-Fairness -Lorenz).LorenzCurve.Count | Should -Be 1001
    }

    It 'calls rates of 0 even' {
        $report = 0, 0 | Measure-Fairness -Aversion 2 -Lorenz
        $report.MinMaxRatio, $report.Entropy, $report.Theil, $report.Atkinson | Should -Be 1, 1, 0, 0
        $report.LorenzCurve.Share | Should -Be 0, 0.5, 1
    }

    It 'refuses an aversion of <_>' -ForEach -1, ([double]::NaN), ([double]::PositiveInfinity) {
        { 1, 2 | Measure-Fairness -Aversion $_ } | Should -Throw -ErrorId 'AversionNotValid,*'
    }
}

Describe 'Invoke-AllocationSimulation' {
    It 'emits a row for each combination' {
        $rows = Invoke-AllocationSimulation -Agents 20, 40 -Alpha 0.2, 1 -Rounds 20 -Seed 1
        $rows.Count | Should -Be 16
        $rows[0] | Should -BeOfType QosValuation.AllocationSimulationResult
        $rows[0].Scheme | Should -Be 'Proposed'
        ($rows | Select-Object -ExpandProperty Agents -Unique) | Should -Be 20, 40
        $rows | ForEach-Object { $_.Jain | Should -BeGreaterThan 0; $_.JainStandardError | Should -BeGreaterOrEqual 0 }
    }

    It 'reports quantiles over the rounds' {
        $row = Invoke-AllocationSimulation -Agents 50 -Rounds 100 -Seed 1 -Scheme MaxMin
        $row.JainQ05 | Should -BeLessThan $row.JainMedian
        $row.JainMedian | Should -BeLessThan $row.JainQ95
        $row.GiniQ05 | Should -BeLessThan $row.GiniMedian
        $row.GiniMedian | Should -BeLessThan $row.GiniQ95
        $one = Invoke-AllocationSimulation -Agents 50 -Rounds 1 -Seed 1 -Scheme MaxMin
        $one.JainQ05, $one.JainMedian, $one.JainQ95 | Should -Be $one.Jain, $one.Jain, $one.Jain
    }

    It 'survives α = 0.01' {
        Invoke-AllocationSimulation -Agents 500 -Alpha 0.01 -Rounds 20 -Seed 1 | ForEach-Object {
            [double]::IsFinite($_.Jain) -and [double]::IsFinite($_.Gini) -and $_.GiniQ95 -lt 1 | Should -BeTrue
        }
    }

    It 'repeats with a seed, whatever else is simulated' {
        $alone = Invoke-AllocationSimulation -Agents 30 -Alpha 1 -Rounds 20 -Seed 3 -Scheme MaxMin
        $among = Invoke-AllocationSimulation -Agents 10, 30 -Alpha 0.5, 1 -Rounds 20 -Seed 3 | Where-Object { $_.Agents -eq 30 -and $_.Alpha -eq 1 -and $_.Scheme -eq 'MaxMin' }
        $among.Jain | Should -Be $alone.Jain
        $among.GiniStandardError | Should -Be $alone.GiniStandardError
    }

    It 'shows the proposed scheme ahead, as in the paper' {
        $rows = Invoke-AllocationSimulation -Rounds 20 -Seed 2
        $proposed, $others = $rows.Where({ $_.Scheme -eq 'Proposed' }, 'Split')
        $others | ForEach-Object { $proposed.Jain | Should -BeGreaterThan $_.Jain; $proposed.Gini | Should -BeLessThan $_.Gini }
    }

    It 'streams: the first row does not wait for the others' {
        # Endless but for the first combination, and stopped by Select-Object.
        $row = Invoke-AllocationSimulation -Agents 5 -Alpha (@(1) * 100000) -Rounds 100 -Seed 1 -Scheme Proposed | Select-Object -First 1
        $row.Agents | Should -Be 5
    }

    It 'stops on Ctrl+C' {
        $stopped = Stop-WorkingScript { Write-Information ready; Invoke-AllocationSimulation -Rounds 1000000000 }
        $stopped.State | Should -Be Stopped
    }

    It 'refuses <Arguments.Keys> <Arguments.Values>' -ForEach @(
        @{ Arguments = @{ Alpha = 0 }; Id = 'SimulationNotValid' }
        @{ Arguments = @{ Alpha = [double]::NaN }; Id = 'SimulationNotValid' }
        @{ Arguments = @{ Capacity = -1 }; Id = 'SimulationNotValid' }
        @{ Arguments = @{ Supply = -1 }; Id = 'SupplyNotValid' }
        @{ Arguments = @{ Agents = 0 }; Id = 'ParameterArgumentValidationError' }
        @{ Arguments = @{ Rounds = 0 }; Id = 'ParameterArgumentValidationError' }
    ) {
        { Invoke-AllocationSimulation @Arguments } | Should -Throw -ErrorId "$Id,*"
    }
}

Describe 'Tables of allocation' {
    It 'show each type on one line' {
        $grants = (New-TestAgent ann 2 4 1), (New-TestAgent bob 1 4 0) | Invoke-TokenAllocation -Supply 3
        ($grants | Out-String -Width 120) | Should -Match 'Scheme\s+Agent\s+Value\s+Tokens\s+Capacity\s+Remaining\s+RewardRate[\s-]+Proposed\s+ann\s+2\s+2[.,]000\s+4\s+1\s+1'
        ($grants | Measure-Fairness | Out-String -Width 80) | Should -Match 'Scheme\s+Count\s+Jain\s+Gini\s+Min/Max\s+Welfare Σv·u\s+Allocated\s+Supply[\s-]+Proposed'
        (Invoke-AllocationSimulation -Agents 5 -Rounds 3 -Seed 1 | Out-String -Width 80) | Should -Match 'Scheme\s+Agents\s+α\s+Jain\s+± SE\s+5–95 %\s+Gini\s+± SE\s+5–95 %'
    }
}
