# Dot-source in BeforeAll (and in BeforeDiscovery where -Skip or -ForEach needs it):
#   BeforeAll { . $PSScriptRoot/Common.ps1 }
# Imports the assembled module and finds the real data beside the checkout, where there is any.
$script:RepositoryRoot = (Resolve-Path -LiteralPath (Join-Path $PSScriptRoot '../..')).ProviderPath
$script:ModuleManifest = Join-Path $RepositoryRoot 'out/QosValuation/QosValuation.psd1'
$script:SharedData = $env:QOSVALUATION_SHARED ? (Join-Path $env:QOSVALUATION_SHARED 'data') : (Join-Path $RepositoryRoot '../shared/data')
if (-not (Test-Path -LiteralPath $SharedData)) {
    $script:SharedData = $null
}

if (-not (Get-Module QosValuation)) {
    Import-Module $ModuleManifest -ErrorAction Stop
}

# Runs a script in a fresh pwsh and returns its output lines; fails where the exit code is not 0.
function Invoke-FreshPwsh {
    param([Parameter(Mandatory)] [string] $Script)
    $file = Join-Path ([System.IO.Path]::GetTempPath()) ([guid]::NewGuid().ToString('N') + '.ps1')
    try {
        Set-Content -LiteralPath $file -Value "`$ErrorActionPreference = 'Stop'; `$PSStyle.OutputRendering = 'PlainText'`n$Script"
        $lines = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -File $file 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "pwsh ended with ${LASTEXITCODE}: $($lines -join [Environment]::NewLine)"
        }

        $lines
    }
    finally {
        Remove-Item -LiteralPath $file -Force
    }
}

# Runs a script in a runspace of its own until it writes to the information stream, stops it while it works, and returns the state it ended in.
# Fails where the script ends by itself: then nothing was stopped.
function Stop-WorkingScript {
    param([Parameter(Mandatory)] [scriptblock] $Script)
    $shell = [powershell]::Create()
    try {
        $null = $shell.AddScript("Import-Module '$ModuleManifest'").AddStatement().AddScript($Script)
        $running = $shell.BeginInvoke()
        for ($i = 0; $i -lt 600 -and $shell.Streams.Information.Count -eq 0 -and -not $running.IsCompleted; $i++) { Start-Sleep -Milliseconds 100 }
        Start-Sleep -Milliseconds 200
        if ($running.IsCompleted) {
            throw 'The script ended before it could be stopped.'
        }

        $shell.Stop()
        $shell.InvocationStateInfo.State
    }
    finally {
        $shell.Dispose()
    }
}
