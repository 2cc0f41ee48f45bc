# Dot-source after Common.ps1, in BeforeAll of the tests of jobs: photographs to embed in shards, one embedding of them all, and daemons of our own.

# Up to 24 photographs of the COCO subset, or drawn scenes where it is not there, in the order of their names.
function Get-JobPhotograph([string] $Folder) {
    if ($SharedData) {
        return @(Get-ChildItem -LiteralPath (Join-Path $SharedData 'coco-val2017-subset/val2017') -Filter *.jpg | Sort-Object Name | Select-Object -First 24).FullName
    }

    $null = New-SceneDataset -Path $Folder -Count 24 -ImageSize 96 -Seed 3
    @(Get-ChildItem -LiteralPath $Folder -Recurse -Filter *.jpg | Sort-Object FullName).FullName
}

# A shard's share: contiguous, so that the shards one after another are the whole.
$script:ShardWork = {
    param([string[]] $Files, [string] $Gate)
    if ($Gate) {
        # Says that it has begun, and works when it may: so that a test can take something away in the midst of it.
        $null = New-Item -ItemType File -Path (Join-Path $Gate "began-$ShardIndex-$PID") -Force
        while (-not (Test-Path -LiteralPath (Join-Path $Gate 'open'))) { Start-Sleep -Milliseconds 100 }
    }

    $from = [int] [System.Math]::Floor($Files.Count * ($ShardIndex - 1) / $ShardCount)
    $to = [int] [System.Math]::Floor($Files.Count * $ShardIndex / $ShardCount) - 1
    Get-ClipEmbedding -LiteralPath $Files[$from..$to] -Model clip-mini
}

# What is compared: the bytes of the vectors and who they belong to.
function Get-EmbeddingHash([object[]] $Embedding, [string] $Folder) {
    $file = Join-Path $Folder ([guid]::NewGuid().ToString('N') + '.npy')
    $Embedding | Export-Embedding -Path $file | Out-Null
    (Get-FileHash -LiteralPath $file).Hash + ' ' + ($Embedding.Item -join '|')
}

function Wait-Until([scriptblock] $Condition, [int] $Seconds = 60, [string] $What = 'What was waited for') {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while (-not (& $Condition)) {
        if ($watch.Elapsed.TotalSeconds -gt $Seconds) { throw "$What did not happen within $Seconds s." }
        Start-Sleep -Milliseconds 100
    }
}

# The processes of this machine in whose environment a variable has a value. Linux only.
function Get-ProcessByVariable([string] $Name, [string] $Value) {
    foreach ($folder in [System.IO.Directory]::GetDirectories('/proc')) {
        $id = [System.IO.Path]::GetFileName($folder)
        if ($id -match '^\d+$' -and $id -ne "$PID") {
            try { $environment = [System.IO.File]::ReadAllText("$folder/environ") -split "`0" } catch { continue }
            if ("$Name=$Value" -cin $environment) { [int] $id }
        }
    }
}

function Get-ParentId([int] $Id) {
    $text = [System.IO.File]::ReadAllText("/proc/$Id/stat")
    [int] ($text.Substring($text.LastIndexOf(')') + 2) -split ' ')[1]
}

function Stop-ByFile([string] $PidFile) {
    if (Test-Path -LiteralPath $PidFile) {
        $process = Get-Process -Id ([int] (Get-Content -LiteralPath $PidFile -Raw)) -ErrorAction Ignore
        if ($process) {
            $process.Kill()
            $null = $process.WaitForExit(10000)
        }
    }
}

# A free port of the loopback.
function Get-FreePort {
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    try { $listener.LocalEndpoint.Port } finally { $listener.Stop() }
}

# How the PowerShell that runs the tests is started.
function Get-PwshCommand {
    $program = [System.Environment]::ProcessPath
    [System.IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet' ? @($program, (Join-Path $PSHOME 'pwsh.dll')) : @($program)
}

# Why the daemons of a kind cannot be started here; nothing where they can.
function Get-MissingDaemon([string[]] $Program) {
    if (-not $IsLinux) { return 'its daemons run on Linux' }
    if ((id -u) -ne '0') { return 'its daemons are started by root' }
    $missing = $Program | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction Ignore) }
    if ($missing) { "there is no $($missing -join ', no ')" }
}
