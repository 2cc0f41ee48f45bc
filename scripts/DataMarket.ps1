<#
.SYNOPSIS
Runs a market for labelled photographs once, from quality to the ledger, and compares ways of buying under one budget.

.DESCRIPTION
Tests a sentence of seed 002: its auction elicits "substantially more useful data, under equal budget, than volume-only or trust-based baselines".

Each round divides photographs of drawn scenes, with their captions and the place as label, among providers of four kinds: careful ones, careless ones (wrong labels, damaged captions), copiers (few photographs many times) and large ones (many photographs, half careless). Each provider has a private cost, by a draw that depends on its kind only through the number of its photographs. Quality is measured on the captions (Measure-DataQuality), marginal utility on validation photographs (Measure-MarginalUtility), and the buyer spends at most the budget:

QMia              the paper's auction on quality and marginal utility; its payments may pass the budget
QMiaWithinBudget  the same with the largest budget parameter whose payments stay within the budget
ProportionalShare one price for each unit of quality times marginal utility
VolumeOnly        proportional share on the number of photographs
TrustBased        proportional share on photographs times the quality that providers claim; who is not careful claims as much as the best
EqualSplit        each provider is offered the same part of the budget and accepts where that covers its cost
Random            providers in random order, paid what they ask until the budget is spent

What was bought trains a classifier, whose accuracy on test photographs tells how useful it is. Differences to ProportionalShare are paired by round and have standard errors.

The first round goes on: shares of a pool by marginal utility (Measure-UtilityShare), tokens (Measure-DataShareToken), the awards, usage and a signed settlement in a ledger, and the bought captions as a file (Export-DataAward).

Writes data-market.csv (a row for each way of buying), data-market-rounds.csv (a row for each way and round), and of the first round data-market-offers.csv, data-market-awards.csv, data-market-shares.csv, data-market-tokens.csv, data-market-bought.jsonl, data-market.db and data-market-settlement.json.

Exit codes: 0 everything was made, and the auctions within the budget elicit more useful data than every baseline; 1 an error; 2 everything was made, but that does not hold for the means.

.PARAMETER OutputPath
The folder for the results; created where it does not exist. The folder results by default.

.PARAMETER Rounds
The number of rounds; 30 by default.

.PARAMETER Providers
The number of providers in each round; 24 by default.

.PARAMETER BudgetShare
The budget as a part of what all providers together cost; 0.25 by default.

.PARAMETER Seed
The seed: the same seed gives the same rows. 1 by default.

.PARAMETER Quick
Six rounds and fewer photographs, for a first look.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/DataMarket.ps1 -Quick

A first look, in the folder results.

.OUTPUTS
A row for each way of buying: Buying, Rounds, Accuracy, AccuracyStandardError, LessThanProportionalShare, LessStandardError, Winners, Photographs, Paid, PaidStandardError, Budget.
#>
[CmdletBinding()]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [ValidateRange(2, 100000)]
    [int] $Rounds = 30,

    [ValidateRange(4, 1000)]
    [int] $Providers = 24,

    [ValidateRange(0.01, 1.0)]
    [double] $BudgetShare = 0.25,

    [int] $Seed = 1,

    [switch] $Quick,

    [switch] $Force
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')

$buyings = 'QMia', 'QMiaWithinBudget', 'ProportionalShare', 'VolumeOnly', 'TrustBased', 'EqualSplit', 'Random'
$baselines = 'VolumeOnly', 'TrustBased', 'EqualSplit', 'Random'

# The place that a scene's captions name; nothing where they name none.
function Get-Place([string[]] $Captions) {
    foreach ($place in 'beach', 'snow', 'field', 'street', 'lake', 'night', 'forest', 'desert', 'pool') {
        if ("$Captions" -match "\b$place\b") {
            return $place
        }
    }
}

# Damages a caption as careless typing and wrong encodings do.
function Edit-Caption([string] $Caption, [System.Random] $Random) {
    $words = $Caption.Split(' ')
    for ($i = 0; $i -lt $words.Count; $i++) {
        if ($words[$i].Length -gt 3 -and $Random.NextDouble() -lt 0.15) {
            $at = 1 + $Random.Next($words[$i].Length - 2)
            $words[$i] = switch ($Random.Next(3)) {
                0 { $words[$i].Remove($at, 1) }
                1 { $words[$i].Insert($at, 'Ã©') }
                2 { $words[$i].Insert($at, ' ') }
            }
        }
    }

    $words -join ' '
}

# The providers of a round with what they hold: each photograph with its vector, caption and label, right or wrong.
function New-Provider([object[]] $Pool, [string[]] $Places, [System.Random] $Random) {
    $next = 0
    for ($number = 1; $number -le $Providers; $number++) {
        $kind = ('Careful', 'Careless', 'Copier', 'Large')[($number - 1) % 4]
        $count = [int] [Math]::Round((12, 14, 16, 40)[($number - 1) % 4] * [Math]::Exp(0.5 * ($Random.NextDouble() + $Random.NextDouble() - 1)))
        $wrong = @{ Careful = 0.03; Careless = 0.6; Copier = 0.05; Large = 0.4 }[$kind]
        $distinct = $kind -eq 'Copier' ? 3 : $count
        $own = @(for ($i = 0; $i -lt $distinct; $i++) { $Pool[$next++ % $Pool.Count] })
        $items = for ($i = 0; $i -lt $count; $i++) {
            $photograph = $own[$i % $distinct]
            $isWrong = $Random.NextDouble() -lt $wrong
            [pscustomobject]@{
                Contributor = '{0}-{1:D2}' -f $kind.ToLowerInvariant(), $number
                Source      = $photograph.Source
                Vector      = $photograph.Vector
                Caption     = $isWrong ? (Edit-Caption $photograph.Caption $Random) : $photograph.Caption
                Label       = $isWrong ? $Places[$Random.Next($Places.Count)] : $photograph.Label
                License     = $photograph.License
            }
        }
        $unit = [Math]::Exp(0.6 * ($Random.NextDouble() + $Random.NextDouble() + $Random.NextDouble() - 1.5) * 2)
        [pscustomobject]@{ Contributor = $items[0].Contributor; Kind = $kind; Items = @($items); Cost = $count * $unit }
    }
}

# Who wins, and what is paid: a hashtable from the winners' names to payments.
function Get-Purchase([string] $Buying, [object[]] $Offers, [double] $Budget, [int] $Draw) {
    $auction = @{ Budget = $Budget; WarningAction = 'SilentlyContinue' }
    $awards = switch ($Buying) {
        'QMia' { $Offers | Invoke-DataAuction -Mechanism QMia @auction }
        'QMiaWithinBudget' {
            # What is paid grows with the parameter: the largest one that the budget bears, by bisection.
            $low, $high = 0.0, $Budget
            for ($i = 0; $i -lt 30; $i++) {
                $auction.Budget = ($low + $high) / 2
                $paid = ($Offers | Invoke-DataAuction -Mechanism QMia @auction | Measure-Object Payment -Sum).Sum
                if ($paid -le $Budget) { $low = $auction.Budget } else { $high = $auction.Budget }
            }

            $auction.Budget = $low
            $Offers | Invoke-DataAuction -Mechanism QMia @auction
        }
        'ProportionalShare' { $Offers | Invoke-DataAuction -Mechanism ProportionalShare @auction }
        'VolumeOnly' {
            $Offers | Select-Object Contributor, Cost, @{ n = 'Quality'; e = { $_.Photographs } }, @{ n = 'MarginalUtility'; e = { 1 } } |
                Invoke-DataAuction -Mechanism ProportionalShare @auction
        }
        'TrustBased' {
            $Offers | Select-Object Contributor, Cost, @{ n = 'Quality'; e = { $_.Photographs * $_.ClaimedQuality } }, @{ n = 'MarginalUtility'; e = { 1 } } |
                Invoke-DataAuction -Mechanism ProportionalShare @auction
        }
        'EqualSplit' {
            $price = $Budget / $Offers.Count
            $Offers | ForEach-Object { [pscustomobject]@{ Contributor = $_.Contributor; IsWinner = $_.Cost -le $price; Payment = $_.Cost -le $price ? $price : 0 } }
        }
        'Random' { $Offers | Select-Object Contributor, Cost | Invoke-DataAuction -Mechanism Random -Seed $Draw @auction }
    }
    $purchase = @{}
    $awards | Where-Object IsWinner | ForEach-Object { $purchase[$_.Contributor] = $_.Payment }
    $purchase
}

$bound = $PSBoundParameters
Invoke-FigureBody {
    $folder = Split-Path (Resolve-FigurePath (Join-Path $OutputPath 'data-market.csv'))
    $at = { param($name) Join-Path $folder "data-market$name" }
    $made = (& $at '.csv'), (& $at '-rounds.csv'), (& $at '-offers.csv'), (& $at '-awards.csv'), (& $at '-shares.csv'), (& $at '-tokens.csv')
    $run = Get-FigureRun $bound $Quick $Seed '' 'clip-small'
    Assert-FigureRun $made $run $Force
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $count = $Quick ? 6 : $Rounds

    Write-Progress -Id 1 -Activity 'Data market' -Status 'Photographs'
    $scenes = Join-Path ([System.IO.Path]::GetTempPath()) "market-$([guid]::NewGuid().ToString('N'))"
    try {
        $items = @(New-SceneDataset $scenes -Count ($Quick ? 900 : 2400) -ImageSize 64 -Seed $Seed)
        $vectors = @{}
        $items | Get-ClipEmbedding -Modality Image -WarningAction SilentlyContinue | ForEach-Object { $vectors[$_.Source] = $_.Vector }
        $photographs = @(foreach ($item in $items) {
                $place = Get-Place $item.Captions
                if ($place) {
                    [pscustomobject]@{ Source = Split-Path $item.Path -Leaf; Vector = $vectors[$item.Path]; Caption = $item.Captions[1]; Label = $place; License = $item.License }
                }
            })
    }
    finally {
        Remove-Item -LiteralPath $scenes -Recurse -Force -ErrorAction Ignore
    }

    $places = @($photographs.Label | Sort-Object -Unique)
    $random = [System.Random]::new($Seed)
    $rows = [System.Collections.Generic.List[object]]::new()
    for ($round = 1; $round -le $count; $round++) {
        Write-Progress -Id 1 -Activity 'Data market' -Status "Round $round of $count" -PercentComplete (100 * ($round - 1) / $count)
        $shuffled = @($photographs)
        $random.Shuffle([object[]] $shuffled)
        $held = [int] ($shuffled.Count / 3)
        $validation = $shuffled[0..([int] ($held / 2) - 1)]
        $test = $shuffled[([int] ($held / 2))..($held - 1)]
        $sellers = @(New-Provider $shuffled[$held..($shuffled.Count - 1)] $places $random)
        $all = @($sellers.Items)
        $quality = @{}
        $all | Measure-DataQuality -RequiredField License, Source | ForEach-Object { $quality[$_.Contributor] = $_ }
        $utility = @{}
        $all | Measure-MarginalUtility -Test $validation -Method KnnShapley -K 5 -GroupBy Contributor | ForEach-Object { $utility[$_.Contributor] = $_.Value }
        $offers = @(foreach ($seller in $sellers) {
                [pscustomobject]@{
                    Contributor     = $seller.Contributor
                    Kind            = $seller.Kind
                    Photographs     = $seller.Items.Count
                    Cost            = $seller.Cost
                    Quality         = $quality[$seller.Contributor].Quality
                    MarginalUtility = [Math]::Max(0.0, [double] $utility[$seller.Contributor])
                    ClaimedQuality  = $seller.Kind -eq 'Careful' ? $quality[$seller.Contributor].Quality : 1
                    Hash            = $quality[$seller.Contributor].Hash
                }
            })
        $budget = $BudgetShare * ($offers | Measure-Object Cost -Sum).Sum
        foreach ($buying in $buyings) {
            $purchase = Get-Purchase $buying $offers $budget ($Seed * 1000 + $round)
            $bought = @($all | Where-Object { $purchase.ContainsKey($_.Contributor) })
            $accuracy = [double]::NaN
            if ($bought) {
                # The Shapley value of one player alone is U(all) - U(nobody): the accuracy above guessing.
                $accuracy = ($bought | Select-Object *, @{ n = 'Lot'; e = { 'bought' } } | Measure-MarginalUtility -Test $test -Method Shapley -GroupBy Lot -Utility Accuracy).Value
            }

            $rows.Add([pscustomobject]@{
                    Round       = $round
                    Buying      = $buying
                    Accuracy    = [double]::IsNaN($accuracy) ? 0 : $accuracy
                    Winners     = $purchase.Count
                    Photographs = $bought.Count
                    Paid        = [double] ($purchase.Values | Measure-Object -Sum).Sum
                    Budget      = $budget
                })
        }

        if ($round -eq 1) {
            Export-FigureCsv $offers (& $at '-offers.csv') $run
            $awards = @($offers | Invoke-DataAuction -Mechanism ProportionalShare -Budget $budget)
            Export-FigureCsv $awards (& $at '-awards.csv') $run
            $ledger = & $at '.db'
            Remove-Item -Path "$ledger*", (& $at '-bought.jsonl'), (& $at '-settlement.json') -ErrorAction Ignore
            foreach ($award in $awards | Where-Object IsWinner) {
                $null = Add-DatRecord -LedgerPath $ledger -Address $award.Contributor -Value $award.Value -Pointer $quality[$award.Contributor].Hash
            }

            # The data earn: a month of calls of what was trained on them.
            $null = Add-UsageRecord -LedgerPath $ledger -Source 'place-classifier' -Kind ApiCall -Quantity 10000 -Revenue 25
            $pool = (Get-UsageRecord -LedgerPath $ledger | Measure-Object Revenue -Sum).Sum
            Export-FigureCsv @($awards | Measure-UtilityShare -Pool $pool) (& $at '-shares.csv') $run
            $scores = $offers | Select-Object Contributor, @{ n = 'Volume'; e = { $_.Photographs } }, Quality, @{ n = 'Impact'; e = { $_.MarginalUtility } }
            Export-FigureCsv @($scores | Measure-DataShareToken -Supply 100000 -Whole) (& $at '-tokens.csv') $run
            $null = $all | Export-DataAward -Award $awards -OutputPath (& $at '-bought.jsonl')
            $key = Join-Path ([System.IO.Path]::GetTempPath()) "market-$([guid]::NewGuid().ToString('N')).pem"
            try {
                $null = Export-DatSettlement -LedgerPath $ledger -Path (& $at '-settlement.json') -KeyPath $key -NewKey
            }
            finally {
                Remove-Item -LiteralPath $key, "$key.pub" -ErrorAction Ignore
            }
        }
    }

    Export-FigureCsv @($rows) (& $at '-rounds.csv') $run
    $best = @($rows | Where-Object Buying -EQ 'ProportionalShare' | ForEach-Object Accuracy)
    $summary = @(foreach ($buying in $buyings) {
            $group = @($rows | Where-Object Buying -EQ $buying)
            $accuracy = @($group.Accuracy)
            $mean, $error = Measure-SampleMean $accuracy
            $less, $lessError = Measure-SampleMean @(0..($accuracy.Count - 1) | ForEach-Object { $best[$_] - $accuracy[$_] })
            $paid, $paidError = Measure-SampleMean @($group | ForEach-Object { $_.Paid / $_.Budget })
            [pscustomobject]@{
                PSTypeName                = 'QosValuation.DataMarketRow'
                Buying                    = $buying
                Rounds                    = $group.Count
                Accuracy                  = $mean
                AccuracyStandardError     = $error
                LessThanProportionalShare = $less
                LessStandardError         = $lessError
                Winners                   = ($group | Measure-Object Winners -Average).Average
                Photographs               = ($group | Measure-Object Photographs -Average).Average
                Paid                      = $paid
                PaidStandardError         = $paidError
            }
        })
    Export-FigureCsv $summary (& $at '.csv') $run
    Save-FigureRun $made $run
    $summary
    Write-Progress -Id 1 -Activity 'Data market' -Completed
    $others = @($summary | Where-Object Buying -In $baselines)
    $better = @($others | Where-Object LessThanProportionalShare -LE 0)
    $near = @($others | Where-Object { $_.LessThanProportionalShare -gt 0 -and $_.LessThanProportionalShare -le 2 * $_.LessStandardError })
    $script:FigureExitCode = $better ? 2 : 0
    $list = ($summary | ForEach-Object { "$($_.Buying) $($_.Accuracy.ToString('F3'))" }) -join ', '
    $overrun = ($summary | Where-Object Buying -EQ QMia).Paid
    $finding = "accuracy above guessing under one budget, $count rounds: $list; QMia paid $($overrun.ToString('F2')) times the budget"
    Write-Finding 'Data market' 'data-market.csv' $finding
    $verdict = $better ? "does not find more useful data than $($better.Buying -join ', ')" : 'finds more useful data than every baseline'
    $verdict += $near ? " ($($near.Buying -join ', ') within two standard errors)" : $better ? '' : ', by more than two standard errors'
    Write-Host "Data market: $count rounds in $($watch.Elapsed.TotalSeconds.ToString('F1')) s, written to $folder. ProportionalShare on quality and marginal utility $verdict."
}

exit $FigureExitCode
