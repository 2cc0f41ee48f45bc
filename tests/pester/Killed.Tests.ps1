BeforeDiscovery {
    $onUnix = -not $IsWindows
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # Runs a script in a fresh PowerShell that says when it begins, and kills it so many milliseconds later.
    function Stop-AtOnce {
        param([Parameter(Mandatory)] [string] $Script, [Parameter(Mandatory)] [int] $Delay)
        $program = [System.Environment]::ProcessPath
        $first = [System.IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet' ? @(Join-Path $PSHOME 'pwsh.dll') : @()
        $text = "`$WarningPreference = 'Ignore'; `$ProgressPreference = 'SilentlyContinue'; Import-Module '$ModuleManifest'; $Script"
        $start = [System.Diagnostics.ProcessStartInfo]::new($program)
        foreach ($argument in $first + '-NoProfile', '-EncodedCommand', [Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($text))) {
            $start.ArgumentList.Add($argument)
        }

        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $process = [System.Diagnostics.Process]::Start($start)
        $null = $process.StandardError.ReadToEndAsync()
        try {
            while (($line = $process.StandardOutput.ReadLine()) -and $line -ne 'begins') { }
            Start-Sleep -Milliseconds $Delay
        }
        finally {
            if (-not $process.HasExited) { $process.Kill() }
            $process.WaitForExit()
        }
    }
}

# The delays come from a seed. A writer goes on and on, old and new content in turn, so that a kill comes in the midst of one.
Describe 'A process that is killed' -Skip:(-not $onUnix) {
    BeforeAll {
        $folder = Join-Path $TestDrive 'killed'
        $null = New-Item -ItemType Directory -Path $folder
        $random = [System.Random]::new(12)
        foreach ($name in 'old', 'new') {
            $count = $name -eq 'old' ? 2000 : 3000
            $rows = 0..($count - 1) | ForEach-Object { "$name-$_,$name,1,$($_ + 1)" }
            Set-Content -LiteralPath $folder/$name.csv -Value (@('Item,Contributor,v0,v1') + $rows)
            Set-Content -LiteralPath $folder/$name.txt -Value ("$name document " * 200000)
            1..($count / 100) | ForEach-Object { [pscustomobject]@{ Agent = "$name$_"; Value = 1 } } | Add-DatRecord -LedgerPath $folder/$name.db | Out-Null
        }

        $null = New-DataSubmissionKey $folder/market.pem
        $null = 'old', 'new' | ForEach-Object { Export-DatSettlement -LedgerPath $folder/$_.db -Path $folder/start.json -KeyPath $folder/key.pem -NewKey:($_ -eq 'old') -Force }
    }

    It 'in <Name> leaves the whole old file or the whole new one, and nothing after the next run' -ForEach @(
        @{ Name = 'Export-Embedding'
            Prepare = "`$data = @{}; foreach (`$n in 'old', 'new') { `$data[`$n] = Import-Embedding ./`$n.csv }"
            Write = '$data[$n] | Export-Embedding ./out/vectors.npy -Force'
            Read = { param($out) $e = @(Import-Embedding $out/vectors.npy); "$($e.Count) $($e.Contributor | Sort-Object -Unique)" }
            Whole = '2000 old', '3000 new'; Private = 'vectors' }
        @{ Name = 'Export-DatSettlement'
            Prepare = ''
            Write = '$null = Export-DatSettlement -LedgerPath ./$n.db -Path ./out/settlement.json -KeyPath ./key.pem -Force'
            Read = { param($out) $r = Test-DatLedger -SettlementPath $out/settlement.json -PublicKeyPath $folder/key.pem.pub; "$($r.Records) $($r.IsValid)" }
            Whole = '20 True', '30 True'; Private = 'settlement' }
        @{ Name = 'Protect-DataSubmission'
            Prepare = ''
            Write = 'Copy-Item ./$n.txt ./document.txt; $null = Protect-DataSubmission ./document.txt -Contributor alice -KeyPath ./market.pem.pub -Destination ./out -Force'
            Read = {
                param($out)
                $null = Get-DatRecord -LedgerPath $folder/old.db | Select-Object -First 1
                $hash = 'old', 'new' | ForEach-Object { (Get-FileHash $folder/$_.txt).Hash }
                $null = $hash | ForEach-Object { [pscustomobject]@{ Agent = 'alice'; Value = 1; Hash = $_ } } | Add-DatRecord -LedgerPath $folder/award.db -SkipExisting
                $delivered = Unprotect-DataSubmission $out/document.txt.sealed -KeyPath $folder/market.pem -LedgerPath $folder/award.db -Destination $folder/delivered -Force
                (Get-Content $delivered.Path -TotalCount 1).Substring(0, 3)
            }
            Whole = 'old', 'new'; Private = 'document' }
        @{ Name = 'Export-DpPrototype'
            Prepare = "`$data = @{}; foreach (`$n in 'old', 'new') { `$c = Import-Embedding ./`$n.csv | Group-Embedding -Algorithm KMeans -ClusterCount (`$n -eq 'old' ? 2 : 3) -Seed 1
                `$data[`$n] = `$c | New-DpPrototype -Epsilon 1 -Seed 1 }"
            Write = '$null = $data[$n] | Export-DpPrototype ./out/prototypes.npy -Force'
            Read = { param($out) $p = @(Import-DpPrototype $out/prototypes.npy); "$($p.Count) $($p.Count -eq ($p.ClusterId | Sort-Object -Unique).Count)" }
            Whole = '2 True', '3 True'; Private = 'prototypes' }
    ) {
        $out = "$folder/out"
        Remove-Item $out -Recurse -Force -ErrorAction Ignore
        $null = New-Item -ItemType Directory -Path $out
        $seen = 1..4 | ForEach-Object {
            Stop-AtOnce -Delay $random.Next(1500) -Script @"
Set-Location '$folder'
`$ErrorActionPreference = 'Stop'
$Prepare
`$n = 'old'; $Write
[Console]::Out.WriteLine('begins'); [Console]::Out.Flush()
while (`$true) { foreach (`$n in 'new', 'old') { $Write } }
"@
            Get-ChildItem $out -Filter *.tmp | ForEach-Object { $_.UnixFileMode | Should -Be ([System.IO.UnixFileMode] 'UserRead, UserWrite') }
            try { & $Read $out } catch { "$($_.FullyQualifiedErrorId)" }
        }

        # That holds for two files that belong together too, wherever between them the kill came.
        $seen | ForEach-Object { $_ | Should -BeIn $Whole }
        Push-Location $folder
        try {
            if ($Prepare) { Invoke-Expression $Prepare }
            $n = 'new'
            Invoke-Expression $Write
        }
        finally { Pop-Location }

        & $Read $out | Should -Be $Whole[1]
        Get-ChildItem $out | Where-Object Extension -in .tmp, .pending | Should -BeNullOrEmpty
    }
}
