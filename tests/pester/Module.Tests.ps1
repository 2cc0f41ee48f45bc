BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $commands = Get-Command -Module QosValuation
    $cases = foreach ($command in $commands) { @{ Name = $command.Name; Command = $command } }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
}

Describe 'The module' {
    It 'exports every cmdlet that its manifest names, and no other' {
        $manifest = Import-PowerShellDataFile -LiteralPath $ModuleManifest
        $exported = (Get-Command -Module QosValuation).Name | Sort-Object
        $exported | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        (Get-Module QosValuation).ExportedFunctions.Count | Should -Be 0
    }

    It 'lists every format file' {
        $manifest = Import-PowerShellDataFile -LiteralPath $ModuleManifest
        $files = Get-ChildItem -LiteralPath (Join-Path $RepositoryRoot 'module/formats') -Filter *.ps1xml
        # The build makes the list views.
        @($manifest.FormatsToProcess | Sort-Object) | Should -Be @($files.Name + 'Lists.format.ps1xml' | ForEach-Object { "formats/$_" } | Sort-Object)
    }

    It 'uses approved verbs' {
        $approved = (Get-Verb).Verb
        (Get-Command -Module QosValuation).Verb | Should -BeIn $approved
    }

    It 'uses singular nouns, and switches rather than booleans' {
        (Get-Command -Module QosValuation).Noun | Where-Object { $_ -match '(?<![sui])s$' } | Should -BeNullOrEmpty
        foreach ($command in Get-Command -Module QosValuation) {
            $command.Parameters.Values | Where-Object ParameterType -In ([bool], [System.Nullable[bool]]) | Should -BeNullOrEmpty -Because $command.Name
        }
    }

    It 'asks before it changes files, ledgers and budgets, and nowhere else' {
        $changing = 'Add-DatRecord', 'Add-UsageRecord', 'ConvertTo-ClipImage', 'Export-ClientModel', 'Export-DataAward', 'Export-DatSettlement', 'Export-DpPrototype', 'Export-Embedding', 'Export-QosReport',
            'Export-ReconstructionGrid', 'Group-Embedding', 'Install-ClipModel', 'Invoke-DataAuction', 'Invoke-ModelMarket', 'Invoke-ReconstructionAttack', 'Invoke-TokenAllocation',
            'Measure-DataQuality', 'Measure-MarginalUtility', 'New-DataSubmissionKey', 'New-DpPrototype', 'New-PrivacyBudget', 'New-SceneDataset',
            'Protect-DataSubmission', 'Remove-QosJob', 'Resume-QosJob', 'Stop-QosJob', 'Submit-QosJob', 'Unprotect-DataSubmission'
        (Get-Command -Module QosValuation | Where-Object { $_.Parameters.ContainsKey('WhatIf') }).Name | Sort-Object | Should -Be $changing
    }

    It 'takes files literally too, wherever a parameter takes patterns of paths' {
        foreach ($command in Get-Command -Module QosValuation) {
            $patterns = @($command.Parameters.Values | Where-Object { $_.Name -in 'Path', 'AnnotationPath' -and $_.ParameterType -eq [string[]] -and ($_.Attributes | Where-Object { $_ -is [SupportsWildcards] }) })
            if ($patterns) {
                $command.Parameters.Keys | Should -Contain 'LiteralPath' -Because $command.Name
                $command.Parameters['LiteralPath'].Aliases | Should -Contain 'PSPath' -Because $command.Name
            }
        }
    }

    It 'has one type, and one name, for a seed' {
        foreach ($command in Get-Command -Module QosValuation | Where-Object { $_.Parameters.ContainsKey('Seed') }) {
            $command.Parameters['Seed'].ParameterType | Should -Be ([System.Nullable[int]]) -Because $command.Name
        }
    }

    It 'has a table and a list for every type that a cmdlet emits' {
        $types = @((Get-Command -Module QosValuation).OutputType.Name | Where-Object { $_ -like 'QosValuation.*' } | Sort-Object -Unique)
        $types.Count | Should -BeGreaterThan 20
        foreach ($type in $types) {
            (Get-FormatData -TypeName $type).FormatViewDefinition.Control | Where-Object { $_ -is [System.Management.Automation.TableControl] } | Should -Not -BeNullOrEmpty -Because $type
            (Get-FormatData -TypeName $type).FormatViewDefinition.Control | Where-Object { $_ -is [System.Management.Automation.ListControl] } | Should -Not -BeNullOrEmpty -Because $type
        }
    }

    It 'resolves its types by name' {
        [QosValuation.Modality]::Image | Should -Be 'Image'
        [QosValuation.ClipEmbedding].FullName | Should -Be 'QosValuation.ClipEmbedding'
    }

    It 'works again after -Force, after removal, and in another runspace' {
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
Import-Module '$ModuleManifest' -Force
(Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture)
Remove-Module QosValuation
Import-Module '$ModuleManifest'
(Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture)
1..2 | ForEach-Object -Parallel { Import-Module '$ModuleManifest'; (Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture) }
"@
        $lines | Should -Be @('3.731', '3.731', '3.731', '3.731')
    }
}

# The public surface that scripts rely on: adding is fine, renaming is not.
Describe 'The contract of <Name>' -ForEach @(
    @{ Name = 'Get-ClipModel'; Parameters = 'Name', 'Path'; Type = 'ClipModel'; Properties = 'Name', 'Path', 'Dimension', 'ImageSize', 'ContextLength', 'Modalities' }
    @{ Name = 'Install-ClipModel'; Parameters = 'Name', 'Destination', 'Uri', 'Force'; Type = 'ClipModel'; Properties = 'Name', 'Path' }
    @{ Name = 'Test-ClipModel'; Parameters = 'Name', 'Path'; Type = 'ClipModelReport'; Properties = 'Name', 'Path', 'IsValid' }
    @{ Name = 'Import-CocoDataset'; Parameters = 'AnnotationPath', 'ImageFolder', 'First', 'WithoutImage'; Type = 'CocoItem'; Properties = 'ImageId', 'Path', 'Captions', 'Width', 'Height', 'License' }
    @{ Name = 'New-SceneDataset'; Parameters = 'Path', 'Count', 'ImageSize', 'Seed'; Type = 'CocoItem'; Properties = 'ImageId', 'Path', 'Captions' }
    @{ Name = 'Get-ClipEmbedding'; Parameters = 'Path', 'LiteralPath', 'Recurse', 'Text', 'Model', 'Modality', 'Contributor', 'BatchSize', 'ExecutionProvider', 'CachePath'; Type = 'ClipEmbedding'; Properties = 'Source', 'Item', 'Modality', 'Vector', 'Model', 'Contributor', 'Ordinal' }
    @{ Name = 'ConvertTo-ClipToken'; Parameters = 'Text', 'Model', 'VocabularyPath', 'NoTruncate'; Type = 'ClipTokenSequence'; Properties = 'Text', 'Ids', 'IsTruncated' }
    @{ Name = 'ConvertTo-ClipImage'; Parameters = 'Path', 'Destination', 'ImageSize'; Type = 'System.IO.FileInfo'; Properties = @('FullName') }
    @{ Name = 'Import-Embedding'; Parameters = 'Path', 'Modality', 'MetadataPath'; Type = 'ClipEmbedding'; Properties = 'Vector', 'Modality' }
    @{ Name = 'Export-Embedding'; Parameters = 'Path', 'InputObject'; Type = 'ClipEmbedding'; Properties = 'Vector', 'Modality' }
    @{ Name = 'Find-Embedding'; Parameters = 'Query', 'Top', 'Threshold', 'Model', 'InputObject'; Type = 'EmbeddingMatch'; Properties = 'Item', 'Similarity', 'Rank', 'Embedding' }
    @{ Name = 'Group-Embedding'; Parameters = 'Algorithm', 'SimilarityThreshold', 'NoveltyThreshold', 'ClusterCount', 'PassThru'; Type = 'SemanticCluster'; Properties = 'Id', 'Count', 'Centroid', 'IsConfirmed', 'ConfirmedAt', 'Members' }
    @{ Name = 'Group-Embedding'; Parameters = 'PassThru'; Type = 'ClipEmbedding'; Properties = 'ClusterId', 'Novelty' }
    @{ Name = 'New-DpPrototype'; Parameters = 'Epsilon', 'Delta', 'Mechanism', 'PerturbationCoefficient', 'Scale', 'Sensitivity', 'Neighboring', 'Budget', 'Seed'; Type = 'DpPrototype'; Properties = 'ClusterId', 'Modality', 'Vector', 'Count', 'Epsilon', 'Delta', 'Sensitivity', 'Sigma', 'Mechanism', 'IsFormal' }
    @{ Name = 'Measure-PrivacyLoss'; Parameters = 'Delta', 'Accountant'; Type = 'PrivacyLoss'; Properties = 'Epsilon', 'Delta', 'Releases', 'Mu' }
    @{ Name = 'Get-GaussianSigma'; Parameters = 'Epsilon', 'Delta', 'Sensitivity', 'Mechanism'; Type = 'System.Double'; Properties = @() }
    @{ Name = 'Measure-DataQuality'; Parameters = 'Path', 'LiteralPath', 'InputObject', 'ReferencePath', 'Dictionary', 'ClusterCount', 'ErrorFactor', 'Weight', 'NoveltyDefinition', 'RequiredField', 'AsOf', 'MaxAge', 'Epsilon', 'Budget', 'Seed'; Type = 'DataQuality'; Properties = 'Contributor', 'Quality', 'Cleanliness', 'Errors', 'Tokens', 'Entropy', 'NormalizedEntropy', 'GiniSimpson', 'Novelty', 'Recency', 'Duplication', 'Metadata', 'Hash', 'Parameters' }
    @{ Name = 'Measure-DataValue'; Parameters = 'InputObject', 'NoveltyThreshold'; Type = 'DataValue'; Properties = 'Contributor', 'Quantity', 'Novel', 'Normal', 'Noise', 'Novelty', 'Value' }
    @{ Name = 'Measure-MarginalUtility'; Parameters = 'Method', 'Test', 'K', 'Threshold', 'Alpha', 'Beta', 'Damping', 'Regularization', 'Tolerance', 'StandardError', 'MaxEvaluation', 'GroupBy', 'Rescale', 'Epsilon', 'Budget', 'UtilityTable', 'Seed'; Type = 'MarginalUtility'; Properties = 'Contributor', 'Item', 'Value', 'StandardError', 'Evaluations', 'Converged', 'Method', 'Seed' }
    @{ Name = 'Measure-ValuationQuality'; Parameters = 'InputObject', 'Test', 'Method', 'NoiseRate', 'Seed'; Type = 'ValuationQuality'; Properties = 'Method', 'Experiment', 'Fraction', 'Score', 'StandardError', 'F1', 'TwoMeansF1', 'Seed' }
    @{ Name = 'Invoke-TokenAllocation'; Parameters = 'Agent', 'Contributor', 'Value', 'Capacity', 'Remaining', 'Supply', 'Scheme', 'JainFloor', 'GiniCeiling', 'Seed'; Type = 'TokenGrant'; Properties = 'Agent', 'Value', 'Tokens', 'Capacity', 'Remaining', 'RewardRate' }
    @{ Name = 'Test-DataQuality'; Parameters = 'Score', 'Path', 'LiteralPath', 'InputObject', 'ReferencePath', 'Dictionary'; Type = 'DataQualityReport'; Properties = 'Contributor', 'IsValid', 'Differences', 'Expected', 'Actual' }
    @{ Name = 'Measure-Fairness'; Parameters = 'InputObject'; Type = 'FairnessReport'; Properties = 'Count', 'Jain', 'Gini', 'SocialWelfare', 'Allocated', 'Supply', 'MinRate', 'MaxRate' }
    @{ Name = 'Invoke-AllocationSimulation'; Parameters = 'Agents', 'Supply', 'Capacity', 'Alpha', 'Rounds', 'Scheme', 'Seed'; Type = 'AllocationSimulationResult'; Properties = 'Scheme', 'Agents', 'Alpha', 'Jain', 'Gini', 'JainStandardError', 'GiniStandardError' }
    @{ Name = 'Invoke-QosSimulation'; Parameters = 'Agents', 'Seed'; Type = 'QosReport'; Properties = 'ServedRatio', 'OutageRatio', 'P95Wait', 'Utilisation', 'Jain', 'Gini' }
    @{ Name = 'Invoke-ReconstructionAttack'; Parameters = 'Model', 'Steps', 'LearningRate', 'Copies', 'Reference', 'OutputPath', 'Seed'; Type = 'Reconstruction'; Properties = 'ClusterId', 'ImagePath', 'Score', 'ScoreTrace', 'ReferenceSimilarity', 'Psnr', 'Ssim' }
    @{ Name = 'Invoke-MembershipInferenceAttack'; Parameters = 'InputObject', 'Mechanism', 'Trials'; Type = 'MembershipInference'; Properties = 'Advantage', 'Auc' }
    @{ Name = 'Measure-EmpiricalPrivacy'; Parameters = 'InputObject', 'Mechanism', 'Trials'; Type = 'EmpiricalPrivacy'; Properties = @('EpsilonLowerBound') }
    @{ Name = 'Add-DatRecord'; Parameters = @('LedgerPath'); Type = 'DatRecord'; Properties = 'Address', 'Value', 'Pointer', 'Sequence', 'PreviousHash' }
    @{ Name = 'Get-DatRecord'; Parameters = @('LedgerPath'); Type = 'DatRecord'; Properties = 'Address', 'Value', 'Pointer', 'Sequence', 'PreviousHash' }
    @{ Name = 'Test-DatLedger'; Parameters = @('LedgerPath'); Type = 'DatLedgerReport'; Properties = 'IsValid', 'Faults' }
    @{ Name = 'Export-DatSettlement'; Parameters = @('LedgerPath'); Type = 'System.IO.FileInfo'; Properties = @('FullName') }
    @{ Name = 'Invoke-DataAuction'; Parameters = 'Contributor', 'Cost', 'Quality', 'MarginalUtility', 'Group', 'Mechanism', 'Budget', 'Eta', 'Gamma', 'Kappa', 'Concave', 'Similarity', 'Reference', 'Underserved', 'TrancheShare', 'GroupLimit', 'Liquidity', 'Pool', 'Corrected', 'Seed', 'Summary'; Type = 'DataAward'; Properties = 'Contributor', 'Rank', 'Cost', 'Value', 'Density', 'IsWinner', 'Reason', 'Payment', 'CriticalCost', 'Share', 'Tranche' }
    @{ Name = 'Invoke-DataAuction'; Parameters = @('Summary'); Type = 'AuctionReport'; Properties = 'Winners', 'TotalPayment', 'Budget', 'Overrun', 'Value', 'UnitPrice', 'IsBudgetFeasible', 'IsTruthful' }
    @{ Name = 'Invoke-AuctionSimulation'; Parameters = 'Contributor', 'Cost', 'Quality', 'MarginalUtility', 'Mechanism', 'Budget', 'Round', 'Repetition', 'Learner', 'Factor', 'LearningRate', 'Decay', 'ReputationRate', 'CarryOver', 'Liquidity', 'Pool', 'Corrected', 'Seed', 'Summary'; Type = 'AuctionSimulationResult'; Properties = 'Mechanism', 'Round', 'Gain', 'GainStandardError', 'TotalGain', 'TotalGainStandardError', 'BestGain', 'TwinGain', 'TwinGainStandardError', 'Factor', 'Value', 'HonestValue', 'Budget', 'Spent', 'Freshness', 'Reputation', 'Seed' }
    @{ Name = 'Measure-UtilityShare'; Parameters = 'Pool', 'RiskAversion'; Type = 'UtilityShare'; Properties = 'Contributor', 'Share', 'Payout', 'Utility' }
    @{ Name = 'Measure-DataShareToken'; Parameters = 'Supply', 'Weight', 'Floor', 'Cap', 'Whole'; Type = 'DataShareToken'; Properties = 'Contributor', 'VolumeScore', 'QualityScore', 'ImpactScore', 'Score', 'Tokens' }
    @{ Name = 'Test-MechanismProperty'; Parameters = 'Property', 'Mechanism', 'ScriptBlock', 'Trial', 'CoalitionSize', 'Seed'; Type = 'MechanismViolation'; Properties = 'Property', 'Mechanism', 'Agents', 'Truth', 'Report', 'UtilityBefore', 'UtilityAfter', 'Gain', 'Offers' }
    @{ Name = 'New-ModelClient'; Parameters = 'Embedding', 'Label', 'Contributor', 'GainScale', 'Cost', 'Role', 'Attack', 'Seed'; Type = 'ModelClient'; Properties = 'Contributor', 'Role', 'GainScale', 'Cost', 'Attack', 'Size' }
    @{ Name = 'Invoke-ModelMarket'; Parameters = 'Algorithm', 'Round', 'LocalStep', 'Lambda', 'Eta', 'GraphStep', 'Payment', 'Learner', 'Optimizer', 'LearningRate', 'Distance', 'Update', 'CheckpointPath', 'PassThru', 'Seed'; Type = 'ModelMarketRound'; Properties = 'Round', 'Algorithm', 'Client', 'Accuracy', 'Loss', 'Imports', 'Gain', 'Paid', 'Received', 'Cost', 'Utility', 'Welfare', 'IsRational', 'Graph', 'Distance', 'Payment', 'Check' }
    @{ Name = 'Measure-ModelMarket'; Parameters = @('InputObject'); Type = 'ModelMarketReport'; Properties = 'Algorithm', 'Accuracy', 'AccuracyStandardError', 'Utility', 'UtilityStandardError' }
    @{ Name = 'New-ClientPartition'; Parameters = 'Count', 'Beta', 'Cluster', 'Kind', 'Seed'; Type = 'ModelClient'; Properties = 'Contributor', 'Cluster', 'Vectors', 'Labels', 'TestVectors', 'TestLabels' }
    @{ Name = 'Submit-QosJob'; Parameters = 'Scheduler', 'Shards', 'ScriptBlock', 'FilePath', 'ArgumentList', 'MergeScriptBlock', 'JobPath', 'MaximumRetries', 'ThrottleLimit', 'CpusPerShard', 'HostName', 'UserName', 'KeyFilePath', 'Partition', 'Time', 'Memory', 'SbatchArgument'; Type = 'QosJob'; Properties = 'Name', 'Id', 'State', 'Scheduler', 'SchedulerId', 'Shards', 'Completed', 'Running', 'Failed', 'Path', 'LogPath', 'Elements' }
    @{ Name = 'Wait-QosJob'; Parameters = 'Job', 'Path', 'Timeout'; Type = 'QosJob'; Properties = 'State', 'IsFinished' }
    @{ Name = 'Receive-QosJob'; Parameters = 'Job', 'Path', 'Wait'; Type = 'System.Object'; Properties = @() }
    @{ Name = 'Get-QosJob'; Parameters = 'Job', 'Path'; Type = 'QosJob'; Properties = @('State') }
    @{ Name = 'Export-QosReport'; Parameters = 'InputObject', 'Path'; Type = 'System.IO.FileInfo'; Properties = @('FullName') }
) {
    It 'has the parameters <Parameters>' {
        $names = (Get-Command $Name).Parameters.Values | ForEach-Object { $_.Name; $_.Aliases }
        foreach ($parameter in $Parameters) {
            $names | Should -Contain $parameter
        }
    }

    It 'emits <Type> with the properties <Properties>' {
        $full = $Type -like 'System.*' ? $Type : "QosValuation.$Type"
        (Get-Command $Name).OutputType.Name | Should -Contain $full
        $have = ($full -as [type]).GetProperties().Name + (Get-TypeData $full).Members.Keys
        foreach ($property in $Properties) {
            $have | Should -Contain $property
        }
    }
}

Describe 'The list of records that an import reads' {
    It 'is what the cmdlets say' {
        $converter = (Get-Command Get-ClipEmbedding).ImplementingType.Assembly.GetType('QosValuation.Cmdlets.RecordConverter')
        $file = Join-Path (Get-Module QosValuation).ModuleBase 'bin' 'records.txt'
        $lines = [System.IO.File]::ReadAllLines($file)
        $lines | Should -Not -BeNullOrEmpty
        $lines | Should -Be $converter::List()
        $converter::TypeData($file).Count | Should -Be (2 * $lines.Count)
    }
}

Describe 'Help of <Name>' -ForEach $cases {
    BeforeAll {
        $help = Get-Help $Name -Full
        $parameters = @($Command.Parameters.Values | Where-Object { $_.Name -notin $common -and $_.Name -notin 'WhatIf', 'Confirm' })
        $documented = @($help.parameters.parameter | Where-Object { $_ })
    }

    It 'has a synopsis, a description and an example' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -Match "^\s*$Name\s*\["
        ($help.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterThan 0
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty
        }
    }

    It 'documents every parameter, and no other' {
        @($documented.name | Sort-Object) | Should -Be @($parameters.Name | Sort-Object)
        foreach ($parameter in $documented) {
            ($parameter.description | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because "-$($parameter.name) needs a description"
        }
    }

    It 'states the defaults that the code has' {
        $cmdlet = [System.Activator]::CreateInstance($Command.ImplementingType)
        foreach ($parameter in $documented | Where-Object { $_.required -eq 'false' }) {
            $standard = $cmdlet.($parameter.name)
            if ($standard -is [double] -and [double]::IsFinite($standard)) {
                $parameter.defaultValue -as [double] | Should -Be $standard -Because "-$($parameter.name)"
            }
            elseif ($standard -is [enum]) {
                $parameter.defaultValue | Should -Be "$standard" -Because "-$($parameter.name)"
            }
            elseif ($standard -is [int] -and $standard -notin 0, [int]::MaxValue) {
                $parameter.defaultValue | Should -Be "$standard" -Because "-$($parameter.name)"
            }
        }
    }

    It 'has examples that parse and use real parameters' {
        foreach ($example in $help.examples.example) {
            $errors = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $example.code
            foreach ($call in $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)) {
                $target = Get-Command $call.GetCommandName() -ErrorAction Ignore
                if ($target.ModuleName -eq 'QosValuation') {
                    foreach ($element in $call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] }) {
                        { $target.ResolveParameter($element.ParameterName) } | Should -Not -Throw -Because $example.code
                    }
                }
            }
        }
    }

    It 'declares its output type' {
        $Command.OutputType.Count | Should -BeGreaterThan 0
    }
}

Describe 'about_QosValuation' {
    It 'is found' {
        Get-Help about_QosValuation | Out-String | Should -Match 'arXiv:2606.15573'
    }
}

Describe 'The rule for replacing files' {
    BeforeAll {
        $folder = Join-Path $TestDrive 'replace'
        $null = New-Item -ItemType Directory $folder
        $embeddings = 1..4 | ForEach-Object { [QosValuation.ClipEmbedding]@{ Source = "$_"; Item = "$_"; Modality = 'Image'; Vector = (0.6, 0.8); Contributor = "c$_" } }
        $grants = 1..3 | ForEach-Object { [pscustomobject]@{ Agent = "a$_"; Value = $_ } } | Invoke-TokenAllocation -Supply 6
        $null = $grants | Add-DatRecord -LedgerPath "$folder/market.db"
        $photo = (New-SceneDataset "$folder/photos" -Count 1 -ImageSize 64 -Seed 1).Path
        $clip = [QosValuation.SemanticCluster]@{ Id = 1; Count = 4; Centroid = (0.6, 0.8); Members = [QosValuation.ClipEmbedding[]] $embeddings }

        # Each writes the file that it names, and takes -Force.
        $writers = @{
            'ConvertTo-ClipImage'         = @{ File = "$folder/crop.png"; Run = { param($with) ConvertTo-ClipImage $photo -Destination "$folder/crop.png" @with } }
            'Export-ClientModel'          = @{ File = "$folder/client.onnx"; Run = { param($with) 0..19 | ForEach-Object { [pscustomobject]@{ Item = "i$_"; Label = "l$($_ % 2)"; Contributor = 'ann'; Vector = [float[]] (($_ % 2), 1, ($_ / 20)) } } | New-ModelClient -Seed 1 | Invoke-ModelMarket Local -Round 1 -LocalStep 1 -PassThru -Seed 1 | Export-ClientModel "$folder/client.onnx" @with } }
            'Export-DataAward'            = @{ File = "$folder/bought.jsonl"; Run = { param($with) [pscustomobject]@{ Contributor = 'ann'; Text = 'a dog' } | Export-DataAward -Award ([pscustomobject]@{ Contributor = 'ann'; Cost = 1 } | Invoke-DataAuction -Budget 2 -WarningAction SilentlyContinue) -OutputPath "$folder/bought.jsonl" @with } }
            'Export-DatSettlement'        = @{ File = "$folder/settled.json"; Run = { param($with) Export-DatSettlement "$folder/market.db" "$folder/settled.json" -KeyPath "$folder/key.pem" -NewKey:(-not (Test-Path "$folder/key.pem")) @with } }
            'Export-DpPrototype'          = @{ File = "$folder/released.json"; Run = { param($with) $clip | New-DpPrototype -Seed 1 | Export-DpPrototype "$folder/released.json" @with } }
            'Export-Embedding'            = @{ File = "$folder/vectors.npy"; Run = { param($with) $embeddings | Export-Embedding "$folder/vectors.npy" @with } }
            'Export-QosReport'            = @{ File = "$folder/report.html"; Run = { param($with) $grants | Export-QosReport "$folder/report.html" @with } }
            'Export-ReconstructionGrid'   = @{ File = "$folder/grid.png"; Run = { param($with) [pscustomobject]@{ ImagePath = $photo } | Export-ReconstructionGrid "$folder/grid.png" @with } }
            'Protect-DataSubmission'      = @{ File = "$folder/sealed/note.txt.sealed"; Run = { param($with) Protect-DataSubmission "$folder/note.txt" "$folder/sealed" -Contributor ann -KeyPath "$folder/market.pem.pub" @with } }
            'Unprotect-DataSubmission'    = @{ File = "$folder/opened/ann/note.txt"; Run = { param($with) Unprotect-DataSubmission $sealed.Path "$folder/opened" -KeyPath "$folder/market.pem" -LedgerPath "$folder/sold.db" @with } }
            'Install-ClipModel'           = $null # compares digests, and downloads
            'Invoke-ReconstructionAttack' = @{ File = "$folder/attack/a-dog.png"; Run = { param($with) Get-ClipEmbedding -Text 'a dog' | Invoke-ReconstructionAttack -OutputPath "$folder/attack" -Steps 1 -Copies 1 -Seed 1 -WarningAction SilentlyContinue @with } }
            'New-SceneDataset'            = @{ File = "$folder/scenes/captions.json"; Run = { param($with) New-SceneDataset "$folder/scenes" -Count 1 -ImageSize 64 -Seed 1 @with } }
        }

        Set-Content "$folder/note.txt" 'a note'
        $null = New-DataSubmissionKey "$folder/market.pem"
        $sealed = Protect-DataSubmission "$folder/note.txt" "$folder/sold" -Contributor ann -KeyPath "$folder/market.pem.pub"
        $null = Add-DatRecord "$folder/sold.db" -Address ann -Value 1 -Pointer $sealed.Hash

        # What grows, or is a state that each run goes on from, is never replaced: there is nothing to force. A key is never replaced either, nor a job.
        $growing = 'Add-DatRecord', 'Add-UsageRecord', 'Group-Embedding', 'Invoke-DataAuction', 'Invoke-ModelMarket', 'Invoke-TokenAllocation', 'Measure-DataQuality',
            'Measure-MarginalUtility', 'New-DataSubmissionKey', 'New-DpPrototype', 'New-PrivacyBudget', 'Remove-QosJob', 'Resume-QosJob', 'Stop-QosJob',
            'Submit-QosJob'
    }

    It 'covers every cmdlet that changes files' {
        $changing = (Get-Command -Module QosValuation | Where-Object { $_.Parameters.ContainsKey('WhatIf') }).Name
        @($writers.Keys) + $growing | Sort-Object | Should -Be ($changing | Sort-Object)
        foreach ($name in $writers.Keys) {
            (Get-Command $name).Parameters.Keys | Should -Contain 'Force' -Because $name
        }

        foreach ($name in $growing) {
            (Get-Command $name).Parameters.Keys | Should -Not -Contain 'Force' -Because $name
        }
    }

    It 'is kept: nothing is replaced without -Force, and with it everything is' {
        foreach ($name in $writers.Keys | Where-Object { $writers[$_] } | Sort-Object) {
            $writer = $writers[$name]
            $null = & $writer.Run @{}
            $writer.File | Should -Exist -Because $name
            $old = [datetime]::new(2001, 1, 1)
            [System.IO.File]::SetLastWriteTimeUtc($writer.File, $old)
            $failure = { & $writer.Run @{ ErrorAction = 'Stop' } } | Should -Throw -PassThru -Because $name
            "$failure" | Should -Match 'exists?\b.*-Force' -Because $name
            [System.IO.File]::GetLastWriteTimeUtc($writer.File) | Should -Be $old -Because $name
            $null = & $writer.Run @{ Force = $true; ErrorAction = 'Stop' }
            [System.IO.File]::GetLastWriteTimeUtc($writer.File) | Should -BeGreaterThan $old -Because $name
        }
    }

    It 'covers the figures of a report, and a switch of another name' {
        $null = $grants | Export-QosReport "$folder/one.html" -FigurePath "$folder/figures"
        { $grants | Export-QosReport "$folder/two.html" -FigurePath "$folder/figures" } | Should -Throw -ErrorId 'FileExists,*'
        "$folder/two.html" | Should -Not -Exist
        $null = $grants | Export-QosReport "$folder/two.html" -FigurePath "$folder/figures" -Force
        { $embeddings | Export-Embedding "$folder/vectors.npy" -NoClobber } | Should -Throw -ErrorId 'FileExists,*'
        { $embeddings | Export-Embedding "$folder/vectors.npy" -NoClobber -Force } | Should -Throw -ErrorId 'ParametersConflict,*'

        # Metadata of another file are not replaced either.
        Set-Content "$folder/other.metadata.jsonl" 'mine'
        { $embeddings | Export-Embedding "$folder/other.npy" } | Should -Throw -ErrorId 'FileExists,*'
        Get-Content "$folder/other.metadata.jsonl" | Should -Be 'mine'
    }

    It 'lets an interrupted attack be run again: what is missing is made, and what is there stays' {
        $targets = Get-ClipEmbedding -Text 'a cat', 'a tree'
        $attack = @{ OutputPath = "$folder/again"; Steps = 1; Copies = 1; Seed = 1; WarningAction = 'SilentlyContinue' }
        $first = $targets | Invoke-ReconstructionAttack @attack | Select-Object -First 1
        @(Get-ChildItem "$folder/again").Count | Should -Be 1
        $second = $targets | Invoke-ReconstructionAttack @attack -ErrorVariable faults -ErrorAction SilentlyContinue
        @($second).Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'ImageExists,*'
        @(Get-ChildItem "$folder/again" -Filter *.png).Count | Should -Be 2
        $faults = $null
        @($targets | Invoke-ReconstructionAttack @attack -Force -ErrorAction Stop).Count | Should -Be 2
    }

    It 'leaves out what a ledger holds already with -SkipExisting' {
        $null = $grants | Add-DatRecord -LedgerPath "$folder/market.db" -SkipExisting
        @(Get-DatRecord "$folder/market.db").Count | Should -Be 3
        $null = [pscustomobject]@{ Agent = 'a1'; Value = 7 } | Add-DatRecord -LedgerPath "$folder/market.db" -SkipExisting
        @(Get-DatRecord "$folder/market.db").Count | Should -Be 4
        (Test-DatLedger "$folder/market.db").IsValid | Should -BeTrue
    }
}

Describe 'The help' {
    It 'goes on online at a page of this repository, under the address of the manifest' {
        $project = (Import-PowerShellDataFile -LiteralPath $ModuleManifest).PrivateData.PSData.ProjectUri
        foreach ($command in Get-Command -Module QosValuation) {
            $address = "$(@((Get-Help $command.Name).relatedLinks.navigationLink)[0].uri)"
            $address | Should -BeLike "$project/blob/main/docs/*.md" -Because $command.Name
            Join-Path $RepositoryRoot $address.Substring("$project/blob/main/".Length) | Should -Exist
        }

        @((Get-Help New-DpPrototype).relatedLinks.navigationLink)[0].uri | Should -BeLike '*/docs/concepts/privacy.md'
    }

    It 'has examples that are indented as they were written' {
        foreach ($command in Get-Command -Module QosValuation) {
            foreach ($example in (Get-Help $command.Name -Full).examples.example) {
                $lines = $example.code -split "`n"
                $lines[0] | Should -Not -Match '^\s' -Because $command.Name
                $lines -match '^ {9,}' | Should -BeNullOrEmpty -Because "$($command.Name): $($example.code)"
            }
        }
    }
}
