BeforeAll {
    . $PSScriptRoot/Common.ps1
}

Describe 'scripts/Figure<Number>.ps1' -ForEach @(
    @{ Number = 4; Variable = 'Alpha'; Points = @(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10) }
    @{ Number = 5; Variable = 'Agents'; Points = @(100, 200, 300, 400, 500, 750, 1000, 1500, 2000) }
) {
    BeforeAll {
        $script = Join-Path $RepositoryRoot "scripts/Figure$Number.ps1"
        $folder = Join-Path $TestDrive "figure$Number"
    }

    It 'makes the figure, with the ordering of the paper' {
        $rows = & $script -Quick -OutputPath $folder -InformationVariable said 6> $null
        $LASTEXITCODE | Should -Be 0
        $rows.Count | Should -Be (4 * $Points.Count)
        $rows[0] | Should -BeOfType QosValuation.AllocationSimulationResult
        $rows.$Variable | Select-Object -Unique | Should -Be $Points
        $rows.Rounds | Select-Object -Unique | Should -Be 50
        "$said" | Should -Match "Figure $Number.*at $($Points.Count) of $($Points.Count) values"
        foreach ($point in $rows | Group-Object $Variable) {
            $proposed, $others = $point.Group.Where({ $_.Scheme -eq 'Proposed' }, 'Split')
            $others.Count | Should -Be 3
            $others | ForEach-Object { $proposed.Jain | Should -BeGreaterThan $_.Jain; $proposed.Gini | Should -BeLessThan $_.Gini }
        }

        $file = Import-Csv (Join-Path $folder "figure$Number.csv")
        $file.Count | Should -Be $rows.Count
        [double]$file[5].GiniQ95 | Should -Be $rows[5].GiniQ95
        Get-ChildItem $folder | Should -HaveCount 1
    }

    It 'repeats with a seed and takes schemes, points and a file name' {
        $few = @{ Rounds = 5; Scheme = 'Proposed', 'WaterFilling'; OutputPath = Join-Path $folder 'own.csv'; $Variable = $Points[0, 1] }
        $first = & $script @few -Seed 3 6> $null
        $first.Scheme | Should -Be 'Proposed', 'WaterFilling', 'Proposed', 'WaterFilling'
        (& $script @few -Seed 3 6> $null).Jain | Should -Be $first.Jain
        (& $script @few -Seed 4 6> $null).Jain | Should -Not -Be $first.Jain
        Join-Path $folder 'own.csv' | Should -Exist
    }

    It 'runs alone and imports the module by itself' {
        $lines = Invoke-FreshPwsh "& '$script' -Quick -Scheme Proposed -OutputPath '$folder/alone' | Measure-Object | ForEach-Object Count; exit `$LASTEXITCODE"
        $lines | Should -Contain "$($Points.Count)"
    }

    It 'fails with exit code 1 and says why' {
        $null = & $script -Rounds 2 -OutputPath $folder -Scheme Nonsense -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match 'Nonsense'
    }

    It 'has help' {
        $help = Get-Help $script -Full
        $help.Synopsis | Should -Match "Fig\. $Number"
        @($help.examples.example).Count | Should -Be 3
        foreach ($parameter in $help.parameters.parameter) {
            $parameter.description.Text | Should -Not -BeNullOrEmpty -Because $parameter.name
        }
    }
}
