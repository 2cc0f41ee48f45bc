<#
.SYNOPSIS
Makes all figures of the paper, and one report of them.

.DESCRIPTION
Runs Figure4.ps1 to Figure7.ps1 into one folder, in that order, and writes their results into report.html. What has been made is noted in experiments.json: run again after an interruption, and only what is missing, or was made with other parameters or by another version, is made. A figure that fails does not keep the others from being made.

Exit codes: 0 everything was made, and what the paper claims was found at every point; 1 something failed (the other figures were made; run again to make the rest); 2 everything was made, but a claim of the paper does not hold at every point (the figures say which).

.PARAMETER OutputPath
The folder for the figures, their data and the report; created where it does not exist. The folder results by default.

.PARAMETER Figure
The figures to make: 4, 5, 6 and 7; all by default.

.PARAMETER Seed
The seed of every figure: the same seed gives the same figures. 1 by default.

.PARAMETER Quick
Fewer rounds, copies and clusters, for a first look; minutes instead of hours.

.PARAMETER Force
Make everything anew, also what is there already.

.PARAMETER WithoutReport
Make the figures alone, and no report.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -Quick

A first look at every figure; open results/report.html afterwards.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -OutputPath ./full -Seed 7

The full size, resumable: after an interruption run the same line again.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -Figure 4, 5

The figures on fairness alone.

.OUTPUTS
An object for each figure: Figure, Status (Made, Kept or Failed), Claim (Holds, Differs or Unknown), Seconds, Files.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateSet(4, 5, 6, 7)]
    [int[]] $Figure = @(4, 5, 6, 7),

    [int] $Seed = 1,

    [switch] $Quick,

    [switch] $Force,

    [switch] $WithoutReport
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

# What a figure's result depends on: its parameters, the scripts and the module.
function Get-FigureFingerprint([int] $Number, [hashtable] $Parameters) {
    $parts = @(
        foreach ($name in $Parameters.Keys | Sort-Object) { "$name=$($Parameters[$name])" }
        foreach ($script in "Figure$Number.ps1", 'Figure.Common.ps1') { (Get-FileHash -LiteralPath (Join-Path $PSScriptRoot $script)).Hash }
        $module = Get-Module QosValuation
        foreach ($file in Get-ChildItem -LiteralPath $module.ModuleBase -Recurse -Filter QosValuation*.dll | Sort-Object Name) { (Get-FileHash -LiteralPath $file.FullName).Hash }
    )
    $bytes = [System.Security.Cryptography.SHA256]::HashData([System.Text.Encoding]::UTF8.GetBytes($parts -join "`n"))
    [System.Convert]::ToHexStringLower($bytes)
}

# The notes of earlier runs; a file that cannot be read counts as none, because making figures again does no harm.
function Read-ExperimentState([string] $Path) {
    try {
        Get-Content -LiteralPath $Path -Raw -ErrorAction Stop | ConvertFrom-Json -AsHashtable -ErrorAction Stop
    }
    catch {
        @{}
    }
}

function Save-ExperimentState([hashtable] $State, [string] $Path) {
    $temporary = "$Path.$([guid]::NewGuid().ToString('N').Substring(0, 8)).tmp"
    $State | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath $temporary
    [System.IO.File]::Move($temporary, $Path, $true)
}

try {
    Import-FigureModule
    $folder = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutputPath)
    $null = New-Item -ItemType Directory -Path $folder -Force
    $statePath = Join-Path $folder 'experiments.json'
    $state = Read-ExperimentState $statePath
}
catch {
    Write-Error -ErrorRecord $_ -ErrorAction Continue
    exit 1
}

# Seconds of a figure where no earlier run tells: only the order of magnitude matters, for the time left.
$usual = $Quick ? @{ 4 = 2; 5 = 2; 6 = 15; 7 = 120 } : @{ 4 = 5; 5 = 5; 6 = 120; 7 = 2400 }
$numbers = @($Figure | Sort-Object -Unique)
$left = [System.Collections.Generic.Dictionary[int, double]]::new()
foreach ($number in $numbers) {
    $left[$number] = $state["$number"]?.Seconds ?? $usual[$number]
}

Update-TypeData -TypeName QosValuation.Experiment -DefaultDisplayPropertySet Figure, Status, Claim, Seconds -Force
$exitCode = 0
$made = [System.Collections.Generic.List[object]]::new()
foreach ($number in $numbers) {
    Write-Progress -Id 64 -Activity 'Experiments of the paper' -Status "Figure $number" -PercentComplete (100 * $numbers.IndexOf($number) / $numbers.Count) -SecondsRemaining ([int]($left.Values | Measure-Object -Sum).Sum)
    $parameters = @{ OutputPath = $folder; Seed = $Seed }
    if ($Quick) {
        $parameters.Quick = $true
    }

    $fingerprint = Get-FigureFingerprint $number $parameters
    $note = $state["$number"]
    $isKept = -not $Force -and $note -and $note.Fingerprint -eq $fingerprint -and @($note.Files).Count -gt 0 -and -not (@($note.Files) | Where-Object { -not (Test-Path -LiteralPath (Join-Path $folder $_)) })
    if (-not $isKept) {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        $started = [datetime]::UtcNow
        $global:LASTEXITCODE = 1
        try {
            $null = & (Join-Path $PSScriptRoot "Figure$number.ps1") @parameters
            $code = $LASTEXITCODE
        }
        catch [System.Management.Automation.PipelineStoppedException] {
            throw
        }
        catch {
            Write-Error -ErrorRecord $_ -ErrorAction Continue
            $code = 1
        }

        $files = @(Get-ChildItem -LiteralPath $folder -File -Filter "figure$number*" | Where-Object Extension -In '.csv', '.png', '.svg' | Sort-Object Name | ForEach-Object Name)
        $note = @{ Fingerprint = $fingerprint; ExitCode = $code; Seconds = [Math]::Round($watch.Elapsed.TotalSeconds, 1); Finished = $started.Add($watch.Elapsed).ToString('o'); Files = $files }
        if ($code -in 0, 2) {
            $state["$number"] = $note
            Save-ExperimentState $state $statePath
        }
    }

    $null = $left.Remove($number)
    $result = [pscustomobject]@{
        PSTypeName = 'QosValuation.Experiment'
        Figure     = $number
        Status     = $isKept ? 'Kept' : $note.ExitCode -in 0, 2 ? 'Made' : 'Failed'
        Claim      = switch ($note.ExitCode) { 0 { 'Holds' } 2 { 'Differs' } default { 'Unknown' } }
        Seconds    = [double] $note.Seconds
        Files      = @($note.Files)
    }
    $made.Add($result)
    $result
    if ($result.Status -eq 'Failed') {
        $exitCode = 1
    }
    elseif ($note.ExitCode -eq 2 -and $exitCode -eq 0) {
        $exitCode = 2
    }
}

Write-Progress -Id 64 -Activity 'Experiments of the paper' -Completed
if (-not $WithoutReport) {
    try {
        $report = Join-Path $folder 'report.html'
        $rows = foreach ($result in $made | Where-Object Status -NE 'Failed') {
            foreach ($file in $result.Files | Where-Object { $_ -like '*.csv' }) {
                Import-Csv -LiteralPath (Join-Path $folder $file)
            }
        }
        if ($rows) {
            $null = $rows | Export-QosReport -Path $report -Title 'Experiments of the paper' -Force
            Write-Host "The report is $report."
        }
    }
    catch {
        Write-Error -ErrorRecord $_ -ErrorAction Continue
        $exitCode = 1
    }
}

exit $exitCode
