BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # Embeddings in the plane at angles in degrees: cosines are those of the differences.
    function New-Embedding {
        param([double] $Angle, [string] $Item, [string] $Modality = 'Image', [string] $Contributor = '')
        [QosValuation.ClipEmbedding]@{
            Source = "$Item-$Modality"; Item = $Item; Modality = $Modality; Contributor = $Contributor
            Vector = [float[]]([math]::Cos($Angle * [math]::PI / 180), [math]::Sin($Angle * [math]::PI / 180))
        }
    }

    $index = 0
    $embeddings = foreach ($angle in 0, 90, 2, 45, 1, 91, 1, 89) { New-Embedding $angle "item$index"; $index++ }
    $similarity = [math]::Cos(10 * [math]::PI / 180)
}

Describe 'Group-Embedding' {
    It 'emits clusters with their members, in order of discovery' {
        $clusters = @($embeddings | Group-Embedding -SimilarityThreshold $similarity -NoveltyThreshold 2)
        $clusters.Count | Should -Be 2
        $clusters[0] | Should -BeOfType QosValuation.SemanticCluster
        $clusters.Id | Should -Be 0, 1
        ($clusters | ForEach-Object Count) | Should -Be 4, 3
        $clusters.IsConfirmed | Should -Be $true, $true
        $clusters.ConfirmedAt | Should -Be 2, 5
        $clusters[0].Members | ForEach-Object Item | Should -Be item0, item2, item4, item6
        $clusters[0].Members.Novelty | Should -Be Novel, Novel, Normal, Normal
        $clusters[0].Centroid[1] | Should -BeLessThan 0.02
    }

    It 'labels embeddings with -PassThru, founders directly before the second record and noise last' {
        $labelled = @($embeddings | Group-Embedding -SimilarityThreshold $similarity -NoveltyThreshold 2 -PassThru)
        $labelled[0] | Should -BeOfType QosValuation.ClipEmbedding
        $labelled | ForEach-Object Item | Should -Be item0, item2, item4, item1, item5, item6, item7, item3
        $labelled.Novelty | Should -Be Novel, Novel, Normal, Novel, Novel, Normal, Normal, Noise
        $labelled[-1].ClusterId | Should -BeNullOrEmpty
    }

    It 'streams: records leave before the input ends' {
        $state = @{ Sent = 0 }
        $first = $embeddings | ForEach-Object { $state.Sent++; $_ } | Group-Embedding -SimilarityThreshold $similarity -PassThru | Select-Object -First 1
        $first.Item | Should -Be item0
        $state.Sent | Should -Be 4
    }

    It 'confirms a cluster at fifty records where nothing else is said' {
        $clusters = @(0..99 | ForEach-Object { New-Embedding ($_ % 2 * 90) "r$_" } | Select-Object -First 99 | Group-Embedding)
        $clusters.IsConfirmed | Should -Be $true, $false
        $clusters[0].ConfirmedAt | Should -Be 98
    }

    It 'places a record by its image and lets its captions follow, in any order of modalities' {
        $image = 0..5 | ForEach-Object { New-Embedding ($_ % 2 * 90) "r$_" }
        $text = 0..5 | ForEach-Object { New-Embedding 200 "r$_" Text }
        $apart = @($image + $text | Group-Embedding -PassThru)
        $together = @(0..5 | ForEach-Object { $text[$_]; $image[$_] } | Group-Embedding -PassThru)
        foreach ($result in $apart, $together) {
            $result.Count | Should -Be 12
            foreach ($record in $result | Group-Object Item) {
                @($record.Group.ClusterId | Sort-Object -Unique).Count | Should -Be 1
                $record.Group[0].ClusterId | Should -Be ([int] $record.Name.Substring(1) % 2)
            }
        }

        @($apart | Where-Object Modality -EQ Text).Count | Should -Be 6
        @($image + $text | Group-Embedding | ForEach-Object Count) | Should -Be 3, 3
    }

    It 'finds the clusters asked for with KMeans, the same for the same seed' {
        $clusters = @($embeddings | Group-Embedding KMeans -ClusterCount 3 -Seed 4)
        ($clusters | ForEach-Object Count) | Should -Be 4, 3, 1
        $again = @($embeddings | Group-Embedding -Algorithm KMeans -ClusterCount 3 -Seed 4)
        $again.Centroid | Should -Be $clusters.Centroid
        $embeddings | Group-Embedding KMeans -ClusterCount 3 -Seed 4 -PassThru | ForEach-Object Item | Should -Be ($embeddings | ForEach-Object Item)
        $strict = @($embeddings | Group-Embedding KMeans -ClusterCount 2 -Seed 4 -SimilarityThreshold 0.97 -PassThru)
        @($strict | Where-Object Novelty -EQ Noise | ForEach-Object Item) | Should -Contain item3
    }

    It 'finds dense clusters and noise with Dbscan' {
        $labelled = @($embeddings | Group-Embedding -Algorithm Dbscan -SimilarityThreshold $similarity -MinimumPoints 3 -PassThru)
        $labelled | ForEach-Object Item | Should -Be ($embeddings | ForEach-Object Item)
        $labelled.ClusterId | Should -Be 0, 1, 0, $null, 0, 1, 0, 1
    }

    It 'writes one error for each embedding that cannot be used, and groups the others' {
        $broken = New-Embedding 0 broken
        $broken.Vector[0] = [float]::NaN
        $long = [QosValuation.ClipEmbedding]@{ Source = 'long'; Item = 'long'; Modality = 'Image'; Vector = [float[]](1, 0, 0) }
        $clusters = @($embeddings[0], $broken, $long + $embeddings[1..7] |
                Group-Embedding -SimilarityThreshold $similarity -ErrorAction SilentlyContinue -ErrorVariable faults)
        ($clusters | ForEach-Object Count) | Should -Be 4, 3
        $faults.FullyQualifiedErrorId | Should -Be @(
            'EmbeddingNotFinite,QosValuation.Cmdlets.Clustering.GroupEmbeddingCommand'
            'EmbeddingDimensionMismatch,QosValuation.Cmdlets.Clustering.GroupEmbeddingCommand')
        $faults[0].TargetObject.Item | Should -Be broken
        $faults[0].CategoryInfo.Category | Should -Be InvalidData
    }

    It 'refuses <Because>' -ForEach @(
        @{ Because = 'KMeans without a number of clusters'; Arguments = @{ Algorithm = 'KMeans' }; Id = 'ClusterCountRequired' }
        @{ Because = 'a number of clusters for Online'; Arguments = @{ ClusterCount = 2 }; Id = 'ParameterNotForAlgorithm' }
        @{ Because = 'restarts for Dbscan'; Arguments = @{ Algorithm = 'Dbscan'; Restarts = 2 }; Id = 'ParameterNotForAlgorithm' }
        @{ Because = 'MinimumPoints for KMeans'; Arguments = @{ Algorithm = 'KMeans'; ClusterCount = 2; MinimumPoints = 2 }; Id = 'ParameterNotForAlgorithm' }
        @{ Because = 'more clusters than records'; Arguments = @{ Algorithm = 'KMeans'; ClusterCount = 20 }; Id = 'ClusterCountExceedsRecords' }
        @{ Because = 'a cosine above 1'; Arguments = @{ SimilarityThreshold = 1.5 }; Id = 'ParameterArgumentValidationError' }
        @{ Because = 'NaN for a cosine'; Arguments = @{ SimilarityThreshold = [double]::NaN }; Id = '*' }
        @{ Because = 'a novelty threshold of 0'; Arguments = @{ NoveltyThreshold = 0 }; Id = 'ParameterArgumentValidationError' }
    ) {
        { $embeddings | Group-Embedding @Arguments -ErrorAction Continue } |
            Should -Throw -ErrorId "$Id,QosValuation.Cmdlets.Clustering.GroupEmbeddingCommand"
    }

    It 'warns where fewer clusters come out than asked for' {
        $same = 1..4 | ForEach-Object { New-Embedding 0 "s$_" }
        $clusters = @($same | Group-Embedding KMeans -ClusterCount 3 -Seed 1 -WarningVariable warnings -WarningAction SilentlyContinue)
        $clusters.Count | Should -Be 1
        $warnings | Should -Match '1 clusters came out of the 3'
    }

    It 'emits nothing for no input' {
        @() | Group-Embedding | Should -BeNullOrEmpty
        @() | Group-Embedding KMeans -ClusterCount 2 -WarningAction Stop | Should -BeNullOrEmpty
    }

    It 'takes objects read back from files' {
        $path = Join-Path $TestDrive labelled.clixml
        $embeddings | Export-Clixml $path
        $expected = $embeddings | Group-Embedding -SimilarityThreshold $similarity -PassThru | ForEach-Object { "$($_.Item) $($_.ClusterId)" }
        Import-Clixml $path | Group-Embedding -SimilarityThreshold $similarity -PassThru |
            ForEach-Object { "$($_.Item) $($_.ClusterId)" } | Should -Be $expected
        $embeddings | ConvertTo-Json | ConvertFrom-Json | Group-Embedding -SimilarityThreshold $similarity -PassThru |
            ForEach-Object { "$($_.Item) $($_.ClusterId)" } | Should -Be $expected
        Group-Embedding -InputObject (Import-Clixml $path) -SimilarityThreshold $similarity | ForEach-Object Count | Should -Be 4, 3
        @{ Item = 'a'; Vector = 3, 4 }, @{ Item = 'b'; Vector = 6, 8 } | Group-Embedding | ForEach-Object { $_.Centroid[1] } | Should -Be ([float] 0.8)
        { 1 | Group-Embedding -ErrorAction Stop } | Should -Throw -ErrorId 'InputTypeWrong,*'
    }

    It 'completes algorithms' {
        $line = 'Group-Embedding -Algorithm '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be Dbscan, KMeans, Online
    }

    It 'shows clusters as a table' {
        $text = $embeddings | Group-Embedding -SimilarityThreshold $similarity | Out-String -Width 120
        $text | Should -Match 'Id +Count +IsConfirmed +ConfirmedAt'
        $text | Should -Match '0 +4 False'
    }

    It 'stops at once when the pipeline is stopped' {
        # DBSCAN over this many records takes far longer than the test: only cancellation ends it.
        $stopped = Stop-WorkingScript {
            $random = [random]::new(1)
            1..30000 | ForEach-Object -Process {
                $vector = [float[]]::new(512)
                $vector[$random.Next(512)] = 1
                [QosValuation.ClipEmbedding]@{ Source = "$_"; Item = "$_"; Modality = 'Image'; Vector = $vector }
            } -End { Write-Information ready } | Group-Embedding -Algorithm Dbscan
        }
        $stopped.State | Should -Be Stopped
    }

    It 'groups the real photographs' -Skip:($null -eq $SharedData) {
        $path = Join-Path $SharedData 'flickr8k-clip/image_embeddings.npy'
        $labelled = @(Import-Embedding -Path $path | Group-Embedding -PassThru)
        $labelled.Count | Should -Be 999
        @($labelled | Where-Object Novelty -EQ Noise).Count | Should -Be 125
        ($labelled.ClusterId | Measure-Object -Maximum).Maximum | Should -Be 35
    }
}

Describe 'Group-Embedding -State' {
    BeforeEach {
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('N')).state"
        function Format-Cluster($Cluster) {
            $members = $Cluster.Members.ForEach({ "$($_.Item) $($_.Novelty)" }) -join ','
            '{0} {1} {2} {3} {4} {5}' -f $Cluster.Id, $Cluster.Count, $Cluster.IsConfirmed, $Cluster.ConfirmedAt, ($Cluster.Centroid -join ','), $members
        }
    }

    It 'goes on where the last run ended' {
        $whole = @($embeddings | Group-Embedding -SimilarityThreshold $similarity -NoveltyThreshold 2 | ForEach-Object { Format-Cluster $_ })
        $first = @($embeddings[0..3] | Group-Embedding -SimilarityThreshold $similarity -NoveltyThreshold 2 -State $path)
        $first.Count | Should -Be 1
        $first[0].Count | Should -Be 2
        # What is not said again is taken from the file.
        $second = @($embeddings[4..7] | Group-Embedding -State $path | ForEach-Object { Format-Cluster $_ })
        $second | Should -Be $whole
        @(@() | Group-Embedding -State $path | ForEach-Object { Format-Cluster $_ }) | Should -Be $whole
    }

    It 'labels with -PassThru as one run would, and ends with -Complete' {
        $settings = @{ SimilarityThreshold = $similarity; NoveltyThreshold = 2; PassThru = $true }
        $whole = @($embeddings | Group-Embedding @settings | ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" })
        foreach ($cut in 0..6) {
            Remove-Item $path -ErrorAction Ignore
            $labelled = @(
                $embeddings[0..$cut] | Group-Embedding @settings -State $path
                $embeddings[($cut + 1)..7] | Group-Embedding @settings -State $path -Complete)
            @($labelled | ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" }) | Should -Be $whole
        }

        # -Complete reads the file and does not write it.
        $hash = (Get-FileHash $path).Hash
        @() | Group-Embedding -PassThru -State $path -Complete | ForEach-Object Item | Should -Be item6, item3
        (Get-FileHash $path).Hash | Should -Be $hash
    }

    It 'leaves the file as it is with -WhatIf, and says what it would do' {
        $clusters = @($embeddings | Group-Embedding -State $path -SimilarityThreshold $similarity -WhatIf)
        $clusters.Count | Should -Be 2
        $path | Should -Not -Exist
        $null = $embeddings[0..1] | Group-Embedding -State $path
        $hash = (Get-FileHash $path).Hash
        $null = $embeddings[2..4] | Group-Embedding -State $path -WhatIf
        (Get-FileHash $path).Hash | Should -Be $hash
    }

    It 'keeps the old file when the pipeline stops early' {
        $null = $embeddings[0..1] | Group-Embedding -State $path -PassThru -SimilarityThreshold $similarity
        $hash = (Get-FileHash $path).Hash
        $null = $embeddings[2..7] | Group-Embedding -State $path -PassThru -SimilarityThreshold $similarity | Select-Object -First 1
        (Get-FileHash $path).Hash | Should -Be $hash
        { $embeddings[2..7] | ForEach-Object { if ($_.Item -eq 'item5') { throw 'broken' }; $_ } | Group-Embedding -State $path -PassThru } |
            Should -Throw broken
        (Get-FileHash $path).Hash | Should -Be $hash
    }

    It 'takes a relative path' {
        Push-Location $TestDrive
        try {
            $null = $embeddings | Group-Embedding -State relative.state -WithoutMember
            Join-Path $TestDrive relative.state | Should -Exist
        }
        finally {
            Pop-Location
        }
    }

    It 'refuses <Because>' -ForEach @(
        @{
            Because = 'a damaged file'
            Id      = 'StateDamaged'
            Prepare = { $bytes = [IO.File]::ReadAllBytes($path); $bytes[60] = $bytes[60] -bxor 1; [IO.File]::WriteAllBytes($path, $bytes) }
        }
        @{
            Because = 'a file cut short'
            Id      = 'StateDamaged'
            Prepare = { $bytes = [IO.File]::ReadAllBytes($path); [IO.File]::WriteAllBytes($path, $bytes[0..99]) }
        }
        @{ Because = 'a foreign file'; Id = 'StateNotRecognised'; Prepare = { Set-Content $path 'Dear diary, today I went to the market.' } }
        @{ Because = 'an empty file'; Id = 'StateNotRecognised'; Prepare = { $null = New-Item $path -Force } }
        @{ Because = 'a folder'; Id = 'StateIsFolder'; Prepare = { Remove-Item $path; $null = New-Item $path -ItemType Directory } }
        @{ Because = 'another similarity threshold'; Id = 'StateParameterMismatch'; Arguments = @{ SimilarityThreshold = 0.71 } }
        @{ Because = 'another novelty threshold'; Id = 'StateParameterMismatch'; Arguments = @{ NoveltyThreshold = 49 } }
        @{ Because = 'labels where clusters were listed'; Id = 'StateParameterMismatch'; Arguments = @{ PassThru = $true } }
        @{ Because = 'no members where they were listed'; Id = 'StateParameterMismatch'; Arguments = @{ WithoutMember = $true } }
        @{ Because = 'another algorithm'; Id = 'ParameterNotForAlgorithm'; Arguments = @{ Algorithm = 'Dbscan' } }
    ) {
        $null = $embeddings[0..3] | Group-Embedding -State $path
        if ($Prepare) { . $Prepare }
        $bytes = if (Test-Path $path -PathType Leaf) { (Get-FileHash $path).Hash }
        if (-not $Arguments) { $Arguments = @{} }
        { $embeddings[4..7] | Group-Embedding -State $path @Arguments -ErrorAction Continue } |
            Should -Throw -ErrorId "$Id,QosValuation.Cmdlets.Clustering.GroupEmbeddingCommand"
        if ($bytes) { (Get-FileHash $path).Hash | Should -Be $bytes }
    }

    It 'keeps the search of a state, and refuses another' {
        $whole = @($embeddings | Group-Embedding -SimilarityThreshold $similarity | ForEach-Object { Format-Cluster $_ })
        # So few clusters are compared exactly, whatever is asked for.
        $null = $embeddings[0..3] | Group-Embedding -SimilarityThreshold $similarity -Search Approximate -State $path
        $second = @($embeddings[4..7] | Group-Embedding -State $path -Verbose 4>&1 | Where-Object { $_ -isnot [Management.Automation.VerboseRecord] })
        @($second | ForEach-Object { Format-Cluster $_ }) | Should -Be $whole
        { @() | Group-Embedding -State $path -Search Exact } | Should -Throw -ErrorId 'StateParameterMismatch*'
        @() | Group-Embedding -State $path -Search Approximate | Should -HaveCount $whole.Count
        { $embeddings | Group-Embedding -Algorithm Dbscan -Search Approximate } | Should -Throw -ErrorId 'ParameterNotForAlgorithm*'
    }

    It 'wants a file for -Complete' {
        { $embeddings | Group-Embedding -Complete } | Should -Throw -ErrorId 'CompleteNeedsState,*'
    }

    It 'lists no members where none are wanted, in memory and in the file' {
        $clusters = @($embeddings | Group-Embedding -SimilarityThreshold $similarity -WithoutMember -State $path)
        ($clusters | ForEach-Object Count) | Should -Be 4, 3
        $clusters | ForEach-Object { $_.Members.Count } | Should -Be 0, 0
        $null = $embeddings | Group-Embedding -SimilarityThreshold $similarity -State "$path.members"
        (Get-Item "$path.members").Length | Should -BeGreaterThan (Get-Item $path).Length
    }

    It 'resumes the real photographs' -Skip:($null -eq $SharedData) {
        $real = @(Import-Embedding -Path (Join-Path $SharedData 'flickr8k-clip/image_embeddings.npy'))
        $whole = @($real | Group-Embedding -ThrottleLimit 1 | ForEach-Object { Format-Cluster $_ })
        $null = $real[0..499] | Group-Embedding -State $path
        $resumed = @($real[500..998] | Group-Embedding -State $path | ForEach-Object { Format-Cluster $_ })
        $resumed.Count | Should -Be 36
        $resumed | Should -Be $whole
    }
}

Describe 'Measure-OrderSensitivity' {
    It 'finds no dependence where clusters lie apart' {
        $apart = 0..59 | ForEach-Object { New-Embedding (($_ % 3) * 60 + $_ % 5) "r$_" }
        $row = $apart | Measure-OrderSensitivity -SimilarityThreshold 0.95 -Repetition 4 -Seed 1
        $row | Should -BeOfType QosValuation.OrderSensitivityResult
        $row.AdjustedRandIndex, $row.AdjustedRandIndexStandardError, $row.Clusters, $row.Noise | Should -Be 1, 0, 3, 0
        $row.Records, $row.Pairs | Should -Be 60, 4
    }

    It 'emits a row for each threshold, the same for the same seed' {
        $spread = 0..79 | ForEach-Object { New-Embedding ($_ * 37 % 360) "r$_" }
        $rows = @($spread | Measure-OrderSensitivity 0.9, 0.95 -Repetition 6 -Seed 2)
        $rows.SimilarityThreshold | Should -Be 0.9, 0.95
        $rows[0].AdjustedRandIndex | Should -BeLessThan 1
        $rows[0].AdjustedRandIndexStandardError | Should -BeGreaterThan 0
        "$($spread | Measure-OrderSensitivity 0.95 -Repetition 6 -Seed 2)" | Should -Be "$($rows[1])"
        $rows | Out-String -Width 80 | Should -Match 'Threshold +Records +Pairs +Rand index +± SE +Clusters +± SE +Noise +± SE'
    }

    It 'compares with -Merge what one pass and a merge of parts give' {
        $spread = 0..59 | ForEach-Object { New-Embedding ($_ * 37 % 360) "r$_" }
        $folder = (New-Item -ItemType Directory (Join-Path $TestDrive 'merged-parts')).FullName
        $spread[0..24] | Group-Embedding -SimilarityThreshold 0.9 -State "$folder/a.state" | Out-Null
        $spread[25..59] | Group-Embedding -SimilarityThreshold 0.9 -State "$folder/b.state" | Out-Null
        $pass = @($spread | Group-Embedding -SimilarityThreshold 0.9)
        $merged = @(Group-Embedding -MergeState "$folder/b.state", "$folder/a.state")
        $partitions = $pass, $merged | ForEach-Object {
            $of = @{}
            foreach ($cluster in $_) { foreach ($member in $cluster.Members) { $of[$member.Item] = $cluster.Id } }
            , $of
        }

        # The index by its definition over pairs of records; who is in no cluster is alone.
        $pairs = $both = $one = $other = 0
        foreach ($i in 0..58) {
            foreach ($j in ($i + 1)..59) {
                $left, $right = $spread[$i].Item, $spread[$j].Item
                $first, $second = $partitions.ForEach{ $null -ne $_[$left] -and $_[$left] -eq $_[$right] }
                $pairs++
                $both += $first -and $second
                $one += $first
                $other += $second
            }
        }

        $chance = $one * $other / $pairs
        $expected = ($both - $chance) / (($one + $other) / 2 - $chance)
        $expected | Should -BeLessThan 1
        $row = $spread | Measure-OrderSensitivity 0.9 -Merge
        [math]::Abs($row.AdjustedRandIndex - $expected) | Should -BeLessThan 1e-12
        $row.Pairs | Should -Be 1
        [double]::IsNaN($row.AdjustedRandIndexStandardError) | Should -BeTrue
        { $spread | Measure-OrderSensitivity -Merge -Seed 1 } | Should -Throw -ErrorId 'AmbiguousParameterSet,*'
    }

    It 'refuses one record, and emits nothing for none' {
        { $embeddings[0] | Measure-OrderSensitivity } | Should -Throw -ErrorId 'TooFewRecords,*'
        @() | Measure-OrderSensitivity | Should -BeNullOrEmpty
    }

    It 'measures the real photographs' -Skip:($null -eq $SharedData) {
        $row = Import-Embedding -Path (Join-Path $SharedData 'flickr8k-clip/image_embeddings.npy') | Measure-OrderSensitivity -Repetition 10 -Seed 1
        # 0.667 with a standard error of 0.011 over fifty other pairs; five standard errors of ten pairs.
        $row.AdjustedRandIndex | Should -BeGreaterThan 0.54
        $row.AdjustedRandIndex | Should -BeLessThan 0.79
    }
}
