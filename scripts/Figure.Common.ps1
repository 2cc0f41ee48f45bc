# What the figures share; each Figure<N>.ps1 dot-sources it, calls its function, and exits with $FigureExitCode:
# 0 the figure was made and shows what the paper claims, 1 an error, 2 it was made and does not show that.

# Imports the module that the build assembled beside the scripts, or an installed one, where none is loaded.
function Import-FigureModule {
    if (Get-Module QosValuation) {
        return
    }

    $manifest = Join-Path $PSScriptRoot '../out/QosValuation/QosValuation.psd1'
    if (Test-Path -LiteralPath $manifest) {
        Import-Module $manifest -Scope Global -ErrorAction Stop
    }
    elseif (Get-Module QosValuation -ListAvailable) {
        Import-Module QosValuation -Scope Global -ErrorAction Stop
    }
    else {
        throw "The module QosValuation is neither built nor installed: run ./build.ps1 in the repository first."
    }
}

# The full path of the CSV file: OutputPath itself where it ends in .csv, else a file in that folder, which is made.
function Resolve-FigurePath([string] $OutputPath, [string] $FileName) {
    $full = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutputPath)
    if ([System.IO.Path]::GetExtension($full) -ne '.csv') {
        $full = Join-Path $full $FileName
    }

    $null = New-Item -ItemType Directory -Path (Split-Path $full) -Force -ErrorAction Stop
    $full
}

# The mean of numbers, at least two, and its standard error.
function Measure-SampleMean([double[]] $Numbers) {
    $mean = ($Numbers | Measure-Object -Average).Average
    $variance = ($Numbers | ForEach-Object { ($_ - $mean) * ($_ - $mean) } | Measure-Object -Sum).Sum / ($Numbers.Count - 1)
    $mean, [Math]::Sqrt($variance / $Numbers.Count)
}

# What makes a run: two runs of one are told apart by what differs here. Bound are the parameters that the user gave.
function Get-FigureRun([hashtable] $Bound, [bool] $Quick, [int] $Seed, [string] $Data, [string] $Model) {
    $own = 'OutputPath', 'Force', 'Quick', 'Seed', 'Model', 'Images', 'Path', 'ImagePath'
    $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
    $settings = foreach ($key in $Bound.Keys | Where-Object { $_ -notin $own -and $_ -notin $common } | Sort-Object) {
        "$key = $([string]::Join(' ', @($Bound[$key] | ForEach-Object { [System.Convert]::ToString($_, [cultureinfo]::InvariantCulture) })))"
    }
    [ordered]@{
        Size     = $Quick ? 'quick' : 'full'
        Seed     = $Seed
        Data     = $Data ? (Split-Path $Data -Leaf) : 'drawn scenes'
        Encoder  = $Model ? $Model : 'clip-small'
        Settings = $settings -join '; '
    }
}

# runs.json in a folder notes of each result what run it is of. A file that cannot be read notes nothing.
function Read-FigureRun([string] $Folder) {
    $file = Join-Path $Folder 'runs.json'
    if (-not (Test-Path -LiteralPath $file)) {
        return @{}
    }

    try {
        Get-Content -LiteralPath $file -Raw -ErrorAction Stop | ConvertFrom-Json -AsHashtable -ErrorAction Stop
    }
    catch {
        @{}
    }
}

# Refuses to replace results of another run, before anything is made. The same run may be made again: it gives the same results.
function Assert-FigureRun([string[]] $Path, $Run, [bool] $Force) {
    foreach ($file in $Path | Where-Object { -not $Force -and (Test-Path -LiteralPath $_) }) {
        $note = (Read-FigureRun (Split-Path $file))[(Split-Path $file -Leaf)]
        $differences = foreach ($key in $note ? $Run.Keys : @()) {
            if ("$($note[$key])" -ne "$($Run[$key])") {
                "$key '$($note[$key])', not '$($Run[$key])'"
            }
        }
        if (-not $note -or $differences) {
            $why = $note ? "is of another run ($($differences -join '; '))" : 'exists, and nothing notes what run it is of'
            throw [System.IO.IOException]::new("'$file' $why. Choose another -OutputPath, or give -Force to replace it.")
        }
    }
}

# Notes what run the results are of.
function Save-FigureRun([string[]] $Path, $Run) {
    $folder = Split-Path $Path[0]
    $runs = Read-FigureRun $folder
    $module = (Get-Module QosValuation).Version.ToString()
    foreach ($file in $Path) {
        $runs[(Split-Path $file -Leaf)] = $Run + [ordered]@{ Module = $module; Finished = [datetime]::UtcNow.ToString('o') }
    }

    $target = Join-Path $folder 'runs.json'
    $temporary = "$target.$([guid]::NewGuid().ToString('N').Substring(0, 8)).tmp"
    $sorted = [ordered]@{}
    $runs.Keys | Sort-Object | ForEach-Object { $sorted[$_] = $runs[$_] }
    $sorted | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath $temporary
    [System.IO.File]::Move($temporary, $target, $true)
}

# Rows for a file that people open in a spreadsheet: text that it would take for a formula gets an apostrophe before it. Numbers stay.
function ConvertTo-SpreadsheetRow {
    process {
        $row = $_
        $isFormula = { $_.Value -is [string] -and $_.Value -match "^'*[=+\-@\t\r]" -and -not [double]::TryParse($_.Value, [ref] 0.0) }
        if (-not $row.PSObject.Properties.Where($isFormula, 'First')) { return $row }
        $guarded = [ordered]@{}
        foreach ($property in $row.PSObject.Properties) { $guarded[$property.Name] = $property.ForEach{ (& $isFormula) ? "'$($_.Value)" : $_.Value }[0] }
        [pscustomobject] $guarded
    }
}

# Writes rows whole or not at all, and in the invariant culture; and notes what run they are of, so that a run that was stopped can be made again.
function Export-FigureCsv([object[]] $Rows, [string] $Path, $Run) {
    $temporary = "$Path.$([guid]::NewGuid().ToString('N').Substring(0, 8)).tmp"
    $culture = [cultureinfo]::CurrentCulture
    try {
        # Export-Csv writes numbers as the culture has them.
        [cultureinfo]::CurrentCulture = [cultureinfo]::InvariantCulture
        $Rows | ConvertTo-SpreadsheetRow | Export-Csv -LiteralPath $temporary -ErrorAction Stop
        [System.IO.File]::Move($temporary, $Path, $true)
        if ($Run) {
            Save-FigureRun $Path $Run
        }
    }
    finally {
        [cultureinfo]::CurrentCulture = $culture
        if (Test-Path -LiteralPath $temporary) {
            Remove-Item -LiteralPath $temporary -Force
        }
    }
}

# The embeddings of drawn scenes, by the built-in model; with their captions where asked for.
function Get-SceneEmbedding([int] $Count, [int] $Seed, [switch] $WithCaption) {
    $scenes = Join-Path ([System.IO.Path]::GetTempPath()) "scenes-$([guid]::NewGuid().ToString('N'))"
    try {
        New-SceneDataset -Path $scenes -Count $Count -ImageSize 64 -Seed $Seed |
            Get-ClipEmbedding -Modality ($WithCaption ? 'Both' : 'Image') -WarningAction SilentlyContinue
    }
    finally {
        Remove-Item -LiteralPath $scenes -Recurse -Force -ErrorAction Ignore
    }
}

function Measure-Cosine([float[]] $A, [float[]] $B) {
    $dot = $square = $other = 0.0
    for ($i = 0; $i -lt $A.Length; $i++) {
        $dot += $A[$i] * $B[$i]
        $square += $A[$i] * $A[$i]
        $other += $B[$i] * $B[$i]
    }

    $dot / [Math]::Sqrt($square * $other)
}

# Notes what an experiment found, and in which file: a record for -InformationVariable, of which Invoke-PaperExperiments.ps1 makes its summary.
function Write-Finding([string] $Experiment, [string] $File, [string] $Finding) {
    Write-Information ([pscustomobject]@{ Experiment = $Experiment; Finding = $Finding; File = $File }) -Tags Finding
}

# Makes a figure: imports the module, runs Body, which emits the rows as they are ready and sets $FigureExitCode, and turns
# an error into one error record and the exit code 1.
function Invoke-FigureBody([scriptblock] $Body) {
    $script:FigureExitCode = 1
    try {
        Import-FigureModule
        . $Body
    }
    catch {
        $script:FigureExitCode = 1
        Write-Error -ErrorRecord $_ -ErrorAction Continue
    }
}

# Figs. 4 and 5: simulates the paper's allocation along one variable, with its supply and buckets. What the two scripts take stands here once.
function Invoke-AllocationFigure {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [ValidateSet(4, 5)]
        [int] $Number,

        [ValidateNotNullOrEmpty()]
        [string] $OutputPath = 'results',

        [int] $Seed = 1,

        [ValidateRange(1, [int]::MaxValue)]
        [int] $Rounds = 1000,

        [switch] $Quick,

        [switch] $Force,

        [ValidateNotNullOrEmpty()]
        [string[]] $Scheme,

        [ValidateNotNullOrEmpty()]
        [double[]] $Alpha = ($Number -eq 4 ? @(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10) : 0.5),

        [ValidateNotNullOrEmpty()]
        [int[]] $Agents = ($Number -eq 5 ? @(100, 200, 300, 400, 500, 750, 1000, 1500, 2000) : 500)
    )

    $variable = $Number -eq 4 ? 'Alpha' : 'Agents'
    $simulation = @{ Agents = $Agents; Alpha = $Alpha; Supply = 1000; Capacity = 4; Rounds = $Quick ? 50 : $Rounds; Seed = $Seed }
    if ($Scheme) {
        $simulation.Scheme = $Scheme # else those of the paper
    }

    $bound = $PSBoundParameters
    Invoke-FigureBody {
        $path = Resolve-FigurePath $OutputPath "figure$Number.csv"
        $run = Get-FigureRun $bound $Quick $Seed 'simulated agents' 'none'
        Assert-FigureRun $path $run $Force
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        Invoke-AllocationSimulation @simulation -ErrorAction Stop | Tee-Object -Variable rows
        $watch.Stop()
        Export-FigureCsv $rows $path $run
        $claim = [QosValuation.AllocationClaim]::Of([QosValuation.AllocationSimulationResult[]] @($rows))
        $script:FigureExitCode = 0
        $text = "Figure ${Number}: $(@($rows).Count) rows in $($watch.Elapsed.TotalSeconds.ToString('F1')) s, written to $path."
        if ($claim) {
            $finding = $claim.Over($variable)
            Write-Finding "Figure $Number" (Split-Path $path -Leaf) $finding
            $text += " $finding"
            if (-not $claim.IsShown) {
                $script:FigureExitCode = 2
            }
        }

        Write-Host $text
    }
}
