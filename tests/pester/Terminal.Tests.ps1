# What one sees at the prompt: completion, tables, -Verbose, and errors that say what to do.

BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    function Complete([string] $Text) {
        (TabExpansion2 -inputScript $Text -cursorColumn $Text.Length).CompletionMatches.CompletionText
    }

    $scenes = Join-Path $TestDrive 'scenes'
    $items = @(New-SceneDataset $scenes -Count 24 -Contributors 3 -ImageSize 64 -Seed 1)
    $embeddings = @($items | Get-ClipEmbedding)
    $labelled = @($embeddings | Group-Embedding -PassThru)
    $clusters = @($embeddings | Group-Embedding)
    $values = @($labelled | Measure-DataValue)
}

Describe 'Completion' {
    It 'offers <Expected> for <Text>' -ForEach @(
        @{ Text = 'Invoke-TokenAllocation -Scheme W'; Expected = 'WaterFilling' }
        @{ Text = 'Invoke-AllocationSimulation -Scheme Max'; Expected = 'MaxMin' }
        @{ Text = 'New-DpPrototype -Mechanism Disc'; Expected = 'DiscreteGaussian' }
        @{ Text = 'New-DpPrototype -Neighboring A'; Expected = 'AddRemove' }
        @{ Text = 'Measure-PrivacyLoss -Accountant Z'; Expected = 'Zcdp' }
        @{ Text = 'Group-Embedding -Algorithm K'; Expected = 'KMeans' }
        @{ Text = 'Get-ClipEmbedding -Model clip'; Expected = 'clip-mini' }
        @{ Text = 'Find-Embedding -Model clip'; Expected = 'clip-mini' }
        @{ Text = 'Install-ClipModel -Name ViT'; Expected = 'ViT-B-32' }
        @{ Text = 'Invoke-QosSimulation -Strategy Fl'; Expected = 'Flooder' }
        @{ Text = 'New-DpPrototype -Unit C'; Expected = 'Contributor' }
        @{ Text = 'Optimize-DpPrototype -PostProcess Sh'; Expected = 'Shrink' }
        @{ Text = 'Invoke-ReconstructionAttack -Method Text'; Expected = 'TextInversion' }
        @{ Text = 'Invoke-ReconstructionAttack -Model clip'; Expected = 'clip-mini' }
        @{ Text = 'Export-QosReport -Format P'; Expected = 'Png' }
        @{ Text = './scripts/Figure4.ps1 -Scheme W'; Expected = 'WaterFilling' }
        @{ Text = './scripts/Figure7.ps1 -Model ViT'; Expected = 'ViT-B-32' }
        @{ Text = './scripts/Invoke-PaperExperiments.ps1 -Model clip'; Expected = 'clip-mini' }
        @{ Text = 'Measure-Fair'; Expected = 'Measure-Fairness' }
    ) {
        Push-Location -LiteralPath (Join-Path $PSScriptRoot '../..')
        try {
            Complete $Text | Should -Contain $Expected
        }
        finally {
            Pop-Location
        }
    }

    It 'completes paths' {
        Push-Location -LiteralPath $scenes
        try {
            (Complete 'Import-CocoDataset -AnnotationPath capt') -join ' ' | Should -Match 'captions\.json'
        }
        finally {
            Pop-Location
        }
    }
}

Describe 'Tables' {
    BeforeDiscovery {
        $views = @(
            @{ Of = 'CocoItem'; Make = { $items } }
            @{ Of = 'ClipEmbedding'; Make = { $embeddings } }
            @{ Of = 'SemanticCluster'; Make = { $clusters } }
            @{ Of = 'ClipEmbedding with labels'; Make = { $labelled } }
            @{ Of = 'DpPrototype'; Make = { $clusters | New-DpPrototype -Seed 1 } }
            @{ Of = 'PrivacyLoss'; Make = { $clusters | New-DpPrototype -Seed 1 | Measure-PrivacyLoss } }
            @{ Of = 'DataValue'; Make = { $values } }
            @{ Of = 'EmbeddingMatch'; Make = { $embeddings | Find-Embedding 'a dog', "$scenes/images/*/*.jpg" -Top 2 } }
            @{ Of = 'TokenGrant'; Make = { $values | Invoke-TokenAllocation -Supply 5 } }
            @{ Of = 'FairnessReport'; Make = { $values | Invoke-TokenAllocation -Supply 5 | Measure-Fairness } }
            @{ Of = 'FairnessFrontierPoint'; Make = { $values | Get-FairnessFrontier -Supply 5 -Points 3 -Seed 1 } }
            @{ Of = 'AllocationSimulationResult'; Make = { Invoke-AllocationSimulation -Rounds 5 -Seed 1 } }
            @{ Of = 'QosReport'; Make = { Invoke-QosSimulation -Agents 100 -Epochs 5 -Replications 2 -Seed 1 -PerAgent } }
            @{ Of = 'StrategyGain'; Make = { Invoke-QosSimulation -Agents 20 -Epochs 5 -Replications 2 -Seed 1 -StrategyGain } }
            @{ Of = 'ClipModel'; Make = { Get-ClipModel -Name clip-mini } }
            @{ Of = 'ClipTokenSequence'; Make = { ConvertTo-ClipToken 'a photo of a dog' } }
            @{ Of = 'DatRecord'; Make = { $values | Add-DatRecord -LedgerPath (Join-Path $TestDrive 'views.db') } }
            @{ Of = 'Experiment'; Make = { [pscustomobject]@{ PSTypeName = 'QosValuation.Experiment'; Experiment = 'Figure4'; Status = 'Made'; Claim = 'Holds'; Seconds = 1.2; Files = @('figure4.csv') }, [pscustomobject]@{ PSTypeName = 'QosValuation.Experiment'; Experiment = 'Privacy'; Status = 'Failed'; Claim = 'Unknown'; Seconds = 1800.1; Files = @() } } }
            @{ Of = 'DatLedgerFault'; Make = { [QosValuation.DatLedgerFault]::new(3, 'Changed', 'Record 3 is not the one that record 4 follows: it was replaced, and this goes on.'), [QosValuation.DatLedgerFault]::new(12, 'Dropped', 'Record 12 is missing.') } }
            @{ Of = 'DatLedgerReport'; Make = { $null = $values | Add-DatRecord -LedgerPath (Join-Path $TestDrive 'views2.db'); Test-DatLedger -LedgerPath (Join-Path $TestDrive 'views2.db') } }
        )
    }

    It '<Of> fits into eighty columns, with a heading for each column' -ForEach $views {
        $records = @(& $Make)
        $records.Count | Should -BeGreaterThan 0
        $lines = @(($records | Out-String -Width 80) -split "`r?`n" | ForEach-Object { $_ -replace "`e\[[\d;]*m" } | Where-Object { $_.Trim() })
        $lines[1] | Should -Match '^[- ]+$' -Because 'the default view is a table'
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        ([regex]::Matches($lines[0], '\S+(?: \S+)*').Count) | Should -BeGreaterOrEqual 2
        $lines[0] | Should -Not -Match '…'
        $lines -join '' | Should -Not -Match '…\d' -Because 'a number cut at its front is a wrong number'
    }
}

Describe 'Lists' {
    It '<Of> shows no raw types and no single numbers of a vector' -ForEach @(
        @{ Of = 'SemanticCluster'; Make = { $clusters[0] }; Says = 'Centroid +: 512 numbers' }
        @{ Of = 'DpPrototype'; Make = { @($clusters | New-DpPrototype -Seed 1)[0] }; Says = 'Sigma per coordinate +: \d' }
        @{ Of = 'DatRecord'; Make = { @($values)[0] | Add-DatRecord (Join-Path $TestDrive 'list.db') }; Says = 'Added \(UTC\) +: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}' }
        @{ Of = 'a whole DatLedgerReport'; Make = { $null = @($values)[0] | Add-DatRecord (Join-Path $TestDrive 'list2.db'); Test-DatLedger (Join-Path $TestDrive 'list2.db') }; Says = 'Faults +: none' }
        @{ Of = 'a broken DatLedgerReport'; Make = { [QosValuation.DatLedgerReport]@{ Path = 'x'; IsValid = $false; Records = 1; HeadHash = 'ab'; Faults = [QosValuation.DatLedgerFault[]]@([QosValuation.DatLedgerFault]::new(1, 'Changed', 'Record 1 was changed.')) } }; Says = 'Faults +: Changed: Record 1 was changed\.' }
    ) {
        $text = (& $Make | Format-List | Out-String -Width 80) -replace "`e\[[\d;]*m"
        $text | Should -Match $Says
        $text | Should -Not -Match 'System\.|QosValuation\.|ClipEmbedding|\{'
    }
}

Describe '-Verbose' {
    It 'tells what <Name> decided' -ForEach @(
        @{ Name = 'Measure-DataValue'; Run = { $labelled | Measure-DataValue -Verbose }; Says = 'labelled before' }
        @{ Name = 'Measure-Fairness'; Run = { 1, 2 | Measure-Fairness -Verbose }; Says = 'plain numbers' }
        @{ Name = 'Invoke-AllocationSimulation'; Run = { Invoke-AllocationSimulation -Agents 5 -Rounds 2 -Verbose }; Says = 'cryptographic' }
        @{ Name = 'Invoke-QosSimulation'; Run = { Invoke-QosSimulation -Agents 2 -Epochs 2 -Replications 1 -Verbose }; Says = 'seed \d+' }
        @{ Name = 'Get-FairnessFrontier'; Run = { $values | Get-FairnessFrontier -Supply 2 -Points 2 -Verbose }; Says = '2 bounds on Jain' }
        @{ Name = 'Import-CocoDataset'; Run = { Import-CocoDataset (Join-Path $scenes captions.json) -WithoutImage -Verbose }; Says = 'images from ''nowhere''' }
        @{ Name = 'Group-Embedding'; Run = { $embeddings | Group-Embedding -Verbose }; Says = 'records of noise' }
        @{ Name = 'New-DpPrototype'; Run = { $clusters | New-DpPrototype -Seed 1 -Verbose }; Says = 'seed' }
        @{ Name = 'New-DpPrototype'; Run = { $clusters | New-DpPrototype -Mechanism ImageDp -Seed 1 -Verbose -WarningAction Ignore }; Says = 'seed' }
        @{ Name = 'Invoke-MembershipInferenceAttack'; Run = { $clusters | Invoke-MembershipInferenceAttack -Trials 10 -Seed 1 -Verbose -WarningAction Ignore }; Says = 'seed 1' }
        @{ Name = 'Measure-PrototypeUtility'; Run = { $clusters | Measure-PrototypeUtility -Epsilon 1 -Trials 1 -Verbose }; Says = 'cryptographic' }
        @{ Name = 'Get-ClipEmbedding'; Run = { $items | Get-ClipEmbedding -Verbose }; Says = 'clip-small' }
        @{ Name = 'Export-Embedding'; Run = { $embeddings | Export-Embedding (Join-Path $TestDrive v.npy) -Verbose }; Says = 'Wrote \d+ embeddings' }
    ) {
        $said = & $Run 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
        "$said" | Should -Match $Says
        "$said" | Should -Not -Match 'NaN'
    }
}

Describe 'Errors' {
    It '<Because>' -ForEach @(
        @{ Because = 'a missing photograph names its path'; Run = { Get-ClipEmbedding ./no-such.jpg }; Id = '*,QosValuation.Cmdlets.GetClipEmbeddingCommand'; Says = 'no-such\.jpg' }
        @{ Because = 'an unknown model lists those there are'; Run = { Get-ClipEmbedding -Text x -Model nonsense }; Id = 'Model*'; Says = 'clip-mini' }
        @{ Because = 'a mixed input says what to do'; Run = { @(@($values | Invoke-TokenAllocation -Supply 5)[0], 3) | Measure-Fairness }; Id = 'FairnessInputMixed*'; Says = 'measure them apart' }
        @{ Because = 'an infeasible bound says by how much'; Run = { @([pscustomobject]@{ Agent = 'a'; Value = 1 }, [pscustomobject]@{ Agent = 'b'; Value = 0 }) | Invoke-TokenAllocation -Supply 1 -JainFloor 0.9 }; Id = 'JainFloorInfeasible*'; Says = '0[.,]5' }
    ) {
        $faults = $null
        try {
            $null = & $Run -ErrorAction SilentlyContinue -ErrorVariable faults 2>&1 | Tee-Object -Variable output
            $fault = @($output | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })[0]
        }
        catch {
            $fault = $_
        }

        $fault.FullyQualifiedErrorId | Should -BeLike $Id
        "$fault" | Should -Match $Says
    }
}
