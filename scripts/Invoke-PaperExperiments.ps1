<#
.SYNOPSIS
Runs the paper's pipeline, makes all its figures and the experiments on privacy, and one report of them.

.DESCRIPTION
Runs Pipeline.ps1, Figure4.ps1, Figure5.ps1, Figure6.ps1, Privacy.ps1, Figure7.ps1, DataMarket.ps1 and ModelMarket.ps1 into one folder, in that order.
Writes their results into report.html, and what each found into summary.csv. Says first what it will do, and for how long.

What has been made is noted in experiments.json: run again after an interruption, and only what is missing, or was made by another version, is made. Results of another run (another size, seed, data or encoder, see runs.json) are not replaced without -Force: choose another folder for them. An experiment that fails does not keep the others from being made.

Without data of your own, scenes are drawn and embedded by the built-in clip-small. -EmbeddingPath and -PromptPath name
embeddings for Figure 6, Privacy and ModelMarket; -Images, -Annotations and -Model the photographs and the encoder of Pipeline and of Figure 7.

Exit codes: 0 everything was made, and what the paper claims was found at every point; 1 something failed (the other experiments were made; run again to make the rest); 2 everything was made, but a claim of the paper does not hold at every point (the experiments say which).

.PARAMETER OutputPath
The folder for the figures, their data and the report; created where it does not exist. The folder results by default.

.PARAMETER Experiment
What to make: Pipeline, Figure4, Figure5, Figure6, Privacy, Figure7, DataMarket and ModelMarket; all by default.

.PARAMETER EmbeddingPath
Image embeddings for Figure 6, Privacy and, with -PromptPath, ModelMarket: a .npy, .csv or .jsonl file.

.PARAMETER PromptPath
Text embeddings of prompts in the same space, for Privacy and ModelMarket.

.PARAMETER Images
A folder of photographs for Pipeline and Figure 7.

.PARAMETER Annotations
The COCO caption file of those photographs.

.PARAMETER Model
The encoder of Pipeline and Figure 7: a name or a folder; clip-small by default.

.PARAMETER Seed
The seed of every experiment: the same seed gives the same results. 1 by default.

.PARAMETER Quick
Fewer rounds, copies and clusters, for a first look; two minutes instead of hours.

.PARAMETER Force
Make everything anew, also what is there already, and replace results of another run.

.PARAMETER WithoutReport
Make the results alone, and no report.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -Quick

A first look at everything; open results/report.html afterwards.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -OutputPath ./full -Seed 7

The full size, resumable: after an interruption run the same line again.

.EXAMPLE
./scripts/Invoke-PaperExperiments.ps1 -Experiment Figure4, Figure5

The figures on fairness alone.

.OUTPUTS
An object for each experiment: Experiment, Status (Made, Kept or Failed), Claim (Holds, Differs or Unknown), Seconds, Files, Findings.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateSet('Pipeline', 'Figure4', 'Figure5', 'Figure6', 'Privacy', 'Figure7', 'DataMarket', 'ModelMarket')]
    [string[]] $Experiment = @('Pipeline', 'Figure4', 'Figure5', 'Figure6', 'Privacy', 'Figure7', 'DataMarket', 'ModelMarket'),

    [ValidateNotNullOrEmpty()]
    [string] $EmbeddingPath,

    [ValidateNotNullOrEmpty()]
    [string] $PromptPath,

    [ValidateNotNullOrEmpty()]
    [string] $Images,

    [ValidateNotNullOrEmpty()]
    [string] $Annotations,

    [ValidateNotNullOrEmpty()]
    [ArgumentCompletions('clip-small', 'clip-mini', 'ViT-B-32', 'ViT-B-32-fp16')]
    [string] $Model,

    [int] $Seed = 1,

    [switch] $Quick,

    [switch] $Force,

    [switch] $WithoutReport
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

# The parameters of an experiment's script.
function Get-ExperimentParameter([string] $Name) {
    $parameters = @{ OutputPath = $folder; Seed = $Seed }
    if ($Quick) {
        $parameters.Quick = $true
    }

    if ($Force) {
        $parameters.Force = $true
    }

    # What the scripts take of the data, by the names they have for it.
    $given = switch ($Name) {
        'Figure6' { @{ Path = $EmbeddingPath } }
        'Privacy' { @{ ImagePath = $EmbeddingPath; PromptPath = $PromptPath } }
        'ModelMarket' { $EmbeddingPath -and $PromptPath ? @{ EmbeddingPath = $EmbeddingPath; PromptPath = $PromptPath } : @{} }
        { $_ -in 'Pipeline', 'Figure7' } { @{ Images = $Images; Annotations = $Annotations; Model = $Model } }
        default { @{} }
    }
    foreach ($key in $given.Keys | Where-Object { $given[$_] }) {
        $parameters[$key] = $key -eq 'Model' ? $given[$key] : (Resolve-Path -LiteralPath $given[$key]).ProviderPath
    }

    $parameters
}

# What an experiment's result depends on: its parameters and data, the scripts and the module.
function Get-ExperimentFingerprint([string] $Name, [hashtable] $Parameters) {
    $parts = @(
        foreach ($key in $Parameters.Keys | Where-Object { $_ -ne 'Force' } | Sort-Object) {
            "$key=$($Parameters[$key])"
            if ($key -notin 'OutputPath', 'Model' -and (Test-Path -LiteralPath "$($Parameters[$key])" -PathType Leaf)) {
                (Get-FileHash -LiteralPath $Parameters[$key]).Hash
            }
        }
        foreach ($script in "$Name.ps1", 'Figure.Common.ps1') { (Get-FileHash -LiteralPath (Join-Path $PSScriptRoot $script)).Hash }
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

# What run an experiment is of; what differs here is never replaced without -Force.
function Get-RunOf([string] $Name) {
    $data = $Name -in 'Pipeline', 'Figure7' ? $Images : $Name -in 'Figure6', 'Privacy' -or ($Name -eq 'ModelMarket' -and $PromptPath) ? $EmbeddingPath : ''
    [ordered]@{ Size = $Quick ? 'quick' : 'full'; Seed = $Seed; Data = $data ? (Split-Path $data -Leaf) : 'drawn scenes'; Encoder = $Model ? $Model : 'clip-small' }
}

# What tells the noted run of an experiment from the one that is asked for; nothing where they are one, or where there is no result.
function Get-RunDifference($Plan) {
    $files = @($Plan.Note.Files | Where-Object { $_ -and (Test-Path -LiteralPath (Join-Path $folder $_)) })
    if ($Force -or $Plan.Fault -or -not $files) {
        return
    }

    if (-not $Plan.Note.Run) {
        'made by a version that did not note its run'
        return
    }

    foreach ($key in $Plan.Run.Keys) {
        if ("$($Plan.Note.Run[$key])" -ne "$($Plan.Run[$key])") {
            "$($key.ToLowerInvariant()) $($Plan.Note.Run[$key]), not $($Plan.Run[$key])"
        }
    }
}

# The files of an experiment: Pipeline has a name for each step, the others begin with their own.
function Get-ExperimentFile([string] $Name) {
    $steps = 'dataset', 'retrieval', 'clusters', 'prototypes', 'data-values', 'allocation', 'fairness'
    $isOwn = switch ($Name) {
        'Pipeline' { { $_.BaseName -in $steps } }
        'DataMarket' { { $_.Name -like 'data-market*' } }
        'ModelMarket' { { $_.Name -like 'model-market*' } }
        default { { $_.Name -like "$Name*" } }
    }
    Get-ChildItem -LiteralPath $folder -File | Where-Object Extension -In '.csv', '.png', '.svg' | Where-Object $isOwn |
        Sort-Object Name | ForEach-Object Name
}

# The summary for a reader: an experiment's name, and what it found in lines that break between words.
function Show-Summary([object[]] $Summary) {
    $width = [Math]::Clamp([Console]::IsOutputRedirected ? 120 : [Console]::WindowWidth - 1, 60, 120)
    $indent = 2 + ($Summary.Experiment | Measure-Object Length -Maximum).Maximum
    foreach ($row in $Summary) {
        $line = $row.Experiment.PadRight($indent)
        foreach ($word in $row.Finding -split ' ') {
            if ($line.Length + $word.Length -gt $width -and $line.Trim()) {
                Write-Host $line.TrimEnd()
                $line = ' ' * $indent
            }

            $line += "$word "
        }

        Write-Host $line.TrimEnd()
    }
}

# What is known of an experiment before it is made: its parameters and fingerprint, the note of an earlier run, whether its files can stay,
# or why it cannot be made.
function Get-ExperimentPlan([string] $Name) {
    $plan = @{ Note = $state[$Name]; IsKept = $false; Fault = $null }
    try {
        $plan.Parameters = Get-ExperimentParameter $Name
        $plan.Fingerprint = Get-ExperimentFingerprint $Name $plan.Parameters
        $files = @($plan.Note.Files | Where-Object { $_ })
        $lost = @($files | Where-Object { -not (Test-Path -LiteralPath (Join-Path $folder $_)) })
        $plan.Run = Get-RunOf $Name
        $plan.IsKept = -not $Force -and $plan.Note.Fingerprint -eq $plan.Fingerprint -and $files.Count -gt 0 -and $lost.Count -eq 0
    }
    catch {
        $plan.Fault = $_
    }

    $plan
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

# Seconds of an experiment where no earlier run tells: only the order of magnitude matters, for the time left.
$usual = $Quick ?
    @{ Pipeline = 12; Figure4 = 1; Figure5 = 1; Figure6 = 3; Privacy = 20; Figure7 = 30; DataMarket = 60; ModelMarket = 25 } :
    @{ Pipeline = 30; Figure4 = 5; Figure5 = 5; Figure6 = 30; Privacy = 300; Figure7 = 1800; DataMarket = 600; ModelMarket = 70 }
$names = @('Pipeline', 'Figure4', 'Figure5', 'Figure6', 'Privacy', 'Figure7', 'DataMarket', 'ModelMarket' | Where-Object { $_ -in $Experiment })
$plans = @{}
$left = @{}
foreach ($name in $names) {
    $plans[$name] = Get-ExperimentPlan $name
    $left[$name] = $plans[$name].IsKept ? 0 : ($state[$name]?.Seconds ?? $usual[$name])
}

$others = @(foreach ($name in $names | Where-Object { -not $plans[$_].IsKept }) {
        $difference = @(Get-RunDifference $plans[$name])
        if ($difference) {
            "$name ($($difference -join '; '))"
        }
    })
if ($others) {
    $message = "'$folder' holds results of another run: $($others -join ', '). Choose another -OutputPath, or give -Force to replace them."
    Write-Error -Message $message -Category ResourceExists -ErrorId RunDiffers -TargetObject $folder -ErrorAction Continue
    exit 1
}

$kept, $missing = $names.Where({ $plans[$_].IsKept }, 'Split')
$seconds = 10 * [Math]::Ceiling(($left.Values | Measure-Object -Sum).Sum / 10)
if ($missing) {
    $time = $seconds -lt 300 ? "$seconds seconds" : "$([Math]::Ceiling($seconds / 60)) minutes"
    Write-Host "To make: $($missing -join ', '); about $time on two processors. The results go to $folder."
}

if ($kept) {
    Write-Host "Kept, because an earlier run made them with the same settings: $($kept -join ', '). -Force makes them anew."
}

# Without a terminal there is nobody to see a bar: a line tells what is being made.
if ([Console]::IsOutputRedirected) {
    $ProgressPreference = 'SilentlyContinue'
}

$exitCode = 0
$total = [System.Diagnostics.Stopwatch]::StartNew()
$made = [System.Collections.Generic.List[object]]::new()
foreach ($name in $names) {
    Write-Progress -Id 64 -Activity 'Experiments of the paper' -Status $name -PercentComplete (100 * $names.IndexOf($name) / $names.Count) -SecondsRemaining ([int]($left.Values | Measure-Object -Sum).Sum)
    $plan = $plans[$name]
    $isKept = $plan.IsKept
    if ($ProgressPreference -eq 'SilentlyContinue' -and -not $isKept) {
        Write-Host "[$($names.IndexOf($name) + 1)/$($names.Count)] $name"
    }

    $code = 1
    $files = @()
    $findings = @()
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    try {
        if ($plan.Fault) {
            throw $plan.Fault
        }

        if ($isKept) {
            $code = $plan.Note.ExitCode
            $files = @($plan.Note.Files)
            $findings = @($plan.Note.Findings | ForEach-Object { [pscustomobject] $_ })
        }
        else {
            $global:LASTEXITCODE = 1
            $parameters = $plan.Parameters
            $null = & (Join-Path $PSScriptRoot "$name.ps1") @parameters -InformationVariable said
            $code = $LASTEXITCODE
            $files = @(Get-ExperimentFile $name)
            $findings = @($said | Where-Object Tags -Contains 'Finding' | ForEach-Object MessageData)
        }
    }
    catch [System.Management.Automation.PipelineStoppedException] {
        throw
    }
    catch {
        Write-Error -ErrorRecord $_ -ErrorAction Continue
    }

    $seconds = $isKept ? [double] $plan.Note.Seconds : [Math]::Round($watch.Elapsed.TotalSeconds, 1)
    if (-not $isKept -and $code -in 0, 2) {
        $finished = [datetime]::UtcNow.ToString('o')
        $state[$name] = @{ Run = $plan.Run; Fingerprint = $plan.Fingerprint; ExitCode = $code; Seconds = $seconds; Finished = $finished; Files = $files; Findings = $findings }
        Save-ExperimentState $state $statePath
    }

    if ($code -notin 0, 2) {
        $findings = @([pscustomobject]@{ Experiment = $name; Finding = 'failed; the messages above say why'; File = '' })
    }

    $left.Remove($name)
    $result = [pscustomobject]@{
        PSTypeName = 'QosValuation.Experiment'
        Experiment = $name
        Status     = $isKept ? 'Kept' : $code -in 0, 2 ? 'Made' : 'Failed'
        Claim      = switch ($code) { 0 { 'Holds' } 2 { 'Differs' } default { 'Unknown' } }
        Seconds    = $seconds
        Files      = $files
        Findings   = $findings
    }
    $made.Add($result)
    $result
    if ($result.Status -eq 'Failed') {
        $exitCode = 1
    }
    elseif ($code -eq 2 -and $exitCode -eq 0) {
        $exitCode = 2
    }
}

Write-Progress -Id 64 -Activity 'Experiments of the paper' -Completed
$summary = @($made.Findings)
if (-not $WithoutReport) {
    try {
        $report = Join-Path $folder 'report.html'
        $rows = foreach ($result in $made | Where-Object Status -NE 'Failed') {
            # Those have a row for each photograph, or for each round of a mean that is shown: too long to read.
            $long = 'dataset.csv', 'retrieval.csv', 'data-market-rounds.csv', 'data-market-offers.csv', 'model-market-rounds.csv', 'model-market-lies.csv'
            # Rows of no type that a report knows, and the headings of their tables.
            $headings = @{
                'model-market.csv'         = 'AlgorithmsOfTheModelMarket'
                'model-market-claims.csv'  = 'ClaimsOfTheModelMarket'
                'model-market-privacy.csv' = 'PrivateTrainingInTheModelMarket'
                'model-market-tokens.csv'  = 'TokensByContributionInTheModelMarket'
            }
            foreach ($file in $result.Files | Where-Object { $_ -like '*.csv' -and $_ -notin $long }) {
                $read = Import-Csv -LiteralPath (Join-Path $folder $file)
                if ($headings[$file]) {
                    $read | ForEach-Object { $_.PSTypeNames.Insert(0, "QosValuation.$($headings[$file])") }
                }

                $read
            }
        }
        if ($rows) {
            $data = @($Images, $EmbeddingPath | Where-Object { $_ } | Split-Path -Leaf)
            $facts = [ordered]@{
                Seed    = $Seed
                Size    = $Quick ? 'quick' : 'full'
                Data    = $data ? $data -join ', ' : 'drawn scenes'
                Encoder = $Model ? $Model : 'clip-small'
            }
            $findings = $summary | Select-Object Experiment, Finding, File | ForEach-Object { $_.PSTypeNames.Insert(0, 'QosValuation.Findings'); $_ }
            $null = @($findings) + @($rows) | Export-QosReport -Path $report -Title 'Experiments of the paper' -Parameter $facts -Force
            $summary += [pscustomobject]@{ Experiment = 'Report'; Finding = 'all of this as one page with plots'; File = 'report.html' }
        }
    }
    catch {
        Write-Error -ErrorRecord $_ -ErrorAction Continue
        $exitCode = 1
    }
}

if ($summary) {
    Export-FigureCsv $summary (Join-Path $folder 'summary.csv')
    Write-Host ''
    Show-Summary $summary
    Write-Host ''
}

Write-Host "Written to $folder in $([int] $total.Elapsed.TotalSeconds) seconds; seed $Seed."
exit $exitCode
