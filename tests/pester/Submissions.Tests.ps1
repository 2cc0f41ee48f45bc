BeforeAll {
    . $PSScriptRoot/Common.ps1
}

Describe 'Sealed submissions' {
    BeforeEach {
        $folder = Join-Path $TestDrive ([guid]::NewGuid())
        $null = New-Item -ItemType Directory -Path $folder
        'a caption', 'another' | Set-Content $folder/a.jsonl
        'b' | Set-Content $folder/b.txt
        $null = New-DataSubmissionKey $folder/market.pem
    }

    It 'releases what won, logs it, and delivers what was scored' {
        $sealed = Protect-DataSubmission "$folder/*.jsonl", "$folder/b.txt" -Contributor alice -KeyPath $folder/market.pem.pub -Destination $folder/sealed
        $sealed.FileName | Should -Be 'a.jsonl', 'b.txt'
        $sealed[0].Hash | Should -Be (Get-FileHash $folder/a.jsonl).Hash
        Get-Content $sealed[0].Path -Raw | Should -Not -Match 'caption'
        Add-DatRecord -LedgerPath $folder/m.db -Address alice -Value 2.5 -Pointer $sealed[0].Hash | Out-Null
        $delivered = $sealed | Unprotect-DataSubmission -KeyPath $folder/market.pem -LedgerPath $folder/m.db -Destination $folder/out -ErrorAction SilentlyContinue -ErrorVariable faults
        @($delivered).Count | Should -Be 1
        $delivered.Path | Should -Be (Join-Path $folder out alice a.jsonl)
        (Get-FileHash $delivered.Path).Hash | Should -Be (Get-FileHash $folder/a.jsonl).Hash
        $faults.FullyQualifiedErrorId | Should -Be 'SubmissionNotAwarded,QosValuation.Cmdlets.Markets.UnprotectDataSubmissionCommand'
        (Get-DatRecord -LedgerPath $folder/m.db)[-1] | ForEach-Object Address | Should -Be 'release:alice'
        (Test-DatLedger -LedgerPath $folder/m.db).IsValid | Should -BeTrue
    }

    It 'replaces nothing without -Force, writes nothing with -WhatIf, and goes on after a bad file' {
        $sealed = Protect-DataSubmission $folder/b.txt -Contributor bob -KeyPath $folder/market.pem.pub -Destination $folder/s -WhatIf
        $sealed | Should -BeNullOrEmpty
        "$folder/s" | Should -Not -Exist
        $null = Protect-DataSubmission $folder/b.txt -Contributor bob -KeyPath $folder/market.pem.pub -Destination $folder/s
        $again = Protect-DataSubmission $folder/b.txt, $folder/none.txt, $folder/a.jsonl -Contributor bob -KeyPath $folder/market.pem.pub -Destination $folder/s -ErrorAction SilentlyContinue -ErrorVariable faults
        $again.FileName | Should -Be 'a.jsonl'
        $faults.FullyQualifiedErrorId | ForEach-Object { $_.Split(',')[0] } | Should -Be 'FileExists', 'PathNotFound'
        { Protect-DataSubmission $folder/b.txt -Contributor bob -KeyPath $folder/b.txt -Destination $folder/s } | Should -Throw -ErrorId 'SubmissionKeyNotValid,*'
        { New-DataSubmissionKey $folder/market.pem } | Should -Throw -ErrorId 'SubmissionKeyExists,*'
    }

    It 'keeps what data earned in the same ledger' {
        "Source,Kind,Quantity,Revenue`napi,ApiCall,100,2.5`npress,License,1,40" | Set-Content $folder/usage.csv
        $usage = Import-Csv $folder/usage.csv | Add-UsageRecord -LedgerPath $folder/m.db
        $usage.Revenue | Should -Be 2.5, 40
        (Get-UsageRecord -LedgerPath $folder/m.db -Source p*).Kind | Should -Be 'License'
        $null = Add-DatRecord -LedgerPath $folder/m.db -Address alice -Value 1
        @(Get-UsageRecord -LedgerPath $folder/m.db).Count | Should -Be 2
        Add-UsageRecord -LedgerPath $folder/m.db -Source api -Revenue -1 -ErrorAction SilentlyContinue -ErrorVariable faults
        $faults.FullyQualifiedErrorId | Should -Be 'DatValueNotValid,QosValuation.Cmdlets.Markets.AddUsageRecordCommand'
    }

    It 'writes the documents of winners, each with what attributes it, in every format' {
        $awards = 'ann', 'bob', 'cem' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Cost = $_ -eq 'cem' ? 101 : 1; Quality = 1; MarginalUtility = 1; Hash = "h-$_" } } |
            Invoke-DataAuction -Mechanism ProportionalShare -Budget 10
        $awards | ForEach-Object Hash | Should -Be 'h-ann', 'h-bob', 'h-cem'
        $documents = 'ann', 'cem', 'bob', 'ann' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Text = "=1+1 of $_"; License = 'MIT'; Source = "$_.txt" } }
        foreach ($name in 'o.jsonl', 'o.csv', 'o.parquet', 'o.tfrecord') {
            $file = $documents | Export-DataAward -Award $awards -OutputPath "$folder/$name"
            $file.Name | Should -Be $name
            { $documents | Export-DataAward -Award $awards -OutputPath "$folder/$name" } | Should -Throw -ErrorId 'FileExists,*'
        }

        $lines = Get-Content $folder/o.jsonl | ConvertFrom-Json
        $lines | ForEach-Object contributor | Should -Be 'ann', 'bob', 'ann'
        $lines[0].text | Should -Be '=1+1 of ann'
        $lines[0].source | Should -Be 'ann.txt'
        $lines[0].payment | Should -Be $awards[0].Payment
        # A spreadsheet would take the text for a formula.
        (Import-Csv $folder/o.csv)[0].text | Should -Be "'=1+1 of ann"
        $null = $documents | Export-DataAward -Award $awards -OutputPath "$folder/o.csv" -Raw -Force
        (Import-Csv $folder/o.csv)[0].text | Should -Be '=1+1 of ann'

        # What was saved is what is read: awards by Clixml, documents from Parquet.
        $awards | Export-Clixml $folder/awards.xml
        $null = Export-DataAward $folder/o.parquet -Award (Import-Clixml $folder/awards.xml) -OutputPath $folder/b.jsonl
        Get-Content $folder/b.jsonl | ConvertFrom-Json | ForEach-Object contributor | Should -Be 'ann', 'bob', 'ann'
        { $documents | Where-Object Contributor -EQ cem | Export-DataAward -Award $awards -OutputPath "$folder/c.jsonl" } | Should -Throw -ErrorId 'AwardedDocumentNotFound,*'
        { $documents | Export-DataAward -Award $awards -OutputPath "$folder/c.txt" } | Should -Throw -ErrorId 'AwardFormatNotKnown,*'
        "$folder/c.jsonl" | Should -Not -Exist
    }

    It 'shares the revenue that the ledger holds' {
        $null = Add-UsageRecord -LedgerPath $folder/u.db -Source api -Revenue 30
        $null = Add-UsageRecord -LedgerPath $folder/u.db -Source press -Kind License -Revenue 60
        $offers = 'ann', 'bob' | ForEach-Object { [pscustomobject]@{ Contributor = $_; Quality = 1; MarginalUtility = $_ -eq 'ann' ? 2 : 1 } }
        $offers | Measure-UtilityShare -LedgerPath $folder/u.db | ForEach-Object Payout | Should -Be 60, 30
        $offers | Measure-UtilityShare -LedgerPath $folder/u.db -FirstSequence 2 | ForEach-Object Payout | Should -Be 40, 20
        { $offers | Measure-UtilityShare } | Should -Throw -ErrorId 'ShareOptionNotValid,*'
        { $offers | Measure-UtilityShare -LedgerPath $folder/none.db } | Should -Throw -ErrorId 'DatabaseNotFound,*'
    }
}
