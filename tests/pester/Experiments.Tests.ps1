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
        @{ Why = 'has another seed, and may be replaced'; Change = { $again.Seed = 2; $again.Force = $true } }
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

    It 'never replaces results of another run without -Force, and says which and why' {
        $folder = Join-Path $TestDrive 'runs'
        $null = & $script @few -OutputPath $folder 6> $null
        $before = (Get-FileHash (Join-Path $folder figure4.csv)).Hash
        $runs = Get-Content (Join-Path $folder runs.json) -Raw | ConvertFrom-Json
        $runs.'figure4.csv'.Size, $runs.'figure4.csv'.Seed | Should -Be 'quick', 1
        $runs.'figure4.csv'.Module | Should -Be (Get-Module QosValuation).Version.ToString()
        foreach ($other in @{ Quick = $true; Seed = 2 }, @{}) {
            $results = @(& $script -Experiment Figure4 -WithoutReport -OutputPath $folder @other -ErrorVariable faults 2> $null 6> $null)
            $LASTEXITCODE | Should -Be 1
            $results | Should -BeNullOrEmpty
            "$faults" | Should -Match "results of another run: Figure4 \((seed 1, not 2|size quick, not full)\).*-Force"
        }

        # A figure by itself goes by the same rule; the same run may be made again.
        $figure = Join-Path $RepositoryRoot 'scripts/Figure4.ps1'
        $null = & $figure -Rounds 5 -OutputPath $folder -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match "figure4\.csv' is of another run \(Size 'quick', not 'full'.*-Force"
        (Get-FileHash (Join-Path $folder figure4.csv)).Hash | Should -Be $before
        $null = & $figure -Quick -OutputPath $folder 6> $null
        $LASTEXITCODE | Should -Be 0
        (Get-FileHash (Join-Path $folder figure4.csv)).Hash | Should -Be $before
        $null = & $figure -Rounds 5 -OutputPath $folder -Force 6> $null
        (Get-FileHash (Join-Path $folder figure4.csv)).Hash | Should -Not -Be $before
        Set-Content (Join-Path $folder 'mine.csv') 'x'
        $null = & $figure -Quick -OutputPath (Join-Path $folder 'mine.csv') -ErrorVariable faults 2> $null 6> $null
        "$faults" | Should -Match 'nothing notes what run'
        Get-Content (Join-Path $folder 'mine.csv') | Should -Be 'x'
    }

    It 'makes the others where one fails, and exits with 1' {
        $folder = Join-Path $TestDrive 'failed'
        # A folder stands where the figure's file should go.
        $null = New-Item -ItemType Directory -Path (Join-Path $folder 'figure4.csv/in the way')
        $results = @(& $script @few -OutputPath $folder 2> $null 6> $null)
        $LASTEXITCODE | Should -Be 1
        $results.Status | Should -Be 'Failed', 'Made'
        $results[0].Claim | Should -Be 'Unknown'
        (Import-Csv (Join-Path $folder summary.csv)).Finding[0] | Should -Match '^failed'
        Remove-Item (Join-Path $folder 'figure4.csv') -Recurse
        (& $script @few -OutputPath $folder 6> $null).Status | Should -Be 'Made', 'Kept'
        $LASTEXITCODE | Should -Be 0
    }

    It 'says first what it will make and what is kept, and sums up what was found' {
        $folder = Join-Path $TestDrive 'summary'
        $null = & $script @few -OutputPath $folder -InformationVariable first 6> $null
        "$first" | Should -Match 'To make: Figure4, Figure5; about \d+ seconds'
        $null = & $script @few -OutputPath $folder -InformationVariable second 6> $null
        "$second" | Should -Match 'Kept.*: Figure4, Figure5\.'
        "$second" | Should -Not -Match 'To make'
        foreach ($said in $first, $second) {
            "$said" | Should -Match 'Figure 5 +Proposed is the fairest'
        }

        $summary = Import-Csv (Join-Path $folder summary.csv)
        $summary.Experiment | Should -Be 'Figure 4', 'Figure 5'
        $summary.File | Should -Be 'figure4.csv', 'figure5.csv'
        $summary.Finding | Should -Match 'at \d+ of \d+ values'
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
        Assert-ScriptHelp $script -Synopsis 'all its figures' -Examples 3
    }
}

Describe 'scripts/Pipeline.ps1' {
    BeforeAll {
        $pipeline = Join-Path $RepositoryRoot 'scripts/Pipeline.ps1'
        $scenes = Join-Path $TestDrive 'pipeline-scenes'
        $items = @(New-SceneDataset $scenes -Count 60 -Contributors 3 -ImageSize 64 -Seed 1)
        $own = @{ Images = Join-Path $scenes images; Annotations = Join-Path $scenes captions.json; NoveltyThreshold = 10 }
    }

    It 'counts photographs only, and does not praise the finding of a cluster that is the only one' {
        $plain = Join-Path $TestDrive 'plain photographs'
        $null = New-Item -ItemType Directory $plain
        $items[0..19].Path | ForEach-Object { Copy-Item $_ (Join-Path $plain "$(New-Guid).jpg") }
        'no picture' | Set-Content (Join-Path $plain captions.json)
        'no picture' | Set-Content (Join-Path $plain ._photo.jpg)
        $folder = Join-Path $TestDrive 'pipeline-plain'
        $null = & $pipeline -Images $plain -OutputPath $folder -NoveltyThreshold 18 -Model clip-mini -InformationVariable said -ErrorVariable failed 6> $null
        $failed | Should -BeNullOrEmpty
        "$said" | Should -BeLike '*Pipeline: 20 photographs by*'
        @(Import-Csv (Join-Path $folder dataset.csv)).Count | Should -Be 20
        if (@(Import-Csv (Join-Path $folder clusters.csv) | Where-Object IsConfirmed -EQ True).Count -eq 1) {
            Import-Csv (Join-Path $folder prototypes.csv) | ForEach-Object FindsOwnCluster | Select-Object -Unique | Should -Be ''
        }
    }

    It 'gives what the cmdlets give one by one' {
        $folder = Join-Path $TestDrive 'pipeline'
        $rows = @(& $pipeline @own -OutputPath $folder -Supply 5 -InformationVariable said 6> $null)
        $LASTEXITCODE | Should -BeIn 0, 2
        $embeddings = @(Import-CocoDataset $own.Annotations $own.Images | Get-ClipEmbedding -WarningAction Ignore)
        $values = @($embeddings | Group-Embedding -NoveltyThreshold 10 -PassThru | Measure-DataValue)
        $rows.Scheme | Should -Be 'Proposed', 'Random', 'RoundRobin', 'MaxMin', 'WaterFilling', 'MaxWelfare', 'Vtc', 'Optimal'
        $rows[0].Jain | Should -Be ($values | Invoke-TokenAllocation -Supply 5 -Capacity 4 -Scheme Proposed | Measure-Fairness).Jain
        [double[]] (Import-Csv (Join-Path $folder data-values.csv)).Value | Should -Be $values.Value
        @(Import-Csv (Join-Path $folder dataset.csv)).Count | Should -Be 60
        @(Import-Embedding (Join-Path $folder embeddings.npy)).Count | Should -Be $embeddings.Count
        @(Import-Csv (Join-Path $folder allocation.csv)).Count | Should -Be (8 * 3)
        @(Import-Csv (Join-Path $folder fairness.csv)).Count | Should -Be 8

        $clusters = @($embeddings | Group-Embedding -NoveltyThreshold 10)
        ([int[]] (Import-Csv (Join-Path $folder clusters.csv)).Records) | Should -Be @($clusters | ForEach-Object Count)
        $prototypes = Import-Csv (Join-Path $folder prototypes.csv)
        $prototypes.Count | Should -Be (4 * 2 * @($clusters | Where-Object IsConfirmed).Count)
        # The baseline's noise of q s = 0.01 a coordinate hides nothing; the formal noise at ε = 1 hides small clusters.
        $cosine = @{}
        $prototypes | Group-Object Mechanism | ForEach-Object { $cosine[$_.Name] = ($_.Group | Measure-Object CosineToClean -Average).Average }
        $cosine.ImageDp | Should -BeGreaterThan 0.9
        $cosine.AnalyticGaussian | Should -BeLessThan 0.5
        ($prototypes | Where-Object Mechanism -EQ ImageDp).FindsOwnCluster | Should -Not -Contain 'False'

        $retrieval = Import-Csv (Join-Path $folder retrieval.csv)
        $retrieval.Count | Should -Be 60
        $texts = @($embeddings | Where-Object Modality -EQ Text | Group-Object Item | ForEach-Object { $_.Group[0] })
        foreach ($image in ($embeddings | Where-Object Modality -EQ Image)[0, 20, 40]) {
            $best = $texts | Sort-Object -Descending {
                $text = $_
                $sum = 0.0
                for ($i = 0; $i -lt 512; $i++) { $sum += $text.Vector[$i] * $image.Vector[$i] }
                $sum
            } | Select-Object -First 1
            ($retrieval | Where-Object Item -EQ (Split-Path $image.Item -Leaf)).NearestCaption | Should -Be $best.Source
        }

        $found = ($said | Where-Object Tags -Contains Finding).MessageData
        $found.Experiment | Should -Be 'Dataset', 'Embeddings', 'Clusters', 'Prototypes', 'Data values', 'Fairness'
    }

    It 'repeats with a seed' {
        $first = & $pipeline @own -OutputPath (Join-Path $TestDrive first) -Seed 3 6> $null
        $again = & $pipeline @own -OutputPath (Join-Path $TestDrive again) -Seed 3 6> $null
        $again.Jain | Should -Be $first.Jain
        foreach ($name in 'prototypes', 'allocation') {
            (Get-FileHash (Join-Path $TestDrive "again/$name.csv")).Hash | Should -Be (Get-FileHash (Join-Path $TestDrive "first/$name.csv")).Hash
        }
    }

    It 'divides the photographs of one folder, which need no captions' {
        $photographs = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'one folder [1]')).FullName
        $items | ForEach-Object { Copy-Item -LiteralPath $_.Path $photographs }
        $folder = Join-Path $TestDrive 'divided'
        $null = & $pipeline -Images $photographs -NoveltyThreshold 10 -OutputPath $folder 6> $null
        $LASTEXITCODE | Should -BeIn 0, 2
        @((Import-Csv (Join-Path $folder dataset.csv)).Contributor | Select-Object -Unique).Count | Should -BeGreaterThan 3
        ((Import-Csv (Join-Path $folder data-values.csv)).Quantity | Measure-Object -Sum).Sum | Should -Be 60
        Join-Path $folder retrieval.csv | Should -Not -Exist
    }

    It 'releases nothing where no cluster is confirmed, and says so' {
        $null = & $pipeline -Images $own.Images -OutputPath (Join-Path $TestDrive unconfirmed) -InformationVariable said 6> $null
        $LASTEXITCODE | Should -BeIn 0, 2
        "$($said.MessageData.Finding)" | Should -Match 'no cluster is confirmed at Γ = 50'
        Join-Path $TestDrive unconfirmed/prototypes.csv | Should -Not -Exist
    }

    It 'fails with exit code 1 where there are no photographs' {
        $null = New-Item -ItemType Directory -Path (Join-Path $TestDrive nothing)
        $null = & $pipeline -Images (Join-Path $TestDrive nothing) -OutputPath (Join-Path $TestDrive none) -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match 'No photographs'
    }

    It 'has help' {
        Assert-ScriptHelp $pipeline -Synopsis 'pipeline' -Examples 2
    }
}
