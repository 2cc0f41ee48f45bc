BeforeAll {
    . $PSScriptRoot/Common.ps1

    function New-TestAgent([string] $Agent, $Value, $Capacity = 4, $Remaining = 0) {
        [pscustomobject]@{ Agent = $Agent; Value = $Value; Capacity = $Capacity; Remaining = $Remaining }
    }

    $random = [System.Random]::new(5)
    $agents = 1..60 | ForEach-Object { New-TestAgent "agent$_" ([Math]::Exp(2 * $random.NextDouble())) 4 (3 * $random.NextDouble()) }
}

Describe 'Invoke-TokenAllocation -Scheme Optimal' {
    It 'solves what two agents can be worked out for' {
        # (a + b)²/(2(a² + b²)) ≥ 0.9 allows b = 2a; a + 2b = 3 then gives rates 0.6 and 1.2.
        $grants = (New-TestAgent a 1 9), (New-TestAgent b 2 9) | Invoke-TokenAllocation -Supply 3 -Scheme Optimal -JainFloor 0.9
        $grants.Tokens | ForEach-Object { [Math]::Round($_, 5) } | Should -Be 0.6, 2.4
        $grants.Scheme | Select-Object -Unique | Should -Be 'Optimal'
        $grants[0].Proof.RelativeGap | Should -BeLessOrEqual 1e-6
        $grants[0].Proof.DualBound | Should -BeGreaterOrEqual 5.4
        [Math]::Round($grants[1].Proof.SupplyPrice, 4) | Should -Be 1.8
    }

    It 'keeps supply, buckets and both bounds, and beats every scheme as fair' {
        $grants = $agents | Invoke-TokenAllocation -Supply 60 -JainFloor 0.8 -GiniCeiling 0.2
        $report = $grants | Measure-Fairness
        $report.Jain | Should -BeGreaterOrEqual 0.8
        $report.Gini | Should -BeLessOrEqual 0.2
        $report.Allocated | Should -BeLessOrEqual 60
        $grants | ForEach-Object { $_.Tokens | Should -BeLessOrEqual ($_.Capacity - $_.Remaining) }
        $grants[0].Proof.RelativeGap | Should -BeLessOrEqual 1e-6
        foreach ($scheme in 'Proposed', 'WaterFilling', 'MaxMin', 'RoundRobin', 'MaxWelfare') {
            $other = $agents | Invoke-TokenAllocation -Supply 60 -Scheme $scheme | Measure-Fairness
            if ($other.Jain -ge 0.8 -and $other.Gini -le 0.2) {
                $report.SocialWelfare | Should -BeGreaterOrEqual ($other.SocialWelfare * (1 - 1e-6))
            }
        }
    }

    It 'is MaxWelfare without bounds, and implied by a bound' {
        $best = $agents | Invoke-TokenAllocation -Supply 60 -Scheme MaxWelfare | Measure-Fairness
        $optimal = $agents | Invoke-TokenAllocation -Supply 60 -Scheme Optimal | Measure-Fairness
        [Math]::Abs($optimal.SocialWelfare / $best.SocialWelfare - 1) | Should -BeLessThan 1e-12
        ($agents | Invoke-TokenAllocation -Supply 60 -GiniCeiling 0.3)[0].Scheme | Should -Be 'Optimal'
    }

    It 'does not depend on the order of the agents' {
        $forward = $agents | Invoke-TokenAllocation -Supply 60 -JainFloor 0.7 | Sort-Object Agent
        $backward = $agents[59..0] | Invoke-TokenAllocation -Supply 60 -JainFloor 0.7 | Sort-Object Agent
        $backward.Tokens | Should -Be $forward.Tokens
    }

    It 'names the bound that cannot be met, and by how much' {
        $some = (New-TestAgent a 1), (New-TestAgent b 2), (New-TestAgent c 3 4 4), (New-TestAgent d 0)
        { $some | Invoke-TokenAllocation -Supply 5 -JainFloor 0.75 } | Should -Throw -ErrorId 'JainFloorInfeasible,*'
        { $some | Invoke-TokenAllocation -Supply 5 -JainFloor 0.75 } | Should -Throw '*2 of 4 agents can receive nothing*at most 0.5, short by 0.25*'
        { $some | Invoke-TokenAllocation -Supply 5 -GiniCeiling 0.2 } | Should -Throw -ErrorId 'GiniCeilingInfeasible,*'
        { $some | Invoke-TokenAllocation -Supply 5 -GiniCeiling 0.2 } | Should -Throw '*at least 0.5, over by 0.3*'
        ($some | Invoke-TokenAllocation -Supply 5 -JainFloor 0.5 | Measure-Fairness).Jain | Should -Be 0.5
    }

    It 'refuses <Reason>' -ForEach @(
        @{ Reason = 'a floor of 0'; Parameters = @{ JainFloor = 0 }; Id = 'FairnessBoundNotValid' }
        @{ Reason = 'a floor above 1'; Parameters = @{ JainFloor = 1.5 }; Id = 'FairnessBoundNotValid' }
        @{ Reason = 'a floor that is not a number'; Parameters = @{ JainFloor = [double]::NaN }; Id = 'FairnessBoundNotValid' }
        @{ Reason = 'a ceiling of 1'; Parameters = @{ GiniCeiling = 1 }; Id = 'FairnessBoundNotValid' }
        @{ Reason = 'bounds with another scheme'; Parameters = @{ JainFloor = 0.5; Scheme = 'MaxMin' }; Id = 'FairnessBoundNotApplicable' }
        @{ Reason = 'whole tokens'; Parameters = @{ Scheme = 'Optimal'; WholeTokens = $true }; Id = 'WholeTokensNotSupported' }
    ) {
        { $agents | Invoke-TokenAllocation -Supply 5 @Parameters } | Should -Throw -ErrorId "$Id,*"
    }

    It 'gives documented results at the edges' {
        ($agents | Invoke-TokenAllocation -Supply 0 -JainFloor 0.9).Tokens | Measure-Object -Sum | ForEach-Object Sum | Should -Be 0
        (New-TestAgent full 1 4 4 | Invoke-TokenAllocation -JainFloor 1).Tokens | Should -Be 0
        (New-TestAgent one 3 4 1 | Invoke-TokenAllocation -Supply 9 -JainFloor 1 -GiniCeiling 0).Tokens | Should -Be 3
        @() | Invoke-TokenAllocation -Scheme Optimal | Should -BeNullOrEmpty
        $null = New-TestAgent zero 0 | Invoke-TokenAllocation -JainFloor 0.9 -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match 'No agent has a value'
    }

    It 'tells what it proved with -Verbose' {
        $lines = $agents | Invoke-TokenAllocation -Supply 60 -JainFloor 0.8 -Verbose 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
        "$lines" | Should -Match 'Social welfare .*, at most .*gap'
    }
}

Describe 'Get-FairnessFrontier' {
    BeforeAll {
        $points = $agents | Get-FairnessFrontier -Supply 60 -Points 6 -Seed 1
    }

    It 'starts without bounds and falls along both curves' {
        $points[0] | Should -BeOfType QosValuation.FairnessFrontierPoint
        $points[0].Kind | Should -Be 'Unbounded'
        $points[0].PriceOfFairness | Should -Be 0
        foreach ($kind in 'JainFloor', 'GiniCeiling') {
            $curve = @($points | Where-Object Kind -EQ $kind)
            $curve.Count | Should -Be 6
            $curve.RelativeGap | ForEach-Object { $_ | Should -BeLessOrEqual 1e-6 }
            for ($i = 1; $i -lt 6; $i++) {
                $curve[$i].SocialWelfare | Should -BeLessOrEqual ($curve[$i - 1].SocialWelfare * (1 + 1e-6))
            }
        }

        ($points | Where-Object Kind -EQ JainFloor)[-1].Bound | Should -Be 1
        ($points | Where-Object Kind -EQ GiniCeiling)[-1].Bound | Should -Be 0
    }

    It 'places every scheme' {
        $schemes = $points | Where-Object Kind -EQ Scheme
        $schemes.Scheme | Should -Be 'Proposed', 'Random', 'RoundRobin', 'MaxMin', 'WaterFilling', 'MaxWelfare', 'Vtc'
        $schemes | Where-Object Scheme -NE Random | ForEach-Object { $_.Efficiency | Should -BeLessOrEqual 1.000001 }
        [Math]::Round(($schemes | Where-Object Scheme -EQ MaxWelfare).Efficiency, 6) | Should -Be 1
        $report = $agents | Invoke-TokenAllocation -Supply 60 -Scheme WaterFilling | Measure-Fairness
        ($schemes | Where-Object Scheme -EQ WaterFilling).SocialWelfare | Should -Be $report.SocialWelfare
    }

    It 'takes bounds and schemes, and goes on after one that cannot be met' {
        $some = (New-TestAgent a 1), (New-TestAgent b 2), (New-TestAgent c 3 4 4)
        $found = $some | Get-FairnessFrontier -Supply 5 -JainFloor 0.9, 0.6 -GiniCeiling 0.4, 0.1 -Scheme @() -ErrorVariable faults -ErrorAction SilentlyContinue
        $found.Kind | Should -Be 'Unbounded', 'JainFloor', 'GiniCeiling'
        $found.Bound[1..2] | Should -Be 0.6, 0.4
        $faults.FullyQualifiedErrorId | Should -Be 'JainFloorInfeasible,QosValuation.Cmdlets.Allocation.GetFairnessFrontierCommand',
        'GiniCeilingInfeasible,QosValuation.Cmdlets.Allocation.GetFairnessFrontierCommand'
    }

    It 'reports a bad agent and goes on without it' {
        $found = (New-TestAgent ok 1), (New-TestAgent bad -1) | Get-FairnessFrontier -Supply 2 -JainFloor 1 -Scheme Proposed -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'AgentNotValid,*'
        $found.SocialWelfare | Should -Be 2, 2, 2
        @() | Get-FairnessFrontier | Should -BeNullOrEmpty
    }

    It 'prints a table' {
        $text = $points | Format-Table | Out-String -Width 120
        $text | Should -Match 'Kind\s+Scheme\s+Bound\s+Welfare Σvu\s+Price\s+Jain\s+Gini\s+Efficiency'
        $text | Should -Match 'Unbounded\s+Optimal\s+[\d.]+\s+0.0 %'
    }

    It 'has help for every parameter' {
        $help = Get-Help Get-FairnessFrontier -Full
        $help.Synopsis | Should -Match 'price of fairness'
        foreach ($name in 'Agent', 'Value', 'Capacity', 'Remaining', 'Supply', 'JainFloor', 'GiniCeiling', 'Points', 'Scheme', 'Seed') {
            ($help.parameters.parameter | Where-Object name -EQ $name).description.Text | Should -Not -BeNullOrEmpty
        }

        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
    }
}
