BeforeDiscovery {
    # strace shows every system call of a process and of its threads; a container may forbid it.
    $canTrace = $IsLinux -and (Get-Command strace -CommandType Application -ErrorAction Ignore) -and
        $(& strace -f -qq -e trace=socket true 2>&1 | Out-Null; $LASTEXITCODE -eq 0)
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # Runs a script in a fresh PowerShell under strace, with empty folders as HOME and XDG folders, and returns the calls that followed the import
    # of the module: PowerShell itself asks at its start, before the module is there, whether the machine knows IPv4 and IPv6.
    function Invoke-TracedPwsh {
        param([Parameter(Mandatory)] [string] $Root, [Parameter(Mandatory)] [string] $Script)
        $program = [System.Environment]::ProcessPath
        $first = [System.IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet' ? @(Join-Path $PSHOME 'pwsh.dll') : @()
        foreach ($folder in 'home', 'cache', 'data', 'config', 'tmp', 'own') { $null = New-Item -ItemType Directory -Force -Path $Root/$folder }
        Set-Content -LiteralPath $Root/script.ps1 -Value @"
`$ErrorActionPreference = 'Stop'
`$WarningPreference = 'SilentlyContinue'
Import-Module '$ModuleManifest'
try { [System.IO.File]::OpenRead('/the-module-is-there') } catch { }
Set-Location '$Root/own'
$Script
"@
        $variables = @{
            HOME = "$Root/home"; XDG_CACHE_HOME = "$Root/cache"; XDG_DATA_HOME = "$Root/data"; XDG_CONFIG_HOME = "$Root/config"; TMPDIR = "$Root/tmp"
            POWERSHELL_TELEMETRY_OPTOUT = '1'; POWERSHELL_UPDATECHECK = 'Off'; DOTNET_EnableDiagnostics = '0'
        }
        $environment = $variables.GetEnumerator().ForEach{ "$($_.Key)=$($_.Value)" }
        $calls = 'socket,connect,sendto,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,symlink,symlinkat,link,linkat'
        $output = & strace -f -qq -s 4096 -e "trace=$calls" -o $Root/trace env @environment $program @first -NoProfile -NonInteractive -File $Root/script.ps1 2>&1
        if ($LASTEXITCODE -ne 0) { throw "pwsh ended with ${LASTEXITCODE}: $($output -join [Environment]::NewLine)" }
        $lines = [System.IO.File]::ReadAllLines("$Root/trace")
        $start = [Array]::FindIndex($lines, [Predicate[string]] { $args[0].Contains('/the-module-is-there') })
        $start | Should -BeGreaterThan 0
        $lines[($start + 1)..($lines.Count - 1)]
    }

    # The calls that make, change or remove a file outside the scene's own folder. Threads write their names to /proc. PowerShell itself keeps a profile of its
    # start in the cache, and removes the pipe by which debuggers find it.
    function Select-OutsideWrite {
        param([string[]] $Calls, [string] $Root)
        $Calls.Where{
            $_ -match '\b(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)\b|^\d+\s+(creat|mkdir|mkdirat|rename\w*|unlink\w*|symlink\w*|link\w*)\(' -and
            $_ -notmatch '"/proc/self/|"/dev/(null|tty)"|/cache/powershell/|/CoreFxPipe_PSHost' -and $_ -notmatch [regex]::Escape("`"$Root/own") -and $_ -notmatch '= -1 E'
        }
    }
}

Describe 'Nothing leaves' -Skip:(-not $canTrace) {
    It 'embeds, groups, releases, attacks, values, records and reports without a socket, and writes to the folders named alone' {
        $root = Join-Path $TestDrive 'all'
        $calls = Invoke-TracedPwsh -Root $root -Script @'
$embeddings = New-SceneDataset -Path ./scenes -Count 24 -Contributors 3 -ImageSize 64 -Seed 1 | Get-ClipEmbedding -CachePath ./cache.db
$clusters = $embeddings | Group-Embedding -Algorithm KMeans -ClusterCount 2 -Seed 1
$null = New-PrivacyBudget -Path ./budget.db -Epsilon 10 -Delta 1e-4
$prototypes = $clusters | New-DpPrototype -Epsilon 1 -Budget ./budget.db
$null = $clusters | Invoke-MembershipInferenceAttack -Epsilon 1 -Trials 100
$reconstruction = $prototypes | Select-Object -First 1 | Invoke-ReconstructionAttack -Steps 2 -Copies 2 -OutputPath ./attack
$null = $clusters | Measure-PrototypeUtility -Epsilon 1
$values = $embeddings | Measure-DataValue -NoveltyThreshold 2
$grants = $values | Invoke-TokenAllocation -Supply 10
$null = $values | Add-DatRecord -LedgerPath ./ledger.db
$embeddings | Export-Embedding -Path ./vectors.npy
$null = Import-Embedding -Path ./vectors.npy
$values, $grants, $reconstruction | Export-QosReport ./report.html -FigurePath ./figures -Format Svg, Png
'@
        # libvips, ONNX Runtime, SQLite, Jint and the rest have all been at work.
        foreach ($made in 'cache.db', 'budget.db', 'ledger.db', 'vectors.npy', 'report.html', 'figures', 'attack') { "$root/own/$made" | Should -Exist }
        $calls.Where{ $_ -match 'AF_(INET|INET6|NETLINK|PACKET)' } | Should -BeNullOrEmpty
        Select-OutsideWrite -Calls $calls -Root $root | Should -BeNullOrEmpty

        # What PowerShell keeps for itself is all there is.
        foreach ($folder in 'home', 'cache', 'data', 'config', 'tmp') {
            Get-ChildItem -LiteralPath $root/$folder -Recurse -Force -File | Where-Object FullName -NotMatch '/powershell/' | Should -BeNullOrEmpty
        }
    }

    It 'sees a socket where one is opened, and a file where one is written' {
        $root = Join-Path $TestDrive 'control'
        $calls = Invoke-TracedPwsh -Root $root -Script @'
Set-Content -LiteralPath (Join-Path $HOME stray.txt) -Value 1
[System.Net.Sockets.Socket]::new('InterNetwork', 'Dgram', 'Udp').Dispose()
'@
        $calls.Where{ $_ -match 'AF_INET' } | Should -Not -BeNullOrEmpty
        Select-OutsideWrite -Calls $calls -Root $root | Should -Match 'stray\.txt'
    }
}
