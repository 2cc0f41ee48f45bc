BeforeAll {
    . $PSScriptRoot/Common.ps1
    function New-Folder { New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid())) }
    $names = @(
        ' alice', 'alice ', "`talice", "alice`n", "$([char]0xA0)alice", "al$([char]0x200B)ice", "$([char]0xFEFF)alice", "al$([char]0xAD)ice", "$([char]0x202E)alice",
        'ａｌｉｃｅ', "alice$([char]0x200F)"
    )
}

Describe 'Records of unlike sources' {
    It 'keeps two shards of one name apart' {
        $folder = New-Folder
        foreach ($shard in 'a', 'b') {
            $null = New-Item -ItemType Directory "$folder/$shard/photos"
            Set-Content "$folder/$shard/photos/img_emb_0.csv" (@('v0,v1') + (1..50 | ForEach-Object { "$([Math]::Cos($_)),$([Math]::Sin($_))" }))
        }

        $values = Import-Embedding $folder/a/photos/img_emb_0.csv, $folder/b/photos/img_emb_0.csv | Measure-DataValue
        $values.Quantity | Should -Be 100
        Import-Embedding $folder/a/photos/img_emb_0.csv, $folder/a/photos/img_emb_0.csv | Measure-DataValue | ForEach-Object Quantity | Should -Be 50
    }

    It 'keeps two COCO files that count from 1 apart' {
        $folder = New-Folder
        foreach ($set in 'train', 'val') {
            @{ images = 1..3 | ForEach-Object { @{ id = $_; file_name = "$set$_.jpg" } }; annotations = 1..3 | ForEach-Object { @{ image_id = $_; caption = "$set scene $_" } } } |
                ConvertTo-Json -Depth 5 | Set-Content "$folder/$set.json"
        }

        $embeddings = Import-CocoDataset $folder/*.json -WithoutImage | Get-ClipEmbedding -Contributor me
        @($embeddings | ForEach-Object Item | Select-Object -Unique).Count | Should -Be 6
        ($embeddings | Measure-DataValue).Quantity | Should -Be 6
        $embeddings | ForEach-Object { $_.Item.Length | Should -BeLessThan 60 }

        # ... and their identity survives a file.
        $embeddings | Export-Embedding $folder/e.npy
        (Import-Embedding $folder/e.npy).ForEach({ $_.Item }) | Should -Be $embeddings.ForEach({ $_.Item })
        (@($embeddings) + @(Import-Embedding $folder/e.npy) | Measure-DataValue).Quantity | Should -Be 6
    }

    It 'names texts by what they say, in as many calls as there are' {
        $embeddings = 'a dog', 'a cat', 'a dog' | ForEach-Object { Get-ClipEmbedding -Text $_ }
        $embeddings.ForEach({ $_.Item }) | Should -Be @('text:a dog', 'text:a cat', 'text:a dog')
        ($embeddings | Measure-DataValue).Quantity | Should -Be 2
        $long = 'a very long caption about ' * 5
        $items = (Get-ClipEmbedding -Text "$long dogs", "$long cats").ForEach({ $_.Item })
        $items[0] | Should -Not -Be $items[1]
        $items | ForEach-Object { $_.Length | Should -BeLessThan 60 }
        $pairs = @{ Text = 'a dog', 'a puppy' }, @{ Text = 'a dog', 'a hound' } | ForEach-Object { [pscustomobject]$_ } | Get-ClipEmbedding
        @($pairs.ForEach({ $_.Item }) | Select-Object -Unique).Count | Should -Be 2
        ([pscustomobject]@{ Text = 'a dog'; Item = 'mine' } | Get-ClipEmbedding).Item | Should -Be 'mine'
    }

    It 'warns where one Item joins images of different sources' {
        $rows = 'a', 'b' | ForEach-Object { [pscustomobject]@{ Item = '1'; Source = "/$_/1.jpg"; Vector = 1.0, 0.0; Modality = 'Image'; Contributor = 'me' } }
        $null = $rows | Group-Embedding -WarningVariable told -WarningAction SilentlyContinue
        "$told" | Should -Match 'different sources'
        $null = $rows[0], $rows[0] | Group-Embedding -WarningVariable told -WarningAction SilentlyContinue
        "$told" | Should -BeNullOrEmpty
    }
}

Describe 'Names of contributors in <culture>' -ForEach @(@{ culture = 'de-DE' }, @{ culture = 'tr-TR' }, @{ culture = 'fa-IR' }) {
    BeforeAll { $before = [cultureinfo]::CurrentCulture }
    BeforeEach { [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo($culture) }
    AfterEach { [cultureinfo]::CurrentCulture = $before }

    It 'charges spellings that nobody sees to one account, and refuses one that looks alike' {
        $folder = New-Folder
        $null = New-PrivacyBudget -Epsilon 5 -Path $folder/b.db
        foreach ($name in @('alice') + $names) {
            $members = 1..8 | ForEach-Object { [pscustomobject]@{ Item = "$_"; Vector = 0.6, 0.8; Modality = 'Image'; Contributor = $name } }
            $members | Group-Embedding -NoveltyThreshold 1 | New-DpPrototype -Epsilon 0.1 -Budget $folder/b.db | Should -Not -BeNullOrEmpty
        }

        $spending = @(Get-PrivacyBudget $folder/b.db -Contributor *)
        $spending.Contributor | Should -Be alice
        $spending.Releases | Should -Be 12
        (Get-PrivacyBudget $folder/b.db -Contributor ' alice').Releases | Should -Be 12
        foreach ($name in 'Alice', "$([char]0x430)lice", "al$([char]0x131)ce") {
            $members = 1..8 | ForEach-Object { [pscustomobject]@{ Item = "$_"; Vector = 0.6, 0.8; Modality = 'Image'; Contributor = $name } }
            { $members | Group-Embedding -NoveltyThreshold 1 | New-DpPrototype -Epsilon 0.1 -Budget $folder/b.db -ErrorAction Stop } | Should -Throw "*looks like 'alice'*"
        }

        @(Get-PrivacyBudget $folder/b.db -Contributor *).Releases | Should -Be 12
    }

    It 'values, pays and records them as one, and warns of those that look alike' {
        $folder = New-Folder
        $i = 0
        $values = @('alice') + $names | ForEach-Object { [pscustomobject]@{ Item = "$(($i++))"; ClusterId = 1; Novelty = 'Novel'; Contributor = $_ } } | Measure-DataValue
        $values.Contributor | Should -Be alice
        $values.Quantity | Should -Be 12
        $null = 'bob', 'Bob' | ForEach-Object { [pscustomobject]@{ Item = $_; ClusterId = 1; Novelty = 'Novel'; Contributor = $_ } } |
            Measure-DataValue -WarningVariable told -WarningAction SilentlyContinue
        "$told" | Should -Match "'Bob' and 'bob'"

        $grants = [pscustomobject]@{ Agent = ' ann '; Value = 1 }, [pscustomobject]@{ Agent = 'Ann'; Value = 1 } |
            Invoke-TokenAllocation -WarningVariable told -WarningAction SilentlyContinue
        $grants.Agent | Should -Be @('ann', 'Ann')
        "$told" | Should -Match "'Ann' and 'ann'"

        $null = Add-DatRecord $folder/l.db 'ann ' 1
        $null = Add-DatRecord $folder/l.db 'ann' 2
        $null = Add-DatRecord $folder/l.db 'Ann' 3 -WarningVariable told -WarningAction SilentlyContinue
        "$told" | Should -Match "looks like 'ann'"
        @(Get-DatRecord $folder/l.db 'ann').Count | Should -Be 2
        @(Get-DatRecord $folder/l.db ' ann').Count | Should -Be 2
        (Test-DatLedger $folder/l.db).IsValid | Should -BeTrue
    }

    It 'keeps Bob and bob of a trace apart' {
        $folder = New-Folder
        Set-Content $folder/t.csv "Time,Agent`n1,Bob`n2,bob`n3,bob "
        $reports = Invoke-QosSimulation -TracePath $folder/t.csv -PerAgent -Rounds 1 -Seed 1 -Scheme Proposed -WarningVariable told -WarningAction SilentlyContinue
        @($reports | Where-Object Agent | ForEach-Object Agent) | Should -Be @('Bob', 'bob')
        "$told" | Should -Match 'look'
    }
}

Describe 'Names in other encodings' {
    BeforeAll {
        $folder = New-Folder
        $latin1 = [System.Text.Encoding]::Latin1
        $people = 'José', 'Josè', 'Josë'
        [System.IO.File]::WriteAllText("$folder/agents.csv", "Agent,Value`n" + ($people | ForEach-Object { "$_,1`n" }), $latin1)
        [System.IO.File]::WriteAllText("$folder/e.csv", "Contributor,v0,v1`n" + (($people | ForEach-Object { "$_,1,0`n" }) -join ''), $latin1)
        [System.IO.File]::WriteAllText("$folder/t.csv", "Time,Agent`n" + (($people | ForEach-Object { "1,$_`n" }) -join ''), $latin1)
        [System.IO.File]::WriteAllText("$folder/e.jsonl", (($people | ForEach-Object { "{`"contributor`":`"$_`",`"vector`":[1,0]}`n" }) -join ''), $latin1)
    }

    It 'never makes one of José, Josè and Josë' {
        { Invoke-TokenAllocation -Path $folder/agents.csv -OutputPath $folder/g.csv -Supply 1 } | Should -Throw '*UTF-8*'
        { Invoke-QosSimulation -TracePath $folder/t.csv -Rounds 1 } | Should -Throw -ErrorId 'TraceNotValid*'
        foreach ($file in 'e.csv', 'e.jsonl') {
            $read = @(Import-Embedding $folder/$file -ErrorVariable refused -ErrorAction SilentlyContinue)
            $read.Count | Should -Be 0
            "$refused" | Should -Match 'UTF-8'
        }

        $grants = @(Import-Csv $folder/agents.csv | Invoke-TokenAllocation -ErrorVariable refused -ErrorAction SilentlyContinue)
        $grants.Count | Should -Be 0
        "$refused" | Should -Match 'lost a letter'
        $null = Import-Csv $folder/agents.csv | Add-DatRecord $folder/l.db -ErrorVariable refused -ErrorAction SilentlyContinue -WarningVariable counted -WarningAction SilentlyContinue
        @($refused).Count | Should -Be 1 -Because 'the same words are counted, not repeated'
        "$counted" | Should -Match '2 more' -Because 'all three are refused'
        @(Import-Csv $folder/agents.csv -Encoding latin1 | Invoke-TokenAllocation | ForEach-Object { $_.Agent }) | Should -Be $people
    }
}

Describe 'What is left out' {
    It 'embeds no hidden files and folders unless they are named' {
        $folder = New-Folder
        $null = New-SceneDataset -Path $folder/s -Count 2 -Contributors 1 -Seed 1
        $photo = (Get-ChildItem $folder/s/images -Recurse -Filter *.jpg)[0].FullName
        $null = New-Item -ItemType Directory $folder/p/.thumbnails, $folder/p/sub/.cache
        Copy-Item $photo $folder/p/a.jpg
        Set-Content $folder/p/._a.jpg 'a resource fork'
        Copy-Item $photo $folder/p/.thumbnails/t.jpg
        Copy-Item $photo $folder/p/sub/.cache/t.jpg
        Copy-Item $photo $folder/p/sub/b.jpg
        @(Get-ClipEmbedding $folder/p -Recurse).ForEach({ Split-Path $_.Item -Leaf }) | Should -Be @('a.jpg', 'b.jpg')
        @(Get-ClipEmbedding "$folder/p/*.jpg").ForEach({ Split-Path $_.Item -Leaf }) | Should -Be 'a.jpg'
        @(Get-ClipEmbedding $folder/p/.thumbnails).Count | Should -Be 1
        @(Get-ClipEmbedding $folder/p/.thumbnails/t.jpg).Count | Should -Be 1
    }

    It 'emits no empty captions, and takes a path that comes back into the folder' {
        $folder = New-Folder
        $null = New-SceneDataset -Path $folder/s -Count 1 -Contributors 1 -Seed 1
        $photo = (Get-ChildItem $folder/s/images -Recurse -Filter *.jpg)[0].FullName
        $null = New-Item -ItemType Directory $folder/images/sub
        Copy-Item $photo $folder/images/a.jpg
        @{ images = @(@{ id = 1; file_name = 'sub/../a.jpg' }, @{ id = 2; file_name = '../s/x.jpg' })
            annotations = @(@{ image_id = 1; caption = '' }, @{ image_id = 1; caption = "  `n" }, @{ image_id = 1; caption = 'a scene' }) } |
            ConvertTo-Json -Depth 5 | Set-Content $folder/c.json
        $items = @(Import-CocoDataset $folder/c.json $folder/images -ErrorVariable refused -ErrorAction SilentlyContinue)
        $items.Count | Should -Be 1
        $items[0].Path | Should -Be (Join-Path $folder images a.jpg)
        $items[0].Captions | Should -Be 'a scene'
        $refused.FullyQualifiedErrorId | Should -Contain 'ImagePathOutsideFolder,QosValuation.Cmdlets.ImportCocoDatasetCommand'
        "$($refused | Where-Object FullyQualifiedErrorId -Like CaptionNotReadable*)" | Should -Match '2 captions are empty'
    }

    It 'leaves no key behind where the settlement could not be written' {
        $folder = New-Folder
        $null = Add-DatRecord $folder/l.db ann 1
        $null = New-Item -ItemType Directory $folder/s.json
        { Export-DatSettlement $folder/l.db $folder/s.json $folder/k.pem -NewKey } | Should -Throw
        Test-Path $folder/k.pem, $folder/k.pem.pub | Should -Be @($false, $false)
        $null = Export-DatSettlement $folder/l.db $folder/t.json $folder/k.pem -NewKey
        { Export-DatSettlement $folder/l.db $folder/s.json $folder/k.pem } | Should -Throw
        Test-Path $folder/k.pem, $folder/k.pem.pub | Should -Be @($true, $true)
    }

    It 'says that there was nothing to measure' {
        @() | Measure-Fairness -WarningVariable told -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$told" | Should -Match 'nothing to measure'
    }
}
