BeforeDiscovery {
    $onUnix = -not $IsWindows
    $onLinux = $IsLinux
    $noMount = -not ($IsLinux -and (id -u) -eq 0)
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # A PNG that announces a size and holds next to nothing.
    function New-AnnouncedPng {
        param([string] $Path, [uint32] $Width, [uint32] $Height)
        $stream = [System.IO.MemoryStream]::new()
        $stream.Write([byte[]](0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A))
        $header = [byte[]]@(0x49, 0x48, 0x44, 0x52) + [byte[]](24, 16, 8, 0).ForEach{ ($Width -shr $_) -band 255 } +
            [byte[]](24, 16, 8, 0).ForEach{ ($Height -shr $_) -band 255 } + [byte[]](8, 2, 0, 0, 0)
        $data = [byte[]]@(0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x60, 0x60, 0x60, 0x00, 0x00, 0x00, 0x04, 0x00, 0x01)
        foreach ($chunk in $header, $data, [byte[]]@(0x49, 0x45, 0x4E, 0x44)) {
            $crc = [uint32]::MaxValue
            foreach ($byte in $chunk) {
                $crc = $crc -bxor $byte
                for ($bit = 0; $bit -lt 8; $bit++) { $crc = ($crc -band 1) ? (0xEDB88320 -bxor ($crc -shr 1)) : ($crc -shr 1) }
            }

            $crc = $crc -bxor [uint32]::MaxValue
            $length = $chunk.Length - 4
            $stream.Write([byte[]](24, 16, 8, 0).ForEach{ ($length -shr $_) -band 255 })
            $stream.Write([byte[]] $chunk)
            $stream.Write([byte[]](24, 16, 8, 0).ForEach{ ($crc -shr $_) -band 255 })
        }

        [System.IO.File]::WriteAllBytes($Path, $stream.ToArray())
    }

    # A TIFF without compression, little-endian, of one strip that is not there.
    function New-AnnouncedTiff {
        param([string] $Path, [uint32] $Width, [uint32] $Height)
        $bytes = [byte[]]@(0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 8, 0)
        foreach ($tag in @(256, 4, $Width), @(257, 4, $Height), @(258, 3, 8), @(259, 3, 1), @(262, 3, 1), @(273, 4, 200), @(278, 4, $Height), @(279, 4, 4000)) {
            $bytes += [BitConverter]::GetBytes([uint16] $tag[0]) + [BitConverter]::GetBytes([uint16] $tag[1]) + [BitConverter]::GetBytes([uint32] 1) +
                [BitConverter]::GetBytes([uint32] $tag[2])
        }

        [System.IO.File]::WriteAllBytes($Path, $bytes + [byte[]]::new(4000))
    }
}

Describe 'Images that announce more than they may cost' {
    BeforeAll {
        $images = Join-Path $TestDrive 'images'
        $null = New-Item -ItemType Directory -Path $images
        New-AnnouncedPng -Path $images/wide.png -Width 100000000 -Height 5
        New-AnnouncedPng -Path $images/large.png -Width 100000 -Height 100000
        New-AnnouncedTiff -Path $images/wide.tif -Width 99999999 -Height 1
        Set-Content -LiteralPath $images/wide.svg -Value '<svg xmlns="http://www.w3.org/2000/svg" width="32767" height="32767"><rect width="9" height="9"/></svg>'
        Set-Content -LiteralPath $images/noise.svg -Value ('<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><filter id="f" x="0" y="0" ' +
            'width="1" height="1"><feTurbulence numOctaves="9999999"/></filter><rect width="900" height="900" filter="url(#f)"/></svg>')
    }

    It 'cost one error each, and neither memory nor time' -Skip:(-not $onLinux) {
        # The small model: what is measured is the images, and opening clip-small again takes more than they may.
        $null = New-SceneDataset -Path $TestDrive/scenes -Count 1 -ImageSize 64 -Seed 1
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
`$good = (Get-ChildItem '$TestDrive/scenes/images' -Recurse -File).FullName
`$null = Get-ClipEmbedding `$good -Model clip-mini
function Peak { [long](((Get-Content "/proc/`$pid/status") -match '^VmHWM')[0] -replace '\D') }
`$before = Peak
`$watch = [System.Diagnostics.Stopwatch]::StartNew()
`$embedded = @(Get-ClipEmbedding '$images', `$good -Model clip-mini -ErrorAction SilentlyContinue -ErrorVariable problems)
`$embedded.Count
`$problems.ForEach{ "`$(`$_.FullyQualifiedErrorId.Split(',')[0]) `$(Split-Path -Leaf `$_.TargetObject)" }
(Peak) - `$before
`$watch.Elapsed.TotalSeconds
"@
        $lines[0] | Should -Be '1'
        $lines[1..5] | Should -Be 'ImageTooLarge large.png', 'SvgNotAllowed noise.svg', 'ImageTooLarge wide.png', 'SvgNotAllowed wide.svg', 'ImageTooLarge wide.tif'
        [long] $lines[6] | Should -BeLessThan 100000 -Because 'kilobytes'
        [double] $lines[7] | Should -BeLessThan 10
    }

    It 'are measured in bytes a row and in all, which variables set' {
        New-AnnouncedPng -Path $TestDrive/small.png -Width 1000 -Height 100
        $cases = @(
            @{ Name = 'QOSVALUATION_IMAGE_ROW_BYTES'; Value = '2999'; Says = '*a row of 3,000 bytes*QOSVALUATION_IMAGE_ROW_BYTES*' }
            @{ Name = 'QOSVALUATION_IMAGE_BYTES'; Value = '299999'; Says = '*300,000 bytes of pixels*QOSVALUATION_IMAGE_BYTES*' })
        foreach ($case in $cases) {
            try {
                [Environment]::SetEnvironmentVariable($case.Name, $case.Value)
                Get-ClipEmbedding $TestDrive/small.png -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
                $problem.FullyQualifiedErrorId | Should -BeLike 'ImageTooLarge,*'
                $problem.Exception.Message | Should -BeLike $case.Says
                [Environment]::SetEnvironmentVariable($case.Name, 'much')
                { Get-ClipEmbedding $TestDrive/small.png } | Should -Throw -ErrorId 'ArgumentNotValid,*'
            }
            finally {
                [Environment]::SetEnvironmentVariable($case.Name, $null)
            }
        }

        Get-ClipEmbedding $TestDrive/small.png -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'ImageNotReadable,*' -Because 'its pixels are not there'
    }

    It 'are drawings only where that is allowed' {
        Set-Content -LiteralPath $TestDrive/plain.svg -Value '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="red"/></svg>'
        Get-ClipEmbedding $TestDrive/plain.svg -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'SvgNotAllowed,*'
        (Get-ClipEmbedding $TestDrive/plain.svg -AllowSvg -WarningAction SilentlyContinue).Vector.Count | Should -BeGreaterThan 0
        ConvertTo-ClipImage $TestDrive/plain.svg -Destination $TestDrive/plain.png -AllowSvg | Should -Exist
        Get-ClipEmbedding $images/wide.svg -AllowSvg -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem.FullyQualifiedErrorId | Should -BeLike 'ImageTooLarge,*'
    }
}

Describe 'JSON lines that do not end' {
    It 'are refused before they fill the memory' -Skip:(-not $onLinux) {
        & truncate -s 3G $TestDrive/long.jsonl # zeros, and no end of a line
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
function Peak { [long](((Get-Content "/proc/`$pid/status") -match '^VmHWM')[0] -replace '\D') }
`$before = Peak
Import-Embedding '$TestDrive/long.jsonl' -ErrorAction SilentlyContinue -ErrorVariable problem
`$problem.FullyQualifiedErrorId
"`$problem"
(Peak) - `$before
"@
        $lines[0] | Should -BeLike 'EmbeddingFileNotReadable,*'
        $lines[1] | Should -BeLike "*long.jsonl' holds a line of more than 64 Mi characters, after row 0*"
        [long] $lines[2] | Should -BeLessThan 700000 -Because 'kilobytes'
        Remove-Item $TestDrive/long.jsonl
    }
}

Describe 'Files that are none' -Skip:(-not $onUnix) {
    BeforeAll {
        $pipes = Join-Path $TestDrive 'pipes'
        $null = New-Item -ItemType Directory -Path $pipes, $pipes/model, $pipes/tokenizer, $pipes/manifest
        foreach ($name in 'image.png', 'a.csv', 'a.jsonl', 'a.npy', 'captions.json', 'l.db', 'b.db', 'c.db', 's.json', 'key.pem', 'state.bin', 'm.json', 'meta.csv',
            'trace.csv', 'model/vision_model.onnx', 'tokenizer/vocab.json', 'tokenizer/merges.txt') {
            & mkfifo (Join-Path $pipes $name)
        }

        $embeddings = New-SceneDataset -Path $TestDrive/few -Count 3 -ImageSize 64 -Seed 1 | Get-ClipEmbedding -WarningAction SilentlyContinue
        $embeddings | Export-Embedding -Path $TestDrive/good.npy
    }

    It 'are refused by <Name>' -ForEach @(
        @{ Name = 'Get-ClipEmbedding'; Call = { Get-ClipEmbedding $pipes/image.png } }
        @{ Name = 'Get-ClipEmbedding -CachePath'; Call = { Get-ClipEmbedding -Text a -CachePath $pipes/c.db } }
        @{ Name = 'Get-ClipEmbedding with a cache'; Call = { Get-ClipEmbedding $pipes/image.png -CachePath $root/cache.db } }
        @{ Name = 'Get-ClipEmbedding -Model'; Call = { Get-ClipEmbedding -Text a -Model $pipes/model } }
        @{ Name = 'Test-ClipModel'; Call = { Test-ClipModel -Path $pipes/model } }
        @{ Name = 'ConvertTo-ClipImage'; Call = { ConvertTo-ClipImage $pipes/image.png -Destination $root/o.png } }
        @{ Name = 'ConvertTo-ClipToken'; Call = { ConvertTo-ClipToken -Text a -VocabularyPath $pipes/tokenizer/vocab.json } }
        @{ Name = 'Import-CocoDataset'; Call = { Import-CocoDataset -AnnotationPath $pipes/captions.json -WithoutImage } }
        @{ Name = 'Import-Embedding of .csv'; Call = { Import-Embedding $pipes/a.csv } }
        @{ Name = 'Import-Embedding of .jsonl'; Call = { Import-Embedding $pipes/a.jsonl } }
        @{ Name = 'Import-Embedding of .npy'; Call = { Import-Embedding $pipes/a.npy } }
        @{ Name = 'Import-Embedding -MetadataPath of .csv'; Call = { Import-Embedding $root/good.npy -MetadataPath $pipes/meta.csv } }
        @{ Name = 'Import-Embedding -MetadataPath of .json'; Call = { Import-Embedding $root/good.npy -MetadataPath $pipes/m.json } }
        @{ Name = 'Group-Embedding -State'; Call = { $embeddings | Group-Embedding -State $pipes/state.bin } }
        @{ Name = 'Get-PrivacyBudget'; Call = { Get-PrivacyBudget $pipes/b.db } }
        @{ Name = 'New-PrivacyBudget'; Call = { New-PrivacyBudget $pipes/b.db -Epsilon 1 -Delta 1e-5 } }
        @{ Name = 'Test-DatLedger'; Call = { Test-DatLedger -LedgerPath $pipes/l.db } }
        @{ Name = 'Test-DatLedger -SettlementPath'; Call = { Test-DatLedger -SettlementPath $pipes/s.json } }
        @{ Name = 'Add-DatRecord'; Call = { [pscustomobject]@{ Agent = 'a'; Value = 1 } | Add-DatRecord -LedgerPath $pipes/l.db } }
        @{ Name = 'Invoke-QosSimulation'; Call = { Invoke-QosSimulation -TracePath $pipes/trace.csv -Seed 1 } }
        @{ Name = 'Invoke-TokenAllocation of .csv'; Call = { Invoke-TokenAllocation -Path $pipes/a.csv -Supply 10 -OutputPath $root/o.csv } }
        @{ Name = 'Invoke-TokenAllocation of .npy'; Call = { Invoke-TokenAllocation -Path $pipes/a.npy -Supply 10 -OutputPath $root/o.npy } }
    ) {
        # In a thread of its own: a reader that hangs must not hang the tests.
        $job = Start-ThreadJob -ScriptBlock {
            param($manifest, $call, $pipes, $root, $embeddings)
            Import-Module $manifest
            $ErrorActionPreference = 'Continue'
            try { & ([scriptblock]::Create($call)) } catch { Write-Error -ErrorRecord $_ }
        } -ArgumentList $ModuleManifest, $Call.ToString(), $pipes, $TestDrive.ToString(), $embeddings
        Wait-Job $job -Timeout 20 | Should -Not -BeNullOrEmpty -Because 'it must not wait for the pipe'
        $output = Receive-Job $job -ErrorVariable problems -ErrorAction SilentlyContinue
        if ($Name -eq 'Test-ClipModel') {
            $output.Problems -join ' ' | Should -Match 'named pipe'
        }
        else {
            @($problems).Count | Should -Be 1
            "$($problems[0])" | Should -Match 'named pipe, not a file'
            "$($problems[0])" | Should -BeLike "*$pipes*"
        }

        Remove-Job $job
    }

    It 'are devices and sockets as well' {
        foreach ($name in '/dev/zero', '/dev/null') {
            $null = & ln -sf $name $TestDrive/device.csv
            { Import-Embedding $TestDrive/device.csv -ErrorAction Stop } | Should -Throw '*character device*'
        }

        $socket = [System.Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        try {
            $socket.Bind([System.Net.Sockets.UnixDomainSocketEndPoint]::new("$TestDrive/s.csv"))
            { Import-Embedding $TestDrive/s.csv -ErrorAction Stop } | Should -Throw '*it is a socket*'
        }
        finally {
            $socket.Dispose()
        }
    }
}

Describe 'Exports that are killed' -Skip:(-not $onUnix) {
    It 'leave private remains, which the next export sweeps' {
        $folder = Join-Path $TestDrive 'killed'
        $null = New-Item -ItemType Directory -Path $folder
        $program = [System.Environment]::ProcessPath
        $first = [System.IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet' ? @(Join-Path $PSHOME 'pwsh.dll') : @()
        $script = "Import-Module '$ModuleManifest'; `$e = New-SceneDataset -Path '$folder/s' -Count 2 -ImageSize 64 -Seed 1 | Get-ClipEmbedding -WarningAction Ignore
            & { while (`$true) { `$e } } | Export-Embedding -Path '$folder/vectors.npy'"
        $process = Start-Process -FilePath $program -ArgumentList (@($first) + '-NoProfile', '-EncodedCommand',
            [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($script))) -PassThru -RedirectStandardOutput $TestDrive/o -RedirectStandardError $TestDrive/e
        for ($i = 0; $i -lt 300 -and @(Get-ChildItem $folder -Filter *.tmp).Count -lt 2; $i++) { Start-Sleep -Milliseconds 100 }
        $process.Kill()
        $process.WaitForExit()
        $left = @(Get-ChildItem $folder -Filter *.tmp)
        $left.Count | Should -Be 2 -Because 'vectors and metadata were being written'
        $left.UnixFileMode | ForEach-Object { $_ | Should -Be ([System.IO.UnixFileMode]'UserRead, UserWrite') }
        Import-Embedding $(Set-Content $folder/one.csv -Value 'v0,v1', '1,0'; "$folder/one.csv") | Export-Embedding -Path $folder/other.csv
        Get-ChildItem $folder -Filter *.tmp | Should -BeNullOrEmpty
    }
}

Describe 'Names that are commands' {
    It 'are shown as escapes in tables' {
        $evil = "a`e[31m`e]0;title`a$([char]0x202E)b"
        $table = [pscustomobject]@{ Agent = $evil; Value = 1 } | Invoke-TokenAllocation -Supply 1 | Format-Table | Out-String -Width 200
        # What nobody sees is no part of a name; what is left is text.
        $table | Should -BeLike '*a`[31m`]0;titleb*'
        $table | Should -Not -Match "$([char]27)\]|$([char]7)|$([char]0x202E)"
        $shown = Set-Content $TestDrive/e.csv -Value 'Source,Contributor,v0,v1', "$evil,$evil,1,0" -PassThru | ForEach-Object { } -End { Import-Embedding $TestDrive/e.csv } | Out-String -Width 200
        $shown | Should -BeLike '*\u{1B}`[31m*'
        $shown | Should -Not -Match "$([char]27)\]|$([char]7)"
    }

    It 'are no formulas in a spreadsheet unless -Raw is given' {
        Set-Content -LiteralPath $TestDrive/agents.csv -Value 'Agent,Value', '"=cmd|"" /C calc""!A0",2', '@sum,1', '+1,1', '-1,1', 'plain,1'
        Invoke-TokenAllocation -Path $TestDrive/agents.csv -OutputPath $TestDrive/grants.csv -Supply 4 | Out-Null
        (Import-Csv $TestDrive/grants.csv).Agent | Should -Be "'=cmd|`" /C calc`"!A0", "'@sum", "'+1", "'-1", 'plain'
        Invoke-TokenAllocation -Path $TestDrive/agents.csv -OutputPath $TestDrive/grants.csv -Supply 4 -Raw | Out-Null
        (Import-Csv $TestDrive/grants.csv).Agent | Should -Be "=cmd|`" /C calc`"!A0", '@sum', '+1', '-1', 'plain'
    }

    It 'leave figures that XML can read' {
        $values = 'a', "b`e[31m$([char]0xD800)`0", "c$([char]0xFFFF)" | ForEach-Object { [pscustomobject]@{ Agent = $_; Value = 2 } }
        $values | Invoke-TokenAllocation -Supply 3 | Export-QosReport $TestDrive/r.html -FigurePath $TestDrive/figures -Format Svg | Out-Null
        $figures = @(Get-ChildItem $TestDrive/figures -Filter *.svg)
        $figures.Count | Should -BeGreaterThan 0
        $figures | ForEach-Object { { [System.Xml.XmlDocument]::new().Load($_.FullName) } | Should -Not -Throw }
    }
}

Describe 'A full disk' -Skip:$noMount {
    BeforeAll {
        $small = Join-Path $TestDrive 'small'
        $null = New-Item -ItemType Directory -Path $small
        & mount -t tmpfs -o size=128k none $small
        $mounted = $LASTEXITCODE -eq 0
    }

    AfterAll { if ($mounted) { & umount $small } }

    It 'under a cache warns, and the work goes on' {
        if (-not $mounted) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        $texts = 1..400 | ForEach-Object { "a photo of $_ dogs" }
        $embeddings = Get-ClipEmbedding -Text $texts -CachePath $small/cache.db -WarningVariable warnings -WarningAction SilentlyContinue
        $embeddings.Count | Should -Be 400
        "$warnings" | Should -Match 'takes no more embeddings|no room on the disk'
    }

    It 'under a report is said' {
        if (-not $mounted) { Set-ItResult -Skipped -Because 'nothing may be mounted here'; return }
        $values = [pscustomobject]@{ Agent = 'a'; Value = 2 } | Invoke-TokenAllocation -Supply 3
        { $values | Export-QosReport $small/r.html } | Should -Throw '*disk is full*'
        Get-ChildItem $small -Filter *.tmp | Should -BeNullOrEmpty
    }
}
