BeforeAll {
    . $PSScriptRoot/Common.ps1

    function New-Item3 {
        param([int] $Number, [string] $Label, [float[]] $Vector, [string] $Contributor = "c$($Number % 3)")
        [QosValuation.ClipEmbedding]@{
            Source = "s$Number"; Item = "i$Number"; Modality = 'Image'; Vector = $Vector; Contributor = $Contributor; Ordinal = $Number
        } | Add-Member -NotePropertyName Label -NotePropertyValue $Label -PassThru
    }

    # Two classes on a circle, and one wrong label at its far end.
    $train = 0..19 | ForEach-Object {
        $angle = ($_ % 2) * 1.5 + $_ * 0.02
        New-Item3 $_ ($_ % 2 ? 'dog' : 'cat') @([math]::Cos($angle), [math]::Sin($angle))
    }
    $train[7].Label = 'cat'
    $test = 0..9 | ForEach-Object {
        $angle = ($_ % 2) * 1.5 + $_ * 0.03
        New-Item3 (100 + $_) ($_ % 2 ? 'dog' : 'cat') @([math]::Cos($angle), [math]::Sin($angle))
    }
    $values = @($train | Measure-MarginalUtility -Test $test -K 3)
}

Describe 'Measure-MarginalUtility' {
    It 'values each item, the wrong label least' {
        $values.Count | Should -Be 20
        $values[0] | Should -BeOfType QosValuation.MarginalUtility
        ($values | Sort-Object Value)[0].Item | Should -Be i7
        $values[7].Contributor | Should -Be c1
        $values[0].Method, $values[0].StandardError, $values[0].Converged, $values[0].Seed | Should -Be 'KnnShapley', 0, $true, $null
    }

    It 'has the values of the recursion by hand' {
        # One test item at 0; neighbours at 1, 2, 3 with the matches 1, 0, 1; K = 2:
        # phi_3 = 1·2/(2·3) = 1/3, phi_2 = 1/3 + (0 − 1)/2·2/2 = −1/6, phi_1 = −1/6 + (1 − 0)/2·1 = 1/3.
        $line = foreach ($i in 1..3) { [pscustomobject]@{ Item = "x$i"; Vector = [float[]]@($i, 1); Label = $i -eq 2 ? 'b' : 'a' } }
        $zero = [pscustomobject]@{ Vector = [float[]]@(0, 1); Label = 'a' }
        $phi = ($line | Measure-MarginalUtility -Test $zero -K 2).Value
        for ($i = 0; $i -lt 3; $i++) { [math]::Abs($phi[$i] - @(1 / 3; -1 / 6; 1 / 3)[$i]) | Should -BeLessThan 1e-12 }
    }

    It 'takes labels by Select-Object, by a script block, by another property and from a table' {
        $expected = $values.Value
        $plain = $train | Select-Object * -ExcludeProperty Label | Select-Object *, @{ n = 'Label'; e = { $train[$_.Ordinal].Label } }
        ($plain | Measure-MarginalUtility -Test $test -K 3).Value | Should -Be $expected
        ($train | Measure-MarginalUtility -Test $test -K 3 -Label { $_.Label.ToUpperInvariant() }).Value | Should -Be $expected
        $table = @{}
        $train + $test | ForEach-Object { $table[$_.Item] = $_.Label }
        ($train | Measure-MarginalUtility -Test $test -K 3 -Label $table).Value | Should -Be $expected
        $named = { $_ | Select-Object Item, Vector, Contributor, @{ n = 'Class'; e = { $_.Label } } }
        ($train | ForEach-Object $named | Measure-MarginalUtility -Test ($test | ForEach-Object $named) -K 3 -Label Class).Value | Should -Be $expected
    }

    It 'takes the label column of a metadata file' {
        $path = Join-Path $TestDrive train.npy
        $train | Export-Embedding $path
        $metadata = Join-Path $TestDrive labels.csv
        $train | Select-Object Item, Contributor, Label | Export-Csv $metadata
        $read = Import-Embedding $path -MetadataPath $metadata -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
        $read[7].Label, $read[8].Label | Should -Be cat, cat
        ($read | Measure-MarginalUtility -Test $test -K 3).Value | Should -Be $values.Value
        $lines = Join-Path $TestDrive labels.jsonl
        $train | ForEach-Object { @{ item = $_.Item; label = $_.Label } | ConvertTo-Json -Compress } | Set-Content $lines
        (Import-Embedding $path -MetadataPath $lines | Measure-MarginalUtility -Test $test -K 3).Value | Should -Be $values.Value
    }

    It 'values contributors by -GroupBy' {
        $groups = @($train | Measure-MarginalUtility -Test $test -K 3 -GroupBy Contributor)
        $groups.Contributor | Should -Be c0, c1, c2
        $groups[0].Item | Should -Be ''
        $groups.Points | Should -Be 7, 7, 6
        [math]::Abs($groups[1].Value - ($values | Where-Object Contributor -EQ c1 | Measure-Object Value -Sum).Sum) | Should -BeLessThan 1e-12
        $exact = @($train | Measure-MarginalUtility -Test $test -Method Shapley -GroupBy Contributor)
        $exact.Evaluations | Should -Be 8, 8, 8
        [math]::Abs(($exact | Measure-Object Value -Sum).Sum) | Should -BeGreaterThan 0.1
    }

    It 'measures by every method, the same bytes on one thread and two' {
        foreach ($method in [enum]::GetNames([QosValuation.MarginalUtilityMethod])) {
            $parameters = @{ Test = $test; Method = $method; K = 3; Seed = 5; MaxEvaluation = 400; WarningAction = 'SilentlyContinue' }
            $one = $train | Measure-MarginalUtility @parameters -MaxDegreeOfParallelism 1
            $two = $train | Measure-MarginalUtility @parameters -MaxDegreeOfParallelism 2
            $one.Count | Should -Be 20 -Because $method
            @($two | ForEach-Object ToString) | Should -Be @($one | ForEach-Object ToString) -Because $method
        }
    }

    It 'values the players of any game' {
        $gloves = @{ l1 = 0; l2 = 0; r = 0; 'l1,l2' = 0; 'r, l1' = 1; 'l2,r' = 1; 'l1,l2,r' = 1 }
        $shares = Measure-MarginalUtility -UtilityTable $gloves
        $shares.Contributor | Should -Be l1, l2, r
        for ($i = 0; $i -lt 3; $i++) { [math]::Abs($shares[$i].Value - @(1 / 6; 1 / 6; 4 / 6)[$i]) | Should -BeLessThan 1e-12 }
        $rows = $gloves.GetEnumerator() | ForEach-Object { [pscustomobject]@{ Coalition = $_.Key; Value = "$($_.Value)" } }
        (Measure-MarginalUtility -UtilityTable $rows).Value | Should -Be $shares.Value
        $script = 'l1', 'l2', 'r' | Measure-MarginalUtility -UtilityTable { $gloves[$_ -join ','] ?? ('r' -in $_ -and $_.Count -gt 1 ? 1 : 0) }
        $script.Value | Should -Be $shares.Value
        ('l1', 'l2', 'r' | Measure-MarginalUtility -Method LeaveOneOut -UtilityTable { param($coalition) 'r' -in $coalition -and $coalition.Count -gt 1 ? 1 : 0 }).Value |
            Should -Be 0, 0, 1
    }

    It 'names what is wrong with a game' {
        { Measure-MarginalUtility -UtilityTable @{ a = 1; b = 2 } } | Should -Throw -ErrorId 'CoalitionNotInTable,*'
        { Measure-MarginalUtility -UtilityTable @{ a = 'much' } } | Should -Throw -ErrorId 'UtilityTableNotValid,*'
        { 'a' | Measure-MarginalUtility -UtilityTable { 'x' } } | Should -Throw -ErrorId 'UtilityScriptFailed,*'
        { 'a' | Measure-MarginalUtility -UtilityTable { throw 'no' } } | Should -Throw -ErrorId 'UtilityScriptFailed,*'
        { Measure-MarginalUtility -UtilityTable { 1 } } | Should -Throw -ErrorId 'InputNotRecognized,*'
        { Measure-MarginalUtility -UtilityTable @{ a = 1 } -Method Influence } | Should -Throw -ErrorId 'MethodNeedsPoints,*'
    }

    It 'takes one error for each bad item and goes on' {
        $bad = @(
            New-Item3 50 '' @(1, 0)
            New-Item3 51 dog @(1, 0, 0)
            New-Item3 52 dog @([float]::NaN, 0)
            New-Item3 53 dog @(0, 0)
            [pscustomobject]@{ Item = 'i54'; Label = 'dog' }
            New-Item3 55 dog @()
        )
        $mixed = @($train[0]; $bad; $train[1..19])
        $rows = $mixed | Measure-MarginalUtility -Test @($test; $bad[2]) -K 3 -ErrorVariable faults -ErrorAction SilentlyContinue
        $rows.Value | Should -Be $values.Value
        @($faults | ForEach-Object { ($_.FullyQualifiedErrorId -split ',')[0] }) | Should -Be @(
            'EmbeddingNotFinite', 'LabelMissing', 'EmbeddingDimensionMismatch', 'EmbeddingNotFinite', 'EmbeddingIsZero', 'NotAnEmbedding', 'EmbeddingEmpty')
        { $train | Measure-MarginalUtility -Test $bad[0] -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'TooFewRecords,*'
        { $train | Measure-MarginalUtility -Test $test -Label { throw 'no' } -ErrorVariable script:faults -ErrorAction SilentlyContinue } | Should -Throw
        $script:faults[0].FullyQualifiedErrorId | Should -BeLike 'LabelScriptFailed,*'
    }

    It 'rescales as appendix D does' {
        $scaled = $train | Measure-MarginalUtility -Test $test -K 3 -Rescale
        ($scaled | Measure-Object Value -Minimum -Maximum).Minimum | Should -Be 0.001
        ($scaled | Measure-Object Value -Maximum).Maximum | Should -Be 1
        $scaled.RawValue | Should -Be $values.Value
    }

    It 'charges a private release once, and asks' {
        $budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path (Join-Path $TestDrive budget.db)
        $private = @{ Test = $test; Method = 'ThresholdKnnShapley'; Threshold = 1; Budget = $budget }
        $train | Measure-MarginalUtility @private -Epsilon 0.5 -WhatIf | Should -BeNullOrEmpty
        $budget.Releases | Should -Be 0
        @($train | Measure-MarginalUtility @private -Epsilon 0.5).Count | Should -Be 20
        $budget.Releases, $budget.Contributors.Count | Should -Be 1, 3
        { $train | Measure-MarginalUtility @private -Epsilon 2 } | Should -Throw -ErrorId 'PrivacyBudgetExceeded,*'
        { $train | Measure-MarginalUtility @private -Epsilon 0.1 -Seed 1 } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        { $train | Measure-MarginalUtility @private } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $train | Measure-MarginalUtility -Test $test -Epsilon 1 } | Should -Throw -ErrorId 'MethodNotPrivate,*'
    }

    It 'stops within a second' {
        $random = [random]::new(1)
        $many = 1..1500 | ForEach-Object { [pscustomobject]@{ Label = "l$($_ % 5)"; Vector = [float[]]@(1..64 | ForEach-Object { $random.NextDouble() }) } }
        foreach ($method in 'Shapley', 'NewtonStep') {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Import-Module '$ModuleManifest'; `$args[0] | Measure-MarginalUtility -Test `$args[0] -Method $method -Regularization 1e-6").AddArgument($many)
            $handle = $shell.BeginInvoke()
            Start-Sleep -Seconds 4
            $handle.IsCompleted | Should -BeFalse
            $clock = [System.Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1.5
            $shell.Dispose()
        }
    }
}

Describe 'Measure-ValuationQuality' {
    It 'tries methods, and its curves are drawn' {
        $rows = $train | Measure-ValuationQuality -Test $test -Method KnnShapley, Influence -NoiseRate 0.2 -K 3 -Seed 2 -Rounds 3
        @($rows.Method | Select-Object -Unique) | Should -Be KnnShapley, Influence, Random
        @($rows | Where-Object { $_.Method -eq 'KnnShapley' -and $_.Experiment -eq 'RemoveHighFirst' }).Count | Should -Be 20
        $rows[0].Noisy | Should -Be 4
        $page = Join-Path $TestDrive quality.html
        $rows | Export-QosReport $page -FigurePath (Join-Path $TestDrive figures) -Format Svg
        Get-Content -Raw $page | Should -Match 'Quality of values'
        (Get-ChildItem (Join-Path $TestDrive figures)).BaseName | Sort-Object | Should -Be noisy-f1, noisy-labels, remove-high, remove-low
        $values | Export-QosReport (Join-Path $TestDrive values.html)
        Get-Content -Raw (Join-Path $TestDrive values.html) | Should -Match 'Marginal utility'
    }

    It 'takes values from elsewhere and known wrong labels' {
        $rows = $train | Measure-ValuationQuality -Test $test -NoiseRate 0 -Noisy { $_.Item -eq 'i7' } -Value $values -Seed 1 -Rounds 2
        @($rows.Method | Select-Object -Unique) | Should -Be Given, Random
        ($rows | Where-Object { $_.Method -eq 'Given' -and $_.Experiment -eq 'NoisyLabelDetection' })[0].Score | Should -Be 1
        { $train | Measure-ValuationQuality -Test $test -Value $values[0..3] } | Should -Throw -ErrorId 'InputNotRecognized,*'
    }
}
