BeforeAll {
    . $PSScriptRoot/Common.ps1
    $few = @{ Epochs = 30; Replications = 3; Supply = 20; Seed = 1 }
    $agents = 1..10 | ForEach-Object { [pscustomobject]@{ Agent = "a$_"; Value = $_ } }
}

Describe 'Invoke-QosSimulation' {
    It 'compares every scheme on made-up agents' {
        $reports = Invoke-QosSimulation -Agents 20 @few
        $reports | ForEach-Object { $_.PSObject.TypeNames[0] | Should -Be 'QosValuation.QosReport' }
        $reports.Scheme | Should -Be @('Proposed', 'Random', 'RoundRobin', 'MaxMin', 'WaterFilling', 'MaxWelfare', 'Vtc')
        foreach ($report in $reports) {
            $report.Agent | Should -Be ''
            $report.Agents | Should -Be 20
            $report.Seed | Should -Be 1
            $report.Arrived | Should -Be $reports[0].Arrived -Because 'all schemes meet the same requests'
            ($report.Served + $report.Rejected + $report.Abandoned + $report.Waiting) | Should -BeGreaterThan ($report.Arrived - 1e-6)
            $report.Utilisation | Should -BeGreaterThan 0
            $report.Utilisation | Should -BeLessOrEqual 1.000001
            $report.P99Wait | Should -BeGreaterOrEqual $report.P95Wait
            $report.Granted | Should -BeLessOrEqual ($report.Supplied + 1e-6)
            $report.JainStandardError | Should -BeGreaterOrEqual 0
        }
    }

    It 'takes agents from the pipeline by property name, and reports each' {
        $reports = $agents | Invoke-QosSimulation -Scheme Proposed -PerAgent @few
        $reports.Count | Should -Be 11
        $reports.Agent | Should -Be @('', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9', 'a10')
        $reports[10].Value | Should -Be 10
        $reports[0].Value | Should -Be 55
        [double]::IsNaN($reports[1].Jain) | Should -BeTrue
        $reports[10].Served | Should -BeGreaterThan $reports[1].Served -Because 'value buys service'
    }

    It 'takes grants and data values as they are' {
        $grants = $agents | ForEach-Object {
            [QosValuation.TokenGrant]@{ Agent = $_.Agent; Value = $_.Value; Tokens = 1; Capacity = 2; Remaining = 1; RewardRate = 1 }
        }
        $report = $grants | Invoke-QosSimulation -Scheme Proposed -ArrivalRate 0 @few
        $report.Unspent | Should -Be 20 -Because 'all buckets of 2 fill, and nobody spends'
        $report.Granted | Should -Be 10

        $value = [QosValuation.DataValue]@{ Contributor = 'ann'; Quantity = 100; Novel = 100; Normal = 0; Noise = 0; Novelty = 1; Value = [Math]::Log(101) }
        $gain = $value, ([pscustomobject]@{ Agent = 'bob'; Value = 4; Quantity = 50 }) |
            Invoke-QosSimulation -Strategy Sybil -SybilSplit Concave -StrategyGain -Scheme Proposed -ArrivalRate 50 -Epochs 30 -Replications 3 -Supply 2 -Seed 1
        $gain.Agent | Should -Be 'ann'
        $split = 4 * [Math]::Log(26)
        $expected = $split / ($split + 4) / ([Math]::Log(101) / ([Math]::Log(101) + 4)) - 1
        [Math]::Abs($gain.GrantedGain - $expected) | Should -BeLessThan 0.02
    }

    It 'shows that a full bucket earns nothing' {
        $idle = [pscustomobject]@{ Agent = 'idle'; Value = 5; ArrivalRate = 0 }, [pscustomobject]@{ Agent = 'busy'; Value = 5; ArrivalRate = 9 } |
            Invoke-QosSimulation -Scheme Proposed -Epochs 100 -Supply 8 -Replications 2 -Seed 2 -PerAgent
        $idle[1].Granted | Should -Be 4
        $idle[1].FullRatio | Should -Be 0.99
        $idle[2].Granted | Should -BeGreaterThan 300
    }

    It 'gives the same figures for the same seed and any number of threads' {
        $one = Invoke-QosSimulation -Agents 15 -ThrottleLimit 1 @few | ConvertTo-Json
        $many = Invoke-QosSimulation -Agents 15 -ThrottleLimit 4 @few | ConvertTo-Json
        $many | Should -Be $one
        $drawn = Invoke-QosSimulation -Agents 5 -Scheme Random -Epochs 10 -Replications 2
        $again = Invoke-QosSimulation -Agents 5 -Scheme Random -Epochs 10 -Replications 2 -Seed $drawn.Seed
        $again | Should -Be $drawn
    }

    It 'lets -Patience 0 lose what cannot be served at once' {
        $report = Invoke-QosSimulation -Agents 10 -Patience 0 -Scheme Vtc @few
        $report.MeanWait | Should -Be 0
        $report.Waiting | Should -Be 0
        $report.Abandoned | Should -BeGreaterThan 0
        [Math]::Abs($report.OutageRatio + $report.ServedRatio - 1) | Should -BeLessThan 1e-12
    }

    It 'makes bursts wait longer than steady requests' {
        $steady = Invoke-QosSimulation -Agents 10 -Scheme MaxMin -Epochs 200 -Replications 5 -Supply 25 -Seed 3
        $bursts = Invoke-QosSimulation -Agents 10 -Scheme MaxMin -Epochs 200 -Replications 5 -Supply 25 -Seed 3 -BurstOn 1 -BurstOff 9
        $bursts.MeanWait | Should -BeGreaterThan (2 * $steady.MeanWait)
    }

    It 'replays a trace' {
        $path = Join-Path $TestDrive 'trace [1].csv'
        "Time,Agent,Cost`n0.25,a,1`n0.5,a,1`n0.75,a,1`n1.5,a,2`n4.5,a,3`n5.5,a,1" | Set-Content -LiteralPath $path
        $report = Invoke-QosSimulation -TracePath $path -Supply 1 -Capacity 2 -Replications 1 -Scheme Proposed
        $report.Epochs | Should -Be 6
        $report.Arrived | Should -Be 6
        $report.Served | Should -Be 5
        $report.Rejected | Should -Be 1
        $report.MeanWait | Should -Be 0.85
        $report.P95Wait | Should -Be 2.5
    }

    It 'measures what each strategy gains under each scheme' {
        $gains = $agents | Invoke-QosSimulation -Strategy Hoarder, Flooder, Sybil -StrategicAgent a5 -StrategyGain -Scheme Proposed, RoundRobin -ArrivalRate 20 @few
        $gains.Count | Should -Be 6
        $gains | ForEach-Object { $_.PSObject.TypeNames[0] | Should -Be 'QosValuation.StrategyGain'; $_.Agent | Should -Be 'a5' }
        ($gains | Where-Object Strategy -EQ Hoarder).ServedGain | Should -Be @(-1, -1)
        ($gains | Where-Object { $_.Strategy -eq 'Sybil' -and $_.Scheme -eq 'RoundRobin' }).GrantedGain | Should -BeGreaterThan 1.5
        [Math]::Abs(($gains | Where-Object { $_.Strategy -eq 'Sybil' -and $_.Scheme -eq 'Proposed' }).GrantedGain) | Should -BeLessThan 0.05
        ($gains | Where-Object Strategy -EQ Flooder).ServedGain | ForEach-Object { $_ | Should -BeLessThan 0 }
    }

    It 'compares all strategies where none is named' {
        (Invoke-QosSimulation -Agents 5 -Scheme Vtc -StrategyGain @few).Strategy | Should -Be @('Hoarder', 'Flooder', 'Sybil')
    }

    It 'lets piped agents play their own strategy' {
        $reports = [pscustomobject]@{ Agent = 'x'; Value = 1; Strategy = 'Hoarder' }, [pscustomobject]@{ Agent = 'y'; Value = 1; Strategy = 'Honest' } |
            Invoke-QosSimulation -Scheme Proposed -PerAgent @few
        $reports.Strategy | Should -Be @('Hoarder', 'Hoarder', 'Honest')
        $reports[1].Withheld | Should -BeGreaterThan 0
        $reports[2].Withheld | Should -Be 0
    }

    It 'emits nothing for an empty pipeline' {
        @() | Invoke-QosSimulation @few | Should -BeNullOrEmpty
    }

    It 'has a table view without lists' {
        $table = Invoke-QosSimulation -Agents 5 -Scheme Proposed @few | Out-String -Width 140
        $table | Should -Match 'Scheme\s+Agent\s+Strategy\s+Served\s+Outage\s+P95Wait'
        $table = Invoke-QosSimulation -Agents 5 -Scheme Proposed -Strategy Sybil -StrategyGain @few | Out-String -Width 140
        $table | Should -Match 'GrantedGain'
    }

    It 'takes lists of schemes and strategies, and refuses a list for one value' {
        (Invoke-QosSimulation -Agents 3 -Scheme 'Proposed, MaxMin' @few).Scheme | Should -Be 'Proposed', 'MaxMin'
        foreach ($list in @('Equal', 'Duplicate'), 'Equal, Duplicate') {
            { Invoke-QosSimulation -Agents 3 -SybilSplit $list @few } | Should -Throw '*one value, and 2 were given: Equal, Duplicate*'
        }

        { Invoke-QosSimulation -Agents 3 -CostDistribution Geometric, Exponential @few } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        (Invoke-QosSimulation -Agents 3 -Scheme Proposed -CostDistribution Exponential @few).Scheme | Should -Be 'Proposed'
        $null = [pscustomobject]@{ Agent = 'x'; Value = 1; Strategy = 'Hoarder', 'Sybil' } |
            Invoke-QosSimulation @few -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'AgentNotValid,*'
    }

    It 'takes -Rounds by its former names' {
        (Invoke-QosSimulation -Agents 3 -Scheme Proposed -Rounds 2 -Epochs 5 -Seed 1).Rounds | Should -Be 2
        (Invoke-QosSimulation -Agents 3 -Scheme Proposed -Replications 2 -Epochs 5 -Seed 1).Replications | Should -Be 2
    }

    It 'completes scheme and strategy names' {
        (TabExpansion2 'Invoke-QosSimulation -Scheme Wat').CompletionMatches.CompletionText | Should -Contain 'WaterFilling'
        (TabExpansion2 'Invoke-QosSimulation -Strategy Sy').CompletionMatches.CompletionText | Should -Contain 'Sybil'
    }

    It 'costs one error for a bad agent, and the others go on' {
        $errors = $null
        $report = [pscustomobject]@{ Agent = 'bad'; Value = -1 }, [pscustomobject]@{ Agent = 'none' }, [pscustomobject]@{ Agent = 'good'; Value = 1 } |
            Invoke-QosSimulation -Scheme Proposed @few -ErrorVariable errors -ErrorAction SilentlyContinue
        $report.Agents | Should -Be 1
        $errors.Count | Should -Be 2
        $errors[0].FullyQualifiedErrorId | Should -Be 'AgentNotValid,QosValuation.Cmdlets.Allocation.InvokeQosSimulationCommand'
    }

    It 'takes an empty field of a row for a missing one' {
        $rows = 'Agent,Value,Capacity,ArrivalRate,RequestCost', 'a,1,,,', 'b,1,4,2,1', 'c,"2,5",4,2,1', 'd,,4,2,1' | ConvertFrom-Csv
        $reports = $rows | Invoke-QosSimulation -Scheme Proposed -PerAgent @few -ErrorVariable faults -ErrorAction SilentlyContinue
        ($reports | Where-Object Agents -eq 2) | Should -HaveCount 1
        $faults.Count | Should -Be 2
        $faults.FullyQualifiedErrorId | Should -BeLike 'AgentNotValid,*'
        ($reports | Where-Object Agent -eq 'a').ServedRatio | Should -BeGreaterThan 0
    }

    It 'ends with <Id> for <Case>' -ForEach @(
        @{ Case = 'a negative supply'; Id = 'QosOptionNotValid'; Arguments = @{ Supply = -1 } }
        @{ Case = 'a warm-up as long as the run'; Id = 'QosOptionNotValid'; Arguments = @{ Epochs = 5; WarmupEpochs = 5 } }
        @{ Case = 'a trace that does not exist'; Id = 'TraceNotFound'; Arguments = @{ TracePath = 'no-such-trace.csv' } }
        @{ Case = 'a strategic agent that does not exist'; Id = 'StrategicAgentNotFound'; Arguments = @{ Strategy = 'Sybil'; StrategicAgent = 'nobody*' } }
        @{ Case = 'gains of honest play'; Id = 'QosOptionNotValid'; Arguments = @{ StrategyGain = $true; Strategy = 'Honest' } }
        @{ Case = 'a scheme that does not exist'; Id = 'CannotConvertArgumentNoMessage'; Arguments = @{ Scheme = 'Nothing' } }
    ) {
        { Invoke-QosSimulation -Agents 3 @Arguments } | Should -Throw -ErrorId "$Id,QosValuation.Cmdlets.Allocation.InvokeQosSimulationCommand"
    }

    It 'stops when the pipeline has enough, or the user' {
        (Invoke-QosSimulation -Agents 5 -Scheme Proposed, Vtc @few | Select-Object -First 1).Scheme | Should -Be 'Proposed'
        $stopped = Stop-WorkingScript { Write-Information ready; Invoke-QosSimulation -Agents 2000 -Epochs 1000000 -Seed 1 }
        $stopped.State | Should -Be Stopped
    }
}
