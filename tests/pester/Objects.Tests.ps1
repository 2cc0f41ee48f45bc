# What cmdlets emit can be saved, read back and go on in the pipeline; what a cmdlet cannot take is explained once.

BeforeDiscovery {
    . $PSScriptRoot/Common.ps1

    # Cmdlets whose InputObject takes records of the module, as their attributes say.
    $takers = foreach ($command in Get-Command -Module QosValuation) {
        $accepts = foreach ($property in $command.ImplementingType.GetProperties()) {
            if ($property.GetCustomAttributes([Parameter], $true) | Where-Object ValueFromPipeline) {
                $property.GetCustomAttributesData() | Where-Object { $_.AttributeType.Name -eq 'AcceptsAttribute' }
            }
        }
        # What reads its input by the names of properties has a test of its own.
        $byName = $command.Parameters.Values | Where-Object { $_.Name -in 'Agent', 'Address', 'Revenue', 'Quality' } |
            Where-Object { $_.Attributes | Where-Object { $_ -is [Parameter] -and $_.ValueFromPipelineByPropertyName } }
        if ($accepts -and -not $byName) {
            @{ Name = $command.Name; Types = @($accepts.ForEach{ $_.ConstructorArguments[0].Value.Value.Name }); Others = [bool] $accepts.NamedArguments.Count }
        }
    }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    $scenes = Join-Path $TestDrive 'scenes'
    $items = @(New-SceneDataset $scenes -Count 24 -Contributors 3 -ImageSize 64 -Seed 1)
    $embeddings = @($items | Get-ClipEmbedding)
    $clusters = @($embeddings | Group-Embedding -Algorithm KMeans -ClusterCount 3 -Seed 1)
    $prototypes = @($clusters | New-DpPrototype -Seed 1)
    $values = @($clusters | Measure-DataValue)
    $grants = @($values | Invoke-TokenAllocation -Supply 5 -Scheme Optimal -JainFloor 0.5)
    $pictures = @($prototypes[0] | Invoke-ReconstructionAttack -Steps 2 -Copies 1 -Seed 1)

    function Save([object[]] $Records, [string] $Form) {
        $file = Join-Path $TestDrive 'saved'
        switch ($Form) {
            'Clixml' { $Records | Export-Clixml $file; Import-Clixml $file }
            'Clixml without the module' { $Records | Export-Clixml $file -Depth 5; Import-Clixml $file | ForEach-Object { Forget $_ } }
            'JSON' { $Records | ConvertTo-Json -Depth 5 -WarningAction Ignore | ConvertFrom-Json }
            'JSON with names' { $Records | ConvertTo-Json -Depth 5 -EnumsAsStrings | ConvertFrom-Json }
        }
    }

    # What a session that does not know the types gives back.
    function Forget($Record) {
        $name = $Record.GetType().FullName
        $target = (Get-TypeData "Deserialized.$name").TargetTypeForDeserialization
        Remove-TypeData -TypeName "Deserialized.$name"
        try { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($Record, 5)) }
        finally { Update-TypeData -TypeName "Deserialized.$name" -TargetTypeForDeserialization $target }
    }
}

Describe 'Saved as <_>' -ForEach 'Clixml', 'Clixml without the module', 'JSON', 'JSON with names' {
    It 'embeddings go into every cmdlet that takes them' {
        $back = Save $embeddings $_
        ($back | Group-Embedding -PassThru | ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" }) | Should -Be ($embeddings | Group-Embedding -PassThru | ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" })
        $back | Measure-DataValue | ConvertTo-Json | Should -Be ($embeddings | Measure-DataValue | ConvertTo-Json)
        $back | Measure-OrderSensitivity -Repetition 2 -Seed 1 | ConvertTo-Json | Should -Be ($embeddings | Measure-OrderSensitivity -Repetition 2 -Seed 1 | ConvertTo-Json)
        $back | Invoke-ValuationSimulation -Quantity 5 -Repetition 2 -Seed 1 | ConvertTo-Json | Should -Be ($embeddings | Invoke-ValuationSimulation -Quantity 5 -Repetition 2 -Seed 1 | ConvertTo-Json)
        $back | Export-Embedding (Join-Path $TestDrive back.npy)
        $embeddings | Export-Embedding (Join-Path $TestDrive live.npy)
        (Get-FileHash (Join-Path $TestDrive back.npy)).Hash | Should -Be (Get-FileHash (Join-Path $TestDrive live.npy)).Hash
        ($back | Find-Embedding $back[3] -Top 3).Similarity | Should -Be ($embeddings | Find-Embedding $embeddings[3] -Top 3).Similarity
        $embeddings | Group-Embedding -PublicCentroid $back[0, 1] | ForEach-Object Count | Should -Be ($embeddings | Group-Embedding -PublicCentroid $embeddings[0, 1] | ForEach-Object Count)
    }

    It 'clusters go into every cmdlet that takes them' {
        $back = Save $clusters $_
        $back | New-DpPrototype -Seed 1 | ConvertTo-Json | Should -Be ($prototypes | ConvertTo-Json)
        $back | Measure-DataValue | ConvertTo-Json | Should -Be ($values | ConvertTo-Json)
        $back | Measure-PrototypeUtility -Epsilon 1 -Trials 2 -Seed 1 | ConvertTo-Json | Should -Be ($clusters | Measure-PrototypeUtility -Epsilon 1 -Trials 2 -Seed 1 | ConvertTo-Json)
        $attack = @{ Trials = 10; Seed = 1; WarningAction = 'Ignore' }
        $back | Invoke-MembershipInferenceAttack @attack | ConvertTo-Json | Should -Be ($clusters | Invoke-MembershipInferenceAttack @attack | ConvertTo-Json)
        $back | Measure-EmpiricalPrivacy -Trials 100 -Seed 1 | ConvertTo-Json | Should -Be ($clusters | Measure-EmpiricalPrivacy -Trials 100 -Seed 1 | ConvertTo-Json)
        $prototypes | Measure-PrototypeUtility -Reference $back | ConvertTo-Json | Should -Be ($prototypes | Measure-PrototypeUtility -Reference $clusters | ConvertTo-Json)
    }

    It 'prototypes go into every cmdlet that takes them' {
        $back = Save $prototypes $_
        $back | Optimize-DpPrototype Sphere, Shrink | ConvertTo-Json | Should -Be ($prototypes | Optimize-DpPrototype Sphere, Shrink | ConvertTo-Json)
        $back | Measure-PrivacyLoss | ConvertTo-Json | Should -Be ($prototypes | Measure-PrivacyLoss | ConvertTo-Json)
        $back | Measure-PrototypeUtility -Reference $clusters | ConvertTo-Json | Should -Be ($prototypes | Measure-PrototypeUtility -Reference $clusters | ConvertTo-Json)
        ($back[0] | Invoke-ReconstructionAttack -Steps 2 -Copies 1 -Seed 1).Score | Should -Be $pictures[0].Score
        $null = $back | Export-DpPrototype (Join-Path $TestDrive back.json) -Force -WarningAction Ignore
        $null = $prototypes | Export-DpPrototype (Join-Path $TestDrive live.json) -Force -WarningAction Ignore
        (Get-FileHash (Join-Path $TestDrive back.json)).Hash | Should -Be (Get-FileHash (Join-Path $TestDrive live.json)).Hash
    }

    It 'items, grants and reconstructions go on too' {
        (Save $items[0..1] $_ | Get-ClipEmbedding | ForEach-Object { "$($_.Item) $($_.Vector[0])" }) | Should -Be ($items[0..1] | Get-ClipEmbedding | ForEach-Object { "$($_.Item) $($_.Vector[0])" })
        Save $grants $_ | Measure-Fairness | ConvertTo-Json | Should -Be ($grants | Measure-Fairness | ConvertTo-Json)
        Save $values $_ | Invoke-TokenAllocation -Supply 5 -Scheme Optimal -JainFloor 0.5 | ConvertTo-Json | Should -Be ($grants | ConvertTo-Json)
        $null = Save $pictures $_ | Export-ReconstructionGrid (Join-Path $TestDrive back.png) -Force
        $null = $pictures | Export-ReconstructionGrid (Join-Path $TestDrive live.png) -Force
        (Get-FileHash (Join-Path $TestDrive back.png)).Hash | Should -Be (Get-FileHash (Join-Path $TestDrive live.png)).Hash
    }
}

Describe 'Records that come back' {
    It 'are records again after Import-Clixml, with what was added to them' {
        $file = Join-Path $TestDrive 'live.xml'
        $clusters | Add-Member Run 7 -PassThru -Force | Export-Clixml $file
        $back = @(Import-Clixml $file)
        $back[0] | Should -BeOfType QosValuation.SemanticCluster
        $back[0].Run | Should -Be 7
        $back[0].Members[0].Modality -eq 'Image' | Should -BeTrue -Because 'an enumeration is one again, and no number'
        $back[0].Members[0].Vector -is [float[]] | Should -BeTrue
    }

    It 'come whole out of jobs and parallel runspaces' {
        $folder = Join-Path $scenes 'images'
        $job = Start-Job -ArgumentList $ModuleManifest, $folder {
            Import-Module $args[0]
            Get-ClipEmbedding $args[1] -Recurse | Group-Embedding -Algorithm KMeans -ClusterCount 3 -Seed 1
        }
        $back = @($job | Receive-Job -Wait -AutoRemoveJob)
        $live = @(Get-ClipEmbedding $folder -Recurse | Group-Embedding -Algorithm KMeans -ClusterCount 3 -Seed 1)
        $back[0] | Should -BeOfType QosValuation.SemanticCluster
        $back | New-DpPrototype -Seed 1 | ConvertTo-Json | Should -Be ($live | New-DpPrototype -Seed 1 | ConvertTo-Json)
        $parallel = @($live | ForEach-Object -Parallel { Import-Module $using:ModuleManifest; $_ | New-DpPrototype -Seed 1 } -ThrottleLimit 1)
        $parallel.Count | Should -Be 3
        $parallel | Measure-PrivacyLoss | Should -Not -BeNullOrEmpty
    }

    It 'say where a part was cut off' {
        $clusters | ConvertTo-Json -WarningAction Ignore | ConvertFrom-Json | New-DpPrototype -ErrorVariable faults -ErrorAction SilentlyContinue -WarningAction Ignore | Should -BeNullOrEmpty
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'RecordIncomplete,*'
        "$faults" | Should -Match '-Depth 5'
        $table = Join-Path $TestDrive 'table.csv'
        $embeddings | Export-Csv $table
        Import-Csv $table | Group-Embedding -ErrorVariable faults -ErrorAction SilentlyContinue -WarningAction Ignore | Should -BeNullOrEmpty
        "$faults" | Should -Match 'has no vector'
        $embeddings | Group-Embedding -PassThru | Export-Csv $table
        Import-Csv $table | Measure-DataValue | ConvertTo-Json | Should -Be ($embeddings | Group-Embedding -PassThru | Measure-DataValue | ConvertTo-Json)
    }

    It 'convert from rows of JSON' {
        $row = $prototypes[0] | ConvertTo-Json | ConvertFrom-Json
        ([QosValuation.DpPrototype] $row).Vector | Should -Be $prototypes[0].Vector
    }
}

Describe 'A former name of a property' {
    It 'is an alias, and is read from what was saved under it' {
        $values[0].Novelty | Should -Be $values[0].MeanNovelty
        $old = $values | Select-Object Contributor, Quantity, Novel, Normal, Noise, @{ n = 'Novelty'; e = { $_.MeanNovelty } }, Value
        $old | ForEach-Object { $_.PSTypeNames.Insert(0, 'Deserialized.QosValuation.DataValue') }
        ([QosValuation.DataValue] $old[0]).MeanNovelty | Should -Be $values[0].MeanNovelty
    }
}

Describe '<Name> with what it cannot take' -ForEach $takers {
    It 'says once what it takes and what makes it' {
        $wrong = [ordered]@{ ClipEmbedding = $embeddings[0]; SemanticCluster = $clusters[0]; DpPrototype = $prototypes[0]; TokenGrant = $grants[0]; FairnessReport = ($grants | Measure-Fairness) }
        $bound = @{}
        $command = Get-Command $Name
        $set = $command.ParameterSets | Where-Object { $_.Parameters | Where-Object { $_.Name -eq 'InputObject' -and $_.ValueFromPipeline } } | Select-Object -First 1
        foreach ($parameter in $set.Parameters | Where-Object { $_.IsMandatory -and $_.Name -ne 'InputObject' }) {
            $bound[$parameter.Name] = $parameter.Name -eq 'Path' ? (Join-Path $TestDrive 'wrong.png') : 'x'
        }

        if ($Name -in 'Export-Embedding', 'Export-DpPrototype') { $bound.Path = Join-Path $TestDrive 'wrong.npy' }
        if ($Name -eq 'Group-Embedding') { $bound.Algorithm = 'Online' }
        foreach ($type in $wrong.Keys | Where-Object { $_ -notin $Types }) {
            # A grant has numbers of its own, and a prototype may be told by its properties.
            if ($Others -and ($Name -in 'Export-ReconstructionGrid', 'Measure-PrivacyLoss', 'Get-ClipEmbedding')) { continue }
            $faults = $warnings = $null
            $null = @($wrong[$type]) * 3 | & $Name @bound -ErrorVariable faults -ErrorAction SilentlyContinue -WarningVariable warnings -WarningAction SilentlyContinue
            $faults.Count | Should -Be 1 -Because "$type is one mistake, not three: $faults"
            "$faults" | Should -Match "$Name takes an? $($Types[0])"
            "$faults" | Should -Match "got an? $type"
            "$faults" | Should -Match 'make'
            "$warnings" | Should -Match '2 more like it'
        }
    }
}

Describe 'The commonest mistake' {
    It 'is one error that names Group-Embedding' {
        $embeddings | New-DpPrototype -ErrorVariable faults -ErrorAction SilentlyContinue -WarningVariable warnings -WarningAction SilentlyContinue
        $faults.Count | Should -Be 1
        "$faults" | Should -Match '\| Group-Embedding \| New-DpPrototype'
        $faults[0].FullyQualifiedErrorId | Should -Be 'InputTypeWrong,QosValuation.Cmdlets.Privacy.NewDpPrototypeCommand'
        "$warnings" | Should -Match "$($embeddings.Count - 1) more like it"
        { $embeddings | New-DpPrototype -ErrorAction Stop } | Should -Throw -ErrorId 'InputTypeWrong,*'
    }
}

Describe 'Export-DpPrototype' {
    It 'says that there was nothing to export' {
        @() | Export-DpPrototype (Join-Path $TestDrive nothing.npy) -WarningVariable said -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$said" | Should -BeLike "There was no prototype to export*nothing.npy'."
        Join-Path $TestDrive nothing.npy | Should -Not -Exist
    }

    It 'publishes to <_> what can be read back, and no contributor' -ForEach 'npy', 'csv', 'jsonl', 'json' {
        $file = Join-Path $TestDrive "published.$_"
        $released = @($clusters | New-DpPrototype -Neighboring AddRemove) + @($clusters | New-DpPrototype -Epsilon 0.5)
        $released[-1].Contributors | Should -Not -BeNullOrEmpty
        ($released | Add-Member Seed seed-4711 -PassThru | Export-DpPrototype $file).FullName | Should -Be $file
        $back = @(Import-DpPrototype $file)
        $back | Should -BeOfType QosValuation.DpPrototype
        $back.Contributors | Should -BeNullOrEmpty
        $back | Select-Object -ExcludeProperty Contributors | ConvertTo-Json | Should -Be ($released | Select-Object -ExcludeProperty Contributors, Seed | ConvertTo-Json)
        ($back | Measure-PrivacyLoss).Epsilon | Should -Be ($released | Measure-PrivacyLoss).Epsilon
        ($back | Optimize-DpPrototype)[0].Vector | Should -Be ($released | Optimize-DpPrototype)[0].Vector
        foreach ($written in Get-ChildItem $TestDrive -Filter 'published*') {
            $text = Get-Content -Raw $written
            foreach ($secret in $released[-1].Contributors + 'seed-4711' + 'contributors') { $text | Should -Not -BeLike "*$secret*" }
        }

        { $released | Export-DpPrototype $file } | Should -Throw -ErrorId 'FileExists,*'
        $null = $released | Export-DpPrototype $file -Force -IncludeContributor
        (Import-DpPrototype $file)[-1].Contributors | Should -Be $released[-1].Contributors
        Get-ChildItem $TestDrive -Filter 'published*' | Remove-Item
    }

    It 'warns of prototypes without a guarantee, and writes nothing with -WhatIf' {
        $file = Join-Path $TestDrive 'whatif.json'
        $prototypes | Export-DpPrototype $file -WhatIf -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match 'carry no guarantee.+seed'
        Test-Path $file | Should -BeFalse
    }
}

Describe 'A cmdlet that reads properties' {
    It 'refuses once what has none of them: <Name>' -ForEach @(
        @{ Name = 'Add-DatRecord'; With = @{ LedgerPath = 'x.db' }; Takes = 'a DataValue or objects with the properties Address and Value' }
        @{ Name = 'Add-UsageRecord'; With = @{ LedgerPath = 'x.db' }; Takes = 'a UsageRecord or objects with the properties Source and Revenue' }
        @{ Name = 'Invoke-TokenAllocation'; With = @{}; Takes = 'a DataValue or objects with the properties Agent and Value' }
        @{ Name = 'Get-FairnessFrontier'; With = @{}; Takes = 'a DataValue or objects with the properties Agent and Value' }
        @{ Name = 'Invoke-DataAuction'; With = @{ Budget = 5 }; Takes = 'a DataOffer or other objects with the property Cost' }
        @{ Name = 'Test-MechanismProperty'; With = @{ Mechanism = 'ProportionalShare'; Trial = 1; Seed = 1 }; Takes = 'a DataOffer or other objects with the property Cost' }
        @{ Name = 'Measure-UtilityShare'; With = @{ Pool = 5 }; Takes = 'a DataOffer or other objects with the property Quality or MarginalUtility' }
        @{ Name = 'Measure-DataShareToken'; With = @{}; Takes = 'a DataOffer or other objects with the property TokenCount or Quality or MarginalUtility' }
    ) {
        Push-Location $TestDrive
        try {
            foreach ($wrong in @($embeddings[0..2]), @($clusters), @(1..3), @($null, $null, $null)) {
                $out = $wrong | & $Name @With -ErrorVariable faults -ErrorAction SilentlyContinue -WarningVariable warnings -WarningAction SilentlyContinue
                $out | Where-Object { $_ -isnot [QosValuation.MechanismViolation] } | Should -BeNullOrEmpty
                $faults.Count | Should -Be 1 -Because "it is one mistake, not three: $faults"
                $faults[0].FullyQualifiedErrorId | Should -BeLike 'InputTypeWrong,*'
                "$faults" | Should -Match "$Name takes $Takes, and got"
                "$warnings" | Should -Match '2 more like it'
            }

            'x.db' | Should -Not -Exist
        } finally { Pop-Location }

        if ($Takes -match 'DataValue') { "$faults" | Should -Match 'Measure-DataValue makes' }
    }

    It 'says of a hashtable how to make an object of it' {
        $offer = [ordered] @{ Contributor = 'x'; Cost = 1; Quality = 0.5; MarginalUtility = 1 }
        { $offer | Invoke-DataAuction -Mechanism ProportionalShare -Budget 10 -ErrorAction Stop } | Should -Throw '*DataOffer*hashtable*pscustomobject*'
        { @{ Agent = 'a'; Value = 1 } | Invoke-TokenAllocation -Supply 4 -ErrorAction Stop } | Should -Throw '*hashtable*pscustomobject*'
    }

    It 'takes texts for texts, and no object for the name of its type' {
        foreach ($wrong in @{ Text = 'a dog' }, $items[0], [pscustomobject] @{ Text = 'a dog' }, @('a dog', @('a', 'b'))) {
            { Get-ClipEmbedding -Text $wrong -Model clip-mini } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
            { ConvertTo-ClipToken $wrong } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        }

        @(Get-ClipEmbedding -Text 'a dog', 7, $items[0].Captions[0] -Model clip-mini).Source | Should -Be 'a dog', '7', $items[0].Captions[0]
        $saved = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($items[0].Captions))
        @(Get-ClipEmbedding -Text $saved -Model clip-mini).Source | Should -Be $items[0].Captions
    }

    It 'still takes arguments, and objects that have them' {
        (Invoke-TokenAllocation ann 3).Tokens | Should -Be 4
        (Add-DatRecord "$TestDrive/y.db" ann 3).Sequence | Should -Be 1
        { Add-DatRecord "$TestDrive/y.db" '' 3 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        Invoke-TokenAllocation ann -ErrorVariable faults -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        "$faults" | Should -Match 'the properties Agent and Value'
        $offers = 1..4 | ForEach-Object { [pscustomobject]@{ Contributor = "p$_"; Cost = $_; Quality = 1; MarginalUtility = 1 } }
        $awards = $offers | Invoke-DataAuction -Mechanism ProportionalShare -Budget 5
        $shares = $awards | Measure-UtilityShare -Pool 5 | ConvertTo-Json
        $awards | ConvertTo-Csv | ConvertFrom-Csv | Measure-UtilityShare -Pool 5 | ConvertTo-Json | Should -Be $shares
        $awards | ConvertTo-Json | ConvertFrom-Json | Measure-UtilityShare -Pool 5 | ConvertTo-Json | Should -Be $shares
        [pscustomobject]@{ Contributor = 'a'; Quality = 1; IsWinner = 'no' } | Measure-UtilityShare -Pool 5 -ErrorVariable faults -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'OfferNotValid,*'
    }

    It 'measures runs apart by -GroupBy, and warns where they seem to come together' {
        $runs = 1..3 | ForEach-Object { $seed = $_; $values | Invoke-TokenAllocation -Scheme Random -Supply 5 -Seed $seed | Add-Member Run $seed -PassThru }
        $null = $runs | Measure-Fairness -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match '15 tokens of a supply of 5'
        $apart = $runs | Measure-Fairness -GroupBy Run -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
        $apart.Run | Should -Be 1, 2, 3
        $apart.Allocated | Should -Be 5, 5, 5
    }

    It 'writes no file of no embeddings' {
        $clusters | Export-Embedding "$TestDrive/none.npy" -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
        "$TestDrive/none.npy" | Should -Not -Exist
    }

    It 'reads numbers between blanks, as numpy.savetxt writes them' {
        '# v0 v1 v2', '1.0e-01 2.0e-01 2.0e-01', '0 3.0e-01 4.0e-01' | Set-Content "$TestDrive/savetxt.csv"
        $read = Import-Embedding "$TestDrive/savetxt.csv"
        $read.Count | Should -Be 2
        $read[1].Vector | Should -Be ([float[]] (0, 0.6, 0.8))
    }
}
