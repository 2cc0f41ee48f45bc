# Dot-source in BeforeAll (and in BeforeDiscovery where -Skip or -ForEach needs it):
#   BeforeAll { . $PSScriptRoot/Common.ps1 }
# Imports the assembled module and finds the real data beside the checkout, where there is any.
$script:RepositoryRoot = (Resolve-Path -LiteralPath (Join-Path $PSScriptRoot '../..')).ProviderPath
$script:ModuleManifest = Join-Path $RepositoryRoot 'out/QosValuation/QosValuation.psd1'
$script:SharedData = $env:QOSVALUATION_SHARED ? (Join-Path $env:QOSVALUATION_SHARED 'data') : (Join-Path $RepositoryRoot '../shared/data')
if (-not (Test-Path -LiteralPath $SharedData)) {
    $script:SharedData = $null
}

# Chromium, for the tests that look at a page as a browser shows it; null where there is none.
$script:Browser = $env:QOSVALUATION_BROWSER
if (-not $Browser) {
    $names = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
    $script:Browser = (Get-Command $names -CommandType Application -ErrorAction Ignore | Select-Object -First 1).Source
}

if (-not (Get-Module QosValuation)) {
    Import-Module $ModuleManifest -ErrorAction Stop
}

# Runs a script in a fresh process of the PowerShell that runs the tests, and returns its output lines; fails where the exit code is not 0.
# That PowerShell need not be on the PATH: as a .NET tool it is no program of its own, but dotnet with pwsh.dll.
function Invoke-FreshPwsh {
    param([Parameter(Mandatory)] [string] $Script)
    $program = [System.Environment]::ProcessPath
    $first = [System.IO.Path]::GetFileNameWithoutExtension($program) -eq 'dotnet' ? @(Join-Path $PSHOME 'pwsh.dll') : @()
    $file = Join-Path ([System.IO.Path]::GetTempPath()) ([guid]::NewGuid().ToString('N') + '.ps1')
    try {
        Set-Content -LiteralPath $file -Value "`$ErrorActionPreference = 'Stop'; `$PSStyle.OutputRendering = 'PlainText'`n$Script"
        $lines = & $program @first -NoProfile -NonInteractive -File $file 2>&1
        if ($LASTEXITCODE -ne 0) {
            throw "pwsh ended with ${LASTEXITCODE}: $($lines -join [Environment]::NewLine)"
        }

        $lines
    }
    finally {
        Remove-Item -LiteralPath $file -Force
    }
}

# Runs a script in a runspace of its own, where the module is imported, until -Until (which is given the shell) says so; stops it while it
# works, and returns the state it ended in and the progress it reported. By default a script says itself, by Write-Information, that it is ready.
# Fails where the script ends by itself, for then nothing was stopped, and where it goes on after the stop.
function Stop-WorkingScript {
    param(
        [Parameter(Mandatory)] [scriptblock] $Script,
        [object[]] $ArgumentList = @(),
        [scriptblock] $Until = { $args[0].Streams.Information.Count -gt 0 }
    )
    $shell = [powershell]::Create()
    # Not as a second statement of one batch: PowerShell reads variables of a stopped batch's runspace after the stop, and ends the whole process
    # where the runspace is closed by then.
    $null = $shell.AddScript("Import-Module '$ModuleManifest'").Invoke()
    $shell.Commands.Clear()
    $null = $shell.AddScript($Script)
    foreach ($argument in $ArgumentList) { $null = $shell.AddArgument($argument) }
    $running = $shell.BeginInvoke()
    for ($i = 0; $i -lt 900 -and -not $running.IsCompleted -and -not (& $Until $shell); $i++) { Start-Sleep -Milliseconds 100 }
    Start-Sleep -Milliseconds 200
    if ($running.IsCompleted) {
        $state = "$($shell.InvocationStateInfo.State): $($shell.InvocationStateInfo.Reason)$($shell.Streams.Error)"
        $shell.Dispose()
        throw "The script ended before it could be stopped. $state"
    }

    $stopping = $shell.BeginStop($null, $null)
    if (-not $stopping.AsyncWaitHandle.WaitOne(30000)) {
        throw 'The script went on after it was stopped.' # And the shell is kept, because its Dispose would wait as well.
    }

    $shell.EndStop($stopping)
    [pscustomobject]@{
        State = $shell.InvocationStateInfo.State
        Progress = @($shell.Streams.Progress)
    }
    $shell.Dispose()
}

# Checks that a script's comment help tells what it is about, by -Synopsis (a pattern), and explains every parameter.
function Assert-ScriptHelp {
    param(
        [Parameter(Mandatory)] [string] $Path,
        [Parameter(Mandatory)] [string] $Synopsis,
        [Parameter(Mandatory)] [int] $Examples
    )
    $help = Get-Help $Path -Full
    $help.Synopsis | Should -Match $Synopsis
    @($help.examples.example).Count | Should -Be $Examples
    @($help.parameters.parameter).Count | Should -BeGreaterThan 0
    foreach ($parameter in $help.parameters.parameter) {
        $parameter.description.Text | Should -Not -BeNullOrEmpty -Because $parameter.name
    }
}
