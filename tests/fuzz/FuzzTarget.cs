namespace QosValuation.Fuzz;

/// <summary>One kind of file that the module reads.</summary>
/// <param name="Name">The kind's name, as on the command line.</param>
/// <param name="FileName">The name under which a damaged file is read; its extension is that of the whole file.</param>
/// <param name="Seeds">PowerShell that makes whole files of the kind in the current folder and writes their paths.</param>
/// <param name="Script">PowerShell that reads the file <c>$File</c>; <c>$Seeds</c> holds the whole ones and <c>$Root</c> the repository.</param>
internal sealed record FuzzTarget(string Name, string FileName, string Seeds, string Script)
{
    /// <summary>
    /// Where true, what the file says is protected: the script writes text that says all of it, and a damaged file either says the same as its
    /// original or is refused (no output, or text that starts with <c>refused</c>).
    /// </summary>
    public bool IsProtected { get; init; }

    // Byte-level BPE: the 256 bytes, each alone and at a word's end, and two merges.
    private const string SmallVocabulary = """
        $small = [System.Collections.Specialized.OrderedDictionary]::new(); $all = Get-Content $Root/models/clip-mini/vocab.json -Raw | ConvertFrom-Json -AsHashtable
        $all.GetEnumerator() | Sort-Object Value | Select-Object -First 512 | ForEach-Object { $small[$_.Key] = $_.Value }
        $small['th'] = 512; $small['an</w>'] = 513; $small['<|startoftext|>'] = 514; $small['<|endoftext|>'] = 515
        $small | ConvertTo-Json -Compress | Set-Content vocab.json

        """;

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("coco", "captions.json", """
            $null = New-SceneDataset ./scenes -Count 3 -ImageSize 32 -Seed 1; './scenes/captions.json'
            @{ images = @(@{ id = 1; file_name = 'a.jpg'; width = 3; height = 4; license = 1 }); annotations = @(@{ id = 9; image_id = 1; caption = 'a dog' }); licenses = @(@{ id = 1; name = 'CC'; url = 'http://x' }) } |
                ConvertTo-Json -Depth 5 | Set-Content ./small.json; './small.json'
            """, "Import-CocoDataset $File -WithoutImage | Out-Null"),
        new("embeddings-csv", "e.csv", """
            "0,1,2`n1,2,3`n4,5,6" | Set-Content a.csv; 'a.csv'
            "Item,Contributor,Modality,v0,v1`nx,alice,Image,0.6,0.8`ny,bob,Text,1e-3,-2" | Set-Content b.csv; 'b.csv'
            "0.5;0.25`n1;2" | Set-Content c.csv; 'c.csv'
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-jsonl", "e.jsonl", """
            1..3 | ForEach-Object { @{ vector = @(1.0, $_, 3); item = "i$_"; contributor = 'a'; modality = 'Image' } | ConvertTo-Json -Compress } | Set-Content a.jsonl; 'a.jsonl'
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-npy", "e.npy", """
            1..4 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] ($_, 2, 3, 4); Modality = 'Image'; Item = "i$_"; Contributor = 'a' } } | Export-Csv -Path x.csv
            "1,2,3`n4,5,6`n7,8,9" | Set-Content v.csv
            Import-Embedding v.csv | Export-Embedding -Path a.npy | Out-Null; 'a.npy'
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-metadata", "m.jsonl", """
            "1,2,3`n4,5,6`n7,8,9" | Set-Content v.csv
            1..3 | ForEach-Object { @{ item = "i$_"; contributor = 'a'; modality = 'Image' } | ConvertTo-Json -Compress } | Set-Content a.jsonl; 'a.jsonl'
            "item,contributor`nx,alice`ny,bob`nz,carol" | Set-Content b.csv; 'b.csv'
            """, "Import-Embedding ./v.csv -MetadataPath $File | Out-Null"),
        new("image", "image.png", """
            $null = New-SceneDataset ./scenes -Count 3 -ImageSize 48 -Seed 1; (Get-ChildItem ./scenes -Recurse -Include *.png, *.jpg)[0..1].FullName
            Get-ChildItem $Root/tests/fuzz/corpus/image -File -ErrorAction Ignore | ForEach-Object FullName
            """, "ConvertTo-ClipImage $File -Destination ./crops -ImageSize 32 | Out-Null; Remove-Item ./crops -Recurse -ErrorAction Ignore"),
        new("tokenizer-merges", "merges.txt", SmallVocabulary + """
            "#version: 0.2`nt h`na n</w>" | Set-Content whole.txt; 'whole.txt'
            """, "ConvertTo-ClipToken -Text 'the an dog' -VocabularyPath (Join-Path (Split-Path $File) vocab.json) | Out-Null"),
        new("tokenizer-json", "tokenizer.json", SmallVocabulary + """
            @{ model = @{ type = 'BPE'; vocab = $small; merges = @('t h', 'a n</w>') } } | ConvertTo-Json -Depth 5 -Compress | Set-Content t.json; 't.json'
            """, "ConvertTo-ClipToken -Text 'the an dog' -VocabularyPath $File | Out-Null"),
        new("onnx", "vision_model.onnx", """
            Copy-Item $Root/models/clip-mini/* . -Exclude *.py; Get-Item ./vision_model.onnx | ForEach-Object FullName
            """, "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("preprocessor", "preprocessor_config.json", """
            Copy-Item $Root/models/clip-mini/* . -Exclude *.py; Copy-Item ./preprocessor_config.json ./whole.json; './whole.json'
            """, "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("ledger", "ledger.db", """
            1..4 | ForEach-Object { [pscustomobject]@{ Address = "a$($_ % 2)"; Value = $_ / 3; Pointer = "p$_" } } | Add-DatRecord -LedgerPath ./l.db | Out-Null; './l.db'
            """, """
            Remove-Item "$File-wal", "$File-shm" -ErrorAction Ignore
            if (-not (Test-DatLedger -LedgerPath $File -ErrorAction Stop).IsValid) { return 'refused' }
            Get-DatRecord -LedgerPath $File | ForEach-Object { "$($_.Sequence)|$($_.Address)|$($_.Value)|$($_.Pointer)|$($_.Timestamp.Ticks)" }
            """) { IsProtected = true },
        new("settlement", "settlement.json", """
            1..4 | ForEach-Object { [pscustomobject]@{ Address = "a$($_ % 2)"; Value = $_ / 3; Pointer = "p$_" } } | Add-DatRecord -LedgerPath ./l.db | Out-Null
            $null = Export-DatSettlement -LedgerPath ./l.db -Path ./s.json -KeyPath ./k.pem -NewKey; './s.json'
            """, """
            if (-not (Test-DatLedger -SettlementPath $File -PublicKeyPath ./k.pem.pub -ErrorAction Stop).IsValid) { return 'refused' }
            Get-Content $File -Raw | ConvertFrom-Json | ConvertTo-Json -Depth 9 -Compress
            """) { IsProtected = true },
        new("key", "key.pem", """
            1..2 | ForEach-Object { [pscustomobject]@{ Address = "a"; Value = $_ } } | Add-DatRecord -LedgerPath ./l.db | Out-Null
            $null = Export-DatSettlement -LedgerPath ./l.db -Path ./s.json -KeyPath ./k.pem -NewKey; './k.pem'
            """, "Export-DatSettlement -LedgerPath ./l.db -Path ./out.json -KeyPath $File -ErrorAction Stop | Out-Null"),
        new("budget", "budget.db", """
            $null = New-PrivacyBudget ./b.db -Epsilon 4 -Delta 1e-5
            1..20 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, $_ / 50, 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
                Group-Embedding -NoveltyThreshold 5 | New-DpPrototype -Epsilon 0.5 -Budget ./b.db | Out-Null; './b.db'
            """, """
            Remove-Item "$File-wal", "$File-shm" -ErrorAction Ignore
            if (Get-Command Test-PrivacyBudget -ErrorAction Ignore) { if (-not (Test-PrivacyBudget $File -ErrorAction Stop).IsValid) { return 'refused' } }
            Get-PrivacyBudget $File -ErrorAction Stop | ConvertTo-Json -Depth 4 -Compress | ForEach-Object { $_.Replace($File.Replace('\', '\\'), '') }
            """) { IsProtected = true },
        new("cache", "cache.db", """
            $null = Get-ClipEmbedding -Text 'a dog', 'two red squares' -Model clip-mini -CachePath ./c.db; './c.db'
            """, """
            Remove-Item "$File-wal", "$File-shm" -ErrorAction Ignore
            Get-ClipEmbedding -Text 'a dog', 'two red squares' -Model clip-mini -CachePath $File -ErrorAction Stop | ForEach-Object { [Convert]::ToHexString([byte[]] ($_.Vector | ForEach-Object { [BitConverter]::GetBytes($_) })) }
            """) { IsProtected = true },
        new("state", "state.bin", """
            1..30 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, $_ / 50, 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
                Group-Embedding -NoveltyThreshold 5 -State ./s.bin | Out-Null; './s.bin'
            """, """
            [pscustomobject]@{ Vector = [float[]] (1, 0, 0); Modality = 'Image'; Item = 'n'; Contributor = 'c' } | Group-Embedding -NoveltyThreshold 5 -State $File -WhatIf -ErrorAction Stop |
                ForEach-Object { "$($_.Id)|$($_.Count)|$($_.Centroid -join ' ')|$($_.IsConfirmed)" }
            """) { IsProtected = true },
        new("allocation", "agents.csv", """
            "Agent,Value,Capacity,Remaining`nalice,3,4,0`nbob,1.5,4,2" | Set-Content a.csv; 'a.csv'
            """, "Remove-Item ./grants.csv -ErrorAction Ignore; Invoke-TokenAllocation -Path $File -OutputPath ./grants.csv | Out-Null"),
        new("trace", "trace.csv", """
            "Time,Agent,Tokens`n0,alice,1`n0.5,bob,2`n3,alice,1" | Set-Content a.csv; 'a.csv'
            """, "[pscustomobject]@{ Agent = 'alice'; Value = 2 }, [pscustomobject]@{ Agent = 'bob'; Value = 1 } | Invoke-QosSimulation -TracePath $File -Supply 4 -EpochLength 2 -ErrorAction Stop | Out-Null"),
    ];
}
