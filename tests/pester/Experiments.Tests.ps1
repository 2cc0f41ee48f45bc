BeforeAll {
    . $PSScriptRoot/Common.ps1
    $script = Join-Path $RepositoryRoot 'scripts/Invoke-PaperExperiments.ps1'
    $few = @{ Figure = 4, 5; Quick = $true; WithoutReport = $true }
}

Describe 'scripts/Invoke-PaperExperiments.ps1' {
    It 'makes the figures, and notes what was made' {
        $folder = Join-Path $TestDrive 'made'
        $results = @(& $script @few -OutputPath $folder 6> $null)
        $LASTEXITCODE | Should -Be 0
        $results.Figure | Should -Be 4, 5
        $results.Status | Should -Be 'Made', 'Made'
        $results.Claim | Should -Be 'Holds', 'Holds'
        $results.Files | Should -Be 'figure4.csv', 'figure5.csv'
        (Get-Content (Join-Path $folder experiments.json) -Raw | ConvertFrom-Json).'5'.ExitCode | Should -Be 0
    }

    It 'goes on where an earlier run ended' {
        $folder = Join-Path $TestDrive 'resumed'
        $null = & $script -Figure 4 -Quick -WithoutReport -OutputPath $folder 6> $null
        $before = (Get-Item (Join-Path $folder figure4.csv)).LastWriteTimeUtc
        $results = @(& $script @few -OutputPath $folder 6> $null)
        $results.Status | Should -Be 'Kept', 'Made'
        (Get-Item (Join-Path $folder figure4.csv)).LastWriteTimeUtc | Should -Be $before
        (& $script @few -OutputPath $folder 6> $null).Status | Should -Be 'Kept', 'Kept'
    }

    It 'makes again what <Why>' -ForEach @(
        @{ Why = 'has other parameters'; Change = { $again.Seed = 2 } }
        @{ Why = 'is gone'; Change = { Remove-Item (Join-Path $folder figure4.csv) } }
        @{ Why = 'is asked for'; Change = { $again.Force = $true } }
        @{ Why = 'was noted in a file that is damaged'; Change = { Set-Content (Join-Path $folder experiments.json) '{ "4":' } }
    ) {
        $folder = Join-Path $TestDrive ([guid]::NewGuid())
        $again = @{ Figure = 4; Quick = $true; WithoutReport = $true; OutputPath = $folder }
        $null = & $script @again 6> $null
        (& $script @again 6> $null).Status | Should -Be 'Kept'
        . $Change
        (& $script @again 6> $null).Status | Should -Be 'Made'
    }

    It 'makes the others where one fails, and exits with 1' {
        $folder = Join-Path $TestDrive 'failed'
        # A folder stands where the figure's file should go.
        $null = New-Item -ItemType Directory -Path (Join-Path $folder 'figure4.csv/in the way')
        $results = @(& $script @few -OutputPath $folder 2> $null 6> $null)
        $LASTEXITCODE | Should -Be 1
        $results.Status | Should -Be 'Failed', 'Made'
        $results[0].Claim | Should -Be 'Unknown'
        Remove-Item (Join-Path $folder 'figure4.csv') -Recurse
        (& $script @few -OutputPath $folder 6> $null).Status | Should -Be 'Made', 'Kept'
        $LASTEXITCODE | Should -Be 0
    }

    It 'has help' {
        $help = Get-Help $script -Full
        $help.Synopsis | Should -Match 'all figures'
        @($help.examples.example).Count | Should -Be 3
        foreach ($parameter in $help.parameters.parameter) {
            $parameter.description.Text | Should -Not -BeNullOrEmpty -Because $parameter.name
        }
    }
}
