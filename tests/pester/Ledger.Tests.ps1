BeforeAll {
    . $PSScriptRoot/Common.ps1
}

Describe 'The DAT ledger' {
    BeforeEach {
        $folder = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
        $null = New-Item -ItemType Directory -Path $folder
        $ledger = Join-Path $folder 'market.db'
    }

    It 'gives the losers of an auction no record, also where the awards come out of a file' {
        $awards = 'ann', 'bob', 'cid' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Cost = $_ -eq 'bob' ? 99 : 1; Quality = 1; MarginalUtility = 1; Hash = 'ab' * 32 } } |
            Invoke-DataAuction -Mechanism ProportionalShare -Budget 10
        $awards.IsWinner | Should -Be $true, $false, $true
        $awards | Add-DatRecord -LedgerPath "$TestDrive/won.db" | ForEach-Object Address | Should -Be ann, cid
        $awards | Export-Csv "$TestDrive/awards.csv"
        Import-Csv "$TestDrive/awards.csv" | Where-Object IsWinner | Add-DatRecord -LedgerPath "$TestDrive/won-csv.db" | ForEach-Object Address | Should -Be ann, cid
        $odd = [pscustomobject]@{ Contributor = 'dan'; Value = 1; IsWinner = 'perhaps' }, [pscustomobject]@{ Contributor = 'eve'; Value = 1; IsWinner = 1 }
        ($odd | Add-DatRecord -LedgerPath "$TestDrive/won.db" -ErrorVariable refused -ErrorAction SilentlyContinue).Address | Should -Be eve
        $refused.FullyQualifiedErrorId | Should -BeLike 'OfferNotValid,*'
        "$refused" | Should -BeLike "*'dan'*'perhaps' as its IsWinner; give True or False*"
    }

    It 'appends from the pipeline by property name, reads back in order, and verifies' {
        $written = [pscustomobject]@{ Contributor = 'alice'; Value = 1.5; Pointer = 'sha256:a' },
        [pscustomobject]@{ Agent = 'bob'; Value = 0; Pointer = '' } | Add-DatRecord -LedgerPath $ledger
        $written.Sequence | Should -Be 1, 2
        $written[0] | Should -BeOfType QosValuation.DatRecord
        $records = Get-DatRecord -LedgerPath $ledger
        ($records | ForEach-Object Address) | Should -Be 'alice', 'bob'
        $records[1].PreviousHash | Should -Be $records[0].Hash
        (Get-DatRecord $ledger -Address a*).Address | Should -Be 'alice'
        $report = Test-DatLedger -LedgerPath $ledger
        $report.IsValid | Should -BeTrue
        $report.Records | Should -Be 2
        (Test-DatLedger $ledger -ExpectedHash $records[0].Hash).IsValid | Should -BeTrue
        (Test-DatLedger $ledger -ExpectedHash ('0' * 63 + '1')).Faults.Kind | Should -Contain 'Changed'
    }

    It 'writes nothing with -WhatIf' {
        Add-DatRecord -LedgerPath $ledger -Address a -Value 1 -WhatIf
        Test-Path $ledger | Should -BeFalse
        $null = Add-DatRecord -LedgerPath $ledger -Address a -Value 1
        Export-DatSettlement -LedgerPath $ledger -Path $folder/s.json -KeyPath $folder/k.pem -NewKey -WhatIf
        Test-Path $folder/s.json, $folder/k.pem | Should -Be $false, $false
    }

    It 'reports a bad record and goes on with the others' {
        $records = 1, -1, [double]::NaN, 2 | ForEach-Object { [pscustomobject]@{ Address = "a$_"; Value = $_ } } |
            Add-DatRecord -LedgerPath $ledger -ErrorVariable faults -ErrorAction SilentlyContinue
        $records.Value | Should -Be 1, 2
        $faults.Count | Should -Be 2
        $faults[0].FullyQualifiedErrorId | Should -Be 'DatValueNotValid,QosValuation.Cmdlets.AddDatRecordCommand'
        $faults[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
    }

    It 'says what is missing' {
        { Get-DatRecord -LedgerPath $folder/none.db } | Should -Throw -ErrorId 'DatabaseNotFound,*'
        Set-Content $folder/text.db ('x' * 9999)
        { Test-DatLedger -LedgerPath $folder/text.db } | Should -Throw -ErrorId 'DatabaseNotReadable,*'
    }

    It 'goes on with the next of several ledgers that are piped in' {
        [pscustomobject]@{ Address = 'a'; Value = 1; Pointer = 'p' } | Add-DatRecord -LedgerPath $folder/several.db | Out-Null
        Set-Content -LiteralPath $folder/none-at-all.db -Value 'this is no database'
        $files = Get-Item $folder/none-at-all.db, $folder/several.db
        ($files | Test-DatLedger -ErrorVariable faults -ErrorAction SilentlyContinue).Records | Should -Be 1
        $faults.FullyQualifiedErrorId | Should -Be 'DatabaseNotReadable,QosValuation.Cmdlets.TestDatLedgerCommand'
        ($files | Get-DatRecord -ErrorVariable faults -ErrorAction SilentlyContinue).Address | Should -Be 'a'
        $faults.FullyQualifiedErrorId | Should -Be 'DatabaseNotReadable,QosValuation.Cmdlets.GetDatRecordCommand'
    }

    It 'settles with a signature that is verified offline' {
        1..5 | ForEach-Object { [pscustomobject]@{ Address = "agent$($_ % 2)"; Value = $_; Pointer = "p$_" } } | Add-DatRecord -LedgerPath $ledger | Out-Null
        $file = Get-Item $ledger | Export-DatSettlement -Path $folder/s.json -KeyPath $folder/k.pem -NewKey
        $file.Name | Should -Be 's.json'
        Remove-Item $ledger
        $report = Test-DatLedger -SettlementPath $folder/s.json -PublicKeyPath $folder/k.pem.pub
        $report.IsValid | Should -BeTrue
        $report.Records | Should -Be 5
        $settlement = Get-Content $folder/s.json -Raw | ConvertFrom-Json
        $settlement.totals.agent1 | Should -Be 9
        (Get-Content $folder/s.json -Raw).Replace('"agent1":9', '"agent1":90') | Set-Content $folder/s.json -NoNewline
        $report = Test-DatLedger -SettlementPath $folder/s.json -PublicKeyPath $folder/k.pem.pub
        $report.IsValid | Should -BeFalse
        $report.Faults.Kind | Should -Contain 'NotAuthentic'
        { Export-DatSettlement -LedgerPath $ledger -Path $folder/t.json -KeyPath $folder/k.pem } | Should -Throw -ErrorId 'DatabaseNotFound,*'
    }

    It 'gives one account a receipt that is verified offline' {
        1..6 | ForEach-Object { [pscustomobject]@{ Contributor = "agent$($_ % 2)"; Value = $_ } } | Add-DatRecord -LedgerPath $ledger | Out-Null
        $null = Export-DatSettlement -LedgerPath $ledger -Path $folder/r.json -KeyPath $folder/r.pem -NewKey -Address agent1
        $report = Test-DatLedger -SettlementPath $folder/r.json -PublicKeyPath $folder/r.pem.pub
        $report.IsValid | Should -BeTrue
        $report.Records | Should -Be 3
        (Get-Content $folder/r.json -Raw | ConvertFrom-Json).records | ForEach-Object Address | Should -Be 'agent1', 'agent1', 'agent1'
        { Export-DatSettlement -LedgerPath $ledger -Path $folder/n.json -KeyPath $folder/r.pem -Address nobody } | Should -Throw -ErrorId 'DatAddressNotFound,*'
        "$folder/n.json" | Should -Not -Exist
    }

    It 'keeps what an upstream command sent before it failed, and names each record of a stream' {
        $written = [System.Collections.Generic.List[object]]::new()
        try {
            & { 1..50 | ForEach-Object { [pscustomobject]@{ Address = "a$_"; Value = $_ } }; throw 'upstream' } | Add-DatRecord -LedgerPath $ledger | ForEach-Object { $written.Add($_) }
        }
        catch { $_.Exception.Message | Should -Be 'upstream' }
        Get-DatRecord -LedgerPath $ledger | ForEach-Object Address | Should -Be (1..50 | ForEach-Object { "a$_" })
        (Test-DatLedger -LedgerPath $ledger).IsValid | Should -BeTrue
        $all = 1..5000 | ForEach-Object { [pscustomobject]@{ Address = 'b'; Value = $_ } } | Add-DatRecord -LedgerPath $ledger
        $all.Count | Should -Be 5000
        $all[-1].Sequence | Should -Be 5050
    }
}
