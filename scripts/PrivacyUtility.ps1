<#
.SYNOPSIS
Measures the privacy-utility curve of released prototypes on CLIP embeddings, from ε = 0.1 to 10.

.DESCRIPTION
Groups photographs by their image embeddings into as many clusters as asked for (spherical k-means), releases the clusters' prototypes again and again at each ε, and measures whether a released prototype still finds its own cluster among all, how near it is to the clean one, and whether an image prototype finds the text prototype of its cluster. Each photograph's text is the prompt nearest to it, where prompts are given. Every post-processing is measured on the same noise. The Image-DP baseline of the paper is measured beside the formal mechanism. Emits the rows and writes them to privacy-utility.csv.

.PARAMETER ImagePath
The image embeddings: a .npy, .csv or .jsonl file.

.PARAMETER PromptPath
Text embeddings of prompts in the same space; without them there is no cross-modal figure.

.PARAMETER OutputPath
The folder in which privacy-utility.csv is written; created where it does not exist. The folder results by default.

.PARAMETER ClusterCount
The number of clusters; 10 by default.

.PARAMETER Epsilon
The values of ε; 0.1 to 10 by default.

.PARAMETER Trials
The releases of every cluster at each ε; 100 by default.

.PARAMETER Seed
The seed: the same seed gives the same rows, on any number of cores. 1 by default.

.PARAMETER Quick
5 trials instead of 100, for a first look.

.EXAMPLE
./scripts/PrivacyUtility.ps1 image_embeddings.npy -PromptPath coco80_text_embeddings.npy -Quick

Measures every point with 5 trials and writes results/privacy-utility.csv.

.OUTPUTS
QosValuation.PrototypeUtility
#>
[CmdletBinding(DefaultParameterSetName = 'Trials')]
param(
    [Parameter(Mandatory, Position = 0)]
    [string] $ImagePath,

    [string] $PromptPath,

    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateRange(2, [int]::MaxValue)]
    [int] $ClusterCount = 10,

    [ValidateNotNullOrEmpty()]
    [double[]] $Epsilon = @(0.1, 0.2, 0.5, 1, 2, 5, 10),

    [Parameter(ParameterSetName = 'Trials')]
    [ValidateRange(1, [int]::MaxValue)]
    [int] $Trials = 100,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [int] $Seed = 1
)

$ErrorActionPreference = 'Stop'
if (-not (Get-Module QosValuation)) {
    Import-Module (Join-Path $PSScriptRoot '../out/QosValuation')
}

$images = @(Import-Embedding $ImagePath -Modality Image)
$records = $images
$methods = 'None', 'Sphere', 'Shrink'
if ($PromptPath) {
    # Clusters of public centroids are nearest neighbours: cluster n holds the photographs nearest to prompt n.
    $prompts = @(Import-Embedding $PromptPath -Modality Text)
    $records = foreach ($cluster in $images | Group-Embedding -PublicCentroid $prompts) {
        foreach ($image in $cluster.Members) {
            $image
            [QosValuation.ClipEmbedding]@{
                Source      = $prompts[$cluster.Id].Source
                Item        = $image.Item
                Contributor = $image.Contributor
                Modality    = 'Text'
                Vector      = $cluster.Centroid
            }
        }
    }
    $methods += 'Average', 'Join'
}

$clusters = @($records | Group-Embedding -Algorithm KMeans -ClusterCount $ClusterCount -Seed $Seed)
$measure = @{ PostProcess = $methods; Trials = $Quick ? 5 : $Trials; Seed = $Seed }
$rows = @(
    $clusters | Measure-PrototypeUtility -Epsilon $Epsilon @measure
    $clusters | Measure-PrototypeUtility -Mechanism ImageDp @measure
)
$null = New-Item -ItemType Directory -Path $OutputPath -Force
$rows | Export-Csv -LiteralPath (Join-Path $OutputPath 'privacy-utility.csv')
$rows
