<#
.SYNOPSIS
Measures what ε costs and what it buys: the privacy-utility curve, attacks on membership, and an audit of the mechanisms.

.DESCRIPTION
Groups photographs by their image embeddings into as many clusters as asked for (spherical k-means), leaves out those of a single record, and measures three things over ε from 0.1 to 10:

Utility: whether a released prototype still finds its own cluster among all, how near it is to the clean one, and whether an image prototype finds the text prototype of its cluster. Every post-processing is measured on the same noise. The Image-DP baseline of the paper is measured beside the formal mechanism. Written to privacy-utility.csv.

Membership: how well an attacker tells from a prototype whether a record was in the cluster, knowing everything else (LikelihoodRatio) or only the prototype (Cosine). Written to privacy-membership.csv.

Audit: a lower bound on the ε that each mechanism really has, from many releases of a worst case, and that a halved noise is caught. Written to privacy-audit.csv.

The embeddings are those of -ImagePath, with the prompts of -PromptPath as texts: each photograph's text is the prompt nearest to it. Without -ImagePath scenes are drawn and embedded with their captions by the built-in clip-small.

Emits the rows of all three. Exit codes: 0 everything was measured, every formal mechanism keeps what it claims, and the halved noise was caught; 1 an error; 2 everything was measured, but an audit came out otherwise.

.PARAMETER ImagePath
The image embeddings: a .npy, .csv or .jsonl file. Without it scenes are drawn.

.PARAMETER PromptPath
Text embeddings of prompts in the same space; without them there is no cross-modal figure for embeddings of a file.

.PARAMETER OutputPath
The folder for the results; created where it does not exist. The folder results by default.

.PARAMETER ClusterCount
The number of clusters; 10 by default.

.PARAMETER Epsilon
The values of ε; 0.1 to 10 by default.

.PARAMETER Trials
The releases of every cluster at each ε for the utility; 100 by default. Membership takes twenty times as many, the audit five thousand times.

.PARAMETER Seed
The seed: the same seed gives the same rows, on any number of cores. 1 by default.

.PARAMETER Quick
5 trials instead of 100, and 200 scenes instead of 1000, for a first look.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/Privacy.ps1 -Quick

A first look on drawn scenes.

.EXAMPLE
./scripts/Privacy.ps1 image_embeddings.npy -PromptPath coco80_text_embeddings.npy -Quick

Measures real embeddings, every point with 5 trials, and writes results/privacy-utility.csv and the other two.

.OUTPUTS
QosValuation.PrototypeUtility, QosValuation.MembershipInference, QosValuation.EmpiricalPrivacy
#>
[CmdletBinding(DefaultParameterSetName = 'Trials')]
param(
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $ImagePath,

    [ValidateNotNullOrEmpty()]
    [string] $PromptPath,

    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateRange(2, [int]::MaxValue)]
    [int] $ClusterCount = 10,

    [ValidateNotNullOrEmpty()]
    [double[]] $Epsilon = @(0.1, 0.2, 0.5, 1, 2, 5, 10),

    [Parameter(ParameterSetName = 'Trials')]
    [ValidateRange(1, 10000)]
    [int] $Trials = 100,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [switch] $Force,

    [int] $Seed = 1
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

# Photographs of a file, each with the prompt nearest to it as its text.
function Get-PromptedEmbedding {
    $images = @(Import-Embedding -LiteralPath $ImagePath -Modality Image)
    if (-not $PromptPath) {
        return $images
    }

    # Clusters of public centroids are nearest neighbours: cluster n holds the photographs nearest to prompt n.
    $prompts = @(Import-Embedding -LiteralPath $PromptPath -Modality Text)
    foreach ($cluster in $images | Group-Embedding -PublicCentroid $prompts) {
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
}

$bound = $PSBoundParameters
Invoke-FigureBody {
    $utilityPath = Resolve-FigurePath (Join-Path $OutputPath 'privacy-utility.csv')
    $membershipPath = Resolve-FigurePath (Join-Path $OutputPath 'privacy-membership.csv')
    $auditPath = Resolve-FigurePath (Join-Path $OutputPath 'privacy-audit.csv')
    $run = Get-FigureRun $bound $Quick $Seed $ImagePath
    Assert-FigureRun $utilityPath, $membershipPath, $auditPath $run $Force
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $count = $Quick ? 5 : $Trials
    $records = @($ImagePath ? (Get-PromptedEmbedding) : (Get-SceneEmbedding -Count ($Quick ? 200 : 1000) -Seed $Seed -WithCaption))
    # Of a cluster of one record nothing is left without it, so that no attack could be played.
    $clusters = @($records | Group-Embedding -Algorithm KMeans -ClusterCount $ClusterCount -Seed $Seed | Where-Object Count -GE 2)
    $methods = @('None', 'Sphere', 'Shrink') + ($records.Modality -contains 'Text' ? @('Average', 'Join') : @())

    $utility = @{ PostProcess = $methods; Trials = $count; Seed = $Seed }
    $(
        $clusters | Measure-PrototypeUtility -Epsilon $Epsilon @utility
        $clusters | Measure-PrototypeUtility -Mechanism ImageDp @utility
    ) | Tee-Object -Variable curve
    Export-FigureCsv $curve $utilityPath $run

    $membership = @{ Trials = $Quick ? 1000 : 20 * $count; Seed = $Seed; Modality = 'Image' }
    $(
        $clusters | Invoke-MembershipInferenceAttack -Epsilon $Epsilon @membership
        $clusters | Invoke-MembershipInferenceAttack -Mechanism ImageDp @membership
    ) | Tee-Object -Variable attacks
    Export-FigureCsv $attacks $membershipPath $run

    # The mechanisms as they are, and one whose noise is half of what it should be.
    $audit = @{ Trials = 5000 * $count; Seed = $Seed }
    $(
        Measure-EmpiricalPrivacy -Epsilon $Epsilon @audit
        Measure-EmpiricalPrivacy -Epsilon $Epsilon -Neighboring AddRemove @audit
        Measure-EmpiricalPrivacy -Epsilon 1 -Mechanism AnalyticGaussian @audit
        Measure-EmpiricalPrivacy -Epsilon 0.5 -Mechanism ClassicGaussian @audit
        Measure-EmpiricalPrivacy -Mechanism ImageDp @audit
    ) | Tee-Object -Variable kept
    $halved = Measure-EmpiricalPrivacy -Epsilon 5 -NoiseScale 0.5 @audit
    $halved
    Export-FigureCsv (@($kept) + $halved) $auditPath $run
    $watch.Stop()

    $violated = @($kept | Where-Object IsViolated).Count
    $script:FigureExitCode = $violated -or -not $halved.IsViolated ? 2 : 0
    $one = $curve | Where-Object { $_.Epsilon -eq 1 -and $_.Modality -eq 'Image' -and $_.PostProcess -eq 'None' } | Select-Object -First 1
    $finding = "$violated of $(@($kept).Count) audits found more than was claimed; half of the noise $($halved.IsViolated ? 'was' : 'was not') caught."
    if ($one) {
        $accuracy = $one.RetrievalAccuracy.ToString('P0')
        $finding += " At ε = 1 an image prototype finds its own cluster among $(@($clusters).Count) in $accuracy of the releases."
    }

    Write-Finding 'Privacy' 'privacy-utility.csv' $finding.TrimEnd('.')
    $count = @($curve).Count + @($attacks).Count + @($kept).Count + 1
    Write-Host "Privacy: $count rows in $($watch.Elapsed.TotalSeconds.ToString('F1')) s, written to $utilityPath and beside it. $finding"
}

exit $FigureExitCode
