BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    function New-Label {
        param([string] $Contributor, [string] $Item, $ClusterId, $Novelty, [string] $Modality = 'Image', [float[]] $Vector = @(1, 0))
        [QosValuation.ClipEmbedding]@{
            Source = $Item; Item = $Item; Modality = $Modality; Vector = $Vector; Contributor = $Contributor; ClusterId = $ClusterId; Novelty = $Novelty
        }
    }

    # ann: 4 novel, 2 normal, 2 noise, so φ = (4 + 1) / 8 = 0.625 and f = 0.625 · ln 9 = 1.37327. bob: 1 normal.
    $labelled = @(
        1..4 | ForEach-Object { New-Label ann "a$_" 0 Novel; New-Label ann "a$_" 0 Novel Text }
        New-Label bob b1 0 Normal
        5..6 | ForEach-Object { New-Label ann "a$_" 0 Normal }
        7..8 | ForEach-Object { New-Label ann "a$_" $null Noise }
    )
}

Describe 'Measure-DataValue' {
    It 'values the worked example of Eq. 20' {
        $values = @($labelled | Measure-DataValue)
        $values[0] | Should -BeOfType QosValuation.DataValue
        $values.Contributor | Should -Be ann, bob
        $values[0].Quantity, $values[0].Novel, $values[0].Normal, $values[0].Noise | Should -Be 8, 4, 2, 2
        $values[0].Novelty | Should -Be 0.625
        [math]::Round($values[0].Value, 5) | Should -Be 1.37327
        [math]::Round($values[1].Value, 5) | Should -Be ([math]::Round(0.5 * [math]::Log(2), 5))
    }

    It 'labels anew with another threshold' {
        $value = $labelled | Measure-DataValue -NoveltyThreshold 2 | Select-Object -First 1
        $value.Novel, $value.Normal, $value.Noise | Should -Be 2, 4, 2
    }

    It 'groups raw embeddings on the way, as Group-Embedding does' {
        $raw = 0..59 | ForEach-Object {
            $angle = ($_ % 3) * 40 + ($_ * 7 % 5)
            New-Label "c$($_ % 4)" "r$_" $null $null Image @([math]::Cos($angle * [math]::PI / 180), [math]::Sin($angle * [math]::PI / 180))
        }
        $direct = $raw | Measure-DataValue -NoveltyThreshold 8 -SimilarityThreshold 0.98
        $staged = $raw | Group-Embedding -PassThru -NoveltyThreshold 8 -SimilarityThreshold 0.98 | Measure-DataValue
        @($direct | Sort-Object Contributor | ForEach-Object ToString) | Should -Be @($staged | Sort-Object Contributor | ForEach-Object ToString)
        $direct.Contributor | Should -Be c0, c1, c2, c3
        ($direct | Measure-Object Quantity -Sum).Sum | Should -Be 60
        ($direct | Measure-Object Novel -Sum).Sum | Should -Be 24
        $clusters = $raw | Group-Embedding -NoveltyThreshold 8 -SimilarityThreshold 0.98 | Measure-DataValue
        @($clusters | Sort-Object Contributor | ForEach-Object ToString) | Should -Be @($staged | Sort-Object Contributor | ForEach-Object ToString)
    }

    It 'values a table of labels' {
        $path = Join-Path $TestDrive labels.csv
        $labelled | Select-Object Contributor, Item, ClusterId, Novelty | Export-Csv $path
        @(Import-Csv $path | Measure-DataValue | ForEach-Object ToString) | Should -Be @($labelled | Measure-DataValue | ForEach-Object ToString)
        Measure-DataValue -InputObject (Import-Csv $path) | ForEach-Object Quantity | Should -Be 8, 1
    }

    It 'counts ClusterId -1, the noise of scikit-learn and hdbscan, as noise' {
        $path = Join-Path $TestDrive hdbscan.csv
        Set-Content $path 'Contributor,Item,ClusterId', 'ann,a,-1', 'ann,b,-1', 'ann,c,-1'
        $value = Import-Csv $path | Measure-DataValue
        $value.Quantity, $value.Novel, $value.Noise, $value.Value | Should -Be 3, 0, 3, 0
        $strays = 1..3 | ForEach-Object { New-Label ann "s$_" -1 $null }
        ($strays | Measure-DataValue).Value | Should -Be 0
        ($strays | Measure-DataValue -NoveltyThreshold 1).Value | Should -Be 0
        $null = New-Label ann n -1 Novel | Measure-DataValue -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults[0].FullyQualifiedErrorId | Should -Be 'LabelsContradict,QosValuation.Cmdlets.Valuation.MeasureDataValueCommand'
    }

    It 'agrees with Group-Embedding and Invoke-ValuationSimulation at a threshold of 1' {
        # Two directions and a stray, in any order: two clusters, each confirmed by its founder.
        $raw = foreach ($degrees in 0, 90, 1, 91, 2, 200) {
            New-Label ann "d$degrees" $null $null Image @([math]::Cos($degrees * [math]::PI / 180), [math]::Sin($degrees * [math]::PI / 180))
        }
        $clusters = $raw | Group-Embedding -NoveltyThreshold 1
        $clusters.ConfirmedAt | Should -Be 0, 1
        $clusters.ForEach({ $_.Members.Novelty -join ' ' }) | Should -Be 'Novel Normal Normal', 'Novel Normal'
        $value = $raw | Measure-DataValue -NoveltyThreshold 1
        $value.Novel, $value.Normal, $value.Noise | Should -Be 2, 3, 1
        $row = $raw | Invoke-ValuationSimulation -NoveltyThreshold 1 -Quantity 6 -Repetition 5 -Seed 1
        $row.Novel, $row.Normal, $row.Noise, $row.Confirmed, $row.ConfirmationDelay | Should -Be 2, 3, 1, 2, 0
        $row.Value | Should -Be $value.Value
    }

    It 'refuses labelled and raw embeddings together' {
        { @($labelled; New-Label eve e1 $null $null) | Measure-DataValue } |
            Should -Throw -ErrorId 'LabelsMixed,QosValuation.Cmdlets.Valuation.MeasureDataValueCommand'
    }

    It 'writes one error for an object that is no embedding' {
        $values = @($labelled[0], 'text', (Get-Date) | Measure-DataValue -ErrorAction SilentlyContinue -ErrorVariable faults)
        $values.Count | Should -Be 1
        @($faults.FullyQualifiedErrorId | Sort-Object -Unique) | Should -Be 'NotAnEmbedding,QosValuation.Cmdlets.Valuation.MeasureDataValueCommand'
        $faults.Count | Should -Be 2
    }

    It 'reports a record with two labels and counts the first' {
        $value = @(New-Label ann a 0 Novel; New-Label ann a 1 Normal Text) | Measure-DataValue -ErrorAction SilentlyContinue -ErrorVariable faults
        $value.Novel, $value.Normal | Should -Be 1, 0
        $faults.FullyQualifiedErrorId | Should -Be 'RecordLabelsDiffer,QosValuation.Cmdlets.Valuation.MeasureDataValueCommand'
    }

    It 'says that a similarity threshold does nothing to labelled embeddings' {
        $null = $labelled | Measure-DataValue -SimilarityThreshold 0.5 -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -Match 'no effect'
    }

    It 'emits nothing for no input' {
        @() | Measure-DataValue | Should -BeNullOrEmpty
    }

    It 'shows values as a table' {
        $text = $labelled | Measure-DataValue | Out-String -Width 120
        $text | Should -Match 'Contributor +Quantity +Novel +Normal +Noise'
        $text | Should -Match ('ann +8 +4 +2 +2 +' + [regex]::Escape((0.625).ToString('F3')))
    }
}

Describe 'Invoke-ValuationSimulation' {
    BeforeAll {
        # Three directions, 30 records each.
        $raw = 0..89 | ForEach-Object {
            $angle = (($_ % 3) * 60 + ($_ * 7 % 5)) * [math]::PI / 180
            New-Label '' "r$_" $null $null Image @([math]::Cos($angle), [math]::Sin($angle))
        }
    }

    It 'emits a row for each threshold and quantity' {
        $rows = @($raw | Invoke-ValuationSimulation -NoveltyThreshold 5, 10 -Quantity 30, 60, 90 -Repetition 4 -SimilarityThreshold 0.95 -Seed 1)
        $rows[0] | Should -BeOfType QosValuation.ValuationSimulationResult
        $rows.NoveltyThreshold | Should -Be 5, 5, 5, 10, 10, 10
        $rows.Quantity | Should -Be 30, 60, 90, 30, 60, 90
        # All 90 are in three clusters: φ = (15 + 75 / 2) / 90.
        [math]::Round($rows[2].Value, 12) | Should -Be ([math]::Round(52.5 / 90 * [math]::Log(91), 12))
        $rows[2].Novel, $rows[2].Normal, $rows[2].Noise, $rows[2].Confirmed, $rows[2].Coverage, $rows[2].ConfirmedRepetitions | Should -Be 15, 75, 0, 3, 1, 4
        $rows[2].ValueStandardError | Should -BeLessThan 1e-12
    }

    It 'takes the captions of a record with its photograph, and objects from files' {
        $both = $raw | ForEach-Object { $_; New-Label '' $_.Item $null $null Text @(0, -1) }
        $settings = @{ NoveltyThreshold = 5; Repetition = 3; SimilarityThreshold = 0.95; Seed = 1 }
        $expected = @($raw | Invoke-ValuationSimulation @settings | ForEach-Object ToString)
        @($both | Invoke-ValuationSimulation @settings | ForEach-Object ToString) | Should -Be $expected
        @($raw | ConvertTo-Json | ConvertFrom-Json | Invoke-ValuationSimulation @settings | ForEach-Object ToString) | Should -Be $expected
        @($raw | Invoke-ValuationSimulation @settings -Seed 2 -ErrorAction Stop | ForEach-Object ToString) | Should -Not -Be $expected
    }

    It 'summarises each threshold with -Summary, in a table of its own' {
        $summary = @($raw | Invoke-ValuationSimulation -NoveltyThreshold 5, 10, 40 -Repetition 3 -SimilarityThreshold 0.95 -Seed 1 -Summary)
        $summary.NoveltyThreshold | Should -Be 5, 10, 40
        $summary[0] | Should -BeOfType QosValuation.ValuationSimulationResult
        $summary.Quantity | Should -Be 90, 90, 90
        $summary[2].Confirmed | Should -Be 0
        $summary[2].FirstConfirmation | Should -BeNullOrEmpty
        $text = $summary | Out-String -Width 80
        $text | Should -Match 'Γ +Quantity +Novel +± SE +Confirmed +± SE +Delay +± SE +First DP +± SE'
        $raw | Invoke-ValuationSimulation 5 -Repetition 3 -Quantity 90 | Out-String -Width 80 |
            Should -Match 'Γ +Quantity +Value +± SE +φ +± SE +Novel +Normal +Noise +Confirmed'
    }

    It 'refuses <Because>' -ForEach @(
        @{ Because = 'more records than there are'; Arguments = @{ Quantity = 91 }; Id = 'QuantityExceedsRecords' }
        @{ Because = 'a quantity of 0'; Arguments = @{ Quantity = 0 }; Id = 'ParameterArgumentValidationError' }
        @{ Because = 'a threshold of 0'; Arguments = @{ NoveltyThreshold = 0 }; Id = 'ParameterArgumentValidationError' }
        @{ Because = 'no repetition'; Arguments = @{ Repetition = 0 }; Id = 'ParameterArgumentValidationError' }
    ) {
        { $raw | Invoke-ValuationSimulation @Arguments -ErrorAction Stop } | Should -Throw -ErrorId "$Id,*"
    }

    It 'emits nothing for no input, and one error for what cannot be used' {
        @() | Invoke-ValuationSimulation | Should -BeNullOrEmpty
        $broken = New-Label '' broken $null $null Image @([float]::NaN, 0)
        $rows = @($raw[0], $broken, $raw[1] | Invoke-ValuationSimulation 2 -Quantity 2 -Repetition 2 -ErrorAction SilentlyContinue -ErrorVariable faults)
        $rows.Count | Should -Be 1
        $faults.FullyQualifiedErrorId | Should -Be 'EmbeddingNotFinite,QosValuation.Cmdlets.Valuation.InvokeValuationSimulationCommand'
    }

    It 'stops at once when the pipeline is stopped' {
        $stopped = Stop-WorkingScript {
            $random = [random]::new(1)
            1..4000 | ForEach-Object -Process {
                $vector = [float[]]::new(512)
                $vector[$random.Next(512)] = 1
                $vector[$random.Next(512)] += 1
                [QosValuation.ClipEmbedding]@{ Source = "$_"; Item = "$_"; Modality = 'Image'; Vector = $vector }
            } -End { Write-Information ready } | Invoke-ValuationSimulation -SimilarityThreshold 1 -Repetition 1000000
        }
        $stopped.State | Should -Be Stopped
    }
}
