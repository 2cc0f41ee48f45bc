# Simulations divided by their rounds: joined, the rows are those of one run to the last bit.

BeforeDiscovery {
    $simulations = @(
        @{ Name = 'Invoke-AllocationSimulation'; Run = { param($with) Invoke-AllocationSimulation -Agents 20, 7 -Alpha 0.3, 1 -Supply 30 -Rounds 37 -Seed 5 @with } }
        @{ Name = 'Invoke-AllocationSimulation with two rounds'; Run = { param($with) Invoke-AllocationSimulation -Agents 20 -Supply 30 -Rounds 2 -Seed 5 @with } }
        @{ Name = 'Invoke-QosSimulation'; Run = { param($with) Invoke-QosSimulation -Agents 4 -Scheme Proposed, Random -Supply 4 -Epochs 12 -Rounds 5 -PerAgent -Patience 1 -Seed 5 @with } }
        @{ Name = 'Invoke-QosSimulation with strategies'; Run = { param($with) Invoke-QosSimulation -Agents 3 -Scheme Vtc -Supply 3 -Epochs 9 -Rounds 5 -Strategy Hoarder, Sybil -Seed 5 @with } }
        @{ Name = 'Invoke-QosSimulation without requests'; Run = { param($with) Invoke-QosSimulation -Agents 3 -ArrivalRate 0 -Supply 3 -Epochs 9 -Rounds 5 -PerAgent -Seed 5 @with } }
        @{ Name = 'Invoke-QosSimulation -StrategyGain'; Run = { param($with) Invoke-QosSimulation -Agents 3 -Scheme Proposed, RoundRobin -Supply 3 -Epochs 9 -Rounds 5 -StrategyGain -Seed 5 @with } }
        @{ Name = 'Invoke-QosSimulation with a trace'; Run = { param($with) Invoke-QosSimulation -TracePath $trace -Scheme Random -Supply 3 -Rounds 5 -PerAgent -Seed 5 @with } }
        @{ Name = 'Invoke-AuctionSimulation'; Run = { param($with) Invoke-AuctionSimulation -Mechanism QMia, Random -ProviderCount 4 -Round 6 -Repetition 5 -Seed 5 @with } }
        @{ Name = 'Invoke-AuctionSimulation -Summary'; Run = { param($with) Invoke-AuctionSimulation -Liquidity 0.5 -Pool 1 -ProviderCount 4 -Round 6 -Repetition 5 -Seed 5 -Summary @with } }
        @{ Name = 'Invoke-AuctionSimulation of offers'; Run = { param($with) $offers | Invoke-AuctionSimulation -Mechanism ProportionalShare -Learner b -Round 4 -Repetition 5 -Seed 5 @with } }
        @{ Name = 'Invoke-ValuationSimulation'; Run = { param($with) $embeddings | Invoke-ValuationSimulation -NoveltyThreshold 1, 2, 30 -Quantity 4, 20 -Repetition 5 -SimilarityThreshold 0.7 -Seed 5 @with } }
        @{ Name = 'Invoke-ValuationSimulation -Summary'; Run = { param($with) $embeddings | Invoke-ValuationSimulation -Repetition 5 -Seed 5 -Summary @with } }
    )
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $trace = Join-Path $TestDrive 'requests.csv'
    0..20 | ForEach-Object { [pscustomobject]@{ Time = $_ / 3; Agent = "a$($_ % 3)"; Cost = 1 + $_ % 2 } } | Export-Csv $trace
    $offers = 'a', 'b', 'c' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Cost = 0.1 * ($_[0] - 96) } }
    $random = [System.Random]::new(3)
    $embeddings = 1..24 | ForEach-Object {
        $middle = $_ % 3
        [QosValuation.ClipEmbedding]@{ Source = "$_"; Item = "$_"; Modality = 'Image'; Contributor = 'c'; Vector = [float[]] (0..7 | ForEach-Object { ($_ -eq $middle) + 0.3 * $random.NextDouble() }) }
    }

    # All properties, the numbers in digits that tell every bit, and the name by which a row is shown.
    function Get-Told([object[]] $Rows) {
        foreach ($row in $Rows) {
            $row.PSTypeNames[0] + ' ' + (@(foreach ($property in $row.PSObject.Properties) {
                $value = $property.Value
                "$($property.Name)=$($value -is [double] ? [System.BitConverter]::DoubleToInt64Bits($value) : $value)"
            }) -join ' ')
        }
    }

    function Get-Shard([scriptblock] $Run, [int] $Count) {
        foreach ($i in 1..$Count) { & $Run @{ Shard = "$i/$Count" } }
    }
}

Describe '<Name> -Shard' -ForEach $simulations {
    BeforeAll {
        $run = $Run
        $whole = Get-Told @(& $run @{})
    }

    It 'gives the rows of one run from <_> shards, in any order' -ForEach 1, 3, 8 {
        $parts = @(Get-Shard $run $_)
        $parts | Should -BeOfType QosValuation.SimulationShard
        $parts.Count | Should -Be ($_ * @($whole).Count)
        Get-Told @($parts | Join-Simulation) | Should -Be $whole
        [array]::Reverse($parts)
        Get-Told @($parts | Join-Simulation) | Should -Be $whole
    }

    It 'gives them when its rows were saved' {
        $parts = @(Get-Shard $run 3)
        $file = Join-Path $TestDrive 'shards.xml'
        $parts | Export-Clixml $file
        Get-Told @(Import-Clixml $file | Join-Simulation) | Should -Be $whole
        Get-Told @($parts | ConvertTo-Json | ConvertFrom-Json | Join-Simulation) | Should -Be $whole
        Get-Told @($parts | ConvertTo-Json -Depth 5 -EnumsAsStrings | ConvertFrom-Json | Join-Simulation) | Should -Be $whole
    }

    It 'says what its own rounds give' {
        $part = @(& $run @{ Shard = '1/1' })
        $result = [System.Management.Automation.LanguagePrimitives]::ConvertTo(($part[0].Result | ConvertFrom-Json), ([type] "QosValuation.$($part[0].Simulation)"))
        Get-Told $result | Should -Be (@($whole)[0] -replace '#Summary')
        $part[0].First, $part[0].Last | Should -Be 1, $part[0].Total
    }

    It 'refuses a lost shard, a lost row and a shard that is there twice' {
        $parts = @(Get-Shard $run 3)
        $given = @()
        { $parts | Where-Object Shard -NE 2/3 | Join-Simulation | ForEach-Object { $given += $_ } } | Should -Throw -ErrorId 'ShardsMissing,*' -ExpectedMessage '*2/3*'
        $given.Count | Should -Be 0
        { $parts + $parts[0] | Join-Simulation } | Should -Throw -ErrorId 'ShardsRepeated,*' -ExpectedMessage '*1/3*'
        if (@($whole).Count -gt 1) {
            { $parts[0..($parts.Count - 2)] | Join-Simulation } | Should -Throw -ErrorId 'ShardsMissing,*' -ExpectedMessage "*row $(@($whole).Count) of the shard 3/3*"
        }
    }
}

Describe 'Join-Simulation' {
    It 'needs a seed: <_>' -ForEach 'Invoke-AllocationSimulation', 'Invoke-QosSimulation', 'Invoke-AuctionSimulation' {
        { & $_ -Shard 1/2 } | Should -Throw -ErrorId 'ShardWithoutSeed,*'
    }

    It 'needs a seed for orders of arrival too' {
        { $embeddings | Invoke-ValuationSimulation -Shard 1/2 } | Should -Throw -ErrorId 'ShardWithoutSeed,*'
    }

    It 'refuses the options that the simulation refuses' {
        { Invoke-AllocationSimulation -Alpha 0 -Seed 1 -Shard 1/2 } | Should -Throw -ErrorId 'SimulationNotValid,*'
        { Invoke-QosSimulation -Strategy Honest -StrategyGain -Seed 1 -Shard 1/2 } | Should -Throw -ErrorId 'QosOptionNotValid,*'
        { $embeddings | Invoke-ValuationSimulation -Quantity 99 -Seed 1 -Shard 1/2 } | Should -Throw -ErrorId 'QuantityExceedsRecords,*'
    }

    It 'refuses shards of another run: <Name>' -ForEach @(
        @{ Name = 'seed'; With = @{ Seed = 2 }; Says = 'seeds are 1 and 2' }
        @{ Name = 'rounds'; With = @{ Rounds = 9 }; Says = '8 and 9 rounds' }
        @{ Name = 'setting'; With = @{ Capacity = 5 }; Says = 'settings' }
        @{ Name = 'schemes'; With = @{ Scheme = 'Random' }; Says = '4 and 1 rows' }
        @{ Name = 'number of shards'; With = @{ Shard = '2/3' }; Says = 'of 2 shards' }
    ) {
        $first = @(Invoke-AllocationSimulation -Agents 5 -Rounds 8 -Seed 1 -Shard 1/2)
        $two = @{ Agents = 5; Rounds = 8; Seed = 1; Shard = '2/2' }
        foreach ($key in $With.Keys) { $two[$key] = $With[$key] }
        { $first + @(Invoke-AllocationSimulation @two) | Join-Simulation } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage "*$Says*"
    }

    It 'refuses shards that another version of the module made, saved or not' {
        $parts = @(Get-Shard { param($with) Invoke-AllocationSimulation -Agents 5 -Rounds 8 -Scheme Random -Seed 1 @with } 2)
        $parts.ModuleVersion | Should -Be (@((Get-Module QosValuation).Version.ToString()) * 2)

        # What another version would have written, with the hash that it would have.
        $own = [QosValuation.SimulationShard].Assembly.GetType('QosValuation.Foundation.Sharding.ShardedRun')
        $result = [QosValuation.AllocationSimulationResult]
        $reduction = [System.Activator]::CreateInstance($result.Assembly.GetType('QosValuation.Allocation.Simulation.AllocationSimulationReduction'))
        $row = [System.Management.Automation.LanguagePrimitives]::ConvertTo(($parts[1].Result | ConvertFrom-Json), $result)
        $other = $parts[1] | ConvertTo-Json -Depth 5 | ConvertFrom-Json
        $other.ModuleVersion = '0.0.9'
        { $parts[0], $other | Join-Simulation } | Should -Throw -ErrorId 'ShardDamaged,*' -ExpectedMessage '*hash*'
        $made = [System.Management.Automation.LanguagePrimitives]::ConvertTo($other, [QosValuation.SimulationShard])
        $other.Hash = $own.GetMethod('HashOf', [System.Reflection.BindingFlags] 'NonPublic, Static').Invoke($null, @($made, $reduction, $row))
        { $parts[0], $other | Join-Simulation } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage "*versions $($parts[0].ModuleVersion) and 0.0.9*"

        # And a row that says no version is none.
        $other.PSObject.Properties.Remove('ModuleVersion')
        { $parts[0], $other | Join-Simulation -ErrorAction Stop } | Should -Throw -ErrorId 'Input*'
    }

    It 'refuses shards of another simulation, and of other data' {
        $gain = @(Invoke-QosSimulation -Agents 3 -Epochs 5 -Rounds 4 -Scheme Vtc -Strategy Hoarder -StrategyGain -Seed 1 -Shard 1/2)
        $report = @(Invoke-QosSimulation -Agents 3 -Epochs 5 -Rounds 4 -Scheme Vtc -Strategy Hoarder -Seed 1 -Shard 2/2)
        { $gain + $report | Join-Simulation } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage '*QosReport*'
        $one = @($embeddings | Invoke-ValuationSimulation -Quantity 5 -Repetition 4 -Seed 1 -Shard 1/2)
        $two = @($embeddings[1..23] | Invoke-ValuationSimulation -Quantity 5 -Repetition 4 -Seed 1 -Shard 2/2)
        { $one + $two | Join-Simulation } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage '*data*'
        $other = Join-Path $TestDrive 'other.csv'
        (Get-Content $trace) -replace '"0"', '"0.01"' | Set-Content $other
        $one = @(Invoke-QosSimulation -TracePath $trace -Scheme Vtc -Rounds 4 -Seed 1 -Shard 1/2)
        $two = @(Invoke-QosSimulation -TracePath $other -Scheme Vtc -Rounds 4 -Seed 1 -Shard 2/2)
        { $one + $two | Join-Simulation } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage '*data*'
        $moved = Copy-Item $trace (Join-Path $TestDrive 'moved.csv') -PassThru
        $two = @(Invoke-QosSimulation -TracePath $moved -Scheme Vtc -Rounds 4 -MaxDegreeOfParallelism 1 -Seed 1 -Shard 2/2)
        Get-Told @($one + $two | Join-Simulation) | Should -Be (Get-Told @(Invoke-QosSimulation -TracePath $trace -Scheme Vtc -Rounds 4 -Seed 1))
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = 'NaN'; Change = { $args[0].Values[3] = 'NaN' }; Id = 'ShardDamaged'; Says = '*round 2*' }
        @{ Name = 'a value less'; Change = { $args[0].Values = $args[0].Values[1..99] }; Id = 'ShardDamaged'; Says = '*15 values*' }
        @{ Name = 'a changed value'; Change = { $args[0].Values[3] += 1e-15 }; Id = 'ShardDamaged'; Says = '*hash*' }
        @{ Name = 'another scheme'; Change = { $args[0].Result = $args[0].Result -creplace '"Random"', '"MaxWelfare"' }; Id = 'ShardDamaged'; Says = '*hash*' }
        @{ Name = 'a lost result'; Change = { $args[0].Result = '@{Scheme=1}' }; Id = 'ShardDamaged'; Says = '*lost its Result*' }
        @{ Name = 'another shard'; Change = { $args[0].Shard = '2/2' }; Id = 'ShardDamaged'; Says = '*changed*' }
        @{ Name = 'no simulation'; Change = { $args[0].Simulation = 'Nothing' }; Id = 'ShardDamaged'; Says = '*no simulation*' }
        @{ Name = 'no shard'; Change = { $args[0].Shard = '3/2' }; Id = 'ShardNotValid'; Says = '*3/2*' }
    ) {
        $parts = @(Get-Shard { param($with) Invoke-AllocationSimulation -Agents 5 -Rounds 16 -Scheme Random -Seed 1 @with } 2 | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json)
        & $Change $parts[0]
        { $parts | Join-Simulation } | Should -Throw -ErrorId "$Id,*" -ExpectedMessage $Says
    }

    It 'emits nothing where a row cannot be read, and takes no other objects' {
        $parts = @(Get-Shard { param($with) Invoke-AllocationSimulation -Agents 5 -Rounds 4 -Scheme Random -Seed 1 @with } 2)
        { $parts + 'x' | Join-Simulation -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
        { Invoke-AllocationSimulation -Agents 5 -Rounds 4 -Seed 1 | Join-Simulation -ErrorAction Stop } | Should -Throw -ErrorId 'InputTypeWrong,*' -ExpectedMessage '*SimulationShard*'
    }

    It 'shows where the rows of shards belong, and not their numbers' {
        $table = Invoke-AllocationSimulation -Agents 5 -Rounds 16 -Scheme Random -Seed 1 -Shard 2/2 | Out-String -Width 120
        $table | Should -Match 'Simulation\s+Shard\s+Seed\s+Row\s+First\s+Last\s+Total'
        $table | Should -Match 'AllocationSimulationResult\s+2/2\s+1\s+1\s+9\s+16\s+16'
    }

    It 'joins what a job brings back' {
        $folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-simulation-').FullName
        try {
            $job = Submit-QosJob -Scheduler Local -Shards 3 -JobPath "$folder/job" -ScriptBlock {
                Invoke-AllocationSimulation -Agents 9 -Alpha 0.2, 1 -Rounds 20 -Seed 5 -Shard $Shard
            }
            $rows = @($job | Receive-QosJob -Wait | Join-Simulation)
            Get-Told $rows | Should -Be (Get-Told @(Invoke-AllocationSimulation -Agents 9 -Alpha 0.2, 1 -Rounds 20 -Seed 5))

            # What was received is still there.
            Get-Told @($job | Receive-QosJob | Join-Simulation) | Should -Be (Get-Told $rows)
        }
        finally {
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction Ignore
        }
    }
}
