<#
.SYNOPSIS
Runs the model market of seed 003 (iPFL) beside eight baselines, tests its claims, lets clients lie, and grants tokens for what models brought.

.DESCRIPTION
Tests the claims of "Incentivising personalised federated learning" (seed 003): the highest economic utility, better or comparable accuracy, individual rationality and truthfulness. Rules and settings are those of the authors' code, with fewer steps.

For each seed the same clients (10, in 3 clusters of tasks as in the authors' cluster-3-10) train with the same draws under nine algorithms: Ipfl, Local, FedAvg, FedProx, Ditto, FedAmp, Cfl, FedFomo and PFedGraph. K is 100 times the mean size of a client, as the authors' 5e5 is for CIFAR-10 among ten, and an export costs 1. Accuracy is the best over rounds, as the paper has it, the mean over clients; utility is summed over rounds. Differences to Ipfl are paired by seed and have standard errors.

Data are drawn scenes (the place is the label), embedded by the built-in model. -EmbeddingPath and -PromptPath name real vectors: the label is then the nearest prompt, and classes with too few photographs are left out. Where the files are not there, drawn scenes are taken and a line says so.

Then, for the first seed:
- Lies: each client in turn reports half and twice its cost, size and K, under -Payment Marginal (the paper's) and Critical; a row says whom it gains how much.
- Contribution: the Shapley value of each client's model (Measure-MarginalUtility -Client), with one attacker among them, and the tokens it is granted by that (Invoke-TokenAllocation): valuation, allocation and market in one.
- A pair that differs in accuracy alone: the same clients, who hardly train, have the same utility.
- Privacy: accuracy and utility of Ipfl against ε (DP-SGD, a record, δ = 1e-5, all rounds together), over the seeds.

Writes model-market.csv (a row for each algorithm), model-market-rounds.csv (a row for each seed, algorithm, client and round), model-market-claims.csv, model-market-lies.csv, model-market-tokens.csv and model-market-privacy.csv, and model-market.html, a report with plots of the graph, utilities and payments.

Exit codes: 0 everything was made, and claims hold or fail as docs/replication.md says; 1 an error; 2 everything was made, but a claim differs from that (the rows of claims say which: Expected; accuracy depends on the data and has none).

.PARAMETER OutputPath
The folder for the results; created where it does not exist. The folder results by default.

.PARAMETER EmbeddingPath
Image embeddings: a .npy, .csv or .jsonl file; with -PromptPath.

.PARAMETER PromptPath
Text embeddings of prompts in the same space: the nearest is an image's label.

.PARAMETER Seeds
The number of seeds; 5 by default.

.PARAMETER Clients
The number of clients, at least 4; 10 by default.

.PARAMETER Round
The number of rounds; 10 by default (the authors: 50).

.PARAMETER LocalStep
The steps that a client trains in a round; 30 by default (the authors: 400).

.PARAMETER GainScale
K of every client: with n records in all it gains sqrt(K/N) - sqrt(K/n). By default 100 times the mean size of a client.

.PARAMETER Cost
What an export costs a client; 1 by default.

.PARAMETER Seed
The first seed: the same seed gives the same rows. 1 by default.

.PARAMETER Quick
Two seeds, three rounds of ten steps and fewer photographs, for a first look.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/ModelMarket.ps1 -Quick

A first look, in the folder results; open results/model-market.html afterwards.

.EXAMPLE
./scripts/ModelMarket.ps1 -EmbeddingPath image_embeddings.npy -PromptPath coco80_text_embeddings.npy -OutputPath ./real

Real CLIP vectors, labelled by the nearest prompt.

.OUTPUTS
A row for each algorithm: Algorithm, Seeds, Accuracy, AccuracyStandardError, LessThanIpfl, LessStandardError, Utility, UtilityStandardError, UtilityLessThanIpfl, UtilityLessStandardError, RationalShare.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateNotNullOrEmpty()]
    [string] $EmbeddingPath,

    [ValidateNotNullOrEmpty()]
    [string] $PromptPath,

    [ValidateRange(2, 10000)]
    [int] $Seeds = 5,

    [ValidateRange(4, 1000)]
    [int] $Clients = 10,

    [ValidateRange(1, 100000)]
    [int] $Round = 10,

    [ValidateRange(1, 1000000)]
    [int] $LocalStep = 30,

    [ValidateRange(0.0, 1e15)]
    [double] $GainScale,

    [ValidateRange(0.0, 1e15)]
    [double] $Cost = 1,

    [int] $Seed = 1,

    [switch] $Quick,

    [switch] $Force
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

$algorithms = 'Ipfl', 'Local', 'FedAvg', 'FedProx', 'Ditto', 'FedAmp', 'Cfl', 'FedFomo', 'PFedGraph'
$places = 'beach', 'snow', 'field', 'street', 'lake', 'night', 'forest', 'desert', 'pool'

# Labelled vectors of drawn scenes: the place that a scene's captions name is its label; scenes without one are left out.
function Get-SceneVector([int] $Count) {
    $scenes = Join-Path ([System.IO.Path]::GetTempPath()) "models-$([guid]::NewGuid().ToString('N'))"
    try {
        $items = @(New-SceneDataset $scenes -Count $Count -ImageSize 64 -Seed $Seed)
        $labels = @{}
        foreach ($item in $items) {
            $labels[$item.Path] = $places.Where({ "$($item.Captions)" -match "\b$_\b" }, 'First')[0]
        }

        $items | Get-ClipEmbedding -Modality Image -WarningAction SilentlyContinue | Where-Object { $labels[$_.Source] } |
            ForEach-Object { [pscustomobject]@{ Item = Split-Path $_.Source -Leaf; Vector = $_.Vector; Label = $labels[$_.Source] } }
    }
    finally {
        Remove-Item -LiteralPath $scenes -Recurse -Force -ErrorAction Ignore
    }
}

# Real vectors, labelled by the nearest prompt. Classes with fewer than 20 photographs are left out.
function Get-LabelledVector([string] $Images, [string] $Prompts) {
    $photographs = @(Import-Embedding -LiteralPath $Images)
    $nearest = @(Import-Embedding -LiteralPath $Prompts | Find-Embedding $photographs -Top 1 -WarningAction SilentlyContinue)
    if ($nearest.Count -ne $photographs.Count) {
        throw "$($nearest.Count) of $($photographs.Count) images have a nearest prompt."
    }

    $labelled = for ($i = 0; $i -lt $photographs.Count; $i++) {
        [pscustomobject]@{ Item = $photographs[$i].Item; Vector = $photographs[$i].Vector; Label = "$($nearest[$i].Item)" }
    }
    $labelled | Group-Object Label | Where-Object Count -GE 20 | ForEach-Object Group
}

# The clients of a seed.
function New-Client([object[]] $Vectors, [int] $Number) {
    $Vectors | New-ClientPartition -Count $Clients -Kind Cluster -Cluster 3 -MinimumSize 5 -Seed $Number | New-ModelClient -GainScale $scale -Cost $Cost
}

# What a client with a lie nets, less what it nets by the truth; one round, by the distances of the last.
function Measure-Lie([object[]] $Members, $Distance, [string] $Payment) {
    $honest = @($Members | ForEach-Object { [pscustomobject]@{ Contributor = $_.Contributor; Size = $_.Size; Cost = $_.Cost; GainScale = $_.GainScale } })
    $before = @($honest | Invoke-ModelMarket -Distance $Distance -Payment $Payment -Seed $Seed)
    for ($i = 0; $i -lt $honest.Count; $i++) {
        foreach ($lie in 'Cost', 'Size', 'GainScale') {
            foreach ($factor in 0.5, 0.9, 1.1, 2) {
                $told = @($honest | Select-Object *)
                $told[$i] | Add-Member "Reported$lie" ($factor * $honest[$i].$lie)
                $after = ($told | Invoke-ModelMarket -Distance $Distance -Payment $Payment -Seed $Seed)[$i].Utility
                [pscustomobject]@{
                    Payment = $Payment; Client = $honest[$i].Contributor; Lie = $lie; Factor = $factor
                    Utility = $before[$i].Utility; UtilityByLie = $after; Gain = $after - $before[$i].Utility
                }
            }
        }
    }
}

$bound = $PSBoundParameters
Invoke-FigureBody {
    $folder = Split-Path (Resolve-FigurePath (Join-Path $OutputPath 'model-market.csv'))
    $at = { param($name) Join-Path $folder "model-market$name" }
    $made = (& $at '.csv'), (& $at '-rounds.csv'), (& $at '-claims.csv'), (& $at '-lies.csv'), (& $at '-tokens.csv'), (& $at '-privacy.csv'), (& $at '.html')
    if ([bool] $EmbeddingPath -ne [bool] $PromptPath) {
        throw [System.ArgumentException]::new('-EmbeddingPath and -PromptPath go together: the nearest prompt is the label of an image.')
    }

    $data = $EmbeddingPath
    if ($data) {
        $absent = @($EmbeddingPath, $PromptPath | Where-Object { -not (Test-Path -LiteralPath $_ -PathType Leaf) })
        if ($absent) {
            Write-Host "Model market: real vectors are skipped, because there is no file $($absent -join ' and no file '); drawn scenes are taken."
            $data = ''
        }
    }

    $null = $bound.Remove('EmbeddingPath'), $bound.Remove('PromptPath')
    $run = Get-FigureRun $bound $Quick $Seed $data ($data ? 'that of the vectors' : 'clip-small')
    Assert-FigureRun $made $run $Force
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    Write-Progress -Id 1 -Activity 'Model market' -Status 'Vectors'
    $vectors = @($data ? (Get-LabelledVector $EmbeddingPath $PromptPath) : (Get-SceneVector ($Quick ? 300 : 1200)))
    $classes = @($vectors.Label | Sort-Object -Unique)
    if ($classes.Count -lt 2) {
        throw "There are $($vectors.Count) labelled vectors of $($classes.Count) classes, and the market needs two: give more photographs."
    }

    $count = $Quick -and -not $bound.ContainsKey('Seeds') ? 2 : $Seeds
    $scale = $bound.ContainsKey('GainScale') ? $GainScale : 100 * 0.8 * $vectors.Count / $Clients
    $fast = @{ Round = $Quick -and -not $bound.ContainsKey('Round') ? 3 : $Round; LocalStep = $Quick -and -not $bound.ContainsKey('LocalStep') ? 10 : $LocalStep; LearningRate = 0.1 }
    $rows = @(for ($number = $Seed; $number -lt $Seed + $count; $number++) {
            Write-Progress -Id 1 -Activity 'Model market' -Status "Seed $number" -PercentComplete (80 * ($number - $Seed) / $count)
            $members = @(New-Client $vectors $number)
            $isFirst = $number -eq $Seed
            $members | Invoke-ModelMarket -Algorithm $algorithms -PassThru:$isFirst -Seed $number @fast
        })
    $plain = $rows | Select-Object Seed, Algorithm, Round, Client, Accuracy, Loss, Imports, Exports, Gain, Paid, Received, Cost, Utility, Welfare, IsRational
    Export-FigureCsv @($plain) (& $at '-rounds.csv') $run

    # Each algorithm by seed: accuracy (best over rounds) and utility (summed), the means over clients; differences are paired.
    $measured = @{}
    foreach ($group in $rows | Group-Object Algorithm, Seed) {
        $people = @($group.Group | Group-Object Client)
        $best = ($people | ForEach-Object { ($_.Group | Measure-Object Accuracy -Maximum).Maximum } | Measure-Object -Average).Average
        $sum = ($people | ForEach-Object { ($_.Group | Measure-Object Utility -Sum).Sum } | Measure-Object -Average).Average
        $measured["$($group.Group[0].Algorithm) $($group.Group[0].Seed)"] = $best, $sum
    }

    $reports = @($rows | Measure-ModelMarket)
    $numbers = $Seed..($Seed + $count - 1)
    $summary = @(foreach ($report in $reports) {
            $less, $lessError = Measure-SampleMean @($numbers | ForEach-Object { $measured["Ipfl $_"][0] - $measured["$($report.Algorithm) $_"][0] })
            $poorer, $poorerError = Measure-SampleMean @($numbers | ForEach-Object { $measured["Ipfl $_"][1] - $measured["$($report.Algorithm) $_"][1] })
            [pscustomobject]@{
                PSTypeName               = 'QosValuation.ModelMarketRow'
                Algorithm                = "$($report.Algorithm)"
                Seeds                    = $report.Seeds
                Accuracy                 = $report.Accuracy
                AccuracyStandardError    = $report.AccuracyStandardError
                LessThanIpfl             = $less
                LessStandardError        = $lessError
                Utility                  = $report.Utility
                UtilityStandardError     = $report.UtilityStandardError
                UtilityLessThanIpfl      = $poorer
                UtilityLessStandardError = $poorerError
                RationalShare            = $report.RationalShare
            }
        })
    Export-FigureCsv $summary (& $at '.csv') $run
    $summary

    Write-Progress -Id 1 -Activity 'Model market' -Status 'Lies' -PercentComplete 85
    $members = @(New-Client $vectors $Seed)
    $last = @($rows | Where-Object { $_.Seed -eq $Seed -and "$($_.Algorithm)" -eq 'Ipfl' -and $_.Round -eq $fast.Round })
    # Costs and gain scales differ, as in the authors' roles.
    $draw = [System.Random]::new($Seed)
    $liars = @($members | ForEach-Object { $_ | New-ModelClient -Cost ($Cost * (0.5 + $draw.NextDouble())) -GainScale ($scale * (0.5 + 0.5 * $draw.NextDouble())) })
    $lies = @('Marginal', 'Critical' | ForEach-Object { Measure-Lie $liars $last[0].Distance $_ })
    Export-FigureCsv $lies (& $at '-lies.csv') $run

    Write-Progress -Id 1 -Activity 'Model market' -Status 'Contribution and tokens' -PercentComplete 95
    # The last client turns the sign of its model. What each model brought, by Shapley, is its value; a harmful one has none to be paid for.
    $mixed = @($members[0..($Clients - 2)]) + @($members[-1] | New-ModelClient -Attack SignFlip)
    $contribution = @($mixed | Invoke-ModelMarket -Algorithm FedAvg -PassThru -Seed $Seed @fast |
            Measure-MarginalUtility -Client $mixed -Method Shapley -Utility NegativeLoss -MaxEvaluation 2000 -Seed $Seed -WarningAction SilentlyContinue)
    $grants = @{}
    $contribution | Select-Object Contributor, @{ n = 'Value'; e = { [Math]::Max(0.0, $_.Value) } } |
        Invoke-TokenAllocation -Supply 1000 -Capacity 1000 | ForEach-Object { $grants[$_.Agent] = $_.Tokens }
    $tokens = @(foreach ($client in $mixed) {
            $value = $contribution | Where-Object Contributor -EQ $client.Contributor
            [pscustomobject]@{
                Client = $client.Contributor; Attack = "$($client.Attack)"; Size = $client.Size; Contribution = $value.Value
                StandardError = $value.StandardError; Tokens = $grants[$client.Contributor]
            }
        })
    Export-FigureCsv $tokens (& $at '-tokens.csv') $run

    # Utility does not depend on accuracy: the same clients, who hardly train.
    $spoiled = @($members | Invoke-ModelMarket -Algorithm FedAvg -Seed $Seed -Round 1 -LocalStep 1 -LearningRate 1e-6)
    $trained = @($rows | Where-Object { $_.Seed -eq $Seed -and "$($_.Algorithm)" -eq 'FedAvg' -and $_.Round -eq 1 })
    $accuracies = ($trained | Measure-Object Accuracy -Average).Average, ($spoiled | Measure-Object Accuracy -Average).Average
    $apart = (0..($trained.Count - 1) | ForEach-Object { [Math]::Abs($trained[$_].Utility - $spoiled[$_].Utility) } | Measure-Object -Maximum).Maximum

    Write-Progress -Id 1 -Activity 'Model market' -Status 'Privacy' -PercentComplete 97
    $private = @(foreach ($epsilon in $Quick ? 8 : @(1, 4, 16)) {
            for ($number = $Seed; $number -lt $Seed + $count; $number++) {
                New-Client $vectors $number | Invoke-ModelMarket Ipfl -Epsilon $epsilon -Seed $number @fast -WarningAction SilentlyContinue
            }
        })
    $privacy = @($reports[0]) + @($private | Measure-ModelMarket) |
        Select-Object Epsilon, Seeds, Accuracy, AccuracyStandardError, FinalAccuracy, FinalAccuracyStandardError, Utility, UtilityStandardError
    Export-FigureCsv @($privacy) (& $at '-privacy.csv') $run

    $ipfl = $summary[0]
    $others = @($summary | Select-Object -Skip 1)
    $richer = @($others | Where-Object UtilityLessThanIpfl -LE 0)
    $better = @($others | Where-Object { $_.LessThanIpfl + 2 * $_.LessStandardError -lt 0 })
    $irrational = @($rows | Where-Object { "$($_.Algorithm)" -eq 'Ipfl' -and -not $_.IsRational })
    $trades = @($rows | Where-Object { "$($_.Algorithm)" -eq 'Ipfl' }).Count
    $gains = { param($payment, $lie) @($lies | Where-Object { $_.Payment -eq $payment -and $_.Lie -eq $lie -and $_.Gain -gt 1e-9 }) }
    $told = { param($payment)
        ('Cost', 'Size', 'GainScale' | ForEach-Object {
            $found = & $gains $payment $_
            $most = $found ? ", at most $(($found | Measure-Object Gain -Maximum).Maximum.ToString('G3'))" : ''
            "$($_): $($found.Count) of $(4 * $Clients) gain$most"
        }) -join '; '
    }
    $near = { param($row, $of, $name, $format) "$($row.Algorithm) $($row.$name.ToString($format)) ± $($row.$of.ToString($format))" }
    $claims = @(
        @{ Claim = 'Highest economic utility'; Expected = $true; Holds = -not $richer
            Measured = "Ipfl $($ipfl.Utility.ToString('F1')), above the others by: " + (($others | ForEach-Object { & $near $_ UtilityLessStandardError UtilityLessThanIpfl F1 }) -join ', ') }
        @{ Claim = 'Better or comparable accuracy'; Holds = -not $better
            Measured = "Ipfl $($ipfl.Accuracy.ToString('F3')), above the others by: " + (($others | ForEach-Object { & $near $_ LessStandardError LessThanIpfl F3 }) -join ', ') }
        @{ Claim = 'Individual rationality'; Expected = $true; Holds = -not $irrational; Measured = "$($irrational.Count) of $trades clients and rounds are below 0 under Ipfl" }
        @{ Claim = 'Truthfulness under the published payment'; Expected = $false; Holds = -not (& $gains Marginal Cost); Measured = & $told Marginal }
        @{ Claim = 'Truthfulness in costs under the critical payment'; Expected = $true; Holds = -not (& $gains Critical Cost); Measured = & $told Critical }
        @{ Claim = 'Utility does not depend on accuracy'; Expected = $true; Holds = $apart -eq 0
            Measured = "the same clients with accuracies of $($accuracies[0].ToString('F3')) and $($accuracies[1].ToString('F3')): utilities differ by $apart" }
    ) | ForEach-Object { [pscustomobject] [ordered]@{ PSTypeName = 'QosValuation.ModelMarketClaim'; Claim = $_.Claim; Holds = [bool] $_.Holds; Expected = $_.Expected; Measured = $_.Measured } }
    Export-FigureCsv $claims (& $at '-claims.csv') $run

    $facts = [ordered]@{ Seed = "$Seed to $($Seed + $count - 1)"; Data = $run.Data; Classes = $classes.Count; Vectors = $vectors.Count; Clients = $Clients
        Rounds = $fast.Round; K = $scale; Cost = $Cost; 'Local steps' = $fast.LocalStep; 'Learning rate' = $fast.LearningRate }
    $findings = $claims | ForEach-Object {
        [pscustomobject]@{ PSTypeName = 'QosValuation.Findings'; Experiment = $_.Claim; Finding = "$($_.Holds ? 'holds' : 'does not hold'): $($_.Measured)"; File = 'model-market-claims.csv' }
    }
    $null = @($findings) + @($reports) + @($rows | Where-Object Seed -EQ $Seed) + @($contribution) |
        Export-QosReport -Path (& $at '.html') -Title 'Model market' -Parameter $facts -Force
    Save-FigureRun $made $run
    Write-Progress -Id 1 -Activity 'Model market' -Completed

    Write-Host ($tokens | Format-Table | Out-String).Trim()
    Write-Host ($privacy | Format-Table Epsilon, Accuracy, AccuracyStandardError, Utility, UtilityStandardError | Out-String).Trim()
    foreach ($claim in $claims) {
        Write-Host "$($claim.Claim) $($claim.Holds ? 'holds' : 'does not hold'): $($claim.Measured)."
    }

    # What the paper claims and the published payment cannot keep is expected to fail.
    $script:FigureExitCode = @($claims | Where-Object { $null -ne $_.Expected -and $_.Expected -ne $_.Holds }) ? 2 : 0
    $list = ($claims | ForEach-Object { "$($_.Claim.ToLowerInvariant()) $($_.Holds ? 'holds' : 'does not hold')" }) -join ', '
    Write-Finding 'Model market' 'model-market.csv' "$count seeds, $($classes.Count) classes: $list; utility $($ipfl.Utility.ToString('F1')), accuracy $($ipfl.Accuracy.ToString('F3')) of Ipfl"
    Write-Host "Model market: $count seeds in $($watch.Elapsed.TotalSeconds.ToString('F1')) s, written to $folder."
}

exit $FigureExitCode
