BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    function Get-Cosine {
        param([float[]] $A, [float[]] $B)
        $sum = 0.0
        for ($i = 0; $i -lt $A.Length; $i++) { $sum += $A[$i] * $B[$i] }
        $sum
    }

    $scenes = Join-Path $TestDrive scenes
    $items = @(New-SceneDataset $scenes -Count 12 -ImageSize 96 -Seed 3 -Contributors 2)
    $images = Join-Path $scenes images
}

Describe 'Get-ClipEmbedding over images' {
    It 'emits a unit vector for each image of a pattern, in order' {
        $embeddings = @(Get-ClipEmbedding "$images/*/*.jpg")
        $embeddings.Count | Should -Be 12
        $embeddings[0] | Should -BeOfType QosValuation.ClipEmbedding
        $embeddings.Ordinal | Should -Be (0..11)
        $embeddings.Source | Should -Be (Get-ChildItem "$images/*/*.jpg").FullName
        # Arrays have an Item of their own, so the property is read one by one.
        @($embeddings | ForEach-Object Item) | Should -Be $embeddings.Source
        foreach ($embedding in $embeddings) {
            $embedding.Modality | Should -Be Image
            $embedding.Model | Should -Be clip-small
            $embedding.Vector.Length | Should -Be 512
            Get-Cosine $embedding.Vector $embedding.Vector | Should -BeGreaterThan 0.99999
            $embedding.Contributor | Should -Be (Split-Path (Split-Path $embedding.Source) -Leaf)
        }
    }

    It 'takes folders, and with -Recurse their subfolders' {
        @(Get-ClipEmbedding $images/contributor-01).Count | Should -Be @(Get-ChildItem $images/contributor-01).Count
        Get-ClipEmbedding $scenes -WarningVariable said -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$said" | Should -Be "No image lies in '$scenes' itself; -Recurse takes its subfolders as well."
        $bare = New-Item -ItemType Directory (Join-Path $TestDrive 'bare')
        Get-ClipEmbedding $bare, $images/contributor-01 -Recurse -WarningVariable said -WarningAction SilentlyContinue | Should -Not -BeNullOrEmpty
        "$said" | Should -Be "No image lies in '$bare'."
        @(Get-ClipEmbedding $scenes -Recurse).Source | Sort-Object | Should -Be @(Get-ChildItem $scenes -Recurse -Filter *.jpg | ForEach-Object FullName | Sort-Object)
    }

    It 'takes files, strings, and objects with a path from the pipeline' {
        $expected = $items.Path | Sort-Object
        @(Get-ChildItem $images -Recurse -File | Get-ClipEmbedding).Source | Sort-Object | Should -Be $expected
        @(Get-ChildItem $images | Get-ClipEmbedding).Source | Sort-Object | Should -Be $expected
        @($items.Path | Get-ClipEmbedding).Source | Should -Be $items.Path
        @($items | ForEach-Object { [pscustomobject]@{ Path = $_.Path } } | Get-ClipEmbedding).Source | Should -Be $items.Path
        @($items | ForEach-Object { [pscustomobject]@{ FullName = $_.Path } } | Get-ClipEmbedding).Source | Should -Be $items.Path
        $list = Join-Path $TestDrive list.txt
        Set-Content -LiteralPath $list -Value $items.Path
        @(Get-Content $list | Get-ClipEmbedding).Source | Should -Be $items.Path
    }

    It 'takes brackets and blanks in names literally where such a file exists' {
        $odd = Join-Path $TestDrive 'odd [1] ü.jpg'
        Copy-Item -LiteralPath $items[0].Path -Destination $odd
        (Get-ClipEmbedding $odd).Source | Should -Be $odd
        (Get-ClipEmbedding -LiteralPath $odd).Source | Should -Be $odd
        (Get-Item -LiteralPath $odd | Get-ClipEmbedding).Source | Should -Be $odd
        Push-Location $TestDrive
        try { (Get-ClipEmbedding 'odd*').Source | Should -Be $odd } finally { Pop-Location }
    }

    It 'costs one error record for a bad image and no other image' {
        $bad = Join-Path $TestDrive bad
        $null = New-Item $bad -ItemType Directory -Force
        $items.Path | Copy-Item -Destination $bad
        $broken = Join-Path $bad $items[5].Path.Split([System.IO.Path]::DirectorySeparatorChar)[-1]
        [System.IO.File]::WriteAllBytes($broken, [System.IO.File]::ReadAllBytes($items[5].Path)[0..800])
        $embeddings = @(@(Get-ChildItem $bad | ForEach-Object FullName) + (Join-Path $bad absent.jpg) | Get-ClipEmbedding -ErrorVariable faults -ErrorAction SilentlyContinue)
        $embeddings.Count | Should -Be 11
        @($faults.FullyQualifiedErrorId | Sort-Object) | Should -Be 'ImageNotReadable,QosValuation.Cmdlets.GetClipEmbeddingCommand', 'PathNotFound,QosValuation.Cmdlets.GetClipEmbeddingCommand'
        $fault = $faults | Where-Object FullyQualifiedErrorId -Like ImageNotReadable*
        $fault.CategoryInfo.Category | Should -Be InvalidData
        $fault.TargetObject | Should -Be $broken
        $good = Get-ClipEmbedding $images/*/*.jpg | Group-Object { Split-Path $_.Source -Leaf } -AsHashTable
        $embeddings | ForEach-Object { Get-Cosine $_.Vector $good[(Split-Path $_.Source -Leaf)].Vector | Should -BeGreaterThan 0.99999 }
    }

    It 'gives the same bytes again, and the same directions for other batch sizes' {
        $first = @(Get-ClipEmbedding "$images/*/*.jpg" -BatchSize 5)
        $second = @(Get-ClipEmbedding "$images/*/*.jpg" -BatchSize 5)
        $other = @(Get-ClipEmbedding "$images/*/*.jpg" -BatchSize 1)
        for ($i = 0; $i -lt 12; $i++) {
            [System.Linq.Enumerable]::SequenceEqual($first[$i].Vector, $second[$i].Vector) | Should -BeTrue
            Get-Cosine $first[$i].Vector $other[$i].Vector | Should -BeGreaterThan 0.99999
        }
    }
}

Describe 'Get-ClipEmbedding over texts and records' {
    It 'embeds texts, each a record that the text names' {
        $texts = @(Get-ClipEmbedding -Text 'a dog', 'a cat', 'a dog')
        $texts.Modality | Should -Be Text, Text, Text
        $texts.Source | Should -Be 'a dog', 'a cat', 'a dog'
        @($texts | ForEach-Object Item) | Should -Be 'text:a dog', 'text:a cat', 'text:a dog'
        [System.Linq.Enumerable]::SequenceEqual($texts[0].Vector, $texts[2].Vector) | Should -BeTrue
        Get-Cosine $texts[0].Vector $texts[1].Vector | Should -BeLessThan 0.999
        $texts[0].Contributor | Should -BeExactly ''
    }

    It 'embeds the image and the captions of a CocoItem as one record' {
        $embeddings = @($items[0..1] | Get-ClipEmbedding)
        $embeddings.Count | Should -Be 12
        $embeddings[0..5] | ForEach-Object Item | Sort-Object -Unique | Should -Be $items[0].Path
        $embeddings[6..11] | ForEach-Object Item | Sort-Object -Unique | Should -Be $items[1].Path
        $embeddings.Modality | Should -Be Image, Text, Text, Text, Text, Text, Image, Text, Text, Text, Text, Text
        $embeddings[1..5].Source | Should -Be $items[0].Captions
        $embeddings[0..5].Contributor | Sort-Object -Unique | Should -Be (Split-Path (Split-Path $items[0].Path) -Leaf)
        @($items[0..1] | Get-ClipEmbedding -Modality Image).Source | Should -Be $items[0..1].Path
        @($items[0..1] | Get-ClipEmbedding -Modality Text).Source | Should -Be ($items[0].Captions + $items[1].Captions)
    }

    It 'names records of captions alone by their id' {
        $embeddings = @(Import-CocoDataset $scenes/captions.json -WithoutImage -First 2 | Get-ClipEmbedding)
        $embeddings.Count | Should -Be 10
        $items = @($embeddings | ForEach-Object Item | Select-Object -Unique)
        $items | ForEach-Object { $_ | Should -Match '^coco:[\w-]{22}:[12]$' }
        $items.Count | Should -Be 2
    }

    It 'embeds the captions of a record whose image is missing' {
        $folder = Join-Path $TestDrive vanishing
        $few = @(New-SceneDataset $folder -Count 2 -ImageSize 64 -Seed 1)
        Remove-Item -LiteralPath $few[0].Path
        $embeddings = @($few | Get-ClipEmbedding -ErrorVariable faults -ErrorAction SilentlyContinue)
        $faults.FullyQualifiedErrorId | Should -Be 'ImageNotFound,QosValuation.Cmdlets.GetClipEmbeddingCommand'
        $embeddings.Count | Should -Be 11
        $embeddings[0..4] | ForEach-Object Item | Sort-Object -Unique | Should -Be $few[0].Path
    }

    It 'takes rows of a table by the names of their columns' {
        $table = Join-Path $TestDrive items.csv
        $items[0..2] | ForEach-Object { [pscustomobject]@{ path = $_.Path; caption = $_.Captions[0]; contributor = "owner $($_.ImageId)" } } | Export-Csv $table
        $embeddings = @(Import-Csv $table | Get-ClipEmbedding)
        $embeddings.Modality | Should -Be Image, Text, Image, Text, Image, Text
        @($embeddings[2..3] | ForEach-Object Item) | Should -Be $items[1].Path, $items[1].Path
        $embeddings.Contributor | Should -Be 'owner 1', 'owner 1', 'owner 2', 'owner 2', 'owner 3', 'owner 3'
        $texts = @([pscustomobject]@{ Captions = 'one', 'two' }, [pscustomobject]@{ Text = 'three' } | Get-ClipEmbedding)
        $texts.Source | Should -Be one, two, three
        $texts[0].Item | Should -Be $texts[1].Item
        $texts[2].Item | Should -Not -Be $texts[0].Item
    }

    It 'reports an empty text and an object without anything to embed' {
        $texts = @([pscustomobject]@{ Text = 'a' }, [pscustomobject]@{ Text = ' ' }, [pscustomobject]@{ Size = 3 }, [pscustomobject]@{ Text = 'b' } |
                Get-ClipEmbedding -ErrorVariable faults -ErrorAction SilentlyContinue)
        $texts.Source | Should -Be a, b
        @($faults.FullyQualifiedErrorId | Sort-Object) | Should -Be 'InputNotRecognized,QosValuation.Cmdlets.GetClipEmbeddingCommand', 'TextEmpty,QosValuation.Cmdlets.GetClipEmbeddingCommand'
    }

    It 'warns of texts that lost their ends' {
        $null = Get-ClipEmbedding -Text ('a dog in the snow ' * 20) -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -BeLike '*64 tokens of clip-small*'
        $null = Get-ClipEmbedding -Text ('a dog in the snow ' * 8) -Model clip-mini -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -BeLike '*32 tokens of clip-mini*'
    }

    It 'puts a photograph near its caption' {
        $embeddings = $items | Get-ClipEmbedding
        $photos = @($embeddings | Where-Object Modality -EQ Image)
        $photos.Count | Should -Be 12
        $own = ($embeddings | Where-Object Modality -EQ Text | ForEach-Object { $t = $_; Get-Cosine $t.Vector ($photos | Where-Object Item -EQ $t.Item).Vector } | Measure-Object -Average).Average
        $all = ($embeddings | Where-Object Modality -EQ Text | ForEach-Object { $t = $_; $photos | ForEach-Object { Get-Cosine $t.Vector $_.Vector } } | Measure-Object -Average).Average
        $own | Should -BeGreaterThan $all
    }
}

Describe 'Get-ClipEmbedding -Contributor' {
    It 'takes a name' {
        @(Get-ClipEmbedding "$images/*/*.jpg" -Contributor me | ForEach-Object Contributor | Sort-Object -Unique) | Should -Be me
        (Get-ClipEmbedding -Text 'a dog' -Contributor me).Contributor | Should -Be me
    }

    It 'takes a script block over the file, the text, or the object' {
        @(Get-ClipEmbedding "$images/*/*.jpg" -Contributor { $_.BaseName }).Contributor | Should -Be (Get-ChildItem "$images/*/*.jpg").BaseName
        @(Get-ChildItem "$images/*/*.jpg" | Get-ClipEmbedding -Contributor { $_.Directory.Name.ToUpper() }).Contributor | Sort-Object -Unique | Should -Be CONTRIBUTOR-01, CONTRIBUTOR-02
        @($items | Get-ClipEmbedding -Contributor { "image $($_.ImageId)" })[6].Contributor | Should -Be 'image 2'
        @($items[0] | Select-Object Path, @{ n = 'Owner'; e = { 'ann' } } | Get-ClipEmbedding -Contributor { $_.Owner }).Contributor | Should -Be ann
        (Get-ClipEmbedding -Text 'a dog' -Contributor { $_.Length }).Contributor | Should -Be 5
        @(Get-ChildItem $images | Get-ClipEmbedding -Contributor { $_.Extension }).Contributor | Sort-Object -Unique | Should -Be .jpg
    }

    It 'falls back to the folder where the script block gives nothing, and reports one that fails' {
        (Get-ClipEmbedding $items[0].Path -Contributor { }).Contributor | Should -Be (Split-Path (Split-Path $items[0].Path) -Leaf)
        $embeddings = @($items[0..1] | Get-ClipEmbedding -Modality Image -Contributor { if ($_.ImageId -eq 1) { throw 'no' }; 'x' } -ErrorVariable faults -ErrorAction SilentlyContinue)
        $embeddings.Source | Should -Be $items[1].Path
        $faults.FullyQualifiedErrorId | Should -Contain 'ContributorScriptFailed,QosValuation.Cmdlets.GetClipEmbeddingCommand'
    }
}

Describe 'Get-ClipEmbedding with models and a cache' {
    It 'takes a model by name, folder and file' {
        $folder = (Get-ClipModel clip-mini).Path
        $expected = (Get-ClipEmbedding -Text 'a dog' -Model clip-mini).Vector
        foreach ($model in 'CLIP-mini', $folder, (Join-Path $folder text_model.onnx)) {
            [System.Linq.Enumerable]::SequenceEqual((Get-ClipEmbedding -Text 'a dog' -Model $model).Vector, [float[]] $expected) | Should -BeTrue
        }
    }

    It 'refuses bad arguments with stable ids' {
        { Get-ClipEmbedding } | Should -Throw -ErrorId 'NothingToEmbed,QosValuation.Cmdlets.GetClipEmbeddingCommand'
        { Get-ClipEmbedding a.jpg -Model nothing-of-this-name } | Should -Throw -ErrorId 'ModelNotFound,*'
        { Get-ClipEmbedding a.jpg -BatchSize 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        { $items | Get-ClipEmbedding -Text 'a dog' } | Should -Throw -ErrorId 'ParametersConflict,*'
        { Get-ClipEmbedding Env:/PATH -ErrorAction Stop } | Should -Throw -ErrorId 'NotAFileSystemPath,*'
    }

    It 'refuses a provider that is not there and names those that are' {
        (TabExpansion2 'Get-ClipEmbedding -ExecutionProvider C').CompletionMatches.CompletionText | Should -Contain Cpu
        $missing = $IsWindows ? 'CoreML' : 'DirectML'
        $fault = { Get-ClipEmbedding -Text a -ExecutionProvider $missing } | Should -Throw -ErrorId 'ExecutionProviderNotAvailable,*' -PassThru
        $fault.Exception.Message | Should -BeLike '*Cpu*'
    }

    It 'says what a GPU lacks, and takes the processor only with -AllowFallback' {
        $cuda = @{ Text = 'a dog'; Model = 'clip-mini'; ExecutionProvider = 'Cuda'; ErrorAction = 'Stop' }
        $usable = try { $null = Get-ClipEmbedding @cuda; $true } catch { $fault = $_; $false }
        if (-not $usable) {
            $fault.FullyQualifiedErrorId | Should -BeLike 'ExecutionProviderNotAvailable,*'
            $fault.Exception.Message | Should -Match 'Package -Provider Cuda|is missing \('
        }

        $instead = Get-ClipEmbedding @cuda -AllowFallback -WarningVariable warned -WarningAction SilentlyContinue
        @($warned).Count | Should -Be ($usable ? 0 : 1)
        $plain = Get-ClipEmbedding -Text 'a dog' -Model clip-mini -AllowFallback -WarningVariable none
        $none | Should -BeNullOrEmpty
        $difference = 0..($plain.Vector.Length - 1) | ForEach-Object { [math]::Abs($plain.Vector[$_] - $instead.Vector[$_]) } | Measure-Object -Maximum
        $difference.Maximum | Should -BeLessOrEqual ($usable ? 0.01 : 0)
    }

    It 'embeds images alone with a model that has no text encoder' {
        $half = Join-Path $TestDrive half
        $null = New-Item $half -ItemType Directory
        Copy-Item (Join-Path (Get-ClipModel clip-mini).Path vision_model.onnx), (Join-Path (Get-ClipModel clip-mini).Path preprocessor_config.json) $half
        $embeddings = @($items[0..1] | Get-ClipEmbedding -Model $half -WarningVariable warnings -WarningAction SilentlyContinue)
        $embeddings.Modality | Should -Be Image, Image
        $warnings.Count | Should -Be 1
        { Get-ClipEmbedding -Text a -Model $half } | Should -Throw -ErrorId 'ModalityNotSupported,*'
    }

    It 'completes the names of models' {
        (TabExpansion2 'Get-ClipEmbedding -Model clip').CompletionMatches.CompletionText | Should -Contain clip-mini
    }

    It 'skips inference in a second run with a cache' {
        $cache = Join-Path $TestDrive cache/embeddings.db
        $first = @($items | Get-ClipEmbedding -CachePath $cache)
        $second = @($items | Get-ClipEmbedding -CachePath $cache -Verbose 4>&1)
        $verbose = $second | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
        "$verbose" | Should -BeLike '*72 of them from the cache*'
        $second = @($second | Where-Object { $_ -is [QosValuation.ClipEmbedding] })
        $second.Source | Should -Be $first.Source
        for ($i = 0; $i -lt 72; $i++) { [System.Linq.Enumerable]::SequenceEqual($first[$i].Vector, $second[$i].Vector) | Should -BeTrue }
    }

    It 'decodes large photographs fast, and keeps the two ways apart in a cache' {
        $scenes = Join-Path $TestDrive large
        $image = (New-SceneDataset -Path $scenes -Count 1 -ImageSize 2048 -Seed 3).Path
        $cache = Join-Path $TestDrive ways.db
        $exact, $fast, $again = 'Exact', 'Fast', 'Fast' | ForEach-Object { Get-ClipEmbedding $image -Model clip-mini -Decode $_ -CachePath $cache }
        $fast.Vector | Should -Not -Be $exact.Vector
        $again.Vector | Should -Be $fast.Vector
        (Get-ClipEmbedding $image -Model clip-mini -CachePath $cache).Vector | Should -Be $exact.Vector
        (Get-ClipEmbedding $image -Model clip-mini).Vector | Should -Be $exact.Vector
        ($exact | Find-Embedding $fast).Similarity | Should -BeGreaterThan 0.999
        { Get-ClipEmbedding $image -Decode Exact, Fast } | Should -Throw
    }

    It 'refuses a cache that is something else and leaves it as it is' {
        $cache = Join-Path $TestDrive notes.txt
        Set-Content -LiteralPath $cache -Value 'my notes'
        { Get-ClipEmbedding -Text a -CachePath $cache } | Should -Throw -ErrorId 'CacheNotReadable,*'
        Get-Content $cache | Should -Be 'my notes'
    }
}

Describe 'Get-ClipEmbedding in the pipeline' {
    It 'streams: what follows sees embeddings before the input ends' {
        $read = [System.Collections.Generic.List[int]]::new()
        $first = 1..100000 | ForEach-Object { $read.Add($_); $items[0] } | Get-ClipEmbedding | Select-Object -First 1
        $first.Modality | Should -Be Image
        $read.Count | Should -BeLessThan 2000
    }

    It 'stops on Ctrl+C' {
        $stopped = Stop-WorkingScript { param($Path) & { while ($true) { $Path } } | Get-ClipEmbedding | ForEach-Object { Write-Information ready } } $items[0].Path
        $stopped.State | Should -Be Stopped
    }

    It 'shows progress with rate and time left' {
        $stopped = Stop-WorkingScript { param($Path) Get-ClipEmbedding (@($Path) * 100000) } $items[0].Path -Until {
            $args[0].Streams.Progress | Where-Object Activity -EQ Embedding
        }
        $progress = @($stopped.Progress | Where-Object Activity -EQ Embedding)
        $progress[0].StatusDescription | Should -BeLike '*items, * a second*'
    }

    It 'has a table view and complete help' {
        $table = Get-ClipEmbedding -Text 'a dog' -Contributor me | Out-String -Width 100
        $table | Should -Match 'Ordinal\s+Modality\s+Contributor\s+Cluster\s+Novelty\s+Dimension\s+Source'
        $table | Should -Match '0\s+Text\s+me\s+512\s+a dog'
        $help = Get-Help Get-ClipEmbedding -Full
        $help.examples.example.Count | Should -BeGreaterThan 3
        $help.parameters.parameter | ForEach-Object { $_.description.Text | Should -Not -BeNullOrEmpty }
    }

    It 'says that a path is null' {
        { Get-ClipEmbedding -Path $null } | Should -Throw -ErrorId 'InputIsNull,*'
        { Get-ClipEmbedding -Text $null } | Should -Throw -ErrorId 'InputIsNull,*'
    }

    It 'embeds real photographs with their captions' -Skip:(-not $SharedData) {
        $folder = Join-Path $SharedData coco-val2017-subset
        $embeddings = @(Import-CocoDataset $folder/captions_val2017.json $folder/val2017 | Get-ClipEmbedding)
        @($embeddings | Where-Object Modality -EQ Image).Count | Should -Be 358
        @($embeddings | Where-Object Modality -EQ Text).Count | Should -Be 1791
        $embeddings.Ordinal | Should -Be (0..2148)
    }
}
