BeforeAll {
    . $PSScriptRoot/Common.ps1

    # A cluster of $Count records in the plane, each with a photograph and, where asked for, two captions.
    function New-TestCluster([int] $Id, [int] $Count, [switch] $Captions, [float[]] $Vector = (0.6, 0.8)) {
        $members = foreach ($i in 1..$Count) {
            [QosValuation.ClipEmbedding]@{ Source = "$Id-$i.jpg"; Item = "$Id-$i"; Modality = 'Image'; Vector = $Vector; Contributor = "c$($i % 2)" }
            if ($Captions) {
                [QosValuation.ClipEmbedding]@{ Source = "text $i"; Item = "$Id-$i"; Modality = 'Text'; Vector = (1, 0); Contributor = "c$($i % 2)" }
                [QosValuation.ClipEmbedding]@{ Source = "more $i"; Item = "$Id-$i"; Modality = 'Text'; Vector = (0, 1); Contributor = "c$($i % 2)" }
            }
        }

        [QosValuation.SemanticCluster]@{ Id = $Id; Count = $Count; Centroid = $Vector; IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] $members }
    }
}

Describe 'New-DpPrototype' {
    It 'releases one prototype a modality with sensitivity 2/n and the exact noise' {
        $prototypes = New-TestCluster 3 20 -Captions | New-DpPrototype -Epsilon 1 -Delta 1e-5
        $prototypes.Count | Should -Be 2
        $prototypes.Modality | Should -Be 'Image', 'Text'
        foreach ($prototype in $prototypes) {
            $prototype | Should -BeOfType QosValuation.DpPrototype
            $prototype.ClusterId | Should -Be 3
            $prototype.Count | Should -Be 20
            $prototype.Sensitivity | Should -Be 0.1
            $prototype.Mechanism | Should -Be 'DiscreteGaussian'
            $prototype.Unit | Should -Be 'Record'

            # The least noise there is, rounded up to the grid.
            $prototype.Sigma / (Get-GaussianSigma -Epsilon 1 -Delta 1e-5 -Sensitivity 0.1) | Should -BeGreaterOrEqual 1
            $prototype.Sigma / (Get-GaussianSigma -Epsilon 1 -Delta 1e-5 -Sensitivity 0.1) | Should -BeLessThan (1 + 1e-9)
            $prototype.IsFormal | Should -BeTrue
            $prototype.Vector.Length | Should -Be 2
        }

        $prototypes[0].Contributors | Should -Be 'c1', 'c0'
        $prototypes[0].Contributors[0] | Should -Be 'c1'
    }

    It 'takes clusters from Group-Embedding' {
        $embeddings = foreach ($i in 0..29) {
            $angle = ($i % 3) * 2
            [QosValuation.ClipEmbedding]@{ Source = "$i"; Item = "$i"; Modality = 'Image'; Vector = [Math]::Cos($angle), [Math]::Sin($angle) }
        }

        $prototypes = $embeddings | Group-Embedding -NoveltyThreshold 5 | New-DpPrototype
        $prototypes.ClusterId | Should -Be 0, 1, 2
        $prototypes.Count | Should -Be 3
        ($prototypes | ForEach-Object Count) | Should -Be 10, 10, 10
    }

    It 'repeats with a seed and not without' {
        $cluster = New-TestCluster 0 5
        $first, $second = 1..2 | ForEach-Object { ($cluster | New-DpPrototype -Seed 7).Vector -join ' ' }
        $first | Should -Be $second
        $first, $second = 1..2 | ForEach-Object { ($cluster | New-DpPrototype).Vector -join ' ' }
        $first | Should -Not -Be $second
    }

    It 'implements the Image-DP baseline and says that it promises nothing' {
        $prototypes = New-TestCluster 0 5 -Captions | New-DpPrototype -Mechanism ImageDp -WarningVariable warnings -WarningAction SilentlyContinue
        $prototypes.IsFormal | Should -Be $false, $false
        $prototypes[0].Sigma | Should -Be (0.2 * 0.05)
        $prototypes[1].Sigma | Should -Be 0
        $prototypes[1].Vector[0] | Should -BeGreaterThan 0.7071067
        $prototypes[1].Vector[0] | Should -BeLessThan 0.7071068
        [double]::IsNaN($prototypes[0].Epsilon) | Should -BeTrue
        "$warnings" | Should -Match 'no privacy guarantee'
    }

    It 'warns of the classic calibration from epsilon 1 on, and marks where it fails' {
        $cluster = New-TestCluster 0 5
        ($cluster | New-DpPrototype -Mechanism ClassicGaussian -Epsilon 0.9 -WarningVariable warnings).IsFormal | Should -BeTrue
        $warnings | Should -BeNullOrEmpty
        ($cluster | New-DpPrototype -Mechanism ClassicGaussian -Epsilon 1 -WarningVariable warnings -WarningAction SilentlyContinue).IsFormal | Should -BeTrue
        $warnings.Count | Should -Be 1
        ($cluster | New-DpPrototype -Mechanism ClassicGaussian -Epsilon 10 -WarningVariable warnings -WarningAction SilentlyContinue).IsFormal | Should -BeFalse
        "$warnings" | Should -Match 'does NOT keep'
    }

    It 'hides the count under AddRemove' {
        $prototypes = New-TestCluster 0 100 | New-DpPrototype -Neighboring AddRemove -Seed 1
        $prototypes.Neighboring | Should -Be 'AddRemove'
        $prototypes.Count | Should -Not -Be 100
        $prototypes.Sensitivity | Should -Be ([Math]::Sqrt(1.25) / $prototypes.Count)
    }

    It 'keeps the floating-point mechanism' {
        $prototype = New-TestCluster 3 20 | New-DpPrototype -Mechanism AnalyticGaussian
        $prototype.Sigma | Should -Be (Get-GaussianSigma -Epsilon 1 -Delta 1e-5 -Sensitivity 0.1)
        $prototype.GridStep | Should -Be 0
        (Get-Help New-DpPrototype -Full | Out-String) | Should -Match 'Mironov 2012'
    }

    It 'protects whole contributors, with their records averaged' {
        $prototypes = New-TestCluster 0 10 | New-DpPrototype -Unit Contributor -MaxRecordsPerContributor 3
        $prototypes.Unit | Should -Be 'Contributor'
        $prototypes.Count | Should -Be 2
        $prototypes.Sensitivity | Should -Be 1
        { New-TestCluster 0 10 | New-DpPrototype -MaxRecordsPerContributor 3 } | Should -Throw -ErrorId 'ParameterNotForUnit,*'
        $nobody = [QosValuation.ClipEmbedding]@{ Source = 'x'; Item = 'x'; Modality = 'Image'; Vector = (1, 0) }
        $cluster = [QosValuation.SemanticCluster]@{ Id = 1; Count = 1; Centroid = (1, 0); IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] $nobody }
        { $cluster | New-DpPrototype -Unit Contributor -ErrorAction Stop } | Should -Throw -ErrorId 'ContributorMissing,*'
    }

    It 'draws nothing with -WhatIf' {
        New-TestCluster 0 10 | New-DpPrototype -WhatIf | Should -BeNullOrEmpty
    }

    It 'takes a sensitivity of the user''s, and warns where it is below 2/n' {
        $prototype = New-TestCluster 0 10 | New-DpPrototype -Sensitivity 0.05 -WarningVariable warnings -WarningAction SilentlyContinue
        $prototype.Sensitivity | Should -Be 0.05
        "$warnings" | Should -Match '2/n'
        $null = New-TestCluster 0 10 | New-DpPrototype -Sensitivity 0.5 -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
    }

    It 'releases the modality asked for' {
        (New-TestCluster 0 3 -Captions | New-DpPrototype -Modality Text).Modality | Should -Be 'Text'
    }

    It 'reports a bad cluster and goes on with the others' {
        $empty = [QosValuation.SemanticCluster]@{ Id = 9; Count = 0; Centroid = @(); IsConfirmed = $false; Members = [QosValuation.ClipEmbedding[]]@() }
        $prototypes = (New-TestCluster 0 3), $empty, (New-TestCluster 1 3 -Vector ([float]::NaN), 1), (New-TestCluster 2 3) |
            New-DpPrototype -ErrorVariable faults -ErrorAction SilentlyContinue
        $prototypes.ClusterId | Should -Be 0, 2
        ($faults | ForEach-Object FullyQualifiedErrorId) | Should -Be 'ClusterWithoutMembers,QosValuation.Cmdlets.Privacy.NewDpPrototypeCommand', 'EmbeddingNotFinite,QosValuation.Cmdlets.Privacy.NewDpPrototypeCommand'
    }

    It 'refuses <Name> <Value>' -ForEach @(
        @{ Name = 'Epsilon'; Value = 0; Id = 'EpsilonOutOfRange' }
        @{ Name = 'Epsilon'; Value = [double]::NaN; Id = 'EpsilonOutOfRange' }
        @{ Name = 'Delta'; Value = 1; Id = 'DeltaOutOfRange' }
        @{ Name = 'Delta'; Value = 0; Id = 'DeltaOutOfRange' }
        @{ Name = 'Sensitivity'; Value = 0; Id = 'SensitivityOutOfRange' }
    ) {
        $arguments = @{ $Name = $Value }
        { New-TestCluster 0 3 | New-DpPrototype @arguments } | Should -Throw -ErrorId "$Id,*"
    }

    It 'completes mechanisms' {
        $line = 'New-DpPrototype -Mechanism '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'AnalyticGaussian', 'ClassicGaussian', 'DiscreteGaussian', 'ImageDp', 'None'
    }

    It 'never joins a list of mechanisms to another one' {
        { New-TestCluster 0 3 | New-DpPrototype -Mechanism ClassicGaussian, DiscreteGaussian } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        { New-TestCluster 0 3 | New-DpPrototype -Mechanism 'ClassicGaussian, DiscreteGaussian' } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        { New-TestCluster 0 3 | New-DpPrototype -Neighboring ReplaceOne, AddRemove } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        { New-TestCluster 0 3 | New-DpPrototype -Unit Record, Contributor } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'releases the mean itself without noise, and says so' {
        $prototype = New-TestCluster 0 5 | New-DpPrototype -Mechanism None -WarningVariable warnings -WarningAction SilentlyContinue
        $prototype.Vector | Should -Be (New-TestCluster 0 5 | New-DpPrototype -Mechanism ImageDp -PerturbationCoefficient 0 -WarningAction SilentlyContinue).Vector
        $prototype.Sigma, $prototype.IsFormal, "$($prototype.Mechanism)" | Should -Be 0, $false, 'None'
        "$warnings" | Should -Match 'adds no noise'
        ($prototype | Measure-PrivacyLoss).Epsilon | Should -Be ([double]::PositiveInfinity)
    }

    It 'says that a seeded prototype is not private' {
        $prototype = New-TestCluster 0 5 | New-DpPrototype -Seed 1
        $prototype.IsSeeded, $prototype.IsFormal | Should -Be $true, $false
        $loss = $prototype | Measure-PrivacyLoss
        $loss.IsFormal | Should -BeFalse
        $loss.Explanation | Should -Match 'from a seed'
        [Math]::Abs($loss.Epsilon - 1) | Should -BeLessThan 1e-9
    }
}

Describe 'A privacy budget' {
    BeforeEach {
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('N')).db"
    }

    It 'is an object that tells what is spent and what is left' {
        $budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path $path
        $budget | Should -BeOfType QosValuation.PrivacyBudget
        $budget.Epsilon, $budget.Delta, $budget.Spent, $budget.Remaining | Should -Be 1, 1e-5, 0, 1
        $prototypes = New-TestCluster 3 10 | New-DpPrototype -Epsilon 0.5 -Budget $budget
        $prototypes.Epsilon | Should -Be 0.5
        $budget.Releases | Should -Be 1
        [Math]::Abs($budget.Spent - 0.5) | Should -BeLessThan 1e-9
        $budget.Remaining | Should -BeGreaterThan 0.5
        $budget.Contributors.Contributor | Should -Be 'c0', 'c1'
        $budget.Contributors[0].Spent | Should -Be $budget.Spent
        ($budget.Spent - ($prototypes | Measure-PrivacyLoss).Epsilon) | Should -BeLessThan 1e-9

        # What is left is exactly one release of that ε.
        $null = New-TestCluster 3 10 | New-DpPrototype -Epsilon ($budget.Remaining * (1 - 1e-9)) -Budget $path
        $shown = Get-PrivacyBudget -Path $path
        $shown.Remaining | Should -BeLessThan 1e-3
        [Math]::Abs($shown.Spent - 1) | Should -BeLessThan 1e-6
    }

    It 'refuses what exceeds it with a terminating error, and draws and charges nothing' {
        $null = New-PrivacyBudget 1 1e-5 $path
        $clusters = 1..5 | ForEach-Object { New-TestCluster $_ 10 }
        $prototypes = @()
        $failure = { $clusters | New-DpPrototype -Epsilon 0.6 -Budget $path -OutVariable +prototypes } | Should -Throw -ErrorId 'PrivacyBudgetExceeded,QosValuation.Cmdlets.Privacy.NewDpPrototypeCommand' -PassThru
        $failure.CategoryInfo.Category | Should -Be 'LimitsExceeded'
        $failure.TargetObject | Should -BeIn 'c0', 'c1'
        $failure.Exception.Contributor | Should -Be $failure.TargetObject
        $failure.Exception.Message | Should -Match "contributor 'c[01]'.*5 releases: together they need ε = 1[.,]\d+ .*ε = 1 of 1 is left.*None of them was charged or drawn"
        $prototypes | Should -BeNullOrEmpty
        (Get-PrivacyBudget $path).Releases | Should -Be 0
        Get-PrivacyBudget $path -Contributor * | Should -BeNullOrEmpty
    }

    It 'releases as many as it allows with -AsAvailable, keeps them, and reports each refusal' {
        $null = New-PrivacyBudget 1 1e-5 $path
        $clusters = 1..5 | ForEach-Object { New-TestCluster $_ 10 }
        $prototypes = $clusters | New-DpPrototype -Epsilon 0.6 -Budget $path -AsAvailable -ErrorVariable refused -ErrorAction SilentlyContinue
        $budget = Get-PrivacyBudget $path
        $budget.Releases | Should -BeIn 2, 3
        $prototypes.Count | Should -Be $budget.Releases
        $prototypes.ClusterId | Should -Be @(1..$budget.Releases)
        $budget.Spent | Should -BeLessOrEqual 1
        $refused.Count | Should -Be (5 - $budget.Releases)
        $refused[0].FullyQualifiedErrorId | Should -BeLike 'PrivacyBudgetExceeded,*'
        $refused[0].Exception.Message | Should -Match "^Cluster $($budget.Releases + 1) was not released\. .*this release.*neither charged nor drawn"
        $refused[0].Exception.Message | Should -Not -Match 'Nothing was charged'
        $spending = Get-PrivacyBudget $path -Contributor c*
        $spending.Contributor | Should -Be 'c0', 'c1'
        $spending[0] | Should -BeOfType QosValuation.PrivacySpending
        $spending[0].Releases | Should -Be $budget.Releases
        Get-PrivacyBudget $path -Contributor nobody | Should -BeNullOrEmpty

        # A cheap one still fits after a refused one.
        @($clusters[0] | New-DpPrototype -Epsilon 0.01 -Budget $path -AsAvailable).Count | Should -Be 1
        { $clusters | New-DpPrototype -AsAvailable -ErrorAction Stop } | Should -Throw
    }

    It 'says under -WhatIf what each contributor would be charged and have left, and approves nothing that would be refused' {
        $null = New-PrivacyBudget 1 1e-5 $path
        $clusters = 1..5 | ForEach-Object { New-TestCluster $_ 10 }
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
`$PSStyle.OutputRendering = 'PlainText'
`$clusters = foreach (`$id in 1..5) { [QosValuation.SemanticCluster]@{ Id = `$id; Count = 4; Centroid = (0.6, 0.8); Members = [QosValuation.ClipEmbedding[]] @(0..3 | ForEach-Object { [QosValuation.ClipEmbedding]@{ Source = "`$_"; Item = "`$_"; Modality = 'Image'; Vector = (0.6, 0.8); Contributor = "c`$(`$_ % 2)" } }) } }
`$clusters | New-DpPrototype -Epsilon 0.1 -Budget '$path' -WhatIf
try { `$clusters | New-DpPrototype -Epsilon 0.6 -Budget '$path' -WhatIf } catch { `$_.FullyQualifiedErrorId }
`$clusters | New-DpPrototype -Epsilon 0.6 -Budget '$path' -AsAvailable -WhatIf -ErrorVariable refused -ErrorAction SilentlyContinue
"refused: `$(`$refused.Count)"
`$null = `$clusters | New-DpPrototype -Epsilon 0.1 -Budget '$path' | Select-Object -First 2
"@
        $text = $lines -join "`n"
        $text | Should -Match "What if: Release 5 prototypes of 5 clusters and charge .*'c0' ε = 0[.,]2\d+ for 5 releases, which leaves ε = 0[.,]9\d+ of 1; 'c1' ε"
        $text | Should -Match 'PrivacyBudgetExceeded,'
        @($lines -like 'What if: Release 1 prototype*').Count | Should -BeIn 2, 3
        $text | Should -Match "refused: $(5 - @($lines -like 'What if: Release 1 prototype*').Count)"

        # What was paid for and went nowhere is named.
        $text | Should -Match "5 prototypes had been charged.*2 went through it, and 3 were charged and are lost \(cluster 3 Image, cluster 4 Image, cluster 5 Image\)\. They cost 'c\d' ε = 0[.,]1\d+"
        (Get-PrivacyBudget $path).Releases | Should -Be 5
    }

    It 'says what was charged and lost where Ctrl+C comes after the charge' {
        $null = New-PrivacyBudget 1 1e-5 $path
        $lines = Invoke-FreshPwsh @"
`$shell = [powershell]::Create([runspacefactory]::CreateRunspace(`$Host))
`$shell.Runspace.Open()
`$null = `$shell.AddScript({
    Import-Module '$ModuleManifest'
    `$clusters = foreach (`$id in 1..5) { [QosValuation.SemanticCluster]@{ Id = `$id; Count = 1; Centroid = (0.6, 0.8); Members = [QosValuation.ClipEmbedding[]] @([QosValuation.ClipEmbedding]@{ Source = 'a'; Item = 'a'; Modality = 'Image'; Vector = (0.6, 0.8); Contributor = 'ann' }) } }
    `$clusters | New-DpPrototype -Epsilon 0.1 -Budget '$path' | ForEach-Object { Set-Content '$path.first' `$_.ClusterId; Start-Sleep 60 }
})
`$null = `$shell.BeginInvoke()
while (-not (Test-Path '$path.first')) { Start-Sleep -Milliseconds 100 }
`$shell.Stop()
"@
        ($lines -join ' ') -replace '\s+', ' ' | Should -Match '5 prototypes had been charged.*0 went through it, and 5 were charged and are lost \(cluster 1 Image, .*cluster 5 Image\)\. They cost ''ann'' ε = 0[.,]2'
        (Get-PrivacyBudget $path).Releases | Should -Be 5
    }

    It 'is checked by Test-PrivacyBudget, and closed where it was changed' {
        $null = New-TestCluster 1 10 | New-DpPrototype -Epsilon 0.1 -Budget (New-PrivacyBudget 1 1e-5 $path)
        $report = Test-PrivacyBudget $path
        $report | Should -BeOfType QosValuation.PrivacyBudgetReport
        $report.IsValid, $report.IsChained, $report.Releases, $report.Charges, $report.Contributors | Should -Be $true, $true, 1, 2, 2
        (Get-Item $path | Test-PrivacyBudget -ExpectedHash $report.HeadHash).IsValid | Should -BeTrue
        (Test-PrivacyBudget $path -ExpectedHash ('0' * 64)).IsValid | Should -BeFalse
        $bytes = [System.IO.File]::ReadAllBytes($path)
        $place = [System.Text.Encoding]::Latin1.GetString($bytes).IndexOf('ReplaceOneRecord')
        $bytes[$place + 15] = $bytes[$place + 15] -bxor 4
        [System.IO.File]::WriteAllBytes($path, $bytes)
        (Test-PrivacyBudget $path).Faults.Count | Should -BeGreaterThan 0
        Get-PrivacyBudget $path -ErrorVariable fault -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $fault.FullyQualifiedErrorId | Should -BeLike '*,QosValuation.Cmdlets.Privacy.GetPrivacyBudgetCommand'
        { New-TestCluster 1 10 | New-DpPrototype -Epsilon 0.1 -Budget $path } | Should -Throw
        'nothing.db' | Test-PrivacyBudget -ErrorVariable fault -ErrorAction SilentlyContinue
        $fault[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
    }

    It 'takes an object for the very file that it names' {
        $path, $other = 'b[1].db', 'b1.db' | ForEach-Object { Join-Path $TestDrive $_ }
        $budget = New-PrivacyBudget -Epsilon 1 -Path $path
        $null = New-PrivacyBudget -Epsilon 2 -Path $other
        $budget | Export-Clixml -LiteralPath $TestDrive/object.xml
        $copies = $budget, (Import-Clixml -LiteralPath $TestDrive/object.xml), ($budget | ConvertTo-Json | ConvertFrom-Json), [pscustomobject]@{ Path = $path }, (Get-Item -LiteralPath $path)
        foreach ($copy in $copies) {
            ($copy | Get-PrivacyBudget).Path | Should -Be $path
            ($copy | Test-PrivacyBudget).Path | Should -Be $path
            (Test-PrivacyBudget -InputObject $copy).Path | Should -Be $path
        }
        (Test-PrivacyBudget -LiteralPath $path | Test-PrivacyBudget).Path | Should -Be $path
        ($path | Get-PrivacyBudget).Path | Should -Be $other -Because 'a text is a pattern'
        (Join-Path $TestDrive 'b?.db' | Test-PrivacyBudget).Path | Should -Be $other
        [pscustomobject]@{ Name = 'x' } | Get-PrivacyBudget -ErrorVariable fault -ErrorAction SilentlyContinue
        $fault[0].FullyQualifiedErrorId | Should -BeLike 'PrivacyBudgetNotValid,*'
    }

    It 'takes a budget from the pipeline, whatever its path' {
        $path = Join-Path $TestDrive '[b]udget.db'
        $null = New-TestCluster 0 10 | New-DpPrototype -Epsilon 0.5 -Budget (New-PrivacyBudget 1 1e-5 $path)
        $budget = Get-PrivacyBudget -LiteralPath $path
        ($budget | Get-PrivacyBudget).Releases | Should -Be 1
        @($budget | Get-PrivacyBudget -Contributor *).Contributor | Should -Contain 'c0'
    }

    It 'changes nothing with -WhatIf' {
        New-PrivacyBudget 1 1e-5 $path -WhatIf | Should -BeNullOrEmpty
        Test-Path $path | Should -BeFalse
        $null = New-PrivacyBudget 1 1e-5 $path
        New-TestCluster 0 10 | New-DpPrototype -Budget $path -WhatIf | Should -BeNullOrEmpty
        (Get-PrivacyBudget $path).Releases | Should -Be 0
    }

    It 'is never replaced, and refuses what it cannot account for' {
        $null = New-PrivacyBudget 1 1e-5 $path
        { New-PrivacyBudget 5 1e-5 $path } | Should -Throw -ErrorId 'PrivacyBudgetExists,*'
        { New-TestCluster 0 10 | New-DpPrototype -Budget $path -Seed 1 } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        { New-TestCluster 0 10 | New-DpPrototype -Budget $path -Sensitivity 1 } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        { New-TestCluster 0 10 | New-DpPrototype -Budget $path -Mechanism ImageDp } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        { New-TestCluster 0 10 | New-DpPrototype -Budget "$path.none" } | Should -Throw -ErrorId 'DatabaseNotFound,*'
        { New-TestCluster 0 10 | New-DpPrototype -Budget 7 } | Should -Throw -ErrorId 'PrivacyBudgetNotValid,*'
        { New-PrivacyBudget 0 1e-5 "$path.new" } | Should -Throw -ErrorId 'EpsilonOutOfRange,*'
        Test-Path "$path.new" | Should -BeFalse
        (Get-PrivacyBudget $path).Releases | Should -Be 0
        Get-PrivacyBudget "$path.none" -ErrorVariable fault -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $fault[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
    }

    It 'fits its tables into eighty columns' {
        $budget = New-PrivacyBudget 1 1e-5 $path
        $null = New-TestCluster 3 10 | New-DpPrototype -Epsilon 0.5 -Budget $budget
        ($budget | Out-String -Width 80) | Should -Match 'Budget\s+ε\s+δ\s+Spent\s+Remaining\s+Releases\s+Unit'
        ($budget.Contributors | Out-String -Width 80) | Should -Match 'Contributor\s+Releases\s+Mu\s+Spent\s+Remaining\s+ε'
    }
}

Describe 'Public centroids' {
    It 'make a cluster of each, and a prototype with a private count, whether records join it or not' {
        $embeddings = foreach ($i in 1..20) { [QosValuation.ClipEmbedding]@{ Source = "$i"; Item = "$i"; Modality = 'Image'; Vector = (0.6, 0.8); Contributor = "c$i" } }
        $clusters = $embeddings | Group-Embedding -PublicCentroid (1, 0), (0, 2), (-1, 0)
        $clusters.Id | Should -Be 0, 1, 2
        ($clusters | ForEach-Object Count) | Should -Be 0, 20, 0
        $clusters.IsPublic | Should -Be $true, $true, $true
        $prototypes = $clusters | New-DpPrototype -Neighboring AddRemove -Epsilon 0.5 -Seed 3
        $prototypes.ClusterId | Should -Be 0, 1, 2
        $prototypes[1].Count | Should -Not -Be 20
        $prototypes[0].Vector.Length | Should -Be 2

        # A record is in one cluster: what it loses is what one of them tells.
        ($prototypes | Measure-PrivacyLoss -Parallel).Epsilon - 0.5 | Should -BeLessThan 1e-9
        ($clusters | Measure-DataValue).Count | Should -Be 20
    }

    It 'are embeddings, objects with a vector, or arrays' {
        $one = [QosValuation.ClipEmbedding]@{ Source = 'a'; Item = 'a'; Modality = 'Image'; Vector = (0.6, 0.8) }
        foreach ($centroids in (, [float[]](1, 0)), $one, @([pscustomobject]@{ Vector = 1, 0 }), (1, 0)) {
            @($one | Group-Embedding -PublicCentroid $centroids).Count | Should -Be 1
        }

        @($one | Group-Embedding -PublicCentroid $one, ([float[]](1, 0)) -PassThru).ClusterId | Should -Be 0
        { $one | Group-Embedding -PublicCentroid (1, 0) -Algorithm Online } | Should -Throw -ErrorId 'ParameterNotForAlgorithm,*'
        { $one | Group-Embedding -PublicCentroid (0, 0) } | Should -Throw -ErrorId 'PublicCentroidNotValid,*'
        { $one | Group-Embedding -PublicCentroid (1, 0, 0) } | Should -Throw -ErrorId 'EmbeddingDimensionMismatch,*'
    }
}

Describe 'Get-GaussianSigma' {
    It 'agrees with the published values at epsilon <Epsilon>' -ForEach @(
        @{ Epsilon = 0.5; Classic = 9.690; Analytic = 7.032 }
        @{ Epsilon = 1; Classic = 4.845; Analytic = 3.731 }
        @{ Epsilon = 8; Classic = 0.606; Analytic = 0.600 }
        @{ Epsilon = 20; Classic = 0.242; Analytic = 0.290 }
    ) {
        [Math]::Round((Get-GaussianSigma -Epsilon $Epsilon -Delta 1e-5), 3) | Should -Be $Analytic
        [Math]::Round((Get-GaussianSigma -Epsilon $Epsilon -Delta 1e-5 -Mechanism ClassicGaussian -WarningAction SilentlyContinue), 3) | Should -Be $Classic
    }

    It 'takes budgets from the pipeline, by value and by name, and goes on after a bad one' {
        $sigmas = 1, -1, 2 | Get-GaussianSigma -ErrorVariable faults -ErrorAction SilentlyContinue
        $sigmas.Count | Should -Be 2
        $sigmas[0] | Should -BeGreaterThan $sigmas[1]
        $faults[0].FullyQualifiedErrorId | Should -Be 'EpsilonOutOfRange,QosValuation.Cmdlets.Privacy.GetGaussianSigmaCommand'
        [pscustomobject]@{ Epsilon = 1; Delta = 1e-5; Sensitivity = 2 } | Get-GaussianSigma | Should -Be (2 * $sigmas[0])
    }

    It 'refuses a bad argument and a mechanism without a guarantee' {
        { Get-GaussianSigma -Epsilon 0 } | Should -Throw -ErrorId 'EpsilonOutOfRange,*'
        { Get-GaussianSigma 1 -Mechanism ImageDp } | Should -Throw -ErrorId 'MechanismNotSupported,*'
    }
}

Describe 'Measure-PrivacyLoss' {
    It 'adds up what the prototypes of a pipeline cost' {
        $loss = (New-TestCluster 0 10), (New-TestCluster 1 30) | New-DpPrototype -Epsilon 1 | Measure-PrivacyLoss -Delta 1e-5
        $loss | Should -BeOfType QosValuation.PrivacyLoss
        $loss.Releases | Should -Be 2
        $loss.Epsilon | Should -BeGreaterThan 1
        $loss.Epsilon | Should -BeLessThan 2
        $loss.Mu | Should -BeGreaterThan 0

        # Two equal releases equal one at σ/√2.
        $one = [pscustomobject]@{ Sensitivity = 1; Sigma = (Get-GaussianSigma 1) / [Math]::Sqrt(2) } | Measure-PrivacyLoss
        [Math]::Abs($one.Epsilon - $loss.Epsilon) | Should -BeLessThan 1e-9
    }

    It 'composes disjoint clusters in parallel where asked to' {
        $loss = (New-TestCluster 0 10), (New-TestCluster 1 30) | New-DpPrototype -Epsilon 1 | Measure-PrivacyLoss -Parallel
        [Math]::Abs($loss.Epsilon - 1) | Should -BeLessThan 1e-9
    }

    It 'knows that ImageDp has no finite epsilon' {
        $loss = New-TestCluster 0 10 -Captions | New-DpPrototype -Mechanism ImageDp -WarningAction SilentlyContinue | Measure-PrivacyLoss
        $loss.Epsilon | Should -Be ([double]::PositiveInfinity)
        $loss.IsFormal | Should -BeFalse
        $loss.Explanation | Should -Match 'no finite'
    }

    It 'orders its accountants' {
        $releases = 1..20 | ForEach-Object { [pscustomobject]@{ Sensitivity = 0.1; Sigma = 1 } }
        $gdp, $zcdp, $rdp = 'Gdp', 'Zcdp', 'Rdp' | ForEach-Object { ($releases | Measure-PrivacyLoss -Accountant $_).Epsilon }
        $gdp | Should -BeLessThan $zcdp
        $zcdp | Should -BeLessOrEqual ($rdp * (1 + 1e-9))
    }

    It 'says that there was nothing to account for' {
        $loss = @() | Measure-PrivacyLoss -WarningVariable warnings -WarningAction SilentlyContinue
        $loss | Should -BeNullOrEmpty
        "$warnings" | Should -Match 'no release'
        $loss = Measure-PrivacyLoss -WarningVariable warnings -WarningAction SilentlyContinue
        $loss | Should -BeNullOrEmpty
        "$warnings" | Should -Match 'no release'
        { [pscustomobject]@{ Sensitivity = 1; Sigma = 1 } | Measure-PrivacyLoss -Delta 0 } | Should -Throw -ErrorId 'DeltaOutOfRange,*'
    }

    It 'takes a release that cannot be read (<Name>) for one that told everything' -ForEach @(
        @{ Name = 'negative'; Release = @{ Sensitivity = 1; Sigma = -1 } }
        @{ Name = 'NaN'; Release = @{ Sensitivity = 1; Sigma = [double]::NaN } }
        @{ Name = 'missing'; Release = @{ Sensitivity = 1 } }
        @{ Name = 'no number'; Release = @{ Sensitivity = 1; Sigma = 'much' } }
        @{ Name = 'empty'; Release = @{ Sensitivity = 1; Sigma = $null } }
        @{ Name = 'unknown mechanism'; Release = @{ Sensitivity = 1; Sigma = 1; Mechanism = 'Laplace' } }
        @{ Name = 'two mechanisms'; Release = @{ Sensitivity = 1; Sigma = 1; Mechanism = 'AnalyticGaussian', 'DiscreteGaussian' } }
        @{ Name = 'unknown relation'; Release = @{ Sensitivity = 1; Sigma = 1; Neighboring = 'Both' } }
    ) {
        $loss = [pscustomobject]@{ Sensitivity = 1; Sigma = 2 }, [pscustomobject] $Release, [pscustomobject]@{ Sensitivity = 1; Sigma = 2 } |
            Measure-PrivacyLoss -ErrorVariable faults -ErrorAction SilentlyContinue
        $loss.Releases | Should -Be 3
        $loss.Epsilon | Should -Be ([double]::PositiveInfinity)
        $loss.IsFormal | Should -BeFalse
        $loss.Explanation | Should -Match '1 of 3'
        @($faults).Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -Be 'ReleaseNotValid,QosValuation.Cmdlets.Privacy.MeasurePrivacyLossCommand'
    }

    It 'gives a result for each accountant, and refuses a list of mechanisms' {
        $losses = [pscustomobject]@{ Sensitivity = 1; Sigma = 4 } | Measure-PrivacyLoss -Accountant Gdp, Zcdp, Rdp
        "$($losses.Accountant)" | Should -Be 'Gdp Zcdp Rdp'
        { [pscustomobject]@{ Sensitivity = 1; Sigma = 4 } | Measure-PrivacyLoss -Mechanism ClassicGaussian, DiscreteGaussian } | Should -Throw -ErrorId 'ReleaseNotValid,*'
        @(Get-GaussianSigma 1 -Mechanism AnalyticGaussian, ClassicGaussian -WarningAction SilentlyContinue).Count | Should -Be 2
        (New-TestCluster 0 5 | New-DpPrototype | Optimize-DpPrototype -PostProcess None, Sphere).PostProcessing | Should -Be 'None', 'Sphere'
    }
}

Describe 'Tables of the private release' {
    It 'show a prototype on one line' {
        $text = New-TestCluster 4 25 | New-DpPrototype | Out-String -Width 160
        $text | Should -Match 'Cluster\s+Modality\s+Count\s+ε\s+δ\s+Sensitivity\s+Sigma\s+Mechanism'
        $text | Should -Match '4\s+Image\s+25\s+1\s+1E-05\s+0[.,]08\s+0[.,]298\d\s+DiscreteGaussian'
    }
}
