BeforeAll {
    . $PSScriptRoot/Common.ps1
    $script = Join-Path $RepositoryRoot 'scripts/ModelMarket.ps1'
    $few = @{ Quick = $true; Clients = 6; Round = 2; LocalStep = 10 }
}

Describe 'scripts/ModelMarket.ps1' {
    It 'compares nine algorithms, tests the claims, and grants tokens; and repeats' {
        $folder = Join-Path $TestDrive 'market'
        $rows = @(& $script @few -OutputPath $folder -InformationVariable said 6> $null)
        $LASTEXITCODE | Should -BeIn 0, 2
        $rows.Algorithm | Should -Be 'Ipfl', 'Local', 'FedAvg', 'FedProx', 'Ditto', 'FedAmp', 'Cfl', 'FedFomo', 'PFedGraph'
        $rows.Seeds | Select-Object -Unique | Should -Be 2
        $claims = Import-Csv (Join-Path $folder model-market-claims.csv)
        $claims.Count | Should -Be 6
        $LASTEXITCODE | Should -Be (@($claims | Where-Object { $_.Expected -and $_.Expected -ne $_.Holds }) ? 2 : 0)
        @($claims | Where-Object Expected).Count | Should -Be 5
        foreach ($claim in $claims) {
            "$said" | Should -Match "$($claim.Claim) $($claim.Holds -eq 'True' ? 'holds' : 'does not hold'): .*\d"
        }

        ($said | Where-Object Tags -Contains Finding).MessageData.Experiment | Should -Be 'Model market'

        # The summary is that of the rounds: accuracy the best over rounds, utility their sum, paired by seed.
        $rounds = Import-Csv (Join-Path $folder model-market-rounds.csv)
        $rounds.Count | Should -Be (2 * 9 * 6 * 2)
        foreach ($name in 'Ipfl', 'FedAvg') {
            $sum = ($rounds | Where-Object Algorithm -EQ $name | ForEach-Object { [double] $_.Utility } | Measure-Object -Sum).Sum / 12
            [Math]::Abs(($rows | Where-Object Algorithm -EQ $name).Utility - $sum) | Should -BeLessThan 1e-9
        }

        [Math]::Abs($rows[0].Utility - $rows[2].Utility - $rows[2].UtilityLessThanIpfl) | Should -BeLessThan 1e-9
        ($claims | Where-Object Claim -Like 'Individual*').Holds | Should -Be 'True'
        ($claims | Where-Object Claim -Like '*critical*').Holds | Should -Be 'True'
        ($claims | Where-Object Claim -Like 'Utility does not*').Holds | Should -Be 'True'

        $lies = Import-Csv (Join-Path $folder model-market-lies.csv)
        $lies.Count | Should -Be (2 * 6 * 3 * 4)
        $lies | Where-Object { $_.Payment -eq 'Critical' -and $_.Lie -eq 'Cost' -and [double] $_.Gain -gt 1e-9 } | Should -BeNullOrEmpty

        # What a poisoned model brings is least, and earns no token; the others share the supply by what theirs bring.
        $tokens = Import-Csv (Join-Path $folder model-market-tokens.csv)
        $tokens[5].Attack | Should -Be 'SignFlip'
        ($tokens | ForEach-Object { [double] $_.Contribution } | Measure-Object -Minimum).Minimum | Should -Be ([double] $tokens[5].Contribution)
        [Math]::Abs(($tokens | ForEach-Object { [double] $_.Tokens } | Measure-Object -Sum).Sum - 1000) | Should -BeLessThan 1e-6
        $positive = @($tokens | Where-Object { [double] $_.Contribution -gt 0 })
        $positive.Count | Should -BeGreaterThan 1
        [Math]::Abs([double] $positive[0].Tokens / $positive[1].Tokens - [double] $positive[0].Contribution / $positive[1].Contribution) | Should -BeLessThan 1e-6
        @(Import-Csv (Join-Path $folder model-market-privacy.csv)).Epsilon | Should -Be 'NaN', '8'

        $page = Get-Content (Join-Path $folder model-market.html) -Raw
        foreach ($part in 'model-market-graph', 'model-market-payments', 'Utility by algorithm', 'Marginal utility') { $page | Should -Match $part }

        $before = (Get-FileHash (Join-Path $folder model-market-rounds.csv)).Hash
        $null = & $script @few -OutputPath $folder 6> $null
        (Get-FileHash (Join-Path $folder model-market-rounds.csv)).Hash | Should -Be $before
    }

    It 'says that real vectors are absent, and takes both files or none' {
        $absent = Join-Path $TestDrive 'absent.npy'
        $null = & $script -EmbeddingPath $absent -OutputPath (Join-Path $TestDrive 'one') -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match 'go together'
        $null = & $script @few -EmbeddingPath $absent -PromptPath $absent -OutputPath (Join-Path $TestDrive 'two') -InformationVariable said 6> $null
        $LASTEXITCODE | Should -BeIn 0, 2
        "$said" | Should -Match 'skipped, because there is no file .*absent\.npy'
    }

    It 'has help' {
        Assert-ScriptHelp $script -Synopsis 'model market' -Examples 2
    }
}
