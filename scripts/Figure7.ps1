<#
.SYNOPSIS
Reproduces Fig. 7 of the paper: reconstruction attacks on released prototypes.

.DESCRIPTION
Clusters photographs with captions, releases the prototypes of the largest clusters in four ways, and attacks every release with Direct Ascent Synthesis: without noise (None), Image-DP (q = 0.2, s = 0.05, no guarantee), Image-Ours and Text-Ours (ε = 1, δ = 1e-5, analytic Gaussian). Each cluster counts its first Γ records, as when it is confirmed. Further attacks vary ε and Γ of Image-Ours.

The attack score is the cosine between the embedding of the reconstructed picture and the clean image prototype of its cluster, for every release, Text-Ours too. Embeddings lie in a narrow cone, so the score has to be compared with Decoy, the mean cosine to the clean prototypes of the other clusters: where both are equal, nothing about the cluster came back. Rank is the rank of the true cluster among all of them.

Other attackers may be added with -Method: DenoiseFirst and NearestEmbedding know, as public, the records of the dataset that no release contains; TextInversion looks for a caption.

Whether anything can be recognised is asked of another encoder than the attacked one: Perceptual is the mean cosine of the picture to the photographs in its cluster under that encoder, PerceptualDecoy the same for the other clusters, PerceptualBaseline what the photographs of the other clusters score themselves, and PerceptualRank the rank of the true cluster. A picture by which an onlooker could tell the cluster has a Perceptual above PerceptualDecoy, and one that looks like a photograph of it reaches PerceptualBaseline. A caption is compared with captions. NearestEmbedding is the control: it answers with real photographs, so its likeness is what this measure can reach.

Writes figure7.csv (a row an attack), figure7-summary.csv (means and standard errors over clusters and repeats), figure7.png (the pictures, clusters by releases) and the single pictures in the folder figure7. What is done is noted in figure7.state.jsonl: after an interruption the same command goes on where it stopped.

Exit codes: 0 the figure was made, and the paper's claim holds: Image-Ours and Text-Ours have lower attack scores than Image-DP; 1 an error; 2 the figure was made, but that does not hold.

.PARAMETER OutputPath
The folder for the results, or the CSV file, beside which the others lie; created where it does not exist. The folder results by default.

.PARAMETER Seed
The seed of noise and attacks: the same seed gives the same rows and pictures. 1 by default.

.PARAMETER Quick
Two clusters, few steps, one repeat, generated scenes and clip-mini, for a first look. Such pictures say little.

.PARAMETER Images
A folder of photographs. Without it scenes are generated.

.PARAMETER Annotations
A captions file in COCO layout for -Images. Without it there are no texts, and no Text-Ours.

.PARAMETER Model
The encoder, a name or a folder; clip-small by default, with -Quick clip-mini, which knows little and is attacked in a fraction of the time.

.PARAMETER Clusters
How many clusters are attacked, the largest ones; 4 by default.

.PARAMETER NoveltyThreshold
Γ: the records of each cluster that are released; 50 by default, as in the paper.

.PARAMETER SimilarityThreshold
The cosine from which a record joins a cluster; the default of Group-Embedding where it is not given. Encoders differ: one with a small spread needs a higher one.

.PARAMETER Repeats
Attacks of each release, with other noise and other draws; 2 by default.

.PARAMETER Epsilon
The privacy budgets of Image-Ours over which the score is shown, beside the 1 of the main comparison.

.PARAMETER Gamma
The Γ of Image-Ours over which the score is shown, beside -NoveltyThreshold.

.PARAMETER Method
The attackers; DirectAscent by default, the paper's. The first makes figure7.png.

.PARAMETER PerceptualModel
The encoder that judges likeness, another than the attacked one; clip-small by default, or clip-mini where clip-small is attacked.

.PARAMETER Steps
Steps of an attack; 100 by default, as in the paper.

.PARAMETER Copies
Augmented copies at every step; 8 by default. Published are 32, which take four times as long.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/Figure7.ps1 -Images ./photos -Annotations ./captions.json

Makes the figure of a dataset.

.EXAMPLE
./scripts/Figure7.ps1 -Quick -OutputPath ./look

A first look, on generated scenes.

.EXAMPLE
./scripts/Figure7.ps1 -Images ./photos -Annotations ./captions.json -Method DirectAscent, DenoiseFirst, NearestEmbedding, TextInversion | Where-Object Epsilon -eq 1

Adds attackers that know what is public.

.OUTPUTS
QosValuation.Figure7Row
#>
[CmdletBinding(DefaultParameterSetName = 'Full')]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [int] $Seed = 1,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [switch] $Force,

    [ValidateNotNullOrEmpty()]
    [string] $Images,

    [ValidateNotNullOrEmpty()]
    [string] $Annotations,

    [ValidateNotNullOrEmpty()]
    [ArgumentCompletions('clip-small', 'clip-mini', 'ViT-B-32', 'ViT-B-32-fp16')]
    [string] $Model = 'clip-small',

    [ValidateRange(2, 1000)]
    [int] $Clusters = 4,

    [ValidateRange(1, 1000000)]
    [int] $NoveltyThreshold = 50,

    [ValidateRange(-1, 1)]
    [double] $SimilarityThreshold,

    [ValidateRange(1, 10000)]
    [int] $Repeats = 2,

    [AllowEmptyCollection()]
    [double[]] $Epsilon = @(0.1, 10, 100),

    [AllowEmptyCollection()]
    [int[]] $Gamma = @(10, 20),

    [ValidateNotNullOrEmpty()]
    [ValidateSet('DirectAscent', 'Adam', 'DenoiseFirst', 'NearestEmbedding', 'TextInversion')]
    [string[]] $Method = @('DirectAscent'),

    [ValidateNotNullOrEmpty()]
    [string] $PerceptualModel,

    [ValidateRange(1, 100000)]
    [int] $Steps = 100,

    [ValidateRange(1, 65536)]
    [int] $Copies = 8
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

# Photographs and captions as embeddings; those computed before are taken from the cache beside the results.
function Get-FigureEmbedding([string] $Folder) {
    $items = if (-not $Images) {
        $scenes = Join-Path $Folder 'figure7-scenes'
        New-SceneDataset $scenes -Count ($Quick ? 400 : 1000) -ImageSize 128 -Seed $Seed -Force
    }
    elseif ($Annotations) {
        Import-CocoDataset $Annotations $Images -ErrorAction SilentlyContinue
    }
    else {
        Get-ChildItem -LiteralPath $Images -Recurse -File
    }

    $items | Get-ClipEmbedding -Model $Model -CachePath (Join-Path $Folder 'figure7-embeddings.db') -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
}

# A cluster as it is when its first records have arrived.
function Limit-Cluster($Cluster, [int] $Count) {
    $items = [System.Collections.Generic.HashSet[string]]::new()
    $members = foreach ($member in $Cluster.Members) {
        if ($items.Contains($member.Item) -or ($items.Count -lt $Count -and $items.Add($member.Item))) {
            $member
        }
    }

    [QosValuation.SemanticCluster]@{ Id = $Cluster.Id; Count = $items.Count; Centroid = $Cluster.Centroid; IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] @($members) }
}

# Mean and standard error of a property; the error of a single value is not a number.
function Measure-Mean([object[]] $Rows, [string] $Property) {
    $values = [double[]] @($Rows | ForEach-Object $Property)
    $mean = ($values | Measure-Object -Average).Average
    $squares = ($values | ForEach-Object { ($_ - $mean) * ($_ - $mean) } | Measure-Object -Sum).Sum
    $mean
    $values.Count -gt 1 ? [Math]::Sqrt($squares / ($values.Count - 1) / $values.Count) : [double]::NaN
}

# Rows of an earlier run with the same settings; a line that was cut off by the interruption is left out.
function Read-FigureState([string] $Path, [string] $Settings) {
    $rows = @{}
    if (-not (Test-Path -LiteralPath $Path)) {
        return $rows
    }

    $lines = @(Get-Content -LiteralPath $Path)
    if ($lines.Count -eq 0 -or $lines[0] -ne $Settings) {
        Remove-Item -LiteralPath $Path
        return $rows
    }

    foreach ($line in $lines | Select-Object -Skip 1) {
        try {
            $row = $line | ConvertFrom-Json
            if ($row.Key) {
                $rows[$row.Key] = $row
            }
        }
        catch {
            Write-Verbose "A line of $Path was cut off and its attack is made again."
        }
    }

    $rows
}

function Invoke-Figure7 {
    $script:FigureExitCode = 1
    Import-FigureModule
    $path = Resolve-FigurePath $OutputPath 'figure7.csv'
    $folder = Split-Path $path
    $name = [System.IO.Path]::GetFileNameWithoutExtension($path)
    $pictures = Join-Path $folder $name
    $results = $path, (Join-Path $folder "$name-summary.csv"), (Join-Path $folder "$name.png")
    $run = Get-FigureRun $QuickBound $Quick $Seed $Images ($Quick -and -not $QuickBound.ContainsKey('Model') ? 'clip-mini' : $Model)
    Assert-FigureRun $results $run $Force
    if ($Quick) {
        $small = @{ Model = 'clip-mini'; Clusters = 2; Repeats = 1; Steps = 12; Copies = 4; Epsilon = @(100); Gamma = @(10) }
        foreach ($setting in $small.Keys) {
            if (-not $QuickBound.ContainsKey($setting)) {
                Set-Variable $setting $small[$setting]
            }
        }
    }

    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    Write-Progress -Id 7 -Activity 'Figure 7' -Status 'Embedding and grouping'
    $embeddings = @(Get-FigureEmbedding $folder)
    $grouping = @{ NoveltyThreshold = $NoveltyThreshold }
    if ($QuickBound.ContainsKey('SimilarityThreshold')) {
        $grouping.SimilarityThreshold = $SimilarityThreshold
    }
    elseif ($Quick -and $Model -eq 'clip-mini') {
        # The threshold at which clip-mini tells subjects apart leaves too few of so few scenes together.
        $grouping.SimilarityThreshold = 0.7
    }

    $groups = @($embeddings | Group-Embedding @grouping -WarningAction SilentlyContinue |
            Where-Object { @($_.Members | Where-Object Modality -EQ Image).Count -ge $NoveltyThreshold } |
            Sort-Object -Property @{ Expression = 'Count'; Descending = $true }, Id | Select-Object -First $Clusters)
    if ($groups.Count -lt 2) {
        throw "Only $($groups.Count) clusters have $NoveltyThreshold photographs; give more photographs with -Images, or a smaller -NoveltyThreshold."
    }

    $hasText = @($groups.Members | Where-Object Modality -EQ Text).Count -gt 0
    $largest = (@($NoveltyThreshold) + @($Gamma) | Measure-Object -Maximum).Maximum
    $released = @($groups | ForEach-Object { (Limit-Cluster $_ $largest).Members } | ForEach-Object { $_.Item })
    $private = [System.Collections.Generic.HashSet[string]]::new([string[]] $released)
    $public = @($embeddings | Where-Object { -not $private.Contains($_.Item) })
    if ($public.Count -eq 0 -and ($Method -contains 'DenoiseFirst' -or $Method -contains 'NearestEmbedding')) {
        throw 'All records are released, so nothing is left to be public; give more photographs, or leave DenoiseFirst and NearestEmbedding out.'
    }

    # The releases: the four of the figure, then those over ε and Γ.
    $releases = @(
        @{ Release = 'None'; Epsilon = [double]::PositiveInfinity; Gamma = $NoveltyThreshold; Modality = 'Image'; Parameters = @{ Mechanism = 'None' } }
        @{ Release = 'Image-DP'; Epsilon = [double]::NaN; Gamma = $NoveltyThreshold; Modality = 'Image'; Parameters = @{ Mechanism = 'ImageDp'; PerturbationCoefficient = 0.2; Scale = 0.05 } }
        @{ Release = 'Image-Ours'; Epsilon = 1.0; Gamma = $NoveltyThreshold; Modality = 'Image'; Parameters = @{ Mechanism = 'AnalyticGaussian'; Epsilon = 1; Delta = 1e-5 } }
        if ($hasText) {
            @{ Release = 'Text-Ours'; Epsilon = 1.0; Gamma = $NoveltyThreshold; Modality = 'Text'; Parameters = @{ Mechanism = 'AnalyticGaussian'; Epsilon = 1; Delta = 1e-5 } }
        }
        foreach ($value in $Epsilon | Where-Object { $_ -ne 1 } | Sort-Object -Unique) {
            @{ Release = 'Image-Ours'; Epsilon = $value; Gamma = $NoveltyThreshold; Modality = 'Image'; Parameters = @{ Mechanism = 'AnalyticGaussian'; Epsilon = $value; Delta = 1e-5 } }
        }
        foreach ($value in $Gamma | Where-Object { $_ -ne $NoveltyThreshold } | Sort-Object -Unique) {
            @{ Release = 'Image-Ours'; Epsilon = 1.0; Gamma = $value; Modality = 'Image'; Parameters = @{ Mechanism = 'AnalyticGaussian'; Epsilon = 1; Delta = 1e-5 } }
        }
    )

    # The photograph nearest to the middle of each cluster, as the encoder sees it.
    $labels = @{ None = 'No noise'; 'Image-DP' = 'Image-DP (q 0.2, s 0.05)'; 'Image-Ours' = 'Image-Ours (ε = 1)'; 'Text-Ours' = 'Text-Ours (ε = 1)' }
    $originals = @(foreach ($group in $groups) {
            $limited = Limit-Cluster $group $NoveltyThreshold
            $centre = $limited | New-DpPrototype -Mechanism None -Modality Image -WarningAction SilentlyContinue
            $member = $limited.Members | Where-Object Modality -EQ Image | Sort-Object { Measure-Cosine $_.Vector $centre.Vector } -Descending | Select-Object -First 1
            $crop = Join-Path $pictures "member-$($group.Id).png"
            $null = ConvertTo-ClipImage -LiteralPath $member.Source -Destination $crop -Model $Model -Force
            [pscustomobject]@{ Row = "Cluster $($group.Id)"; Column = 'A typical member'; Caption = "$($limited.Count) records"; ImagePath = $crop; ClusterId = $group.Id; Source = $member.Source }
        })

    $settings = [ordered]@{
        Version = 3; Seed = $Seed; Model = $Model; Images = $Images; Annotations = $Annotations; Quick = [bool] $Quick; Clusters = $groups.Count
        NoveltyThreshold = $NoveltyThreshold; Steps = $Steps; Copies = $Copies; Embeddings = $embeddings.Count; Method = $Method
        Groups = "$($groups.ForEach{ "$($_.Id):$($_.Count)" })"; PerceptualModel = $PerceptualModel
    } | ConvertTo-Json -Compress
    $statePath = Join-Path $folder "$name.state.jsonl"
    $done = Read-FigureState $statePath $settings
    if (-not (Test-Path -LiteralPath $statePath)) {
        [System.IO.File]::WriteAllText($statePath, "$settings`n")
    }

    $total = $releases.Count * $Repeats * $groups.Count * $Method.Count
    $made = 0
    $left = $total - $done.Count
    $rows = [System.Collections.Generic.List[object]]::new()
    $attacks = [System.Diagnostics.Stopwatch]::StartNew()
    foreach ($release in $releases) {
        $limited = @($groups | ForEach-Object { Limit-Cluster $_ $release.Gamma })
        $clean = @{}
        $limited | New-DpPrototype -Mechanism None -Modality Image -WarningAction SilentlyContinue | ForEach-Object { $clean[$_.ClusterId] = $_ }
        foreach ($repeat in 1..$Repeats) {
            $label = "$($release.Release)-e$($release.Epsilon)-g$($release.Gamma)-r$repeat"
            $parameters = $release.Parameters
            $prototypes = @($limited | New-DpPrototype @parameters -Modality $release.Modality -Seed ($Seed * 10007 + $repeat) -WarningAction SilentlyContinue)
            $wanted = @($prototypes | Where-Object { $id = $_.ClusterId; @($Method | Where-Object { -not $done.ContainsKey("$label-c$id-$_") }).Count -gt 0 })
            # No second starts from drawn scenes: where the data are drawn themselves, they would be the truth's kin.
            $attack = @{ Method = $Method; Model = $Model; Steps = $Steps; Copies = $Copies; Restarts = 0; Seed = $Seed * 10007 + $repeat; Reference = $limited; OutputPath = Join-Path $pictures $label; Force = $true }
            if ($public.Count -gt 0) {
                $attack.Public = $public
            }

            if ($PerceptualModel) {
                $attack.PerceptualModel = $PerceptualModel
            }

            # A short search: the words that fit, not a sentence that reads well.
            if ($Method -contains 'TextInversion') {
                $attack.BeamWidth, $attack.CandidateWords, $attack.MaximumWords = 4, 48, 6
            }

            if ($wanted.Count -gt 0) {
                $wanted | Invoke-ReconstructionAttack @attack | ForEach-Object {
                    # The truth is the clean image prototype for every release, so that releases can be compared.
                    $found = $_
                    $decoys = @($clean.Values | Where-Object ClusterId -NE $found.ClusterId | ForEach-Object { Measure-Cosine $found.Embedding $_.Vector })
                    $score = Measure-Cosine $found.Embedding $clean[$found.ClusterId].Vector
                    $row = [ordered]@{
                        Key = "$label-c$($found.ClusterId)-$($found.Method)"; Release = $release.Release; Method = "$($found.Method)"; Epsilon = "$($release.Epsilon)"; Gamma = $release.Gamma
                        Sigma = @($prototypes | Where-Object ClusterId -EQ $found.ClusterId)[0].Sigma; ClusterId = $found.ClusterId; Repeat = $repeat
                        AttackScore = $score; Decoy = ($decoys | Measure-Object -Average).Average; Rank = 1 + @($decoys | Where-Object { $_ -ge $score }).Count; Ranked = $decoys.Count + 1
                        TargetScore = $found.Score; NearestMember = $found.NearestMemberSimilarity; Psnr = "$($found.Psnr)"; Ssim = "$($found.Ssim)"
                        Perceptual = "$($found.PerceptualSimilarity)"; PerceptualDecoy = "$($found.PerceptualDecoySimilarity)"; PerceptualBaseline = "$($found.PerceptualBaseline)"
                        PerceptualRank = $found.PerceptualRank; Text = $found.Method -eq 'TextInversion' ? $found.Text : $found.Text ? (Split-Path $found.Text -Leaf) : ''
                        ImagePath = $found.ImagePath ? [System.IO.Path]::GetRelativePath($folder, $found.ImagePath) : ''
                    }
                    [System.IO.File]::AppendAllText($statePath, ($row | ConvertTo-Json -Compress) + "`n")
                    $done[$row.Key] = [pscustomobject] $row
                    $made++
                    $seconds = $attacks.Elapsed.TotalSeconds / $made * [Math]::Max(0, $left - $made)
                    Write-Progress -Id 7 -Activity 'Figure 7' -Status "$($total - $left + $made) of $total attacks, $label" -PercentComplete ([Math]::Min(100, 100 * ($total - $left + $made) / $total)) -SecondsRemaining ([int] [Math]::Min($seconds, [int]::MaxValue))
                }
            }

            foreach ($prototype in $prototypes) {
                foreach ($attacker in $Method) {
                    $row = $done["$label-c$($prototype.ClusterId)-$attacker"]
                    $typed = [pscustomobject]@{
                        PSTypeName = 'QosValuation.Figure7Row'; Release = $row.Release; Method = $row.Method; Epsilon = [double] $row.Epsilon; Gamma = [int] $row.Gamma; Sigma = [double] $row.Sigma
                        ClusterId = [int] $row.ClusterId; Repeat = [int] $row.Repeat; AttackScore = [double] $row.AttackScore; Decoy = [double] $row.Decoy; Rank = [int] $row.Rank; Ranked = [int] $row.Ranked
                        TargetScore = [double] $row.TargetScore; NearestMember = [double] $row.NearestMember; Psnr = [double] $row.Psnr; Ssim = [double] $row.Ssim
                        Perceptual = [double] $row.Perceptual; PerceptualDecoy = [double] $row.PerceptualDecoy; PerceptualBaseline = [double] $row.PerceptualBaseline; PerceptualRank = [int] $row.PerceptualRank
                        Text = $row.Text; ImagePath = $row.ImagePath; MemberPath = "$name/member-$($row.ClusterId).png"
                    }
                    $rows.Add($typed)
                    $typed
                }
            }
        }
    }

    Write-Progress -Id 7 -Activity 'Figure 7' -Completed
    $summary = @($rows | Group-Object Release, Method, Epsilon, Gamma | ForEach-Object {
            $first = $_.Group[0]
            $score = Measure-Mean $_.Group AttackScore
            $decoy = Measure-Mean $_.Group Decoy
            $margin = Measure-Mean @($_.Group | ForEach-Object { [pscustomobject]@{ Margin = $_.AttackScore - $_.Decoy } }) Margin
            $likeness = Measure-Mean @($_.Group | ForEach-Object { [pscustomobject]@{ Margin = $_.Perceptual - $_.PerceptualDecoy } }) Margin
            [pscustomobject]@{
                Release = $first.Release; Method = $first.Method; Epsilon = $first.Epsilon; Gamma = $first.Gamma; Sigma = $first.Sigma; Attacks = $_.Count
                AttackScore = $score[0]; AttackScoreStandardError = $score[1]; Decoy = $decoy[0]; DecoyStandardError = $decoy[1]; Margin = $margin[0]; MarginStandardError = $margin[1]
                FirstRank = @($_.Group | Where-Object Rank -EQ 1).Count / $_.Count; Chance = 1 / $first.Ranked; TargetScore = (Measure-Mean $_.Group TargetScore)[0]
                Perceptual = (Measure-Mean $_.Group Perceptual)[0]; PerceptualDecoy = (Measure-Mean $_.Group PerceptualDecoy)[0]; PerceptualBaseline = (Measure-Mean $_.Group PerceptualBaseline)[0]
                PerceptualMargin = $likeness[0]; PerceptualMarginStandardError = $likeness[1]; PerceptualFirst = @($_.Group | Where-Object PerceptualRank -EQ 1).Count / $_.Count
            }
        })
    Export-FigureCsv $rows $path $run
    Export-FigureCsv $summary (Join-Path $folder "$name-summary.csv") $run

    # The picture: the first repeat of the four releases by the first attacker.
    $shown = $rows | Where-Object { $_.Repeat -eq 1 -and $_.Method -eq $Method[0] -and $_.Gamma -eq $NoveltyThreshold -and ($_.Release -ne 'Image-Ours' -or $_.Epsilon -eq 1) -and $_.ImagePath } | ForEach-Object {
        [pscustomobject]@{ Row = "Cluster $($_.ClusterId)"; Column = $labels[$_.Release]; Caption = [string]::Format([cultureinfo]::InvariantCulture, 'score {0:F2}, others {1:F2}', $_.AttackScore, $_.Decoy); ImagePath = Join-Path $folder $_.ImagePath; ClusterId = $_.ClusterId }
    }
    $null = @($originals) + @($shown) | Export-ReconstructionGrid (Join-Path $folder "$name.png") -Row Row -Column Column -Caption Caption -Title "Reconstructions from released prototypes ($($Method[0]), $Model)" -Force
    Save-FigureRun $results $run
    Remove-Item -LiteralPath $statePath
    $watch.Stop()

    $main = @{}
    foreach ($line in $summary | Where-Object { $_.Method -eq $Method[0] -and $_.Gamma -eq $NoveltyThreshold -and ($_.Release -ne 'Image-Ours' -or $_.Epsilon -eq 1) }) {
        $main[$line.Release] = $line
    }

    $format = { param($line) [string]::Format([cultureinfo]::InvariantCulture, '{0:F3} (others {1:F3}, first in {2:P0}, chance {3:P0})', $line.AttackScore, $line.Decoy, $line.FirstRank, $line.Chance) }
    $measured = @{}
    $main.Keys | ForEach-Object { $measured[$_] = $main[$_].AttackScore }
    $script:FigureExitCode = [QosValuation.ReconstructionClaim]::Of($measured).IsShown ? 0 : 2
    $scores = ($labels.Keys | Where-Object { $main.ContainsKey($_) } | Sort-Object | ForEach-Object { "$_ $(& $format $main[$_])" }) -join '; '
    Write-Finding 'Figure 7' (Split-Path $path -Leaf) "$($rows.Count) attacks, cosine of the picture to the prototype of its cluster without noise: $scores"
    $text = "Figure 7: $($rows.Count) attacks in $($watch.Elapsed.TotalSeconds.ToString('F0')) s, written to $path. Attack scores: $scores."
    if ($Method.Count -gt 1) {
        # Over clusters and repeats as IsStrongest has it for one target: who names the cluster most often, then the margin.
        $strongest = foreach ($release in $labels.Keys | Where-Object { $main.ContainsKey($_) } | Sort-Object) {
            $best = $summary | Where-Object { $_.Release -eq $release -and $_.Gamma -eq $NoveltyThreshold -and ($release -ne 'Image-Ours' -or $_.Epsilon -eq 1) } |
                Sort-Object -Property @{ Expression = 'FirstRank'; Descending = $true }, @{ Expression = 'Margin'; Descending = $true } | Select-Object -First 1
            [string]::Format([cultureinfo]::InvariantCulture, '{0} {1} (first in {2:P0}, margin {3:F3})', $release, $best.Method, $best.FirstRank, $best.Margin)
        }

        $text += " The strongest attackers: $($strongest -join '; ')."
    }

    # What can be recognised: the likeness to the own photographs over that to the other clusters', for an encoder that was not attacked.
    $alike = foreach ($release in $labels.Keys | Where-Object { $main.ContainsKey($_) -and [double]::IsFinite($main[$_].PerceptualMargin) } | Sort-Object) {
        $line = $main[$release]
        [string]::Format([cultureinfo]::InvariantCulture, '{0} {1:F3} ± {2:F3} (first in {3:P0}; {4:F3} where another photograph has {5:F3})', $release, $line.PerceptualMargin,
            $line.PerceptualMarginStandardError, $line.PerceptualFirst, $line.Perceptual, $line.PerceptualBaseline)
    }
    if ($alike) {
        $text += " Likeness to the photographs of the cluster over the others, for an encoder that was not attacked: $($alike -join '; ')."
    }

    # Each attack is paired with the one without noise on the same cluster and repeat; below six pairs nothing is called.
    $margins = @{}
    $rows | Where-Object Release -EQ None | ForEach-Object { $margins["$($_.ClusterId) $($_.Repeat) $($_.Method)"] = $_.AttackScore - $_.Decoy }
    $unprotected = foreach ($group in $rows | Where-Object Release -NE None | Group-Object Release, Method, Epsilon, Gamma | Where-Object Count -GE 6) {
        $fall = Measure-Mean @($group.Group | ForEach-Object { [pscustomobject]@{ Fall = $margins["$($_.ClusterId) $($_.Repeat) $($_.Method)"] - $_.AttackScore + $_.Decoy } }) Fall
        if ($fall[0] -lt 2 * $fall[1] -or $fall[0] -lt 0.05) {
            $first = $group.Group[0]
            "$($first.Release)$([double]::IsFinite($first.Epsilon) ? " at ε = $($first.Epsilon), Γ = $($first.Gamma)" : '') ($($first.Method))"
        }
    }
    if ($unprotected) {
        $text += " Noise did not help (the margin over the other clusters falls by less than 0.05, or than two standard errors): $($unprotected -join ', ')."
    }

    Write-Host $text
}

$QuickBound = $PSBoundParameters
try {
    Invoke-Figure7
}
catch {
    Write-Error -ErrorRecord $_ -ErrorAction Continue
    exit 1
}

exit $FigureExitCode
