BeforeAll {
    . $PSScriptRoot/Common.ps1
    $script = Join-Path $RepositoryRoot 'scripts/Invoke-PaperExperiments.ps1'
    $few = @{ Experiment = 'Figure4', 'Figure5'; Quick = $true; WithoutReport = $true }
}

Describe 'scripts/Invoke-PaperExperiments.ps1' {
    It 'makes the figures, and notes what was made' {
        $folder = Join-Path $TestDrive 'made'
        $results = @(& $script @few -OutputPath $folder 6> $null)
        $LASTEXITCODE | Should -Be 0
        $results.Experiment | Should -Be 'Figure4', 'Figure5'
        $results.Status | Should -Be 'Made', 'Made'
        $results.Claim | Should -Be 'Holds', 'Holds'
        $results.Files | Should -Be 'figure4.csv', 'figure5.csv'
        (Get-Content (Join-Path $folder experiments.json) -Raw | ConvertFrom-Json).Figure5.ExitCode | Should -Be 0
    }

    It 'goes on where an earlier run ended' {
        $folder = Join-Path $TestDrive 'resumed'
        $null = & $script -Experiment Figure4 -Quick -WithoutReport -OutputPath $folder 6> $null
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
        @{ Why = 'was noted in a file that is damaged'; Change = { Set-Content (Join-Path $folder experiments.json) '{ "Figure4":' } }
    ) {
        $folder = Join-Path $TestDrive ([guid]::NewGuid())
        $again = @{ Experiment = 'Figure4'; Quick = $true; WithoutReport = $true; OutputPath = $folder }
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

    It 'makes one report of everything, that says what ε costs and buys' {
        $folder = Join-Path $TestDrive 'report'
        $results = @(& $script -Experiment Figure4, Privacy -Quick -OutputPath $folder 6> $null)
        $LASTEXITCODE | Should -Be 0
        $results.Status | Should -Be 'Made', 'Made'
        $results[1].Files | Should -Be 'privacy-audit.csv', 'privacy-membership.csv', 'privacy-utility.csv'
        $page = Get-Content -LiteralPath (Join-Path $folder report.html) -Raw
        $page | Should -Match 'What does ε = 1 cost, and what does it buy'
        $page | Should -Match 'Jain'
    }

    It 'gives data of its own to those that take it, and fails where they are not there' {
        $folder = Join-Path $TestDrive 'data'
        $file = Join-Path $TestDrive 'own.npy'
        New-SceneDataset (Join-Path $TestDrive 'own') -Count 30 -ImageSize 64 -Seed 1 | Get-ClipEmbedding -Modality Image | Export-Embedding $file
        $arguments = @{ Experiment = 'Figure6'; Quick = $true; WithoutReport = $true; OutputPath = $folder; EmbeddingPath = $file }
        (& $script @arguments 6> $null).Status | Should -Be 'Made'
        ((Import-Csv (Join-Path $folder figure6a.csv)).Quantity | Measure-Object -Maximum).Maximum | Should -Be 30
        (& $script @arguments 6> $null).Status | Should -Be 'Kept'
        Remove-Item $file
        (& $script @arguments 2> $null 6> $null).Status | Should -Be 'Failed'
    }

    It 'takes data of names with brackets and spaces' {
        $folder = Join-Path $TestDrive 'own data [1]'
        $null = New-Item -ItemType Directory -Path $folder
        $items = @(New-SceneDataset (Join-Path $folder 'scenes') -Count 30 -ImageSize 64 -Seed 1)
        $items | Get-ClipEmbedding -Modality Image | Export-Embedding (Join-Path $folder 'images [x].npy')
        Get-ClipEmbedding -Text 'a dog', 'a house', 'a car' | Export-Embedding (Join-Path $folder 'prompts [x].npy')
        $results = & $script -Experiment Figure6, Privacy -Quick -WithoutReport -OutputPath (Join-Path $folder 'results [y]') -EmbeddingPath (Join-Path $folder 'images [x].npy') -PromptPath (Join-Path $folder 'prompts [x].npy') 6> $null
        $results.Status | Should -Be 'Made', 'Made'

        # What Figure7.ps1 reads photographs with; and a pattern that does match stays one.
        @(Import-CocoDataset (Join-Path $folder 'scenes/captions.json') (Join-Path $folder 'scenes/images')).Count | Should -Be 30
        Set-Content -LiteralPath (Join-Path $TestDrive 'b1.json') '{"images":[],"annotations":[]}'
        { Import-CocoDataset (Join-Path $TestDrive 'b[1-9].json') -WithoutImage -ErrorAction Stop } | Should -Not -Throw
        { Import-CocoDataset (Join-Path $TestDrive 'c[1-9].json') -WithoutImage -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound*'
    }

    It 'has help' {
        Assert-ScriptHelp $script -Synopsis 'all figures' -Examples 3
    }
}
