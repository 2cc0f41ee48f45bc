BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $simulation = Invoke-AllocationSimulation -Agents 50 -Alpha 0.1, 0.5, 1, 5 -Rounds 5 -Seed 1
    $values = 1..12 | ForEach-Object { [pscustomobject]@{ Agent = "agent-$_"; Value = $_ } }
    $grants = $values | Invoke-TokenAllocation -Supply 20
    $when = [datetimeoffset]'2026-06-01T12:00:00Z'
}

Describe 'Export-QosReport' {
    It 'makes one page of results of many kinds' {
        $path = Join-Path $TestDrive 'new folder/report.html'
        $files = & { $simulation; $grants; $grants | Measure-Fairness -Lorenz; $values | Get-FairnessFrontier -Supply 20; $values } |
            Export-QosReport $path -Title 'Many <kinds>' -Parameter @{ Dataset = 'made up & small'; Seed = 7 } -PassThru
        $files | Should -BeOfType System.IO.FileInfo
        @($files).FullName | Should -Be (Get-Item $path).FullName
        $page = Get-Content -LiteralPath $path -Raw
        $page | Should -Match '<title>Many &lt;kinds&gt;</title>'
        $page | Should -Match '<dt>Dataset</dt><dd>made up &amp; small</dd>'
        $page | Should -Match '<dt>PowerShell</dt>'
        foreach ($heading in 'Token grants', 'Fairness', 'What fairness costs', 'Fairness in simulation') {
            $page | Should -Match "<h2[^>]*>$heading"
        }

        ([regex]::Matches($page, 'class="chart"')).Count | Should -Be 8
        $page -replace '(?s)<script>.*?</script>' -match ('\b' + [regex]::Escape([Environment]::MachineName) + '\b') | Should -BeFalse -Because 'a report that is passed on must not name the machine'
    }

    It 'reads rows of a CSV file as it reads the results' {
        $csv = Join-Path $TestDrive 'figure4.csv'
        $simulation | Export-Csv $csv
        $simulation | Export-QosReport (Join-Path $TestDrive 'direct.html') -GeneratedAt $when
        Import-Csv $csv | Export-QosReport (Join-Path $TestDrive 'csv.html') -GeneratedAt $when
        $figures = 'direct', 'csv' | ForEach-Object { [regex]::Match((Get-Content (Join-Path $TestDrive "$_.html") -Raw), '(?s)id="figures">(.*?)</script>').Groups[1].Value }
        $figures[0].Length | Should -BeGreaterThan 500
        $figures[1] | Should -Be $figures[0]
    }

    It 'gives the same bytes for the same results and time' {
        $paths = 1, 2 | ForEach-Object { Join-Path $TestDrive "same$_.html" }
        $paths | ForEach-Object { $grants | Export-QosReport $_ -GeneratedAt $when }
        (Get-FileHash $paths[0]).Hash | Should -Be (Get-FileHash $paths[1]).Hash
        Get-Content $paths[0] -Raw | Should -Match 'datetime="2026-06-01T12:00:00\+00:00"'
    }

    It 'writes the figures as SVG and PNG files' {
        $folder = Join-Path $TestDrive 'figures'
        $files = & { $simulation; $grants } | Export-QosReport (Join-Path $TestDrive 'with-figures.html') -FigurePath $folder -Format Svg, Png -PassThru
        $files.Name | Should -Be @('with-figures.html', 'tokens.svg', 'tokens.png', 'lorenz.svg', 'lorenz.png', 'jain-over-alpha.svg', 'jain-over-alpha.png', 'gini-over-alpha.svg', 'gini-over-alpha.png')
        foreach ($svg in Get-ChildItem $folder -Filter *.svg) {
            $document = [xml](Get-Content -LiteralPath $svg -Raw)
            $document.svg.width | Should -Be 720
            @($document.SelectNodes('//*[local-name()="path"]')).Count | Should -BeGreaterThan 5
        }

        ([xml](Get-Content (Join-Path $folder 'jain-over-alpha.svg') -Raw)).SelectNodes('//*[local-name()="text"]').InnerText | Should -Contain "Jain's index against α at N = 50"
        foreach ($png in Get-ChildItem $folder -Filter *.png) {
            $bytes = [System.IO.File]::ReadAllBytes($png)
            $bytes[0..3] | Should -Be @(0x89, 0x50, 0x4E, 0x47)
            ([int]$bytes[18] * 256 + $bytes[19]) | Should -Be 1440
        }
    }

    It 'replaces a file with -Force only, and changes nothing with -WhatIf' {
        $path = Join-Path $TestDrive 'once.html'
        $grants | Export-QosReport $path -WhatIf
        $path | Should -Not -Exist
        Set-Content $path 'mine'
        { $grants | Export-QosReport $path -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        Get-Content $path | Should -Be 'mine'
        $grants | Export-QosReport $path -Force
        Get-Content $path -TotalCount 1 | Should -Be '<!DOCTYPE html>'
        Get-ChildItem $TestDrive -Filter *.tmp | Should -BeNullOrEmpty
    }

    It 'shows the entries of a hashtable, and a ledger' {
        $path = Join-Path $TestDrive 'entries.html'
        $ledger = Join-Path $TestDrive 'l [1].db'
        $null = $values | Add-DatRecord $ledger
        & { [ordered]@{ Colour = 'blue'; Size = 2 }; Get-DatRecord $ledger; Test-DatLedger $ledger } | Export-QosReport $path
        $page = Get-Content -LiteralPath $path -Raw
        $page | Should -Match '<th scope="col">Colour</th><th scope="col" class="number">Size</th>'
        $page | Should -Not -Match 'IsReadOnly|OrderedDictionary|>Dat'
        $page | Should -Match '<h2[^>]*>Ledger records'
        $page | Should -Match '1 of 1 are whole'
    }

    It 'says what is wrong' {
        { @() | Export-QosReport (Join-Path $TestDrive 'none.html') -ErrorAction Stop } | Should -Throw -ErrorId 'NothingToReport,*'
        Join-Path $TestDrive 'none.html' | Should -Not -Exist
        { $grants | Export-QosReport $TestDrive -ErrorAction Stop } | Should -Throw -ErrorId 'PathIsFolder,*'
        { $grants | Export-QosReport (Join-Path $TestDrive 'f.html') -Format Png -ErrorAction Stop } | Should -Throw -ErrorId 'FormatWithoutFigurePath,*'
        $path = Join-Path $TestDrive 'mixed.html'
        & { 42; $grants } | Export-QosReport $path -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults.FullyQualifiedErrorId | Should -Be 'ResultNotUsable,QosValuation.Cmdlets.ExportQosReportCommand'
        $path | Should -Exist
    }

    It 'makes the same report of <Form> results as of live ones' -ForEach @(
        @{ Form = 'Clixml' }
        @{ Form = 'JSON' }
        @{ Form = 'job' }
    ) {
        $random = [Random]::new(1)
        $clusters = foreach ($id in 0..2) {
            $centre = 1..8 | ForEach-Object { $random.NextDouble() - 0.5 }
            $members = foreach ($i in 1..6) {
                foreach ($modality in 'Image', 'Text') {
                    $vector = $centre | ForEach-Object { $_ + 0.4 * ($random.NextDouble() - 0.5) }
                    $norm = [Math]::Sqrt(($vector | ForEach-Object { $_ * $_ } | Measure-Object -Sum).Sum)
                    $unit = [float[]] ($vector | ForEach-Object { $_ / $norm })
                    [QosValuation.ClipEmbedding]@{ Source = "$id-$i"; Item = "$id-$i"; Contributor = "c$i"; Modality = $modality; Vector = $unit }
                }
            }

            [QosValuation.SemanticCluster]@{
                Id = $id; Count = 6; Centroid = $members[0].Vector; IsConfirmed = $true; ConfirmedAt = 6; Members = [QosValuation.ClipEmbedding[]] $members
            }
        }

        $ledger = Join-Path $TestDrive "$Form.db"
        $null = $values | Add-DatRecord $ledger
        $prototypes = @($clusters | New-DpPrototype -Seed 1 -WarningAction SilentlyContinue)
        $fairness = $grants | Measure-Fairness -Lorenz
        $live = @(
            $clusters
            $prototypes
            $prototypes[0..1] | Measure-PrivacyLoss
            $clusters | Measure-PrototypeUtility -Epsilon 0.5, 1, 5 -Trials 5 -Seed 1
            $clusters | Invoke-MembershipInferenceAttack -Epsilon 0.5, 1, 5 -Trials 100 -FalsePositiveRate 0.1 -Seed 1
            Measure-EmpiricalPrivacy -Epsilon 0.5, 1, 5 -Trials 2000 -Seed 1
            [QosValuation.Reconstruction]@{
                ClusterId = 1; Modality = 'Image'; Score = 0.5; ScoreTrace = [double[]] (0.1, 0.3, 0.5); Steps = 3; IsComplete = $true
                ImageSize = 2; Image = [byte[]] (0..11); Embedding = [float[]] (1, 0)
            }
            [pscustomobject]@{
                PSTypeName = 'QosValuation.Figure7Row'; Release = 'Image-Ours'; Epsilon = 1.0; Gamma = 50; ClusterId = 1; Repeat = 1
                AttackScore = 0.5; Decoy = 0.4; ImagePath = ''
            }
            $clusters.Members | Where-Object Modality -EQ Image | Invoke-ValuationSimulation -NoveltyThreshold 2, 4 -Repetition 2 -Seed 1
            $clusters.Members | Measure-DataValue -NoveltyThreshold 2 -WarningAction SilentlyContinue
            $grants
            $fairness
            $fairness.LorenzCurve
            $values | Get-FairnessFrontier -Supply 20
            $simulation
            Get-DatRecord $ledger
            Test-DatLedger $ledger
            Invoke-QosSimulation -Agents 5 -Seed 1 -Replications 2 -Epochs 10
            Invoke-QosSimulation -Agents 5 -StrategyGain -Seed 1 -Replications 2 -Epochs 10
        )
        $saved = Join-Path $TestDrive "live.$Form"
        $again = switch ($Form) {
            'Clixml' {
                $live | Export-Clixml $saved -Depth 3
                Import-Clixml $saved
            }
            'JSON' {
                $live | ConvertTo-Json -Depth 4 -WarningAction Ignore | ConvertFrom-Json
            }
            'job' {
                # As a job's process sends its output back: each object by itself.
                $live | ForEach-Object { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($_, 3)) }
            }
        }
        $paths = 'live', 'again' | ForEach-Object { Join-Path $TestDrive "$Form-$_.html" }
        $live | Export-QosReport $paths[0] -GeneratedAt $when
        $again | Export-QosReport $paths[1] -GeneratedAt $when
        $pages = $paths | ForEach-Object { Get-Content -LiteralPath $_ -Raw }
        $pages[0] | Should -Match '<h3>It costs</h3>'
        $pages[0] | Should -Not -Match 'Other results'
        ([regex]::Matches($pages[0], '<section id=')).Count | Should -Be 19 -Because 'every type with a section is there'

        # Line by line, because a difference of two megabytes cannot be read.
        Compare-Object ($pages[0] -split "`n") ($pages[1] -split "`n") |
            ForEach-Object { $_.SideIndicator + $_.InputObject.Substring(0, [Math]::Min(200, $_.InputObject.Length)) } |
            Should -BeNullOrEmpty
    }

    It 'parts what a property of the user tells apart' {
        $sweep = foreach ($run in 'first', 'second') {
            $values | Invoke-TokenAllocation -Supply ($run -eq 'first' ? 20 : 30) | Add-Member Run $run -PassThru
        }
        $path = Join-Path $TestDrive 'sweep.html'
        $sweep | Export-QosReport $path
        $page = Get-Content -LiteralPath $path -Raw
        $drawn = [regex]::Match($page, '(?s)id="figures">(.*?)</script>').Groups[1].Value | ConvertFrom-Json
        ($drawn | Where-Object id -EQ 'reward-rates').series.name | Should -Be @('Supply = 20 · first', 'Supply = 30 · second')
        $page | Should -Match '<th scope="col">Run</th>'
    }

    It 'writes invariant numbers into its CSV file, whatever culture the rows come from' {
        $before = [cultureinfo]::CurrentCulture
        try {
            [cultureinfo]::CurrentCulture = [cultureinfo]'de-DE'
            $path = Join-Path $TestDrive 'culture.html'
            "Name;Amount`nx;0,25`ny;1,5" | ConvertFrom-Csv -Delimiter ';' | Export-QosReport $path
        }
        finally {
            [cultureinfo]::CurrentCulture = $before
        }

        $base64 = [regex]::Match((Get-Content -LiteralPath $path -Raw), 'data:text/csv;charset=utf-8;base64,([^"]+)').Groups[1].Value
        [System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($base64)) | Should -Be "Name,Amount`nx,0.25`ny,1.5`n"
    }

    It 'draws its charts in Chromium' -Skip:(-not $Browser) {
        $path = Join-Path $TestDrive 'browser.html'
        & { $simulation; $grants } | Export-QosReport $path
        $folder = Join-Path $TestDrive 'profile'
        $dom = & $Browser --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking --no-first-run --user-data-dir=$folder --virtual-time-budget=5000 --dump-dom ([uri]::new($path)).AbsoluteUri 2> $null | Out-String
        ([regex]::Matches($dom, 'data-drawn="true"')).Count | Should -Be 4
    }
}
