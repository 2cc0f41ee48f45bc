BeforeDiscovery {
    # The runnable lines of docs/replication.md: a line that begins with "PS>" and, behind →, what it says.
    $text = Get-Content -LiteralPath (Join-Path $PSScriptRoot '../../docs/replication.md')
    $lines = foreach ($line in $text) {
        if ($line -match '^PS> (?<code>.+?)\s+# → (?<says>.+)$') {
            @{ Code = $Matches.code; Says = $Matches.says }
        }
    }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    function New-Offer([string] $Contributor, $Cost, $MarginalUtility = 1, $Quality = 1, [string] $Group) {
        [pscustomobject]@{ Contributor = $Contributor; Cost = $Cost; Quality = $Quality; MarginalUtility = $MarginalUtility; Group = $Group }
    }

    function Get-Rounded { $args[0] | ForEach-Object { [Math]::Round($_, 5) } }
}

Describe 'Invoke-DataAuction' {
    It 'pays by Q-MIA, and says that the budget does not suffice' {
        $awards = (New-Offer a .4), (New-Offer b .5) | Invoke-DataAuction -Budget 1 -WarningVariable warnings -WarningAction SilentlyContinue
        $awards[0] | Should -BeOfType QosValuation.DataAward
        Get-Rounded $awards.Payment | Should -Be .5, .6
        $awards.Reason | Should -Be Won, Won
        "$warnings" | Should -Match '0.1 more than the budget'
        $report = (New-Offer a .4), (New-Offer b .5) | Invoke-DataAuction -Budget 1 -Summary -WarningAction SilentlyContinue
        $report.Winners, [Math]::Round($report.Overrun, 9), $report.IsBudgetFeasible, $report.IsTruthful | Should -Be 2, .1, $false, $true
    }

    It 'follows every mechanism by name' {
        $offers = (New-Offer p1 .8 4), (New-Offer p2 .3 3), (New-Offer p3 .7 4), (New-Offer p4 .1 4)
        Get-Rounded ($offers | Invoke-DataAuction -Budget 1 -Mechanism ConstantRatio).Payment | Should -Be 0, .42857, 0, .23505
        Get-Rounded ($offers | Invoke-DataAuction -Budget 1 -Mechanism NaiveConstantRatio).Payment | Should -Be 0, .42857, 0, .57143
        Get-Rounded ($offers | Invoke-DataAuction -Budget 1 -Mechanism ProportionalShare).Payment | Should -Be 0, .42857, 0, .57143
        foreach ($mechanism in [Enum]::GetNames([QosValuation.AuctionMechanism])) {
            $awards = $offers | Invoke-DataAuction -Budget 1 -Mechanism $mechanism -Seed 1 -WarningAction SilentlyContinue
            $awards.Count | Should -Be 4
            $awards | Where-Object IsWinner | ForEach-Object { $_.Payment | Should -BeGreaterOrEqual $_.Cost }
        }
    }

    It 'costs one error for each field that is wrong, naming row and value, and sells the others' -ForEach @(
        @{ Field = 'Cost'; Value = 'abc' }, @{ Field = 'Cost'; Value = '-1' }, @{ Field = 'Cost'; Value = 'NaN' }, @{ Field = 'Cost'; Value = '∞' }
        @{ Field = 'Quality'; Value = 'good' }, @{ Field = 'Quality'; Value = '-0.5' }, @{ Field = 'Quality'; Value = 'NaN' }
        @{ Field = 'MarginalUtility'; Value = '1,000,0' }, @{ Field = 'MarginalUtility'; Value = '-2' }, @{ Field = 'MarginalUtility'; Value = 'Infinity' }
    ) {
        $offers = (New-Offer a .2), (New-Offer bad .1), (New-Offer c .2)
        $offers[1].$Field = $Value
        $awards = $offers | Invoke-DataAuction -Budget 1 -Mechanism ProportionalShare -ErrorVariable errors -ErrorAction SilentlyContinue
        $awards.Contributor | Should -Be a, c
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'OfferNotValid,*'
        $errors[0].Exception.Message | Should -BeLike "*Row 2 ('bad') has *"
        $errors[0].Exception.Message | Should -Match "as its $Field"
    }

    It 'needs a cost, and takes quality and utility for 1 where they are absent' {
        $errors = $null
        $awards = [pscustomobject]@{ Contributor = 'a'; Cost = '' }, [pscustomobject]@{ Contributor = 'b'; Cost = '0.5'; Quality = '' } |
            Invoke-DataAuction -Budget 1 -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors.Count | Should -Be 1
        $awards.Contributor | Should -Be b
        $awards.Value | Should -Be 1
    }

    It 'reserves a tranche, and limits groups' {
        $offers = (New-Offer small .001 1 1 rare), (New-Offer large .5 100 1 common)
        $awards = $offers | Invoke-DataAuction -Budget 1 -Mechanism ProportionalShare -Underserved rare
        Get-Rounded $awards.Payment | Should -Be .1, .9
        $awards.Tranche | Should -Be Diversity, Main
        $offers | Invoke-DataAuction -Budget 1 -Underserved nobody -WarningVariable warnings -WarningAction SilentlyContinue | Out-Null
        "$warnings" | Should -Match 'matches no contributor'
        $awards = (New-Offer a .1 1 1 x), (New-Offer b .2 1 1 x), (New-Offer c .3 1 1 y) | Invoke-DataAuction -Budget 1 -Mechanism ProportionalShare -GroupLimit 1
        $awards.Reason | Should -Be Won, GroupLimit, Won
    }

    It 'values diversity by a matrix, a script block, reference points or the vectors of the offers' {
        $offers = (New-Offer a .2), (New-Offer b .2), (New-Offer c .2)
        $expected = $offers | Invoke-DataAuction -Budget 1 -Mechanism Clock -Similarity @((1, 1, 0), (1, 1, 0), (0, 0, 1))
        $expected.IsWinner | Should -Be $false, $true, $true
        $script = { param($a, $b) [int](($a.Contributor -eq 'c') -eq ($b.Contributor -eq 'c')) }
        ($offers | Invoke-DataAuction -Budget 1 -Mechanism Clock -Similarity $script).Payment | Should -Be $expected.Payment
        $vectors = (1, 0), (1, 0), (0, 1)
        $embedded = 0..2 | ForEach-Object { $o = $offers[$_].PSObject.Copy(); $o | Add-Member Vector ([float[]]$vectors[$_]) -PassThru }
        ($embedded | Invoke-DataAuction -Budget 1 -Mechanism Clock).Payment | Should -Be $expected.Payment
        ($embedded | Invoke-DataAuction -Budget 1 -Mechanism SubmodularGreedy -Reference (, [float[]](0, 1))).IsWinner | Should -Be $false, $false, $true
        { $offers | Invoke-DataAuction -Budget 1 -Mechanism Clock -Similarity @(, (1, 0)) } | Should -Throw -ErrorId 'SimilarityNotValid,*'
        { $offers | Invoke-DataAuction -Budget 1 -Mechanism QMia -Similarity $script } | Should -Throw -ErrorId 'AuctionOptionNotSupported,*'
    }

    It 'sells arrays and files as it sells objects' {
        $random = [Random]::new(1)
        $offers = 1..200 | ForEach-Object { New-Offer "p$_" $random.NextDouble() (1 + $random.NextDouble()) (.5 + $random.NextDouble() / 2) }
        $awards = $offers | Invoke-DataAuction -Budget 9 -WarningAction SilentlyContinue
        $columns = Invoke-DataAuction -Cost ([double[]]$offers.Cost) -Quality $offers.Quality -MarginalUtility $offers.MarginalUtility -Budget 9 -WarningAction SilentlyContinue
        $columns | Should -BeOfType QosValuation.AuctionColumns
        $columns.Payment | Should -Be $awards.Payment
        $columns.Rank | Should -Be ($awards | ForEach-Object Rank) # An array has a Rank of its own.
        $offers | Export-Csv "$TestDrive/offers.csv"
        $report = Invoke-DataAuction -Path "$TestDrive/offers.csv" -OutputPath "$TestDrive/awards.csv" -Budget 9 -WarningAction SilentlyContinue
        $report.TotalPayment | Should -Be $columns.Report.TotalPayment
        $read = Import-Csv "$TestDrive/awards.csv"
        $read.Contributor | Should -Be $offers.Contributor
        [double[]]$read.Payment | Should -Be $awards.Payment
        Invoke-DataAuction -Path "$TestDrive/offers.csv" -OutputPath "$TestDrive/payment.npy" -Budget 9 -WarningAction SilentlyContinue | Out-Null
        (Get-Item "$TestDrive/payment.npy").Length | Should -BeGreaterThan 1600
        Invoke-DataAuction -Path "$TestDrive/offers.csv" -OutputPath "$TestDrive/none.csv" -Budget 9 -WhatIf | Should -BeNullOrEmpty
        "$TestDrive/none.csv" | Should -Not -Exist
        { Invoke-DataAuction -Cost 1, -3 -Budget 1 } | Should -Throw '*Row 2 has -3 as its Cost*'
    }
}

Describe 'Measure-UtilityShare and Measure-DataShareToken' {
    It 'share a pool among winners' {
        $shares = (New-Offer a .1 3), (New-Offer b .1 1), (New-Offer c 9 5) | Invoke-DataAuction -Budget 1 -Mechanism ProportionalShare | Measure-UtilityShare -Pool 100 -RiskAversion 1
        $shares.Contributor | Should -Be a, b
        $shares.Payout | Should -Be 75, 25
        Get-Rounded $shares.Utility | Should -Be 4.31749, 3.21888
        $shares[0].NetUtility | Should -Be ($shares[0].Utility - .1)
    }

    It 'say −∞ rather than NaN' {
        ((New-Offer a 0 1), (New-Offer b 0 0) | Measure-UtilityShare -Pool 1 -RiskAversion 1).Utility | Should -Be 0, ([double]::NegativeInfinity)
    }

    It 'divide tokens within floors and caps' {
        $claims = 1..3 | ForEach-Object { [pscustomobject]@{ Contributor = "p$_"; TokenCount = 100 * $_; Quality = 1; MarginalUtility = $_ - 1 } }
        $tokens = $claims | Measure-DataShareToken -Supply 1000 -Floor 200 -Cap 450 -Whole
        ($tokens | Measure-Object Tokens -Sum).Sum | Should -Be 1000
        $tokens[0].Tokens, $tokens[2].Tokens | Should -Be 200, 450
        { $claims | Measure-DataShareToken -Supply 10 -Floor 4 } | Should -Throw '*floors of 3 providers sum to 12, and the supply is 10*'
        $claims[1].Quality = 'x'
        $claims | Measure-DataShareToken -ErrorVariable errors -ErrorAction SilentlyContinue | Should -HaveCount 2
        $errors[0].Exception.Message | Should -BeLike "Row 2 ('p2') has 'x' as its Quality*"
    }
}

Describe 'Test-MechanismProperty' {
    It 'finds what replays: <Mechanism> <Property>' -ForEach @(
        @{ Mechanism = 'QMia'; Property = 'Budget' }, @{ Mechanism = 'QMia'; Property = 'Collusion' }, @{ Mechanism = 'QMia'; Property = 'Sybil' }
        @{ Mechanism = 'NaiveConstantRatio'; Property = 'Truthfulness' }
    ) {
        $violation = Test-MechanismProperty $Mechanism -Property $Property -Trial 20000 -Seed 3
        $violation.Property | Should -Be $Property
        $replayed = $violation.Offers | Invoke-DataAuction -Mechanism $violation.Mechanism -Budget $violation.Budget -WarningAction SilentlyContinue
        $deviators = $replayed | Where-Object { $award = $_; $violation.Agents | Where-Object { $award.Contributor -like "$_*" } }
        $paid = ($deviators | Measure-Object Payment -Sum).Sum
        $cost = 0.0
        if ($Property -ne 'Budget') {
            foreach ($award in $deviators | Where-Object IsWinner) {
                $place = [array]::IndexOf($violation.Agents, $award.Contributor)
                $cost += $Property -eq 'Sybil' ? $award.Cost : $violation.Truth[$place]
            }
        }
        [Math]::Abs($paid - $cost - $violation.UtilityAfter) | Should -BeLessThan 1e-9
        (Invoke-Expression $violation.Command -WarningAction SilentlyContinue).Payment | Should -Be $replayed.Payment
    }

    It 'finds Mixed-MIA as published and not as corrected, and the Sybil of a rescaled contract' {
        (Test-MechanismProperty QMia -Liquidity .5 -Pool 1 -Property Truthfulness -Seed 1).Gain | Should -BeGreaterThan 0
        (Test-MechanismProperty QMia -Liquidity 0 -Pool 1 -Property IndividualRationality -Seed 1).UtilityAfter | Should -BeLessThan 0
        Test-MechanismProperty QMia -Liquidity .5 -Pool 1 -Corrected -Property Truthfulness, IndividualRationality -Trial 5000 -Seed 1 | Should -BeNullOrEmpty
        $violation = Test-MechanismProperty UtilityShare -Rescale -Property Sybil -Seed 1
        ($violation.Offers | Measure-UtilityShare -Pool 1 -Rescale | Where-Object Contributor -Like "$($violation.Agents)*" | Measure-Object Payout -Sum).Sum |
            Should -Be $violation.UtilityAfter
    }

    It 'tests a script block' {
        $lowest = { param($Offers, $Budget) $Offers | Sort-Object Cost | Select-Object -First 1 | ForEach-Object { [pscustomobject]@{ Contributor = $_.Contributor; Payment = $_.Cost } } }
        (Test-MechanismProperty -ScriptBlock $lowest -Property Truthfulness -Trial 50 -Seed 1).Mechanism | Should -Be ScriptBlock
        { Test-MechanismProperty -ScriptBlock { throw 'no' } -Trial 1 -Seed 1 } | Should -Throw -ErrorId 'MechanismScriptFailed,*'
        { Test-MechanismProperty Nonsense } | Should -Throw -ErrorId 'MechanismSearchNotValid,*'
    }

    It 'searches among given offers' {
        $violation = (New-Offer ann .43), (New-Offer bob .51) | Test-MechanismProperty QMia -Property Collusion -Seed 1
        $violation.Agents | Should -Be ann, bob
        $violation.Truth | Should -Be .43, .51
    }
}

Describe 'Invoke-AuctionSimulation' {
    It 'shows that a learner gains where the truth is not a best reply, and nowhere else' {
        $rows = Invoke-AuctionSimulation -Mechanism QMia, ProportionalShare, Random -Repetition 60 -Round 30 -Seed 1
        $rows.Count | Should -Be 90
        $rows[0] | Should -BeOfType QosValuation.AuctionSimulationResult
        $last = @{}
        $rows | Where-Object Round -EQ 30 | ForEach-Object { $last["$($_.Mechanism)"] = $_ }
        $last.Random.TotalGain | Should -BeGreaterThan (3 * $last.Random.TotalGainStandardError)
        $last.Random.IsTruthful | Should -BeFalse
        foreach ($truthful in 'QMia', 'ProportionalShare') {
            $last.$truthful.TotalGain | Should -BeLessOrEqual 1e-12
            $last.$truthful.BestGain | Should -BeLessOrEqual 1e-12
            $last.$truthful.IsTruthful | Should -BeTrue
        }
    }

    It 'tells Mixed-MIA as published from the corrected one' {
        $published = Invoke-AuctionSimulation -Liquidity .5 -Pool 1 -Repetition 60 -Round 30 -Seed 1 -Summary
        $corrected = Invoke-AuctionSimulation -Liquidity .5 -Pool 1 -Corrected -Repetition 60 -Round 30 -Seed 1 -Summary
        @($published).Count, $published.Mechanism, $published.Round | Should -Be 1, QMia, 30
        $published.TotalGain | Should -BeGreaterThan (3 * $published.TotalGainStandardError)
        $corrected.BestGain | Should -BeLessOrEqual 1e-12
        ($published | Format-Table | Out-String) | Should -Match '0\.5 '
        ($corrected | Format-Table | Out-String) | Should -Match '0\.5 \(c\)'
    }

    It 'repeats itself from a seed, and names one that it draws' {
        $rows = 1..2 | ForEach-Object { Invoke-AuctionSimulation -Mechanism Random -Repetition 5 -Round 5 -Seed 7 | ConvertTo-Json }
        $rows[0] | Should -Be $rows[1]
        $drawn = Invoke-AuctionSimulation -Mechanism Random -Repetition 5 -Round 5
        Invoke-AuctionSimulation -Mechanism Random -Repetition 5 -Round 5 -Seed $drawn[0].Seed | ConvertTo-Json | Should -Be ($drawn | ConvertTo-Json)
    }

    It 'takes offers, one of which learns; bad ones cost an error each' {
        $offers = (New-Offer a .2), (New-Offer b .3), (New-Offer bad abc), (New-Offer c .4)
        $row = $offers | Invoke-AuctionSimulation ProportionalShare -Learner b -Repetition 5 -Round 5 -Seed 1 -Summary -ErrorVariable errors -ErrorAction SilentlyContinue
        $row.Freshness | Should -BeLessThan 1
        $errors.Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'OfferNotValid,*'
        { $offers[0] | Invoke-AuctionSimulation -Learner nobody } | Should -Throw "*'nobody'*" -ErrorId 'SimulationNotValid,*'
        { $offers[0] | Invoke-AuctionSimulation -ProviderCount 3 } | Should -Throw -ErrorId 'SimulationNotValid,*'
        { Invoke-AuctionSimulation -Learner a } | Should -Throw -ErrorId 'SimulationNotValid,*'
        @() | Invoke-AuctionSimulation | Should -BeNullOrEmpty
    }

    It 'refuses <Argument>' -ForEach @(
        @{ Argument = @{ Decay = 2 }; Id = 'SimulationNotValid' }, @{ Argument = @{ Factor = 1, -1 }; Id = 'SimulationNotValid' }
        @{ Argument = @{ CarryOver = 'NaN' }; Id = 'SimulationNotValid' }, @{ Argument = @{ Budget = -1 }; Id = 'AuctionOptionNotValid' }
        @{ Argument = @{ Mechanism = 'Random'; Liquidity = .5 }; Id = 'AuctionOptionNotSupported' }, @{ Argument = @{ Pool = 1 }; Id = 'AuctionOptionNotValid' }
        @{ Argument = @{ Round = 0 }; Id = 'ParameterArgumentValidationError' }, @{ Argument = @{ Decay = '0,5' }; Id = 'ParameterArgumentTransformationError' }
    ) {
        { Invoke-AuctionSimulation @Argument -Repetition 1 } | Should -Throw -ErrorId "$Id,*"
    }
}

Describe 'The statements of seed 002 in docs/replication.md' {
    It 'has lines to run' {
        (Select-String -LiteralPath (Join-Path $RepositoryRoot 'docs/replication.md') -Pattern '^PS> ').Count | Should -BeGreaterThan 14
    }

    It '<Code> says <Says>' -ForEach $lines {
        $WarningPreference = 'SilentlyContinue'
        (@(Invoke-Expression $Code) | ForEach-Object { $_ -is [double] ? [Math]::Round($_, 3).ToString([cultureinfo]::InvariantCulture) : "$_" }) -join ' ' | Should -Be $Says
    }
}

Describe 'A report of a market' {
    It 'draws awards, auctions, shares, tokens, violations and repeated auctions' {
        $offers = 1..12 | ForEach-Object { New-Offer "p$_" ($_ / 20) (1 + $_ % 3) }
        $path = "$TestDrive/market.html"
        $awards = $offers | Invoke-DataAuction -Budget 2 -Mechanism ProportionalShare
        $results = @($awards) + @($awards | Measure-UtilityShare -Pool 10) + @($offers | Measure-DataShareToken -Supply 100) +
            @($offers | Invoke-DataAuction -Budget 2 -Mechanism ProportionalShare -Summary) + @(Test-MechanismProperty QMia -Property Budget, Collusion -Seed 1) +
            @(Invoke-AuctionSimulation QMia, Random -Repetition 5 -Round 8 -Seed 1)
        $results | Export-QosReport $path | Out-Null
        $html = Get-Content -Raw -LiteralPath $path
        foreach ($heading in 'Data awards', 'Auctions', 'Utility shares', 'Data share tokens', 'Broken promises of mechanisms', 'What a bidder gains that learns') {
            $html | Should -Match $heading
        }
    }
}
