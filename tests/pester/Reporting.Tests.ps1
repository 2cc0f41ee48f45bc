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

    It 'draws its charts in Chromium' -Skip:(-not $Browser) {
        $path = Join-Path $TestDrive 'browser.html'
        & { $simulation; $grants } | Export-QosReport $path
        $folder = Join-Path $TestDrive 'profile'
        $dom = & $Browser --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking --no-first-run --user-data-dir=$folder --virtual-time-budget=5000 --dump-dom ([uri]::new($path)).AbsoluteUri 2> $null | Out-String
        ([regex]::Matches($dom, 'data-drawn="true"')).Count | Should -Be 4
    }
}
