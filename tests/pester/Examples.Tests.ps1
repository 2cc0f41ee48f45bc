# Runs every PowerShell example: of the help, of README.md, and of the pages under docs/.
# An example runs in a runspace of its own, in a folder that holds the files the examples speak of; any error fails it.
# Two things stand in for what a test must not download: the model ViT-B-32 is played by clip-mini, and Install-ClipModel
# only says what it would do. What takes minutes at its default size is made smaller, where the example names no size.
# Examples with 'service=market' get a PostgreSQL server of their own (tests/fixtures/PostgresServer), and in it a budget and a ledger; they are skipped,
# with the reason, where its programs are not installed.
# Examples that would take minutes belong into the documentation with -Quick or smaller numbers: a reader tries them too.

BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    Add-Type -Path (Join-Path $PSScriptRoot '../fixtures/PostgresServer/PostgresServer.cs')
    if ([QosValuation.Tests.PostgresServer]::WhyNot) { Write-Warning "Examples of PostgreSQL are skipped: $([QosValuation.Tests.PostgresServer]::WhyNot)" }

    $examples = @(foreach ($command in Get-Command -Module QosValuation) {
        $number = 0
        foreach ($example in (Get-Help $command.Name -Full).examples.example) {
            $number++
            @{ Name = "$($command.Name), example $number"; Code = $example.code }
        }
    })

    $linked = foreach ($file in @(Get-Item -Path (Join-Path $RepositoryRoot '*.md')) + @(Get-ChildItem -LiteralPath (Join-Path $RepositoryRoot 'docs') -Recurse -Filter *.md) + @(Get-Item -LiteralPath (Join-Path $RepositoryRoot 'bench/README.md'))) {
        @{ Name = [System.IO.Path]::GetRelativePath($RepositoryRoot, $file.FullName); File = $file.FullName }
    }

    # The code of an about topic is indented by eight.
    foreach ($file in Get-ChildItem -Path (Join-Path $RepositoryRoot 'out/QosValuation/en-US/about_*.help.txt')) {
        $blocks = [regex]::Matches((Get-Content -LiteralPath $file.FullName -Raw), '(?m)(^ {8}.*\n?)+')
        $examples += for ($i = 0; $i -lt $blocks.Count; $i++) {
            @{ Name = "$($file.BaseName.Replace('.help', '')), example $($i + 1)"; Code = $blocks[$i].Value }
        }
    }

    # A page is one session: what an earlier block defined, a later one may use.
    $pages = foreach ($file in @(Get-Item -LiteralPath (Join-Path $RepositoryRoot 'README.md')) + @(Get-ChildItem -LiteralPath (Join-Path $RepositoryRoot 'docs') -Recurse -Filter *.md)) {
        $blocks = [regex]::Matches((Get-Content -LiteralPath $file.FullName -Raw), '(?ms)^```powershell[^\n]*\n(.*?)^```')
        if ($blocks.Count) {
            @{ Name = [System.IO.Path]::GetRelativePath($RepositoryRoot, $file.FullName); Code = ($blocks | ForEach-Object { $_.Groups[1].Value }) -join "`n" }
        }
    }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    Add-Type -Path (Join-Path $PSScriptRoot '../fixtures/PostgresServer/PostgresServer.cs')
    $pageCode = @{}
    foreach ($name in 'README.md', (Join-Path docs quick-start.md)) {
        $text = Get-Content -LiteralPath (Join-Path $RepositoryRoot $name) -Raw
        $pageCode[$name] = ([regex]::Matches($text, '(?ms)^```powershell[^\n]*\n(.*?)^```') | ForEach-Object { $_.Groups[1].Value }) -join "`n"
    }

    # The files that examples name, made once and copied for each.
    $template = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'template')).FullName
    Push-Location -LiteralPath $template
    try {
        $scenes = New-SceneDataset ./made -Count 30 -Contributors 4 -ImageSize 64 -Seed 1
        $null = New-Item -ItemType Directory -Path images, photos, photographs, val2017
        Copy-Item ./made/images/* ./images -Recurse
        Copy-Item ./made/images/* ./photos -Recurse
        Get-ChildItem ./made/images -Recurse -Filter *.jpg | ForEach-Object {
            Copy-Item $_ ./photos
            Copy-Item $_ ./photographs
        }
        Copy-Item ./made/images/* ./val2017 -Recurse
        Copy-Item (Join-Path $RepositoryRoot tests/fixtures/parquet/clip-retrieval) ./clip_retrieval -Recurse
        Copy-Item ./made/captions.json ./captions.json
        Copy-Item ./made/captions.json ./captions_val2017.json
        Copy-Item (Get-ChildItem ./photographs -Filter *.jpg)[0] ./photo.jpg
        Set-Content ./photos.zip 'what was contributed'
        Set-Content ./embed.ps1 'param($Shard) Get-ClipEmbedding ./photo.jpg'
        Get-ChildItem ./photographs -Filter *.jpg | Select-Object @{ n = 'Path'; e = { $_.FullName } } | Export-Csv items.csv
        Remove-Item ./made -Recurse

        foreach ($place in 'submissions/ann', 'submissions/bob', 'delivered/ann', 'delivered/bob', 'public') {
            $null = New-Item -ItemType Directory -Path $place
            1..3 | ForEach-Object { Set-Content "$place/$_.txt" "A man rides a brown horse. The dog number $_ sleeps." }
        }
        1..6 | ForEach-Object { [pscustomobject]@{ Title = "t$_"; Author = 'a'; Date = '2025-12-0' + $_; Text = "A red ball number $_."; Contributor = 'ann' } } |
            Export-Csv articles.csv

        # What every example takes for granted is embedded once.
        $cache = Join-Path $TestDrive 'embeddings.cache'
        $embeddings = @(Import-CocoDataset captions.json images | Get-ClipEmbedding -CachePath $cache)
        $labelled = @($embeddings | Group-Embedding -PassThru)
        $values = @($labelled | Measure-DataValue)
        $values | Select-Object @{ n = 'Agent'; e = { $_.Contributor } }, Value | Export-Csv agents.csv
        $values | Invoke-TokenAllocation -Supply 6 | Select-Object Agent, Value, Tokens, Capacity, Remaining, RewardRate | Export-Csv grants.csv
        $null = $values | Add-DatRecord -LedgerPath ./market.db
        $null = Add-DatRecord -LedgerPath ./market.db -Address alice -Value 1.5 -Pointer (Get-FileHash ./photos.zip).Hash
        $budget = New-PrivacyBudget -Epsilon 1 -Path ./budget.db
        $null = $embeddings | Group-Embedding | New-DpPrototype -Epsilon 0.05 -Budget $budget
        $null = Export-DatSettlement -LedgerPath ./market.db -Path ./settlement.json -KeyPath ./operator.pem -NewKey
        0..40 | ForEach-Object { [pscustomobject]@{ Time = $_; Agent = $values[$_ % $values.Count].Contributor; Cost = 1 } } | Export-Csv requests.csv
        $embeddings | Where-Object Modality -EQ Image | Export-Embedding image_embeddings.npy
        $pictures = @($embeddings | Where-Object Modality -EQ Image)
        foreach ($part in 'train', 'test') {
            $chosen = @(0..($pictures.Count - 1) | Where-Object { ($_ % 3 -eq 0) -eq ($part -eq 'test') })
            $pictures[$chosen] | Export-Embedding "$part.npy"
            $chosen | Select-Object @{ n = 'Item'; e = { $pictures[$_].Item } }, @{ n = 'Contributor'; e = { $pictures[$_].Contributor } },
                @{ n = 'Label'; e = { "kind$($_ % 2)" } } | Export-Csv "$part.csv"
        }
        Import-Csv train.csv | Select-Object Item, @{ n = 'Value'; e = { 1 } } | Export-Csv values.csv
        Get-ClipEmbedding -Text (0..79 | ForEach-Object { "a photo of thing $_" }) | Export-Embedding coco80_text_embeddings.npy
        0..79 | ForEach-Object { "a photo of thing $_" } | ConvertTo-Json | Set-Content coco80_prompts.json
        'ann', 'bob', 'cem' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Cost = 1 + $_[0] % 7; Quality = 0.8; MarginalUtility = 2; Language = 'kpelle' } } |
            Export-Csv offers.csv
        'ann', 'bob', 'cem', 'dan' | ForEach-Object { [pscustomobject]@{ Contributor = $_; TokenCount = 1000; Quality = 0.5; MarginalUtility = 1 } } | Export-Csv providers.csv
        'ann', 'bob' | ForEach-Object { [pscustomobject]@{ Text = "A dog of $_."; Contributor = $_; Source = "$_.jpg"; License = 'CC BY 4.0' } } | Export-Csv captions.csv
        [pscustomobject]@{ Source = 'api'; Kind = 'ApiCall'; Quantity = 3; Revenue = 0.5 } | Export-Csv usage.csv
        $null = Import-Csv usage.csv | Add-UsageRecord -LedgerPath ./market.db
        $null = New-Item -ItemType Directory -Path samples, documents
        Copy-Item (Get-ChildItem ./photographs -Filter *.jpg)[0..3] ./samples
        @{ Text = 'A cat.' } | ConvertTo-Json -Compress | Set-Content ./documents/cats.jsonl
        Copy-Item ./documents/cats.jsonl ./delivered/ann
        $null = New-DataSubmissionKey ./market-key.pem
        $sealed = Protect-DataSubmission ./documents/*.jsonl -Contributor alice -KeyPath ./market-key.pem.pub -Destination ./sealed
        $null = Add-DatRecord -LedgerPath ./market.db -Address alice -Value 1 -Pointer $sealed.Hash
        foreach ($file in 'value.npy', 'capacity.npy', 'cost.npy', 'quality.npy', 'utility.npy') {
            # A column of eight float64 in NumPy's format, version 1.0.
            $header = "{'descr': '<f8', 'fortran_order': False, 'shape': (8,), }".PadRight(117) + "`n"
            $bytes = [byte[]](0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0) + [System.Text.Encoding]::ASCII.GetBytes($header)
            1..8 | ForEach-Object { $bytes += [System.BitConverter]::GetBytes([double] $_) }
            [System.IO.File]::WriteAllBytes((Join-Path $template $file), $bytes)
        }
    }
    finally {
        Pop-Location
    }

    $defaults = @'
$PSDefaultParameterValues['Install-ClipModel:WhatIf'] = $true
$PSDefaultParameterValues['Invoke-ReconstructionAttack:Steps'] = 3
$PSDefaultParameterValues['Invoke-ReconstructionAttack:Copies'] = 2
$PSDefaultParameterValues['Invoke-ReconstructionAttack:Restarts'] = 0
$PSDefaultParameterValues['Invoke-MembershipInferenceAttack:Trials'] = 200
$PSDefaultParameterValues['Measure-EmpiricalPrivacy:Trials'] = 2000
'@

    # The values that examples take for granted.
    $prelude = $defaults + "`n`$embeddings = @(Import-CocoDataset captions.json images | Get-ClipEmbedding -CachePath '$cache')" + @'

$labelled = @($embeddings | Group-Embedding -PassThru)
$clusters = @($embeddings | Group-Embedding)
$prototypes = @($clusters | New-DpPrototype -Seed 1)
$values = @($labelled | Measure-DataValue)
$grants = @($values | Invoke-TokenAllocation -Supply 6)
$offers = @(Import-Csv offers.csv)
$providers = @(Import-Csv providers.csv)
$awards = @($offers | Invoke-DataAuction -Mechanism ProportionalShare -Budget 100)
$quality = @($offers | Select-Object Contributor, Quality, MarginalUtility, @{ n = 'Hash'; e = { 'a' * 64 } })
$costs = @{ ann = 1; bob = 2; cem = 3 }
$qualities = 1, 0.5, 0.25
$utilities = 1, 2, 3
$train = @(Import-Embedding train.npy -MetadataPath train.csv | Add-Member -NotePropertyName TrueLabel -NotePropertyValue kind0 -PassThru)
$test = @(Import-Embedding test.npy -MetadataPath test.csv)
$clients = @($train | New-ClientPartition -Count 4 -Kind Iid -Seed 1)
'@

    function Invoke-Example {
        param([string] $Code, [string] $Before = $prelude, [string[]] $Without = @())

        $folder = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        # Not Copy-Item -Recurse, which would take longer than most examples.
        $null = [System.IO.Directory]::CreateDirectory($folder)
        foreach ($entry in [System.IO.DirectoryInfo]::new($template).EnumerateFileSystemInfos('*', 'AllDirectories')) {
            $copy = Join-Path $folder ([System.IO.Path]::GetRelativePath($template, $entry.FullName))
            if ($entry -is [System.IO.DirectoryInfo]) { $null = [System.IO.Directory]::CreateDirectory($copy) } else { $null = $entry.CopyTo($copy) }
        }
        foreach ($name in 'clip', 'my-clip', 'clip-ViT-B-32-vision') {
            $null = [System.IO.Directory]::CreateSymbolicLink((Join-Path $folder $name), (Get-ClipModel -Name clip-mini).Path)
        }
        foreach ($file in $Without) {
            Remove-Item -LiteralPath (Join-Path $folder $file) -Recurse
        }
        foreach ($part in 'scripts', 'out') {
            $null = [System.IO.Directory]::CreateSymbolicLink((Join-Path $folder $part), (Join-Path $RepositoryRoot $part))
        }

        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript("Set-Location -LiteralPath '$folder'; Import-Module '$ModuleManifest'`n$Before").Invoke()
            $shell.Streams.Error | ForEach-Object { "$($_.FullyQualifiedErrorId): $_" } | Should -BeNullOrEmpty
            $shell.Commands.Clear()
            $output = $shell.AddScript(($Code -creplace '(?<!Install-ClipModel -Name |clip-)ViT-B-32\b', 'clip-mini')).Invoke()
            $shell.Streams.Error | ForEach-Object { "$($_.FullyQualifiedErrorId): $_" } | Should -BeNullOrEmpty
            $output
        }
        finally {
            $shell.Dispose()
            [System.IO.Directory]::Delete($folder, $true)
        }
    }
}

Describe 'The example harness' -ForEach @{ Examples = $examples } {
    It 'fails on an error that does not end the example' {
        { Invoke-Example -Code 'Get-ClipEmbedding ./no-such-photo.jpg; 1' } | Should -Throw
    }

    It 'fails on an error that does' {
        { Invoke-Example -Code 'throw "no"' } | Should -Throw
    }

    It 'has examples of a server' {
        @($examples).Where{ $_.Code -match 'service=market' }.Count | Should -BeGreaterThan 3
    }

    It 'returns what the example writes' {
        @(Invoke-Example -Code '$clusters.Count; $grants.Count')[1] | Should -Be 4
    }
}

Describe 'Examples of the help' {
    BeforeAll {
        $postgres = @{ Server = $null }
        $services = $env:PGSERVICEFILE
    }

    AfterAll {
        $env:PGSERVICEFILE = $services
        if ($postgres.Server) { $postgres.Server.Dispose() }
    }

    It '<Name> runs' -ForEach $examples {
        if ($Code -match 'service=market') {
            if ([QosValuation.Tests.PostgresServer]::WhyNot) {
                Set-ItResult -Skipped -Because ([QosValuation.Tests.PostgresServer]::WhyNot)
                return
            }

            $server = $postgres.Server ??= [QosValuation.Tests.PostgresServer]::new()

            # A database of its own, with what the documentation speaks of.
            $database = 'example' + [guid]::NewGuid().ToString('N')
            $null = $server.Sql("CREATE DATABASE $database")
            $env:PGSERVICEFILE = Join-Path $TestDrive 'services'
            Set-Content -LiteralPath $env:PGSERVICEFILE -Value '[market]', 'host=127.0.0.1', "port=$($server.Port)", "dbname=$database", 'user=owner', "passfile=$($server.PasswordFile)"
            $null = New-PrivacyBudget -Epsilon 1 -ConnectionString 'service=market' -Name spring
            $null = Add-DatRecord -ConnectionString 'service=market' -Name sales -Address ann -Value 1
        }

        # A new key is refused where there is one, and so is a settlement.
        $taken = @($Code -match '-NewKey' ? 'operator.pem', 'operator.pem.pub' : @()) + @($Code -match 'Export-DatSettlement' ? 'settlement.json' : @())
        $taken += @($Code -match 'New-DataSubmissionKey' ? 'market-key.pem', 'market-key.pem.pub' : @()) + @($Code -match 'Protect-DataSubmission' ? 'sealed' : @())
        $taken = $Code -match 'Unprotect-' ? @() : $taken
        $null = Invoke-Example -Code $Code -Without $taken
    }
}

Describe 'Examples of the documentation' {
    It '<Name> runs' -ForEach $pages {
        # A page makes what it uses: of the harness's values and databases it gets none.
        $null = Invoke-Example -Code $Code -Before $defaults -Without market.db, settlement.json, operator.pem, operator.pem.pub, market-key.pem, market-key.pem.pub, sealed
    }
}

Describe 'README and quick start' {
    It 'run one after the other in one folder, and again, and the ledger does not double' {
        $code = ($pageCode['README.md'] + "`n" + $pageCode[(Join-Path docs quick-start.md)]) -creplace '(?m)^.*Invoke-PaperExperiments.*$'
        $count = "`n@(Get-DatRecord ./market.db).Count"
        $both = Invoke-Example -Code ($code + $count + "`n" + $code + $count) -Before $defaults -Without market.db, settlement.json, operator.pem, operator.pem.pub
        $counts = @($both | Where-Object { $_ -is [int] })
        $counts[-1] | Should -BeGreaterThan 50
        $counts | Select-Object -Unique | Should -Be $counts[-1]
    }
}

Describe 'Links of the documentation' {
    It '<Name> links to what is there' -ForEach $linked {
        $text = (Get-Content -LiteralPath $File -Raw) -replace '(?ms)^```.*?^```'
        $targets = [regex]::Matches($text, '\]\((?!https?:|#)([^)#\s]+)') | ForEach-Object { $_.Groups[1].Value }
        foreach ($target in $targets) {
            Join-Path (Split-Path $File) $target | Should -Exist
        }
    }
}
