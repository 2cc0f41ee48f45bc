# The front door. What Package makes has a file of tests of its own.
BeforeAll {
    . $PSScriptRoot/Common.ps1
    $build = Join-Path $RepositoryRoot 'build.ps1'
}

Describe 'build.ps1' {
    It 'reproduces the paper in plain lines where there is no terminal' {
        $folder = Join-Path $TestDrive 'results'
        $text = (Invoke-FreshPwsh "& '$build' Reproduce -OutputPath '$folder' -Seed 2; exit `$LASTEXITCODE") -join "`n"
        $text | Should -Match 'To make: Pipeline, Figure4, Figure5, Figure6, Privacy, Figure7, DataMarket, ModelMarket; about \d+ seconds'
        foreach ($step in '1/8\] Pipeline', '4/8\] Figure6', '7/8\] DataMarket', '8/8\] ModelMarket') {
            $text | Should -Match $step
        }

        $text | Should -Not -Match "`e\[\d+;\d+H" -Because 'bars are for terminals'
        $summary = Import-Csv (Join-Path $folder summary.csv)
        $summary.Experiment | Should -Be 'Dataset', 'Embeddings', 'Clusters', 'Prototypes', 'Data values', 'Fairness',
            'Figure 4', 'Figure 5', 'Figure 6', 'Privacy', 'Figure 7', 'Data market', 'Model market', 'Report'
        foreach ($row in $summary) {
            $text | Should -Match "(?m)^$($row.Experiment) +$([regex]::Escape($row.Finding.Substring(0, 20)))"
            Join-Path $folder $row.File | Should -Exist
        }

        # The paper's values: Γ = 50 for the clusters and for what is attacked, ε = 1, buckets of 4 tokens.
        Get-Content (Join-Path $folder report.html) -Raw | Should -Not -Match 'Other results' -Because 'every table has a heading of its own'
        $summary[2].Finding | Should -Match 'confirmed at Γ = 50'
        (Import-Csv (Join-Path $folder figure7.csv) | Where-Object Release -In 'None', 'Image-DP', 'Text-Ours').Gamma | Select-Object -Unique | Should -Be '50'
        (Import-Csv (Join-Path $folder prototypes.csv) | Where-Object Mechanism -NE 'ImageDp').Epsilon | Select-Object -Unique | Should -Be '1'
        (Import-Csv (Join-Path $folder figure4.csv)).Capacity | Select-Object -Unique | Should -Be '4'

        $page = Get-Content -LiteralPath (Join-Path $folder report.html) -Raw
        $page | Should -Match 'What does ε = 1 cost, and what does it buy'
        foreach ($heading in 'Findings', 'Released prototypes', 'Fairness in simulation') {
            $page | Should -Match "<h2[^>]*>$heading"
        }
    }

    It 'fails where a file of tests is not there' {
        { Invoke-FreshPwsh "& '$build' Test -Path '$TestDrive/No*.Tests.ps1'; exit `$LASTEXITCODE" } | Should -Throw '*No file is named*'
    }

    It 'counts the tests of both kinds in its last line, and fails where one fails' {
        $tests = Join-Path $TestDrive 'Mixed.Tests.ps1'
        Set-Content $tests "Describe 'd' { It 'passes' { 1 | Should -Be 1 }; It 'fails' { 1 | Should -Be 2 }; It 'is skipped' -Skip { } }"
        $script = "& '$build' Test -Path '$tests' -Filter 'FullyQualifiedName~BinomialBound'; `"code `$LASTEXITCODE`""
        $lines = Invoke-FreshPwsh $script
        $lines[-2] | Should -Match '^([2-9]|\d\d+) passed, 1 failed, 1 skipped$'
        $lines[-1] | Should -Be 'code 1'
    }

    It 'gives a benchmark its arguments, and its exit code back' {
        $lines = Invoke-FreshPwsh @"
& '$build' Bench allocation --agents 100 --repeats 3
if (`$LASTEXITCODE) { exit 9 }
& '$build' Bench nonsense *> `$null
"code `$LASTEXITCODE"
"@
        "$lines" | Should -Match '100 agents'
        $lines[-1] | Should -Be 'code 1'
    }

    It 'measures beside peers in one table, and writes the rows and a page of them' {
        $folder = Join-Path $TestDrive bench
        $table = Join-Path $RepositoryRoot bench/README.md
        $before = Get-Content -LiteralPath $table -Raw
        $lines = Invoke-FreshPwsh "& '$build' Bench --only noise --repeats 2 -OutputPath '$folder'; `"code `$LASTEXITCODE`""
        $lines[-1] | Should -Be 'code 0'
        "$lines" | Should -Match 'work +ours +peer or limit +its time +ratio +goal +verdict +noise +time'
        "$lines" | Should -Match 'Noise: the turns of a row'
        $rows = @(Get-Content -LiteralPath (Join-Path $folder bench.json) -Raw | ConvertFrom-Json)
        $rows[0].Ratio | Should -BeGreaterThan 0
        $rows[0].Peer | Should -Be 'floating-point noise'
        Get-Content -LiteralPath (Join-Path $folder bench.html) -Raw | Should -BeLike '*Measurements beside peers*'
        Get-Content -LiteralPath $table -Raw | Should -BeExactly $before
    }

    It 'finds what has become several times slower than recorded, and nothing else' {
        $recorded = Get-Content -LiteralPath (Join-Path $RepositoryRoot bench/recorded.json) -Raw | ConvertFrom-Json -AsHashtable
        $lost = @($recorded.Keys | Where-Object { $_ -like 'exact noise*' })[0]
        $recorded[$lost] *= 20
        $file = Join-Path $TestDrive recorded.json
        $recorded | ConvertTo-Json | Set-Content -LiteralPath $file
        $lines = Invoke-FreshPwsh "& '$build' Bench guard --recorded '$file'; `"code `$LASTEXITCODE`""
        $lines[-1] | Should -Be 'code 1'
        @($lines -like 'LOST*').Count | Should -Be 1
        @($lines -like 'kept*').Count | Should -Be ($recorded.Count - 1)
    }

    It 'takes the libraries for NVIDIA''s GPUs in place of those for processors, and none of both' {
        $project = Join-Path $RepositoryRoot 'src/QosValuation.Onnx/QosValuation.Onnx.csproj'
        foreach ($provider in 'Cpu', 'Cuda') {
            $read = "`$env:OnnxProvider = '$provider'; dotnet msbuild '$project' -getItem:PackageReference -getItem:PackageVersion"
            $items = (Invoke-FreshPwsh $read) -join "`n" | ConvertFrom-Json
            $names = @($items.Items.PackageReference.Identity -like 'Microsoft.ML.OnnxRuntime*' | Sort-Object)
            $wanted = $provider -eq 'Cpu' ? @('Microsoft.ML.OnnxRuntime') : 'Microsoft.ML.OnnxRuntime.Gpu.Linux', 'Microsoft.ML.OnnxRuntime.Gpu.Windows', 'Microsoft.ML.OnnxRuntime.Managed'
            $names | Should -Be $wanted
            # The managed part is that of the native one.
            $versions = @{}
            $items.Items.PackageVersion | ForEach-Object { $versions[$_.Identity] = $_.Version }
            $versions['Microsoft.ML.OnnxRuntime.Managed'] | Should -Be $versions[$wanted[0]]
        }
    }

    It 'has help' {
        Assert-ScriptHelp $build -Synopsis 'front door' -Examples 6
    }
}
