BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

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
        Get-ChildItem $folder -Filter *.csv | Should -HaveCount 1
    }

    It 'repeats with a seed and takes schemes, points and a file name' {
        $few = @{ Rounds = 5; Scheme = 'Proposed', 'WaterFilling'; OutputPath = Join-Path $folder 'own.csv'; $Variable = $Points[0, 1] }
        $first = & $script @few -Seed 3 6> $null
        $first.Scheme | Should -Be 'Proposed', 'WaterFilling', 'Proposed', 'WaterFilling'
        (& $script @few -Seed 3 6> $null).Jain | Should -Be $first.Jain
        (& $script @few -Seed 4 -Force 6> $null).Jain | Should -Not -Be $first.Jain
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
        Assert-ScriptHelp $script -Synopsis "Fig\. $Number" -Examples 3
    }
}

Describe 'scripts/Figure6.ps1' {
    BeforeAll {
        $script = Join-Path $RepositoryRoot 'scripts/Figure6.ps1'
        $folder = Join-Path $TestDrive 'figure6'
        $vectors = Join-Path $TestDrive 'vectors.csv'

        # Four directions in the plane, 40 records each, in turn.
        0..159 | ForEach-Object {
            $angle = (($_ % 4) * 60 + ($_ * 7 % 11) / 2) * [math]::PI / 180
            [QosValuation.ClipEmbedding]@{ Source = "r$_"; Item = "r$_"; Modality = 'Image'; Vector = [float[]]([math]::Cos($angle), [math]::Sin($angle)) }
        } | Export-Embedding -Path $vectors
    }

    It 'makes both parts of the figure from a file of embeddings' {
        $rows = & $script -Path $vectors -Repetition 5 -NoveltyThreshold 5, 10, 30 -Quantity 20, 40, 80, 120, 160 -OutputPath $folder -SimilarityThreshold 0.95 -InformationVariable said 6> $null
        $LASTEXITCODE | Should -BeIn 0, 2
        $rows.Count | Should -Be 15
        $rows[0] | Should -BeOfType QosValuation.ValuationSimulationResult
        $rows.Quantity | Select-Object -Unique | Should -Be 20, 40, 80, 120, 160
        $last = $rows | Where-Object Quantity -eq 160
        $last.Clusters | Should -Be 4, 4, 4
        $last.Novel | Should -Be 20, 40, 120
        $last.Confirmed | Should -Be 4, 4, 4
        $last[1].FirstConfirmation | Should -BeGreaterThan $last[0].FirstConfirmation
        "$said" | Should -Match 'Figure 6: 15 rows'
        (Import-Csv (Join-Path $folder figure6a.csv)).Count | Should -Be 15
        $summary = Import-Csv (Join-Path $folder figure6b.csv)
        $summary.NoveltyThreshold | Should -Be 5, 10, 30
        [double]$summary[2].ConfirmationDelay | Should -Be $last[2].ConfirmationDelay
        Get-ChildItem $folder -Filter *.csv | Should -HaveCount 2
    }

    It 'shows on the real photographs what the paper says' -Skip:($null -eq $SharedData) {
        $null = & $script -Quick -Path (Join-Path $SharedData 'flickr8k-clip/image_embeddings.npy') -OutputPath (Join-Path $folder 'real') -InformationVariable said 6> $null
        $LASTEXITCODE | Should -Be 0
        "$said" | Should -Match 'more slowly for 5 of 5 Γ.*increase 4 .*later 4 of 4'
    }

    It 'takes the threshold of the model for photographs' {
        $photographs = @(New-SceneDataset (Join-Path $folder scenes) -Count 12 -ImageSize 64 -Seed 1)
        $rows = & $script -Path (Split-Path (Split-Path $photographs[0].Path)) -Model clip-mini -Repetition 2 -NoveltyThreshold 2 -OutputPath (Join-Path $folder scenes-out) 6> $null
        $rows.SimilarityThreshold | Select-Object -Unique | Should -Be (Get-ClipEmbedding $photographs[0].Path -Model clip-mini | Invoke-ValuationSimulation -NoveltyThreshold 1 -Repetition 1 -WarningAction Ignore).SimilarityThreshold
        $rows[0].SimilarityThreshold | Should -Not -Be 0.7
    }

    It 'repeats with a seed, and names its files after a name' {
        $few = @{ Path = $vectors; Repetition = 3; NoveltyThreshold = 8; SimilarityThreshold = 0.95; OutputPath = Join-Path $folder 'own.csv' }
        $first = & $script @few -Seed 3 6> $null
        (& $script @few -Seed 3 6> $null).Value | Should -Be $first.Value
        (& $script @few -Seed 4 -Force 6> $null).Value | Should -Not -Be $first.Value
        Join-Path $folder 'owna.csv' | Should -Exist
        Join-Path $folder 'ownb.csv' | Should -Exist
    }

    It 'writes the same files in every culture' {
        $few = @{ Path = $vectors; Repetition = 3; NoveltyThreshold = 8; SimilarityThreshold = 0.95; Seed = 3 }
        $culture = [cultureinfo]::CurrentCulture
        $hashes = foreach ($name in '', 'de-DE') {
            try {
                [cultureinfo]::CurrentCulture = $name
                $null = & $script @few -OutputPath (Join-Path $folder "culture$name") 6> $null
                [cultureinfo]::CurrentCulture.Name | Should -Be $name
            }
            finally {
                [cultureinfo]::CurrentCulture = $culture
            }

            (Get-FileHash (Join-Path $folder "culture$name/figure6a.csv")).Hash
        }

        $hashes[1] | Should -Be $hashes[0]
    }

    It 'runs alone on drawn scenes, and leaves none behind' {
        $before = @(Get-ChildItem ([IO.Path]::GetTempPath()) -Filter 'figure6-*').Count
        $lines = Invoke-FreshPwsh "& '$script' -Quick -NoveltyThreshold 5, 10 -OutputPath '$folder/alone' | Measure-Object | ForEach-Object Count; exit (`$LASTEXITCODE -eq 1)"
        $lines | Should -Contain '40'
        @(Get-ChildItem ([IO.Path]::GetTempPath()) -Filter 'figure6-*').Count | Should -Be $before
    }

    It 'fails with exit code 1 and says why' {
        $null = & $script -Path (Join-Path $TestDrive none.npy) -OutputPath $folder -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match 'none.npy'
    }

    It 'has help' {
        Assert-ScriptHelp $script -Synopsis 'Fig\. 6' -Examples 3
    }
}

Describe 'scripts/Figure.Common.ps1' {
    It 'notes with each file what run it is of, so that a run that was stopped can be made again' {
        . (Join-Path $RepositoryRoot 'scripts/Figure.Common.ps1')
        $file = Join-Path (New-Item -ItemType Directory (Join-Path $TestDrive noted)) 'some.csv'
        $run = Get-FigureRun @{} $true 1 '' ''
        Export-FigureCsv @([pscustomobject]@{ A = 1 }) $file $run
        { Assert-FigureRun $file $run $false } | Should -Not -Throw
        { Assert-FigureRun $file (Get-FigureRun @{} $true 2 '' '') $false } | Should -Throw "*is of another run (Seed '1', not '2')*"
        Export-FigureCsv @([pscustomobject]@{ A = 1 }) (Join-Path $TestDrive noted/other.csv)
        { Assert-FigureRun (Join-Path $TestDrive noted/other.csv) $run $false } | Should -Throw '*nothing notes what run it is of*'
    }
}
