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

    // A model in the layout of sentence-transformers; its weights are linked, because the driver damages the small files beside them.
    private const string SentenceModel = """
        $minilm = Join-Path $Root out/models/MiniLM-L6
        Copy-Item $minilm/* . -Recurse -Exclude model.onnx; $null = New-Item -ItemType HardLink -Path model.onnx -Target $minilm/model.onnx -ErrorAction Ignore
        if (-not (Test-Path model.onnx)) { Copy-Item $minilm/model.onnx . }

        """;

    // SigLIP's tokenizer, whole and with a vocabulary of few pieces, whose other parts the damage then finds.
    private const string UnigramFiles = """
        Copy-Item $Root/tests/fixtures/sentencepiece/tokenizer.json .; $few = Get-Content tokenizer.json -Raw | ConvertFrom-Json -AsHashtable
        $few.model.vocab = $few.model.vocab[0..40]; $few | ConvertTo-Json -Depth 20 -Compress | Set-Content small.json

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
            Get-ChildItem $Root/tests/fuzz/corpus/csv -File | ForEach-Object FullName
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-jsonl", "e.jsonl", """
            1..3 | ForEach-Object { @{ vector = @(1.0, $_, 3); item = "i$_"; contributor = 'a'; modality = 'Image' } | ConvertTo-Json -Compress } | Set-Content a.jsonl; 'a.jsonl'
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-npy", "e.npy", """
            1..4 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] ($_, 2, 3, 4); Modality = 'Image'; Item = "i$_"; Contributor = 'a' } } | Export-Csv -Path x.csv
            "1,2,3`n4,5,6`n7,8,9" | Set-Content v.csv
            Import-Embedding v.csv | Export-Embedding -Path a.npy | Out-Null; 'a.npy'
            Get-ChildItem $Root/tests/fuzz/corpus/npy -File | ForEach-Object FullName
            """, "Import-Embedding $File | Out-Null"),
        new("embeddings-parquet", "e.parquet", """
            1..30 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] ($_, 2, 3, 4); Modality = 'Image'; Item = "i$_"; Contributor = 'a'; Label = "l$($_ % 2)" } } | Export-Embedding ./a.parquet; './a.parquet'
            Get-Item $Root/tests/fixtures/parquet/pages.parquet, $Root/tests/fixtures/parquet/float64.parquet, $Root/tests/fixtures/parquet/float16.parquet | ForEach-Object FullName
            """, "Import-Embedding $File -WarningAction Ignore | Out-Null"),
        new("embeddings-metadata-parquet", "m.parquet", """
            1..3 | ForEach-Object { "$_,2,3" } | Set-Content v.csv; Copy-Item $Root/tests/fixtures/parquet/img2dataset.parquet ./whole.parquet; './whole.parquet'
            """, "Import-Embedding (Join-Path (Split-Path $File) v.csv) -MetadataPath $File -WarningAction Ignore | Out-Null"),
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
            1..20 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, ($_ / 50), 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
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
            1..30 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, ($_ / 50), 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
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
        new("documents-text", "document.txt", """
            'The dog runs over the field. A cat sleeps in the sun.' | Set-Content a.txt; 'a.txt'
            [System.IO.File]::WriteAllText("$PWD/b.txt", "Größe – naïve café. 日本語", [System.Text.Encoding]::Unicode); 'b.txt'
            """, "Measure-DataQuality $File -Contributor a -Weight 1, 0, 0, 0 | Out-Null"),
        new("documents-jsonl", "document.jsonl", """
            1..3 | ForEach-Object { @{ Text = "The dog number $_ runs."; Contributor = 'a'; Date = '2025-01-02'; Tags = @('x', 'y'); License = 'CC' } | ConvertTo-Json -Compress } | Set-Content a.jsonl; 'a.jsonl'
            '{"captions":["a dog","two cats"],"contributor":"b"}', '"a text alone"' | Set-Content b.jsonl; 'b.jsonl'
            """, "Measure-DataQuality $File -Weight 1, 0, 0, 1 -RequiredField Text, Date | Out-Null"),
        new("documents-csv", "document.csv", """
            "Text,Contributor,Date`nThe dog runs.,a,2025-01-02`n`"A cat, asleep`",b,2025-02-03" | Set-Content a.csv; 'a.csv'
            """, "Measure-DataQuality $File -Weight 1, 0, 0, 1 -RequiredField Text, Date | Out-Null"),
        new("documents-parquet", "document.parquet", """
            Copy-Item $Root/tests/fixtures/parquet/img2dataset.parquet ./a.parquet; './a.parquet'
            """, "Measure-DataQuality $File -Weight 1, 0, 0, 1 -RequiredField Caption, Key | Out-Null"),
        new("dictionary", "words.txt", """
            'the', 'dog', '# comment', 'runs', 'café' | Set-Content a.txt; 'a.txt'
            """, "'the dog runs' | Measure-DataQuality -Contributor a -Dictionary $File -Weight 1, 0, 0, 0 | Out-Null"),
        new("dictionary-gz", "words.gz", """
            $stream = [System.IO.Compression.GZipStream]::new([System.IO.File]::Create("$PWD/a.gz"), [System.IO.Compression.CompressionMode]::Compress)
            $bytes = [System.Text.Encoding]::UTF8.GetBytes("the`ndog`nruns`n" * 50); $stream.Write($bytes, 0, $bytes.Length); $stream.Dispose(); 'a.gz'
            """, "'the dog runs' | Measure-DataQuality -Contributor a -Dictionary $File -Weight 1, 0, 0, 0 | Out-Null"),
        new("reference-index", "index.qvref", """
            'The dog runs over the field. A cat sleeps in the sun. Birds sing.' | Set-Content corpus.txt
            'a dog runs' | Measure-DataQuality -Contributor a -ReferencePath corpus.txt -IndexPath a.qvref -Weight 0, 0, 1, 0 | Out-Null; 'a.qvref'
            """, """
            'a dog runs' | Measure-DataQuality -Contributor a -ReferencePath $File -Weight 0, 0, 1, 0 | ForEach-Object { "$($_.Novelty)|$($_.ReferenceRecall)|$($_.Hash)" }
            """) { IsProtected = true },
        new("prototypes", "prototypes.json", """
            $prototypes = 1..20 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, ($_ / 50), 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
                Group-Embedding -NoveltyThreshold 5 | New-DpPrototype -Epsilon 0.5
            foreach ($name in './a.json', './b.jsonl', './c.csv') { $null = $prototypes | Export-DpPrototype $name -IncludeContributor; $name }
            """, "Import-DpPrototype $File | Out-Null"),
        new("prototypes-npy", "p.metadata.jsonl", """
            1..20 | ForEach-Object { [pscustomobject]@{ Vector = [float[]] (1, ($_ / 50), 0); Modality = 'Image'; Item = "i$_"; Contributor = "c$($_ % 3)" } } |
                Group-Embedding -NoveltyThreshold 5 | New-DpPrototype -Epsilon 0.5 | Export-DpPrototype ./p.npy | Out-Null; Copy-Item p.metadata.jsonl whole.jsonl; 'whole.jsonl'
            """, "Import-DpPrototype (Join-Path (Split-Path $File) p.npy) | Out-Null"),
        new("offers-csv", "offers.csv", """
            "Contributor,Cost,Quality,MarginalUtility`nalice,1,0.9,1`nbob,2.5,0.5,2`n`"c, d`",0.5,1,1" | Set-Content a.csv; 'a.csv'
            """, "Invoke-DataAuction -Path $File -OutputPath ./awards.csv -Budget 3 -Mechanism ProportionalShare | Out-Null; Remove-Item ./awards.csv -ErrorAction Ignore"),
        new("offers-npy", "offers.npy", """
            "Contributor,Cost`na,1`nb,2`nc,3`nd,4" | Set-Content o.csv
            Invoke-DataAuction -Path ./o.csv -OutputPath ./a.npy -Budget 100 -Mechanism ProportionalShare | Out-Null; 'a.npy'
            """, "Invoke-DataAuction -Path $File -OutputPath ./awards.npy -Budget 3 -Mechanism ProportionalShare | Out-Null; Remove-Item ./awards.npy -ErrorAction Ignore"),
        new("submission", "document.sealed", """
            $null = New-DataSubmissionKey ./key.pem; 'A document of alice.' | Set-Content document.txt
            $sealed = Protect-DataSubmission ./document.txt -Contributor alice -KeyPath ./key.pem.pub -Destination ./sealed
            Add-DatRecord -LedgerPath ./l.db -Address alice -Value 1 -Pointer $sealed.Hash | Out-Null; './sealed/document.txt.sealed'
            """, """
            Remove-Item ./out -Recurse -ErrorAction Ignore
            Unprotect-DataSubmission $File -KeyPath ./key.pem -LedgerPath ./l.db -Destination ./out -ErrorAction Stop | ForEach-Object { "$($_.Contributor)|$($_.Hash)|$(Get-Content $_.Path -Raw)" }
            """) { IsProtected = true },
        new("submission-key", "market.pem", """
            $null = New-DataSubmissionKey ./key.pem; 'A document of alice.' | Set-Content document.txt; './key.pem'; './key.pem.pub'
            """, "Protect-DataSubmission ./document.txt -Contributor alice -KeyPath $File -Destination ./sealed -Force | Out-Null"),
        new("tokenizer-wordpiece", "vocab.txt", """
            '[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'dog', 'an', '##s' | Set-Content whole.txt; 'whole.txt'
            """, "ConvertTo-ClipToken -Text 'the an dogs' -VocabularyPath $File | Out-Null"),
        new("tokenizer-wordpiece-json", "tokenizer.json", """
            @{ model = @{ type = 'WordPiece'; unk_token = '[UNK]'; continuing_subword_prefix = '##'; max_input_chars_per_word = 100; vocab = [ordered]@{ '[PAD]' = 0; '[UNK]' = 1; '[CLS]' = 2; '[SEP]' = 3; the = 4; dog = 5; '##s' = 6 } }
                normalizer = @{ type = 'BertNormalizer'; lowercase = $true }; pre_tokenizer = @{ type = 'BertPreTokenizer' } } | ConvertTo-Json -Depth 6 -Compress | Set-Content whole.json; 'whole.json'
            """, "ConvertTo-ClipToken -Text 'the an dogs' -VocabularyPath $File | Out-Null"),
        new("modules", "modules.json", SentenceModel + "Copy-Item modules.json whole.json; 'whole.json'", "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("pooling", "1_Pooling/config.json", SentenceModel + "Copy-Item 1_Pooling/config.json whole.json; 'whole.json'",
            "Get-ClipModel -LiteralPath (Split-Path (Split-Path $File)) | Out-Null"),
        new("sentence-config", "sentence_bert_config.json", SentenceModel + "Copy-Item sentence_bert_config.json whole.json; 'whole.json'",
            "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("tokenizer-config", "tokenizer_config.json", SentenceModel + "Copy-Item tokenizer_config.json whole.json; 'whole.json'",
            "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null; ConvertTo-ClipToken -Text 'a dog' -VocabularyPath (Join-Path (Split-Path $File) vocab.txt) | Out-Null"),
        new("thresholds", "qosvaluation.json", """
            Copy-Item $Root/models/clip-mini/* . -Exclude *.py, qosvaluation.json; Copy-Item $Root/models/clip-mini/qosvaluation.json ./whole.json; './whole.json'
            """, "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("preprocess-openclip", "preprocess_cfg.json", """
            Copy-Item $Root/models/clip-mini/* . -Exclude *.py, preprocessor_config.json
            '{"size":[96,96],"mode":"RGB","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bicubic","resize_mode":"squash","fill_color":0}' | Set-Content whole.json; 'whole.json'
            """, "Get-ClipModel -LiteralPath (Split-Path $File) | Out-Null"),
        new("configuration-openclip", "open_clip_config.json", UnigramFiles + """
            '{"model_cfg":{"embed_dim":12,"vision_cfg":{"image_size":96},"text_cfg":{"context_length":64,"tokenizer_kwargs":{"clean":"canonicalize"}}},"preprocess_cfg":{"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"resize_mode":"squash"}}' |
                Set-Content whole.json; 'whole.json'
            """, "ConvertTo-ClipToken -Text 'a Dog, in the SNOW' -VocabularyPath (Join-Path (Split-Path $File) tokenizer.json) | Out-Null"),
        new("tokenizer-unigram", "tokenizer.json", UnigramFiles + "Move-Item tokenizer.json whole.json; Get-Item whole.json, small.json | ForEach-Object FullName",
            "ConvertTo-ClipToken -Text 'a Dog, in the SNOW', 'hello ﬁ İ </s> b' -VocabularyPath $File | Out-Null"),
        new("tokenizer-sentencepiece", "spiece.model", """
            $bytes = [System.Collections.Generic.List[byte]]::new()
            function Add-Field([System.Collections.Generic.List[byte]] $To, [int] $Field, [byte[]] $Content) { $To.Add($Field * 8 + 2); $To.Add($Content.Length); $To.AddRange($Content) }
            $number = 0; foreach ($piece in '<unk>', '<s>', '</s>', "▁", "▁a", "▁dog", 'd', 'o', 'g', 's') {
                $one = [System.Collections.Generic.List[byte]]::new(); Add-Field $one 1 ([System.Text.Encoding]::UTF8.GetBytes($piece)); $one.Add(0x15)
                $one.AddRange([System.BitConverter]::GetBytes([float] -$number)); $one.AddRange([byte[]] (0x18, ($number -eq 0 ? 2 : $number -lt 3 ? 3 : 1))); $number++; Add-Field $bytes 1 $one.ToArray()
            }
            Add-Field $bytes 2 ([byte[]] (0x18, 1)); Add-Field $bytes 3 ([byte[]] (0x18, 1, 0x20, 1, 0x28, 1)); [System.IO.File]::WriteAllBytes("$PWD/whole.model", $bytes.ToArray()); 'whole.model'
            """, "ConvertTo-ClipToken -Text 'a Dog, in the SNOW', 'dogs ﬁ </s> b' -VocabularyPath $File | Out-Null"),
    ];
}
