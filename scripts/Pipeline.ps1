<#
.SYNOPSIS
Runs the paper's pipeline once, from photographs to fair token grants.

.DESCRIPTION
Embeds photographs with their captions, clusters them with the paper's Γ = 50, releases the prototypes of the confirmed
clusters by every mechanism at ε = 1 and δ = 1e-5, values the contributors, allocates tokens to them by every scheme, and
measures how fair each allocation is. Emits a row for each scheme.

Writes dataset.csv (a row a photograph), embeddings.npy, retrieval.csv (the caption nearest to each photograph),
clusters.csv, prototypes.csv (how near each release comes to the prototype without noise, and whether it still finds its
own cluster), data-values.csv, allocation.csv and fairness.csv.

Without -Images scenes are drawn, by eight contributors, into the folder scenes beside the results.

Exit codes: 0 everything was made, and Proposed is the fairest of the paper's four schemes by both indices; 1 an error;
2 everything was made, but that ordering does not hold.

.PARAMETER OutputPath
The folder for the results; created where it does not exist. The folder results by default.

.PARAMETER Images
A folder of photographs, a folder in it for each contributor. Where there is one contributor only, the photographs are divided unevenly among eight, by a draw.

.PARAMETER Annotations
A captions file in COCO layout for -Images.

.PARAMETER Model
The encoder, a name or a folder; clip-small by default.

.PARAMETER NoveltyThreshold
Γ: the first Γ records of a cluster are novel, and a cluster that holds Γ is confirmed; 50 by default, as in the paper.

.PARAMETER Epsilon
ε of each prototype; 1 by default, as in the paper.

.PARAMETER Supply
The tokens to allocate; by default half of what the buckets hold.

.PARAMETER Capacity
The capacity of each bucket in tokens; 4 by default, as in the paper.

.PARAMETER Seed
The seed: the same seed gives the same rows. 1 by default.

.PARAMETER Quick
400 scenes instead of 1000, for a first look.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/Pipeline.ps1 -Quick

Draws 400 scenes and writes the results into the folder results.

.EXAMPLE
./scripts/Pipeline.ps1 -Images ./photos -Annotations ./captions.json | Sort-Object Jain -Descending

Photographs of your own, and which scheme is the fairest.

.OUTPUTS
A row for each scheme: Scheme, Agents, Supply, Allocated, SocialWelfare, Jain, Gini, MinRate, MaxRate.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateNotNullOrEmpty()]
    [string] $Images,

    [ValidateNotNullOrEmpty()]
    [string] $Annotations,

    [ValidateNotNullOrEmpty()]
    [ArgumentCompletions('clip-small', 'clip-mini', 'ViT-B-32', 'ViT-B-32-fp16')]
    [string] $Model = 'clip-small',

    [ValidateRange(1, 1000000)]
    [int] $NoveltyThreshold = 50,

    [ValidateNotNullOrEmpty()]
    [ValidateScript({ $_ -isnot [string] -or -not $_.Contains(',') }, ErrorMessage = "'{0}' is not a number: write decimals with a point, and nothing between thousands.")]
    $Epsilon = 1,

    [ValidateScript({ $_ -isnot [string] -or -not $_.Contains(',') }, ErrorMessage = "'{0}' is not a number: write decimals with a point, and nothing between thousands.")]
    $Supply,

    [ValidateScript({ $_ -isnot [string] -or -not $_.Contains(',') }, ErrorMessage = "'{0}' is not a number: write decimals with a point, and nothing between thousands.")]
    $Capacity = 4,

    [int] $Seed = 1,

    [switch] $Quick,

    [switch] $Force
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')
$supplyBound = $PSBoundParameters.ContainsKey('Supply')

# Not as types of the parameters: PowerShell would read the text 0,5, which is what another shell passes on, as 5.
$Epsilon = [double] $Epsilon
$Capacity = [double] $Capacity
if ($supplyBound) { $Supply = [double] $Supply }

# The photographs with their captions; drawn scenes without -Images.
function Get-Photograph([string] $Folder) {
    if (-not $Images) {
        New-SceneDataset (Join-Path $Folder 'scenes') -Count ($Quick ? 400 : 1000) -Contributors 8 -Seed $Seed -Force
    }
    elseif ($Annotations) {
        Import-CocoDataset $Annotations $Images -ErrorAction Continue
    }
    else {
        Get-ChildItem -LiteralPath $Images -Recurse -File |
            Where-Object { $_.Name -match '^[^.].*\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif|svg)$' } | # what Get-ClipEmbedding takes out of a folder
            ForEach-Object { [pscustomobject]@{ Path = $_.FullName; Captions = @() } }
    }
}

# A contributor for each photograph: its folder, or, where all have the same, one of eight with unequal shares, by a seeded draw.
function Get-Owner([object[]] $Photographs) {
    $folders = @($Photographs | ForEach-Object { Split-Path (Split-Path $_.Path) -Leaf })
    $owners = @{}
    $random = [System.Random]::new($Seed)
    $shares = @(1..8 | ForEach-Object { -[Math]::Log(1 - $random.NextDouble()) })
    $sum = ($shares | Measure-Object -Sum).Sum
    $isDivided = @($folders | Select-Object -Unique).Count -gt 1
    for ($i = 0; $i -lt $Photographs.Count; $i++) {
        $owner = $folders[$i]
        if (-not $isDivided) {
            $draw = $random.NextDouble() * $sum
            $number = 0
            while ($number -lt 7 -and ($draw -= $shares[$number]) -ge 0) { $number++ }
            $owner = 'contributor-{0:D2}' -f ($number + 1)
        }

        $owners[$Photographs[$i].Path] = $owner
    }

    $owners
}

# For each photograph the nearest among the first captions of all: clusters around public centroids hold what is nearest to them.
function Get-NearestCaption([object[]] $Embeddings) {
    $captions = @($Embeddings | Where-Object Modality -EQ Text | Group-Object Item | ForEach-Object { $_.Group[0] })
    $photographs = @($Embeddings | Where-Object Modality -EQ Image)
    if ($captions) {
        foreach ($cluster in $photographs | Group-Embedding -PublicCentroid $captions -WarningAction SilentlyContinue) {
            foreach ($photograph in $cluster.Members) {
                $caption = $captions[$cluster.Id]
                [pscustomobject]@{ Item = Split-Path $photograph.Item -Leaf; NearestCaption = $caption.Source; IsOwn = $caption.Item -eq $photograph.Item }
            }
        }
    }
}

$bound = $PSBoundParameters
Invoke-FigureBody {
    $folder = Split-Path (Resolve-FigurePath (Join-Path $OutputPath 'dataset.csv'))
    $save = { param($rows, $name) Export-FigureCsv @($rows) (Join-Path $folder "$name.csv") $run }
    $results = 'dataset', 'retrieval', 'clusters', 'prototypes', 'data-values', 'allocation', 'fairness' | ForEach-Object { Join-Path $folder "$_.csv" }
    $run = Get-FigureRun $bound $Quick $Seed $Images $Model
    Assert-FigureRun $results $run $Force
    $watch = [System.Diagnostics.Stopwatch]::StartNew()

    Write-Progress -Id 1 -Activity 'Pipeline' -Status 'Photographs' -PercentComplete 0
    $photographs = @(Get-Photograph $folder)
    if (-not $photographs) {
        throw "No photographs were found in '$Images'."
    }

    $owners = Get-Owner $photographs
    $dataset = $photographs | ForEach-Object {
        [pscustomobject]@{ Path = [System.IO.Path]::GetRelativePath($folder, $_.Path); Contributor = $owners[$_.Path]; Captions = @($_.Captions).Count }
    }
    & $save $dataset 'dataset'
    $captionCount = ($dataset | Measure-Object Captions -Sum).Sum
    $origin = $Images ? "from $(Split-Path $Images -Leaf)" : 'of drawn scenes'
    Write-Finding 'Dataset' 'dataset.csv' "$($photographs.Count) photographs, $captionCount captions $origin"

    Write-Progress -Id 1 -Activity 'Pipeline' -Status 'Embedding' -PercentComplete 20
    $embedding = [System.Diagnostics.Stopwatch]::StartNew()
    $embeddings = @($photographs | Get-ClipEmbedding -Model $Model -Contributor { $owners[$_.Path] } -ErrorAction Continue -WarningAction SilentlyContinue)
    $embedding.Stop()
    if (-not $embeddings) {
        throw "Nothing could be embedded from '$Images'."
    }

    $count = @($embeddings | Where-Object Modality -EQ Image).Count
    $embeddings | Export-Embedding (Join-Path $folder 'embeddings.npy') -Force
    $nearest = @(Get-NearestCaption $embeddings)
    $speed = ($embeddings.Count / $embedding.Elapsed.TotalSeconds).ToString('F0')
    $finding = "$($embeddings.Count) vectors of $($embeddings[0].Vector.Count) by $($embeddings[0].Model), $speed a second"
    if ($nearest) {
        & $save ($nearest | Sort-Object Item) 'retrieval'
        $finding += "; $(@($nearest | Where-Object IsOwn).Count) of $($nearest.Count) photographs are nearest to their own caption (chance 1)"
    }

    Write-Finding 'Embeddings' ($nearest ? 'retrieval.csv' : 'embeddings.npy') $finding

    Write-Progress -Id 1 -Activity 'Pipeline' -Status 'Clusters and prototypes' -PercentComplete 70
    $clusters = @($embeddings | Group-Embedding -NoveltyThreshold $NoveltyThreshold)
    $labelled = @($embeddings | Group-Embedding -NoveltyThreshold $NoveltyThreshold -PassThru)
    & $save ($clusters | ForEach-Object {
            $contributors = @($_.Members.Contributor | Select-Object -Unique).Count
            [pscustomobject]@{ ClusterId = $_.Id; Records = $_.Count; Contributors = $contributors; IsConfirmed = $_.IsConfirmed; ConfirmedAt = $_.ConfirmedAt }
        }) 'clusters'
    $confirmed = @($clusters | Where-Object IsConfirmed)
    $noise = @($labelled | Where-Object Novelty -EQ Noise | Select-Object Item -Unique).Count
    $finding = "$($clusters.Count) clusters, $($confirmed.Count) confirmed at Γ = $NoveltyThreshold, $noise of $(@($labelled | Select-Object Item -Unique).Count) records are noise"
    Write-Finding 'Clusters' 'clusters.csv' $finding

    $clean = @($confirmed | New-DpPrototype -Mechanism None -WarningAction SilentlyContinue)
    $prototypes = foreach ($mechanism in 'AnalyticGaussian', 'ClassicGaussian', 'DiscreteGaussian', 'ImageDp') {
        # The baseline has no ε, and the classic mechanism says that its proof ends at 1.
        $parameters = $mechanism -eq 'ImageDp' ? @{} : @{ Epsilon = $Epsilon; Delta = 1e-5 }
        foreach ($prototype in $confirmed | New-DpPrototype -Mechanism $mechanism @parameters -Seed $Seed -WarningAction SilentlyContinue) {
            $cosines = @{}
            $candidates = @($clean | Where-Object Modality -EQ $prototype.Modality)
            $candidates | ForEach-Object { $cosines[$_.ClusterId] = Measure-Cosine $prototype.Vector $_.Vector }
            $nearestCluster = $cosines.Keys | Sort-Object { $cosines[$_] } -Descending | Select-Object -First 1
            $prototype | Select-Object Mechanism, ClusterId, Modality, Count, Epsilon, Delta, Sensitivity, Sigma, IsFormal,
                @{ n = 'CosineToClean'; e = { $cosines[$prototype.ClusterId] } },
                @{ n = 'FindsOwnCluster'; e = { $candidates.Count -gt 1 ? $nearestCluster -eq $prototype.ClusterId : $null } }
        }
    }
    if ($prototypes) {
        & $save $prototypes 'prototypes'
        $isTold = $confirmed.Count -gt 1
        $each = $prototypes | Group-Object Mechanism | ForEach-Object {
            $mean = ($_.Group | Measure-Object CosineToClean -Average).Average
            $found = $isTold ? " ($(@($_.Group | Where-Object FindsOwnCluster).Count)/$($_.Count))" : ''
            "$($_.Name) $($mean.ToString('F2'))$found"
        }
        $chance = $isTold ? " (that still find their cluster among $($confirmed.Count))" : '; with one confirmed cluster there is no other to be taken for'
        $finding = "ε = ${Epsilon}: mean cosine to the prototype without noise${chance}: $($each -join ', ')"
        Write-Finding 'Prototypes' 'prototypes.csv' $finding
    }
    else {
        Write-Finding 'Prototypes' '' "no cluster is confirmed at Γ = $NoveltyThreshold, so nothing is released"
    }

    $values = @($labelled | Measure-DataValue)
    & $save ($values | Select-Object Contributor, Quantity, Novel, Normal, Noise, MeanNovelty, Value) 'data-values'
    $range = $values | Measure-Object Value -Minimum -Maximum
    $finding = "$($values.Count) contributors, f(d) from $($range.Minimum.ToString('F2')) to $($range.Maximum.ToString('F2'))"
    Write-Finding 'Data values' 'data-values.csv' $finding

    Write-Progress -Id 1 -Activity 'Pipeline' -Status 'Allocation' -PercentComplete 90
    $tokens = $supplyBound ? $Supply : $values.Count * $Capacity / 2
    $grants = foreach ($scheme in 'Proposed', 'Random', 'RoundRobin', 'MaxMin', 'WaterFilling', 'MaxWelfare', 'Vtc', 'Optimal') {
        $values | Invoke-TokenAllocation -Supply $tokens -Capacity $Capacity -Scheme $scheme -Seed $Seed
    }
    & $save ($grants | Select-Object Scheme, Agent, Value, Tokens, Capacity, Remaining, RewardRate) 'allocation'
    $rows = @($grants | Group-Object Scheme | ForEach-Object {
            $scheme = $_.Name
            $_.Group | Measure-Fairness |
                Select-Object @{ n = 'Scheme'; e = { $scheme } }, @{ n = 'Agents'; e = { $_.Count } }, @{ n = 'Supply'; e = { $tokens } },
                    Allocated, SocialWelfare, Jain, Gini, MinRate, MaxRate
        })
    & $save $rows 'fairness'
    Write-Finding 'Fairness' 'fairness.csv' "$tokens tokens, Jain's index: $(($rows | ForEach-Object { "$($_.Scheme) $($_.Jain.ToString('F3'))" }) -join ', ')"
    $rows
    Write-Progress -Id 1 -Activity 'Pipeline' -Completed
    $one = $rows | ForEach-Object { [QosValuation.AllocationSimulationResult]@{ Scheme = $_.Scheme; Agents = $_.Agents; Jain = $_.Jain; Gini = $_.Gini } }
    $claim = [QosValuation.AllocationClaim]::Of([QosValuation.AllocationSimulationResult[]] @($one))
    $script:FigureExitCode = $claim.IsShown ? 0 : 2
    $seconds = $watch.Elapsed.TotalSeconds.ToString('F1')
    $text = "Pipeline: $count photographs by $($values.Count) contributors in $seconds s, written to $folder."
    Write-Host "$text Proposed is $($claim.IsShown ? '' : 'not ')the fairest of the paper's schemes by both indices."
}

exit $FigureExitCode
