# Clients of a model market: who they are, and how records are divided among them.

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # Sixty records of three classes, an image and a caption each.
    $random = [Random]::new(7)
    $embeddings = foreach ($record in 0..59) {
        foreach ($modality in 'Image', 'Text') {
            $vector = [float[]] (0..4 | ForEach-Object { ($_ -eq $record % 3) + 0.2 * $random.NextDouble() })
            [QosValuation.ClipEmbedding]@{ Source = "$record.$modality"; Item = "photo$record"; Modality = $modality; Vector = $vector; Contributor = "c$($record % 4)" } |
                Add-Member Label "class$($record % 3)" -PassThru
        }
    }
}

Describe 'New-ModelClient' {
    It 'makes a client of each contributor, and holds a common test set out' {
        $clients = @($embeddings | New-ModelClient -Seed 1)
        $clients.Contributor | Should -Be 'c0', 'c1', 'c2', 'c3'
        $clients | Should -BeOfType QosValuation.ModelClient
        $clients.GainScale | Should -Be (, 500000 * 4)
        $clients.Cost | Should -Be (, 0 * 4)
        $test = @($clients[0].TestItems | Sort-Object -Unique)
        $test.Count | Should -Be 12
        $clients[3].TestItems | Should -Be $clients[0].TestItems
        ($clients | Measure-Object Size -Sum).Sum | Should -Be 48
        foreach ($client in $clients) {
            $client.Items | Where-Object { $_ -in $test } | Should -BeNullOrEmpty
            $client.Vectors.Length | Should -Be (2 * $client.Size)
            $client.Labels.Length | Should -Be $client.Vectors.Length
        }

        ($embeddings | New-ModelClient -Seed 1).Items -join ' ' | Should -Be ($clients.Items -join ' ')
        ($embeddings | New-ModelClient -Seed 2).Items -join ' ' | Should -Not -Be ($clients.Items -join ' ')
    }

    It 'takes a test set, and leaves its records out of training' {
        $clients = @($embeddings | New-ModelClient -Test $embeddings[0..19] -WarningVariable warnings -WarningAction SilentlyContinue)
        ($clients | Measure-Object Size -Sum).Sum | Should -Be 50
        $clients[0].TestVectors.Length | Should -Be 20
        "$warnings" | Should -Match '20 embeddings'

        # The same photograph under another name.
        $copy = $embeddings[0] | ForEach-Object { [QosValuation.ClipEmbedding]@{ Source = 'x'; Item = 'other'; Modality = 'Image'; Vector = $_.Vector } } | Add-Member Label class0 -PassThru
        $clients = @($embeddings | New-ModelClient -Test $copy -WarningAction SilentlyContinue)
        $clients.Items | Should -Not -Contain 'photo0'
    }

    It 'knows the roles, and liars' {
        $buyer = $embeddings | New-ModelClient Buyer -Seed 1 | Select-Object -First 1
        $buyer.Role, $buyer.GainScale, $buyer.Cost | Should -Be 'Buyer', 500000, 1000
        $seller = $embeddings | New-ModelClient -Role Seller -Seed 1 | Select-Object -First 1
        $seller.GainScale, $seller.Cost, $seller.Attack | Should -Be 0, 0, 'None'
        $attacker = $embeddings | New-ModelClient -Role Attacker -Seed 1 | Select-Object -First 1
        $attacker.GainScale, $attacker.Cost, $attacker.Attack | Should -Be 0, 0, 'SignFlip'
        $attacker = $embeddings | New-ModelClient -Role Attacker -Attack Shuffle -GainScale 5 -Seed 1 | Select-Object -First 1
        $attacker.GainScale, $attacker.Attack | Should -Be 5, 'Shuffle'
        $liar = $embeddings | New-ModelClient -Cost 2 -ReportedCost 1 -ReportedSize 99 -ReportedGainScale 3 -Seed 1 | Select-Object -First 1
        $liar.Cost, $liar.ReportedCost, $liar.ReportedSize, $liar.ReportedGainScale | Should -Be 2, 1, 99, 3
        $spread = @($embeddings | New-ModelClient -Cost 2 -Spread 0.5 -Seed 1)
        @($spread.Cost | Sort-Object -Unique).Count | Should -Be 4
        $spread.Cost | ForEach-Object { $_ | Should -BeGreaterOrEqual 1; $_ | Should -BeLessOrEqual 2 }
    }

    It 'changes clients that are piped in, and nothing that was not asked for' {
        $clients = @($embeddings | New-ModelClient -Cost 3 -Seed 1)
        $changed = @($clients | New-ModelClient -GainScale 7)
        $changed.GainScale | Should -Be (, 7 * 4)
        $changed.Cost | Should -Be (, 3 * 4)
        $changed[0].Items | Should -Be $clients[0].Items
        ($clients | New-ModelClient -Role Seller).Cost | Should -Be (, 0 * 4)
    }

    It 'names what it cannot take, and goes on' {
        $bad = [pscustomobject]@{ Vector = 1, 2, 3, 4, 5; Label = '' ; Contributor = 'c0' }, [pscustomobject]@{ Vector = 1, 2; Label = 'class0'; Contributor = 'c0' },
            [pscustomobject]@{ Vector = 1, 2, 3, 4, 5; Label = 'class0' }, 'text'
        $clients = @($embeddings + $bad | New-ModelClient -Seed 1 -ErrorVariable faults -ErrorAction SilentlyContinue)
        $clients.Count | Should -Be 4
        $faults.FullyQualifiedErrorId | ForEach-Object { ($_ -split ',')[0] } | Should -Be 'LabelMissing', 'EmbeddingDimensionMismatch', 'ContributorMissing', 'NotAnEmbedding'
        { $embeddings | New-ModelClient -Cost -1 } | Should -Throw
        { $embeddings | New-ModelClient -Cost '2,5' } | Should -Throw
        { $embeddings | New-ModelClient -Role Buyer, Seller } | Should -Throw
    }

    It 'comes back from a file' {
        $clients = @($embeddings | New-ModelClient -Cost 3 -Seed 1)
        $file = Join-Path $TestDrive 'clients.xml'
        $clients | Export-Clixml $file -Depth 5
        $back = @(Import-Clixml $file | New-ModelClient -Cost 4)
        $back.Count | Should -Be 4
        $back[2].Vectors[1] | Should -Be $clients[2].Vectors[1]
        $back[2].TestLabels | Should -Be $clients[2].TestLabels
        $json = @($clients | ConvertTo-Json -Depth 5 | ConvertFrom-Json | New-ModelClient -Cost 4)
        $json[1].Vectors[1] | Should -Be $clients[1].Vectors[1]
    }

    It 'shows a table' {
        $text = $embeddings | New-ModelClient -Cost 3 -Seed 1 | Format-Table | Out-String
        $text | Should -Match 'Contributor\s+Role\s+Size\s+Test\s+Classes'
        $text | Should -Match 'c0\s+Trader\s+1\d\s+24\s+3'
    }
}

Describe 'New-ClientPartition -Kind <_>' -ForEach 'Iid', 'Dirichlet', 'Pathological', 'Quantity', 'FeatureShift', 'Cluster', 'Noisy' {
    It 'divides whole records, and none between training and test' {
        $clients = @($embeddings | New-ClientPartition -Count 4 -Kind $_ -Cluster 2 -MinimumSize 3 -Seed 5)
        $clients.Contributor | Should -Be 'client1', 'client2', 'client3', 'client4'
        $places = foreach ($client in $clients) { $client.Items | Sort-Object -Unique }
        $places += $clients[0].TestItems | Sort-Object -Unique
        @($places | Sort-Object -Unique).Count | Should -Be $places.Count
        $places.Count | Should -Be 60
        ($clients | Measure-Object Size -Minimum).Minimum | Should -BeGreaterOrEqual 3
        (@($embeddings | New-ClientPartition -Count 4 -Kind $_ -Cluster 2 -MinimumSize 3 -Seed 5) | ConvertTo-Json -Depth 4) | Should -Be ($clients | ConvertTo-Json -Depth 4)
    }
}

Describe 'New-ClientPartition' {
    It 'gives clusters, classes, domains and noise as it says' {
        (@($embeddings | New-ClientPartition -Count 4 -Kind Cluster -Cluster 2 -Seed 1).Cluster) | Should -Be 0, 0, 1, 1
        @($embeddings | New-ClientPartition -Count 6 -Kind Pathological -ClassCount 1 -Seed 1) | ForEach-Object { $_.ClassCounts.Count | Should -Be 1 }
        $shifted = @($embeddings | New-ClientPartition -Count 4 -Kind FeatureShift -Cluster 2 -Seed 1)
        $shifted[0].TestVectors[0] | Should -Be $shifted[1].TestVectors[0]
        $shifted[0].TestVectors[0] | Should -Not -Be $shifted[3].TestVectors[0]
        $noisy = @($embeddings | New-ClientPartition -Count 4 -Kind Noisy -Strength 1 -Seed 1)
        $wrong = foreach ($client in $noisy) { @(0..($client.Items.Length - 1) | Where-Object { $client.Labels[$_] -ne "class$([int]$client.Items[$_].Substring(5) % 3)" }).Count }
        $wrong[0] | Should -Be 0
        $wrong[3] | Should -Be $noisy[3].Items.Length
    }

    It 'explains what cannot be divided' {
        { $embeddings | New-ClientPartition -Count 50 -ErrorAction Stop } | Should -Throw -ErrorId 'PartitionNotPossible,*'
        { $embeddings | New-ClientPartition -Beta 0 -ErrorAction Stop } | Should -Throw -ErrorId 'PartitionOptionNotValid,*'
        { $embeddings | New-ClientPartition -Count 2 -Kind Cluster -ErrorAction Stop } | Should -Throw -ErrorId 'PartitionOptionNotValid,*'
    }
}
