BeforeAll {
    . $PSScriptRoot/Common.ps1
    $random = [Random]::new(1)
    $embeddings = foreach ($i in 0..119) {
        [pscustomobject]@{ Item = "photo$i"; Label = "class$($i % 3)"; Contributor = "c$($i % 4)"
            Vector = [float[]] (0..7 | ForEach-Object { ($_ % 3 -eq $i % 3) + 0.3 * $random.NextDouble() }) }
    }
    $clients = $embeddings | New-ModelClient -Cost 1 -GainScale 1e3 -Seed 1
    $fast = @{ Round = 2; LocalStep = 5; BatchSize = 8; LearningRate = 0.1; Seed = 1 }
}

Describe 'A round without training' {
    BeforeAll {
        $traders = @(
            [pscustomobject]@{ Contributor = 'a'; Size = 100; Cost = 1; GainScale = 1e4 }
            [pscustomobject]@{ Contributor = 'b'; Size = 100; Cost = 1; GainScale = 1e4 }
            [pscustomobject]@{ Contributor = 'c'; Size = 100; Cost = 1; GainScale = 1e4 }
        )
        $one = @((0, 1, 1), (1, 0, 1), (1, 1, 0))
    }

    It 'clears the case by hand' {
        $rows = $traders | Invoke-ModelMarket -Distance $one
        $price = 10 - 100 / [math]::Sqrt(200) - 1
        [math]::Abs($rows[0].Paid - $price) | Should -BeLessThan 1e-9
        [math]::Abs($rows[0].Utility - 2.8578643762690497) | Should -BeLessThan 1e-9
        $rows.Imports | Should -Be 1, 1, 1
        $rows[0].Graph[0][1] | Should -Be 1
        $rows[0].Graph[0][2] | Should -Be 0
        $rows[0].Payment[0][1] | Should -Be (-$rows[0].Payment[1][0])
        $rows[0].Check.IsZeroSum | Should -BeTrue
        $rows.IsRational | Should -Not -Contain $false
    }

    It 'takes updates, and tells the model step' {
        $rows = $traders | Invoke-ModelMarket -Update @((1, 0), (0, 1), (1, 1)) -Lambda 0.1 -Eta 2
        [math]::Abs($rows[0].Distance[0][2] - (1 - 1 / [math]::Sqrt(2))) | Should -BeLessThan 1e-12
        # u = (1, 0): the gradient of the cosines with (0, 1) and (1, 1) is (0, 1 + 1/sqrt 2).
        $rows[0].Imports | Should -Be 2
        [math]::Abs($rows[0].Proxy[0] - 1) | Should -BeLessThan 1e-12
        [math]::Abs($rows[0].Proxy[1] - 2 * (1 + 1 / [math]::Sqrt(2))) | Should -BeLessThan 1e-12
    }

    It 'refuses what does not fit' {
        { $traders | Invoke-ModelMarket -Distance @((0, 1), (1, 0)) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*'
        { $traders | Invoke-ModelMarket -Distance 3 } | Should -Throw -ErrorId 'ModelDistanceNotValid,*'
        { [pscustomobject]@{ Contributor = 'a'; Size = 0; Cost = 1 } | Invoke-ModelMarket -Distance @(, (, 0)) } | Should -Throw -ErrorId 'ModelTraderNotValid,*'
        { $traders | Invoke-ModelMarket -Distance $one -Lambda -1 } | Should -Throw -ErrorId 'ModelMarketOptionNotValid,*'
    }

    It 'refuses two clients of one name, and a client without one' {
        $twin = [pscustomobject]@{ Contributor = 'a'; Size = 100; Cost = 1 }
        { $traders[0], $twin | Invoke-ModelMarket -Distance @((0, 1), (1, 0)) } | Should -Throw -ErrorId 'ModelTraderNotValid,*' -ExpectedMessage '*two clients*'
        $twin.Contributor = ' '
        { $traders[0], $twin | Invoke-ModelMarket -Distance @((0, 1), (1, 0)) } | Should -Throw -ErrorId 'ModelTraderNotValid,*' -ExpectedMessage '*no name*'
    }

    It 'tells which trader cannot be read, and keeps the rows of the others' {
        $bad = [pscustomobject]@{ Contributor = 'b'; Size = 'many'; Cost = 1; GainScale = 1e4 }
        $far = @((0, 1, 0.5), (1, 0, 2), (0.5, 2, 0))
        $rows = $traders[0], $bad, $traders[2] | Invoke-ModelMarket -Distance $far -ErrorAction SilentlyContinue -ErrorVariable wrong
        $wrong | Should -HaveCount 1
        "$($wrong[0])" | Should -Match 'many'
        $rows.Client | Should -Be 'a', 'c'
        $rows[0].Distance[0][1] | Should -Be 0.5
        $rows = $traders[0], $bad, $traders[2] | Invoke-ModelMarket -Update @((1, 0), (0, 1), (1, 1)) -ErrorAction SilentlyContinue
        [math]::Abs($rows[0].Distance[0][1] - (1 - 1 / [math]::Sqrt(2))) | Should -BeLessThan 1e-12
    }

    It 'names the cell of a matrix that is no number' {
        { $traders[0, 1] | Invoke-ModelMarket -Distance @((0, $null), (1, 0)) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*' -ExpectedMessage 'Row 1, column 2 of -Distance is nothing*'
        { $traders[0, 1] | Invoke-ModelMarket -Update @((0, 1), ('x', 0)) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*' -ExpectedMessage "Row 2, column 1 of -Update is 'x'*"
    }

    It 'refuses updates whose cosines cannot be taken, and a model step of no size' {
        { $traders[0, 1] | Invoke-ModelMarket -Update @((1e300, 1), (1, 1)) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*' -ExpectedMessage '*update 1 is 1E+300*'
        { $traders[0, 1] | Invoke-ModelMarket -Update @((1, 1), (1e-300, 0)) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*' -ExpectedMessage '*update 2 is 1E-300*'
        { $traders[0, 1] | Invoke-ModelMarket -Update @(@(), @()) } | Should -Throw -ErrorId 'ModelDistanceNotValid,*'
        { $traders[0, 1] | Invoke-ModelMarket -Update @((1, 1), (1, 0)) -Eta 0 } | Should -Throw -ErrorId 'FederatedOptionNotValid,*'
        { $traders[0, 1] | Invoke-ModelMarket -Update @((1, 1), (1, 0)) -Eta NaN } | Should -Throw -ErrorId 'FederatedOptionNotValid,*'
    }

    It 'gives nothing for no import, however small a client is' {
        $small = [pscustomobject]@{ Contributor = 'small'; Size = 1e-300; Cost = 1; GainScale = 0 }
        $rows = $small, $traders[0] | Invoke-ModelMarket -Distance @((0, 9), (9, 0))
        $rows.Utility | Should -Be 0, 0
        $rows.IsRational | Should -Not -Contain $false
    }

    It 'takes the clients of a market as well' {
        @($clients | Invoke-ModelMarket -Distance @((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))).Count | Should -Be 4
    }
}

Describe 'Invoke-ModelMarket' {
    It 'runs several algorithms, and Measure-ModelMarket sums them up' {
        $rows = $clients | Invoke-ModelMarket -Algorithm Ipfl, Local, FedAvg @fast
        $rows.Count | Should -Be 24
        $rows[0].Graph | Should -BeNullOrEmpty
        $reports = $rows | Measure-ModelMarket
        $reports.Algorithm | Should -Be Ipfl, Local, FedAvg
        ($reports | Where-Object Algorithm -EQ Local).Utility | Should -Be 0
        $saved = $rows | ConvertTo-Json -Depth 6 | ConvertFrom-Json | Measure-ModelMarket
        $saved[0].Utility | Should -Be $reports[0].Utility
    }

    It 'goes on from a checkpoint to the same rows, and writes nothing with -WhatIf' {
        $path = Join-Path $TestDrive 'market.state'
        $clients | Invoke-ModelMarket @fast -CheckpointPath $path -WhatIf | Should -BeNullOrEmpty
        $path | Should -Not -Exist
        $whole = $clients | Invoke-ModelMarket @fast -PassThru | ConvertTo-Json -Depth 6
        $fast1 = $fast.Clone(); $fast1.Round = 1
        $null = $clients | Invoke-ModelMarket @fast1 -PassThru -CheckpointPath $path
        $clients | Invoke-ModelMarket @fast -PassThru -CheckpointPath $path | ConvertTo-Json -Depth 6 | Should -Be $whole
        { $clients | Invoke-ModelMarket @fast -Lambda 2 -CheckpointPath $path } | Should -Throw -ErrorId 'ModelMarketCheckpointNotValid,*'
    }

    It 'says that a checkpoint needs a seed, and gives no more rounds than asked for' {
        $path = Join-Path $TestDrive 'seed.state'
        { $clients | Invoke-ModelMarket -Round 1 -LocalStep 5 -CheckpointPath $path } | Should -Throw -ErrorId 'ModelMarketOptionNotValid,*' -ExpectedMessage 'Seed is absent*'
        $path | Should -Not -Exist
        $null = $clients | Invoke-ModelMarket @fast -CheckpointPath $path
        $fast1 = $fast.Clone(); $fast1.Round = 1
        ($clients | Invoke-ModelMarket @fast1 -CheckpointPath $path).Round | Should -Be 1, 1, 1, 1
        ($clients | Invoke-ModelMarket @fast -CheckpointPath $path).Count | Should -Be 8
    }

    It 'refuses a checkpoint that is cut short, even with a digest that fits' {
        $path = Join-Path $TestDrive 'forged.state'
        $null = $clients | Invoke-ModelMarket @fast -CheckpointPath $path
        $bytes = [IO.File]::ReadAllBytes($path)
        foreach ($end in 40, 120, 400, ($bytes.Length - 20)) {
            [byte[]] $body = $bytes[32..$end]
            $digest = [Security.Cryptography.SHA256]::Create().ComputeHash($body)
            [IO.File]::WriteAllBytes($path, [byte[]] ($digest + $body))
            { $clients | Invoke-ModelMarket @fast -CheckpointPath $path } | Should -Throw -ErrorId 'ModelMarketCheckpointNotValid,*' -ExpectedMessage '*is damaged*'
        }
    }

    It 'trains under FedAvg with whole batches as one client with all rows does, and under Local as a client alone does' {
        $whole = @{ Round = 3; LocalStep = 1; BatchSize = 1000; LearningRate = 0.5; Momentum = 0; WeightDecay = 0; Seed = 9; PassThru = $true }
        $all = $clients[0] | ConvertTo-Json -Depth 5 | ConvertFrom-Json
        $all.Vectors = @($clients.ForEach{ $_.Vectors }); $all.Labels = @($clients.ForEach{ $_.Labels }); $all.Items = @($clients.ForEach{ $_.Items })
        $size = ($clients | Measure-Object Size -Sum).Sum
        $rows = $clients | Invoke-ModelMarket FedAvg @whole
        $one = $all | Invoke-ModelMarket FedAvg @whole
        foreach ($round in 1..3) {
            $shared = @($rows | Where-Object Round -EQ $round)
            $central = @($one | Where-Object Round -EQ $round).Update
            foreach ($k in 0..($central.Length - 1)) {
                $mean = (0..3 | ForEach-Object { $shared[$_].Update[$k] * $clients[$_].Size / $size } | Measure-Object -Sum).Sum
                [math]::Abs($mean - $central[$k]) | Should -BeLessThan 1e-6
            }
        }

        $together = $clients | Invoke-ModelMarket Local @fast -PassThru | Where-Object Client -EQ $clients[0].Contributor
        $alone = $clients[0] | Invoke-ModelMarket Local @fast -PassThru
        $alone.Update | Should -Be $together.Update
    }

    It 'makes a section of a report with figures' {
        $path = Join-Path $TestDrive 'market.html'
        $rows = $clients | Invoke-ModelMarket @fast -PassThru
        $null = @($rows) + @($rows | Measure-ModelMarket) | Export-QosReport $path
        $page = Get-Content -Raw $path
        $page | Should -Match 'model-market-graph'
        $page | Should -Match 'model-market-payments'
        $page | Should -Match 'Utility by algorithm'
    }
}

Describe 'Private training' {
    BeforeAll {
        $private = @{ Round = 2; LocalStep = 5; BatchSize = 8; LearningRate = 0.1 }
    }

    It 'charges each client once for all algorithms, and says so before' {
        $path = Join-Path $TestDrive 'clients.db'
        $null = New-PrivacyBudget -Epsilon 5 -Delta 1e-5 -Neighboring AddRemove -Path $path
        $clients | Invoke-ModelMarket @private -Epsilon 2 -Budget $path -WhatIf | Should -BeNullOrEmpty
        Get-PrivacyBudget $path -Contributor * | Should -BeNullOrEmpty
        $rows = $clients | Invoke-ModelMarket -Algorithm Ipfl, FedAvg @private -Epsilon 2 -Budget $path
        $rows.Count | Should -Be 16
        $rows[0].Epsilon | Should -Be 2
        $rows[0].Delta | Should -Be 1e-5
        $rows[0].IsFormal | Should -BeTrue
        $accounts = Get-PrivacyBudget $path -Contributor *
        $accounts.Contributor | Should -Be c0, c1, c2, c3
        $accounts.Releases | Should -Be 2, 2, 2, 2
        $accounts[0].Spent | Should -BeGreaterThan 2
        $accounts[0].Spent | Should -BeLessOrEqual 4
        { $clients | Invoke-ModelMarket @private -Epsilon 4.9 -Budget $path } | Should -Throw -ErrorId 'PrivacyBudgetExceeded,*'
        (Get-PrivacyBudget $path -Contributor *).Releases | Should -Be 2, 2, 2, 2
    }

    It 'spends a budget of the same ε whole' {
        $path = Join-Path $TestDrive 'whole.db'
        $null = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Neighboring AddRemove -Path $path
        $null = $clients | Invoke-ModelMarket @private -Epsilon 1 -Budget $path
        ((Get-PrivacyBudget $path -Contributor *).Spent | Measure-Object -Maximum).Maximum | Should -BeGreaterThan 0.98
        $null = $clients | Select-Object -First 0 | Invoke-ModelMarket @private -Epsilon 1 -Budget $path
    }

    It 'protects clients' {
        $path = Join-Path $TestDrive 'contributors.db'
        $null = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Neighboring AddRemove -Unit Contributor -Path $path
        { $clients | Invoke-ModelMarket @private -Epsilon 1 -Budget $path } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        $rows = $clients | Invoke-ModelMarket @private -Epsilon 1 -Unit Contributor -ClippingNorm 0.5 -Budget $path
        $rows[0].Unit | Should -Be Contributor
        ($rows | ConvertTo-Json -Depth 6 | ConvertFrom-Json | Measure-ModelMarket).Unit | Should -Be Contributor
    }

    It 'learns more at a larger ε' {
        $rows = foreach ($epsilon in 0.05, 500) { $clients | Invoke-ModelMarket -Algorithm FedAvg @fast -Epsilon $epsilon }
        $reports = $rows | Measure-ModelMarket
        $reports.Epsilon | Should -Be 0.05, 500
        $reports[1].FinalAccuracy | Should -BeGreaterThan $reports[0].FinalAccuracy
        $rows[0].IsFormal | Should -BeFalse
    }

    It 'refuses what would not be private' {
        $path = Join-Path $TestDrive 'refused.db'
        $null = New-PrivacyBudget -Epsilon 9 -Delta 1e-5 -Neighboring AddRemove -Path $path
        { $clients | Invoke-ModelMarket @fast -Epsilon 1 -Budget $path } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable,*'
        { $clients | Invoke-ModelMarket @private -Budget $path } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $clients | Invoke-ModelMarket @private -Unit Contributor } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $clients | Invoke-ModelMarket FedFomo @private -Epsilon 1 } | Should -Throw -ErrorId 'ModelMarketOptionNotValid,*'
        { $clients | Invoke-ModelMarket @private -Epsilon 1 -CheckpointPath (Join-Path $TestDrive 'x.state') } |
            Should -Throw -ErrorId 'ModelMarketOptionNotValid,*'
        { $clients | Invoke-ModelMarket @private -Epsilon 0 } | Should -Throw -ErrorId 'EpsilonOutOfRange,*'
        { $clients | Invoke-ModelMarket @private -Epsilon 1 -ClippingNorm 0 } | Should -Throw -ErrorId 'ModelMarketOptionNotValid,*'
        Get-PrivacyBudget $path -Contributor * | Should -BeNullOrEmpty
    }
}

Describe 'Measure-MarginalUtility -Client' {
    BeforeAll {
        $mixed = @($clients[0..2]) + @($clients[3] | New-ModelClient -Attack SignFlip)
        $trained = @($mixed | Invoke-ModelMarket FedAvg @fast -PassThru)
    }

    It 'values what each model adds, which sums up to what all add' {
        $values = @($trained | Measure-MarginalUtility -Client $mixed -Utility NegativeLoss)
        $values.Contributor | Should -Be $mixed.Contributor
        $values.Method | Select-Object -Unique | Should -Be Shapley
        ($values | Sort-Object Value)[0].Contributor | Should -Be $mixed[3].Contributor

        # The value of a client alone is what its model achieves beyond the initial one: a mean of one.
        $alone = foreach ($i in 0, 1) { ($trained[4 + $i] | Measure-MarginalUtility -Client $mixed -Utility NegativeLoss).Value }
        $pair = $trained[4, 5] | Measure-MarginalUtility -Client $mixed -Utility NegativeLoss
        $both = ($pair.Value | Measure-Object -Sum).Sum
        [math]::Abs($pair[0].Value - ($alone[0] + $both - $alone[1]) / 2) | Should -BeLessThan 1e-9
    }

    It 'values saved rows alike, and another learner' {
        $saved = $trained | ConvertTo-Json -Depth 6 | ConvertFrom-Json
        ($saved | Measure-MarginalUtility -Client $mixed).Value | Should -Be ($trained | Measure-MarginalUtility -Client $mixed).Value
        $rows = $mixed | Invoke-ModelMarket FedAvg @fast -Learner Mlp -Hidden 5 -PassThru
        @($rows | Measure-MarginalUtility -Client $mixed -Method Banzhaf).Count | Should -Be 4
    }

    It 'refuses rows without models, of several runs, and of other clients' {
        { $mixed | Invoke-ModelMarket FedAvg @fast | Measure-MarginalUtility -Client $mixed } | Should -Throw -ErrorId 'ModelContributionNotPossible,*'
        $two = $mixed | Invoke-ModelMarket FedAvg, Local @fast -PassThru
        { $two | Measure-MarginalUtility -Client $mixed } | Should -Throw -ErrorId 'ModelContributionNotPossible,*'
        { $trained | Measure-MarginalUtility -Client $mixed[0, 1] } | Should -Throw -ErrorId 'ModelContributionNotPossible,*'
        { $trained[4, 4] | Measure-MarginalUtility -Client $mixed } | Should -Throw -ErrorId 'ModelContributionNotPossible,*'
        { $trained | Measure-MarginalUtility -Client $mixed -Method KnnShapley } | Should -Throw -ErrorId 'MethodNeedsPoints,*'
    }
}

Describe 'Test-MechanismProperty on the model market' {
    It 'finds the cost lie under the marginal payment, which replays, and none under the critical one' {
        $violation = Test-MechanismProperty ModelMarket -Payment Marginal -Property Truthfulness -Seed 1
        $violation.Gain | Should -BeGreaterThan 1e-6
        $rows = Invoke-Expression $violation.Command
        [math]::Abs(($rows | Where-Object Client -EQ $violation.Agents[0]).Utility - $violation.UtilityAfter) | Should -BeLessThan 1e-9
        Test-MechanismProperty ModelMarket -Payment Critical -Property Truthfulness -Trial 5000 -Seed 1 | Should -BeNullOrEmpty
        (Test-MechanismProperty ModelMarket -Payment Critical -Lie Size -Property Truthfulness -Seed 1).Gain | Should -BeGreaterThan 1e-6
    }
}

Describe 'Models of the user''s own' {
    It 'trains the head of an .onnx file, writes it, and goes on from it' {
        $folder = (New-Item -ItemType Directory "$TestDrive/onnx").FullName
        $rows = $clients | Invoke-ModelMarket Local -Learner Mlp -Hidden 6 -PassThru @fast
        $rows[0].Classes | Should -Be 'class0', 'class1', 'class2'
        $first = $rows | Export-ClientModel "$folder/first.onnx" -Client c0
        $first.FullName | Should -Be (Join-Path $folder 'first.onnx')

        $trained = $clients | Invoke-ModelMarket Local -LearnerPath "$folder/first.onnx" -PassThru @fast
        $trained[0].Learner | Should -Be Onnx
        $trained[0].Update | Should -HaveCount 21
        $trained | Export-ClientModel "$folder/second.onnx" -Client c1 -WhatIf
        "$folder/second.onnx" | Should -Not -Exist
        $null = $trained | Export-ClientModel "$folder/second.onnx" -Client c1
        { $trained | Export-ClientModel "$folder/second.onnx" -Client c1 } | Should -Throw -ErrorId 'FileExists,*'

        # Without a step worth the name, the model written is the one measured.
        $again = $clients | Invoke-ModelMarket Local -LearnerPath "$folder/second.onnx" -Round 1 -LocalStep 1 -LearningRate 1e-12 -Seed 1
        $last = $trained | Where-Object { $_.Client -eq 'c1' -and $_.Round -eq 2 }
        [math]::Abs(($again | Where-Object Client -EQ c1).Loss - $last.Loss) | Should -BeLessThan 1e-5
        $all = $clients | Invoke-ModelMarket Local -LearnerPath "$folder/first.onnx" -Trainable * -PassThru @fast
        $all[0].Update | Should -HaveCount (9 * 6 + 7 * 3)
        ($all | Measure-MarginalUtility -Client $clients -Utility NegativeLoss) | Should -HaveCount 4
        $attack = $embeddings | Invoke-MembershipInferenceAttack -Learner Onnx -LearnerPath "$folder/first.onnx" -Target 1 -Shadow 4 -LocalStep 5 -Epsilon 4 -Seed 1
        $attack[0].Learner | Should -Be Onnx
    }

    It 'refuses what does not go together, and leaves nothing behind' {
        $folder = (New-Item -ItemType Directory "$TestDrive/wrong").FullName
        $rows = $clients | Invoke-ModelMarket Local -PassThru @fast
        { $rows | Export-ClientModel "$folder/a.onnx" } | Should -Throw -ErrorId 'ClientModelAmbiguous,*' -ExpectedMessage '*several clients*'
        { $rows | Export-ClientModel "$folder/a.onnx" -Client nobody } | Should -Throw -ErrorId 'ClientModelAmbiguous,*'
        { $rows | Select-Object -ExcludeProperty Update | Export-ClientModel "$folder/a.onnx" -Client c0 } | Should -Throw
        { $clients | Invoke-ModelMarket Local @fast | Export-ClientModel "$folder/a.onnx" -Client c0 } | Should -Throw -ErrorId 'ClientModelIncomplete,*'
        { $clients | Invoke-ModelMarket -Learner Onnx @fast } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $clients | Invoke-ModelMarket -Learner Mlp -LearnerPath "$folder/a.onnx" @fast } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $clients | Invoke-ModelMarket -Trainable * @fast } | Should -Throw -ErrorId 'ParametersConflict,*'
        { $clients | Invoke-ModelMarket -LearnerPath "$folder/a.onnx" @fast } | Should -Throw -ErrorId 'ModelNotFound,*'
        Set-Content "$folder/text.onnx" 'no model'
        { $clients | Invoke-ModelMarket -LearnerPath "$folder/text.onnx" @fast } | Should -Throw -ErrorId 'ModelNotReadable,*'
        Get-ChildItem $folder | Should -HaveCount 1
    }

    It 'charges nothing for a model that does not fit' {
        $budget = New-PrivacyBudget -Epsilon 4 -Delta 1e-5 -Neighboring AddRemove -Path "$TestDrive/unfit.db"
        { $clients | Invoke-ModelMarket -LearnerPath "$TestDrive/absent.onnx" -Epsilon 2 -Budget $budget -Round 1 -LocalStep 2 } | Should -Throw -ErrorId 'ModelNotFound,*'
        $budget.Releases | Should -Be 0
    }

    It 'refuses a folder for a checkpoint at once' {
        { $clients | Invoke-ModelMarket -CheckpointPath $TestDrive @fast } | Should -Throw -ErrorId 'ModelMarketCheckpointNotValid,*' -ExpectedMessage '*is a folder*'
    }
}
