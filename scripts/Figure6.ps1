<#
.SYNOPSIS
Reproduces Fig. 6 of the paper: data value against quantity, and what each novelty threshold discovers.

.DESCRIPTION
Lets embeddings arrive in random orders, clusters them online, and averages for each novelty threshold Γ what they are worth after each quantity (Fig. 6a), and how many novel records and confirmed clusters they hold, how long confirmation takes, and when differential privacy can first be applied (Fig. 6b). Emits a row for each Γ and quantity, with standard errors; writes them to figure6a.csv, and the rows of the largest quantity to figure6b.csv.

The embeddings are those of -Path: a file of embeddings (.npy, .csv, .jsonl), or a folder of photographs, which are embedded with -Model. Without it scenes are drawn and embedded with the built-in clip-small.

Exit codes: 0 the figure was made and shows what the paper says: for every Γ the value grows with quantity while a further record adds less in the second half than in the first, and a larger Γ has more novel records, where any are left, and confirms its first cluster later, if at all; 1 an error; 2 the figure was made, but does not show all of that.

.PARAMETER Path
A file of embeddings (.npy, .csv or .jsonl, as Import-Embedding reads), or a folder of photographs. Without it scenes are drawn.

.PARAMETER Model
The model that embeds photographs: a name or a folder, as for Get-ClipEmbedding; clip-small by default.

.PARAMETER OutputPath
The folder in which figure6a.csv and figure6b.csv are written, or a name such as run.csv for runa.csv and runb.csv; created where it does not exist. The folder results by default.

.PARAMETER Seed
The seed: the same seed gives the same rows, on any number of cores. 1 by default.

.PARAMETER Repetition
The random orders that are averaged; 200 by default.

.PARAMETER Quick
20 orders instead of 200, and 150 scenes instead of 1000, for a first look.

.PARAMETER NoveltyThreshold
Γ: the thresholds; 5, 10, 25, 50 and 100 by default.

.PARAMETER Quantity
The numbers of records at which rows are made; twenty by default, evenly spaced up to all records.

.PARAMETER SimilarityThreshold
The cosine from which a cluster takes a record. By default that of the embeddings' model, as for Invoke-ValuationSimulation, and 0.7 where a file names none, which suits images of CLIP ViT-B/32; 0.85 for drawn scenes, which lie closer together than photographs.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/Figure6.ps1 -Path ./image_embeddings.npy

Makes the figure from embeddings with 200 orders and writes results/figure6a.csv and results/figure6b.csv.

.EXAMPLE
./scripts/Figure6.ps1 -Quick -NoveltyThreshold 5, 20

A first look at two thresholds, on drawn scenes.

.EXAMPLE
./scripts/Figure6.ps1 -Path ./photos | Where-Object NoveltyThreshold -eq 50 | Select-Object Quantity, Value, ValueStandardError

Rows are objects.

.OUTPUTS
QosValuation.ValuationSimulationResult
#>
[CmdletBinding(DefaultParameterSetName = 'Repetition')]
param(
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [ValidateNotNullOrEmpty()]
    [ArgumentCompletions('clip-small', 'clip-mini', 'ViT-B-32', 'ViT-B-32-fp16', 'ViT-B-32-quantized')]
    [string] $Model = 'clip-small',

    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [int] $Seed = 1,

    [Parameter(ParameterSetName = 'Repetition')]
    [ValidateRange(1, 10000000)]
    [int] $Repetition = 200,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [switch] $Force,

    [ValidateNotNullOrEmpty()]
    [ValidateRange(1, [int]::MaxValue)]
    [int[]] $NoveltyThreshold = @(5, 10, 25, 50, 100),

    [ValidateNotNullOrEmpty()]
    [int[]] $Quantity,

    [ValidateRange(0.0, 1.0)]
    [ValidateScript({ $_ -isnot [string] -or -not $_.Contains(',') }, ErrorMessage = "'{0}' is not a number: write decimals with a point, and nothing between thousands.")]
    $SimilarityThreshold
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

# The embeddings of a file, of a folder of photographs, or of drawn scenes.
function Get-FigureEmbedding {
    if (-not $Path) {
        Get-SceneEmbedding -Count ($Quick ? 150 : 1000) -Seed $Seed
    }
    elseif (Test-Path -LiteralPath $Path -PathType Container) {
        Get-ClipEmbedding -LiteralPath $Path -Recurse -Model $Model
    }
    else {
        Import-Embedding -LiteralPath $Path
    }
}

$bound = $PSBoundParameters
Invoke-FigureBody {
    $name = Resolve-FigurePath $OutputPath 'figure6.csv'
    $files = 'a', 'b' | ForEach-Object { $name -replace '\.csv$', "$_.csv" }
    $run = Get-FigureRun $bound $Quick $Seed $Path $Model
    Assert-FigureRun $files $run $Force
    $settings = @{ NoveltyThreshold = $NoveltyThreshold; Repetition = $Quick ? 20 : $Repetition; Seed = $Seed }
    if ($bound.ContainsKey('SimilarityThreshold')) {
        $settings.SimilarityThreshold = $SimilarityThreshold
    }
    elseif (-not $Path) {
        $settings.SimilarityThreshold = 0.85
    }

    if ($Quantity) {
        $settings.Quantity = $Quantity
    }

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    Get-FigureEmbedding | Invoke-ValuationSimulation @settings | Tee-Object -Variable rows
    $watch.Stop()
    if (-not $rows) {
        throw "Nothing could be embedded from '$Path'."
    }

    $largest = ($rows.Quantity | Measure-Object -Maximum).Maximum
    Export-FigureCsv $rows $files[0] $run
    Export-FigureCsv @($rows | Where-Object Quantity -eq $largest) $files[1] $run
    $claim = [QosValuation.ValuationClaim]::Of([QosValuation.ValuationSimulationResult[]] @($rows))
    $script:FigureExitCode = $claim.IsShown ? 0 : 2
    $each = $rows | Where-Object Quantity -eq $largest | ForEach-Object {
        $privacy = $null -ne $_.FirstConfirmation ? "DP after $($_.FirstConfirmation.ToString('F0')) records" : 'no DP'
        "Γ = $($_.NoveltyThreshold): value $($_.Value.ToString('F2')), $($_.Novel.ToString('F0')) novel, $privacy"
    }
    Write-Finding 'Figure 6' (Split-Path $files[1] -Leaf) "$($each -join '; '). $claim"
    Write-Host "Figure 6: $(@($rows).Count) rows in $($watch.Elapsed.TotalSeconds.ToString('F1')) s, written to $($files -join ' and '). $claim"
}

exit $FigureExitCode
