BeforeAll {
    . $PSScriptRoot/Common.ps1

    # A cluster of records around one direction, each with a photograph and a caption.
    function New-TestCluster([int] $Id, [int] $Count, [int] $Dimension = 8) {
        $random = [Random]::new($Id + 1)
        $centre = 1..$Dimension | ForEach-Object { $random.NextDouble() - 0.5 }
        $members = foreach ($i in 1..$Count) {
            foreach ($modality in 'Image', 'Text') {
                $vector = $centre | ForEach-Object { $_ + 0.4 * ($random.NextDouble() - 0.5) }
                $norm = [Math]::Sqrt(($vector | ForEach-Object { $_ * $_ } | Measure-Object -Sum).Sum)
                [QosValuation.ClipEmbedding]@{ Source = "$Id-$i"; Item = "$Id-$i"; Modality = $modality; Vector = [float[]] ($vector | ForEach-Object { $_ / $norm }) }
            }
        }

        [QosValuation.SemanticCluster]@{ Id = $Id; Count = $Count; Centroid = $members[0].Vector; IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] $members }
    }

    $clusters = 0..3 | ForEach-Object { New-TestCluster $_ 10 }
}

Describe 'Invoke-MembershipInferenceAttack' {
    It 'gives a result for each cluster, modality, epsilon and attack, near the optimum' {
        $results = $clusters | Select-Object -First 2 | Invoke-MembershipInferenceAttack -Epsilon 1, 10 -Trials 1000 -FalsePositiveRate 0.01 -Seed 1
        $results.Count | Should -Be 16
        $results | Should -BeOfType QosValuation.MembershipInference
        foreach ($result in $results | Where-Object Attack -EQ 'LikelihoodRatio') {
            $result.Mechanism | Should -Be 'DiscreteGaussian'
            [Math]::Abs($result.Auc - $result.TheoreticalAuc) | Should -BeLessThan (4.5 * $result.AucStandardError)
            $result.TheoreticalAuc | Should -BeLessThan $result.WorstCaseAuc
        }

        ($results | Where-Object { $_.Epsilon -eq 10 -and $_.Attack -eq 'LikelihoodRatio' } | Measure-Object Auc -Minimum).Minimum |
            Should -BeGreaterThan ($results | Where-Object { $_.Epsilon -eq 1 -and $_.Attack -eq 'LikelihoodRatio' } | Measure-Object Auc -Maximum).Maximum
    }

    It 'shows what the baseline without a guarantee leaks' {
        $results = $clusters[0] | Invoke-MembershipInferenceAttack -Mechanism ImageDp -Attack LikelihoodRatio -Trials 200 -FalsePositiveRate 0.01 -Seed 1
        ($results | Where-Object Modality -EQ 'Text').Auc | Should -Be 1
        ($results | Where-Object Modality -EQ 'Image').Auc | Should -BeGreaterThan 0.8
    }

    It 'warns where the trials cannot carry the false-positive rate, and repeats with a seed' {
        $first, $second = 1..2 | ForEach-Object {
            ($clusters[0] | Invoke-MembershipInferenceAttack -Trials 50 -Modality Image -Attack Cosine -Seed 3 -WarningVariable warnings -WarningAction SilentlyContinue).Auc
        }
        $first | Should -Be $second
        "$warnings" | Should -Match '1,?000 trials'
    }

    It 'costs one error for a cluster it cannot attack, and goes on' {
        $results = (New-TestCluster 9 1), $clusters[1] | Invoke-MembershipInferenceAttack -Trials 100 -FalsePositiveRate 0.1 -Attack LikelihoodRatio -Seed 1 -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'ClusterTooSmall*'
        $results.Count | Should -Be 2
        { $clusters | Invoke-MembershipInferenceAttack -Epsilon 0 } | Should -Throw -ErrorId 'EpsilonOutOfRange*'
    }
}

Describe 'Invoke-MembershipInferenceAttack -Learner' {
    BeforeAll {
        # Labels are coins: what a model knows of them it has learnt by heart.
        $random = [Random]::new(1)
        $records = 1..80 | ForEach-Object {
            [pscustomobject]@{ Item = "r$_"; Vector = [float[]] (1..20 | ForEach-Object { $random.NextDouble() - 0.5 }); Label = "class $($random.Next(2))" }
        }
    }

    It 'sees through models without noise, and not through DP-SGD' {
        $common = @{ Learner = 'Mlp'; LocalStep = 200; LearningRate = 0.3; BatchSize = 20; Target = 4; Shadow = 16; Seed = 1; WarningAction = 'SilentlyContinue' }
        $plain = $records | Invoke-MembershipInferenceAttack @common
        $plain | Should -BeOfType QosValuation.ModelMembershipInference
        "$($plain.Attack)" | Should -Be 'LikelihoodRatio Loss'
        $plain[0].Auc | Should -BeGreaterThan 0.8
        $plain[0].EpsilonLowerBound | Should -BeGreaterThan 0.5
        [double]::IsNaN($plain[0].Epsilon) | Should -BeTrue
        $hidden = $records | Invoke-MembershipInferenceAttack @common -Epsilon 0.5, 1 -Attack Loss
        "$($hidden.Epsilon)" | Should -Be '0.5 1'
        $hidden | ForEach-Object { $_.EpsilonLowerBound | Should -BeLessOrEqual $_.Epsilon; $_.Auc | Should -BeLessThan 0.75 }
        ($plain | Format-Table | Out-String -Width 80) | Should -Match 'Learner\s+ε\s+Attack'
    }

    It 'costs one error for a record without a label, and refuses what cannot be attacked' {
        $all = @($records) + [pscustomobject]@{ Item = 'bare'; Vector = [float[]] (1..20) }
        $rows = $all | Invoke-MembershipInferenceAttack -Learner Logistic -LocalStep 5 -Target 1 -Shadow 4 -Seed 1 -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'LabelMissing*'
        $rows[0].Records | Should -Be 80
        { $records | Invoke-MembershipInferenceAttack -Learner Logistic -Attack Cosine -ErrorAction Stop } | Should -Throw -ErrorId 'AttackNotValid*'
    }
}

Describe 'Measure-PrivacyLoss of trainings' {
    It 'agrees with an outside program, which bounds ε from both sides' {
        $training = [pscustomobject]@{ Sensitivity = 1; Sigma = 1; SamplingRate = 0.01; Steps = 1000 }
        $losses = $training | Measure-PrivacyLoss -Accountant Gdp, Pld, Rdp
        "$($losses.Accountant)" | Should -Be 'Pld Pld Rdp'
        $losses[0].Epsilon | Should -Be $losses[1].Epsilon
        $losses[1].Epsilon | Should -BeGreaterThan 1.8272
        $losses[1].Epsilon | Should -BeLessThan (1.8292 * 1.0005)
        $losses[2].Epsilon | Should -BeGreaterThan 2.1
        $bad = [pscustomobject]@{ Sensitivity = 1; Sigma = 1; SamplingRate = 2; Steps = 10 } | Measure-PrivacyLoss -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'ReleaseNotValid*'
        $bad.Epsilon | Should -Be ([double]::PositiveInfinity)
    }
}

Describe 'Measure-EmpiricalPrivacy' {
    It 'does not accuse the default mechanism, and bounds what it leaks' {
        $result = Measure-EmpiricalPrivacy -Epsilon 2 -Trials 40000 -RecordCount 2 -Seed 1
        $result | Should -BeOfType QosValuation.EmpiricalPrivacy
        $result.Mechanism | Should -Be 'DiscreteGaussian'
        $result.ClaimedEpsilon | Should -Be 2
        $result.IsViolated | Should -BeFalse
        $result.EpsilonLowerBound | Should -BeGreaterThan 0.5
        $result.GaussianEpsilonLowerBound | Should -BeLessOrEqual $result.TheoreticalEpsilon
        $result.ClusterId | Should -BeNullOrEmpty
    }

    It 'finds half of the noise missing' {
        $result = Measure-EmpiricalPrivacy -Mechanism AnalyticGaussian -Epsilon 1 -NoiseScale 0.5 -RecordCount 2 -Seed 1
        $result.IsViolated | Should -BeTrue
        $result.TheoreticalEpsilon | Should -BeGreaterThan 2
    }

    It 'audits clusters of the pipeline under both relations' {
        foreach ($relation in 'ReplaceOne', 'AddRemove') {
            $results = $clusters | Select-Object -First 2 | Measure-EmpiricalPrivacy -Neighboring $relation -Mechanism AnalyticGaussian -Trials 2000 -Seed 1
            $results.ClusterId | Should -Be 0, 0, 1, 1
            $results.Modality | Should -Be 'Image', 'Text', 'Image', 'Text'
            $results.IsViolated | Should -Not -Contain $true
        }
    }

    It 'audits a mechanism from elsewhere' {
        $broken = Measure-EmpiricalPrivacy -Epsilon 1 -RecordCount 1 -Dimension 1 -Trials 2000 -Seed 1 -ScriptBlock {
            param($Cluster, $Seed)
            $Cluster.Members[0].Vector[0] + 4 * [Random]::new($Seed).NextDouble() - 2
        }
        $broken.Mechanism | Should -BeNullOrEmpty
        $broken.IsViolated | Should -BeTrue
        $sound = Measure-EmpiricalPrivacy -Epsilon 1 -RecordCount 3 -Trials 200 -Seed 1 -ScriptBlock {
            param($Cluster, $Seed)
            $Cluster | New-DpPrototype -Epsilon 1 -Seed $Seed
        }
        $sound.IsViolated | Should -BeFalse
        { Measure-EmpiricalPrivacy -ScriptBlock { 'no numbers' } } | Should -Throw -ErrorId 'ReleaseNotValid*'
    }

    It 'says that the baseline claims nothing' {
        $result = Measure-EmpiricalPrivacy -Mechanism ImageDp -Trials 10000 -RecordCount 2 -Seed 1
        [double]::IsNaN($result.ClaimedEpsilon) | Should -BeTrue
        $result.EpsilonLowerBound | Should -BeGreaterThan 6
        $result.IsViolated | Should -BeFalse
    }

    It 'refuses what cannot be audited' {
        { Measure-EmpiricalPrivacy -InputObject $null -Trials 100 } | Should -Throw -ErrorId 'ParameterArgumentValidationError*' -Because 'made-up records must not stand for clusters that are missing'
        { Measure-EmpiricalPrivacy -Epsilon -1 -Trials 100 -ScriptBlock { throw 'called' } } | Should -Throw -ErrorId 'EpsilonOutOfRange*'
        $empty = [QosValuation.SemanticCluster]@{ Id = 4; Count = 0; Centroid = 1, 0; IsConfirmed = $false; IsPublic = $true; Members = [QosValuation.ClipEmbedding[]] @() }
        $null = $empty | Measure-EmpiricalPrivacy -Trials 100 -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0] | Should -Match 'No record came to cluster 4 of a public centroid'
        { Measure-EmpiricalPrivacy -Neighboring AddRemove -RecordCount 1 } | Should -Throw -ErrorId 'AuditNotValid*'
        { Measure-EmpiricalPrivacy -Confidence 1 } | Should -Throw -ErrorId 'AuditNotValid*'
        { Measure-EmpiricalPrivacy -NoiseScale -1 } | Should -Throw -ErrorId 'AuditNotValid*'
        { Measure-EmpiricalPrivacy -Delta 0 } | Should -Throw -ErrorId 'DeltaOutOfRange*'
        @() | Measure-EmpiricalPrivacy | Should -BeNullOrEmpty
    }
}

Describe 'The tables of attacks and audits' {
    It 'fit into eighty columns' {
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
[QosValuation.EmpiricalPrivacy] `$audit = Measure-EmpiricalPrivacy -Mechanism AnalyticGaussian -Epsilon 0.125 -Trials 100000 -RecordCount 1 -Seed 1
`$audit | Format-Table | Out-String -Width 80
"@
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        "$lines" | Should -Match 'Violated'
        "$lines" | Should -Match 'AnalyticGaussian'
    }

    It 'have help with examples, and an about topic' {
        foreach ($name in 'Invoke-MembershipInferenceAttack', 'Measure-EmpiricalPrivacy', 'Measure-PrototypeUtility', 'Optimize-DpPrototype') {
            (Get-Help $name).Examples.Example.Count | Should -BeGreaterOrEqual 2
        }

        Get-Help about_QosValuation_Attacks | Out-String | Should -Match 'EMPIRICAL EPSILON'
    }
}

Describe 'Measure-PrototypeUtility' {
    It 'gives the privacy-utility curve with standard errors' {
        $rows = $clusters | Measure-PrototypeUtility -Epsilon 0.1, 20 -Trials 20 -Seed 1
        $rows.Count | Should -Be 4
        $rows | Should -BeOfType QosValuation.PrototypeUtility
        $rows.Modality | Should -Be 'Image', 'Text', 'Image', 'Text'
        $rows.Mechanism | Should -Not -Contain 'AnalyticGaussian'
        $rows[0].Clusters | Should -Be 4
        $rows[2].RetrievalAccuracy | Should -BeGreaterThan ($rows[0].RetrievalAccuracy + 0.2)
        $rows[0].RetrievalAccuracyStandardError | Should -BeGreaterThan 0
        $rows[2].CrossModalAccuracy | Should -BeGreaterThan $rows[0].CrossModalAccuracy
        $rows[2].Cosine | Should -BeGreaterThan 0.8
        ($clusters | Measure-PrototypeUtility -Epsilon 0.1, 20 -Trials 20 -Seed 1).Cosine | Should -Be $rows.Cosine
    }

    It 'sweeps epsilon from 0.1 to 10 unless told otherwise' {
        ($clusters | Measure-PrototypeUtility -Modality Image -Trials 2 -Seed 1).Epsilon | Should -Be 0.1, 0.2, 0.5, 1, 2, 5, 10
    }

    It 'measures post-processing on the same noise' {
        $rows = $clusters | Measure-PrototypeUtility -Epsilon 2 -PostProcess None, Sphere, Shrink, Average, Join -Trials 50 -Seed 1
        $rows.PostProcess | Should -Be 'None', 'None', 'Sphere', 'Sphere', 'Shrink', 'Shrink', 'Average', 'Join'
        $rows[2].RetrievalAccuracy | Should -Be $rows[0].RetrievalAccuracy
        $rows[2].Distance | Should -BeLessThan $rows[0].Distance
        $rows[4].Distance | Should -BeLessThan $rows[0].Distance
        $rows[6].Modality | Should -BeNullOrEmpty
        $rows[7].Modality | Should -BeNullOrEmpty
        $rows[7].RetrievalAccuracy | Should -BeGreaterThan $rows[0].RetrievalAccuracy
    }

    It 'measures prototypes that were released already' {
        $prototypes = $clusters | New-DpPrototype -Epsilon 50 -Seed 1
        $rows = $prototypes | Measure-PrototypeUtility -Reference $clusters
        $rows.Count | Should -Be 2
        $rows[0].Trials | Should -Be 1
        $rows[0].Epsilon | Should -Be 50
        $processed = $prototypes | Optimize-DpPrototype | Measure-PrototypeUtility -Reference $clusters
        $processed.PostProcess | Should -Be 'Sphere', 'Sphere'
        $processed[0].RetrievalAccuracy | Should -Be $rows[0].RetrievalAccuracy
    }

    It 'says so where no cluster has the modality' {
        $images = $clusters | ForEach-Object {
            [QosValuation.SemanticCluster]@{ Id = $_.Id; Count = $_.Count; Centroid = $_.Centroid; IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] ($_.Members | Where-Object Modality -EQ Image) }
        }
        { $images | Measure-PrototypeUtility -Modality Text -Trials 1 } | Should -Throw '*no cluster has records of the modality Text*'
    }

    It 'costs one error for what it cannot use, and goes on' {
        $empty = [QosValuation.SemanticCluster]@{ Id = 9; Count = 0; Centroid = [float[]]::new(8); IsConfirmed = $false; Members = [QosValuation.ClipEmbedding[]] @() }
        $rows = @($clusters) + $empty | Measure-PrototypeUtility -Epsilon 1 -Trials 2 -Seed 1 -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'ClusterWithoutMembers*'
        $rows[0].Clusters | Should -Be 4
        $strangers = $clusters | New-DpPrototype -Seed 1 | Measure-PrototypeUtility -Reference $clusters[0, 1] -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors.Count | Should -Be 4
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'PrototypeWithoutReference*'
        $strangers.Count | Should -Be 2
        $clusters[0] | Measure-PrototypeUtility -Epsilon 1 -Trials 2 -WarningVariable warnings -WarningAction SilentlyContinue | Should -Not -BeNullOrEmpty
        "$warnings" | Should -Match 'one cluster only'
        { $clusters | Measure-PrototypeUtility -Epsilon 1, 0 } | Should -Throw -ErrorId 'EpsilonOutOfRange*'
    }
}

Describe 'Optimize-DpPrototype' {
    It 'changes vectors and leaves the accounts alone' {
        $prototypes = $clusters | New-DpPrototype -Epsilon 1 -Seed 1
        $spent = ($prototypes | Measure-PrivacyLoss).Epsilon
        foreach ($method in 'Sphere', 'Shrink', 'Average', 'Join') {
            $processed = $prototypes | Optimize-DpPrototype -PostProcess $method
            $processed.ClusterId | Should -Be $prototypes.ClusterId
            $processed.Modality | Should -Be $prototypes.Modality
            $processed.PostProcessing | Should -Be (@($method) * 8)
            ($processed | Measure-PrivacyLoss).Epsilon | Should -Be $spent
        }

        $norm = [Math]::Sqrt((($prototypes | Optimize-DpPrototype)[0].Vector | ForEach-Object { $_ * $_ } | Measure-Object -Sum).Sum)
        $norm | Should -BeGreaterThan 0.999999
        $norm | Should -BeLessThan 1.000001
        $average = $prototypes | Optimize-DpPrototype Average
        $average[0].Vector | Should -Be $average[1].Vector
        $joined = $prototypes | Optimize-DpPrototype Join
        $joined[0].Vector | Should -Be ($prototypes[0].Vector + $prototypes[1].Vector)
        ($joined | Measure-PrototypeUtility -Reference $clusters).PostProcess | Should -Be 'Join'
    }

    It 'refuses prototypes of two models together' {
        $prototypes = @($clusters[0] | New-DpPrototype -Seed 1) + (New-TestCluster 7 3 -Dimension 4 | New-DpPrototype -Seed 1)
        { $prototypes | Optimize-DpPrototype Shrink } | Should -Throw -ErrorId 'PrototypeDimensionMismatch*'
    }

    It 'refuses what makes no sense after what was done before' {
        $prototypes = $clusters | New-DpPrototype -Seed 1
        { $prototypes | Optimize-DpPrototype Join | Optimize-DpPrototype } | Should -Throw -ErrorId 'PostProcessingNotApplicable*'
        { $prototypes | Optimize-DpPrototype Sphere | Optimize-DpPrototype Shrink } | Should -Throw -ErrorId 'PostProcessingNotApplicable*'
    }
}

Describe 'scripts/Privacy.ps1' {
    It 'measures real embeddings, gives each photograph its nearest prompt, and writes the rows' {
        $images = $clusters.Members | Where-Object Modality -EQ Image
        $images | Export-Embedding (Join-Path $TestDrive 'images.npy')
        $clusters.Centroid | ForEach-Object -Begin { $row = @(); $all = @() } -Process {
            $row += $_
            if ($row.Count -eq 8) { $all += [QosValuation.ClipEmbedding]@{ Source = "prompt $($all.Count)"; Item = "$($all.Count)"; Modality = 'Text'; Vector = $row }; $row = @() }
        } -End { $all } | Export-Embedding (Join-Path $TestDrive 'prompts.npy')
        $folder = Join-Path $TestDrive 'results'
        $rows = & (Join-Path $RepositoryRoot 'scripts/Privacy.ps1') (Join-Path $TestDrive 'images.npy') -PromptPath (Join-Path $TestDrive 'prompts.npy') -OutputPath $folder -ClusterCount 3 -Epsilon 1, 10 -Quick 6> $null
        $LASTEXITCODE | Should -Be 0
        $curve = @($rows | Where-Object { $_ -is [QosValuation.PrototypeUtility] })
        $curve.Count | Should -Be 24
        $curve[0].Clusters | Should -Be 3
        $curve[0].Trials | Should -Be 5
        $curve[0].CrossModalAccuracy | Should -BeGreaterOrEqual 0
        @(Import-Csv (Join-Path $folder 'privacy-utility.csv')).Count | Should -Be 24
        @(Import-Csv (Join-Path $folder 'privacy-membership.csv')).Count | Should -Be @($rows | Where-Object { $_ -is [QosValuation.MembershipInference] }).Count
        $audit = @(Import-Csv (Join-Path $folder 'privacy-audit.csv'))
        $audit.Count | Should -Be 8
        @($audit | Where-Object IsViolated -EQ 'True').Count | Should -Be 1 -Because 'only the halved noise breaks its promise'
    }

    It 'draws scenes where there are no embeddings, and fails with exit code 1' {
        $folder = Join-Path $TestDrive 'drawn'
        $rows = & (Join-Path $RepositoryRoot 'scripts/Privacy.ps1') -OutputPath $folder -ClusterCount 4 -Epsilon 5 -Quick 6> $null
        $LASTEXITCODE | Should -Be 0
        $rows.Modality | Should -Contain 'Text'
        $null = & (Join-Path $RepositoryRoot 'scripts/Privacy.ps1') (Join-Path $TestDrive 'none.npy') -OutputPath $folder -Quick 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
    }
}
