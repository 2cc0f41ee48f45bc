BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $noData = -not $SharedData
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    function New-Vectors($count, $dimension, $seed) {
        $random = [System.Random]::new($seed)
        for ($i = 0; $i -lt $count; $i++) {
            $vector = [float[]]::new($dimension)
            $sum = 0.0
            for ($j = 0; $j -lt $dimension; $j++) { $vector[$j] = $random.NextDouble() - 0.5; $sum += [double] $vector[$j] * $vector[$j] }
            $norm = [Math]::Sqrt($sum)
            for ($j = 0; $j -lt $dimension; $j++) { $vector[$j] = $vector[$j] / $norm }
            [QosValuation.ClipEmbedding] @{
                Source = "caption, number $i"; Item = "i$i"; Modality = 'Text'; Vector = $vector; Contributor = "c$($i % 2)"; Model = 'm'; Ordinal = $i
            }
        }
    }
}

Describe 'Import-Embedding from other programs' {
    It 'reads the header of <Program>' -ForEach @(
        @{ Program = 'pandas'; Text = "0,1,2`n0.6,0.8,0.0`n0.0,0.6,0.8`n" }
        @{ Program = 'numpy.savetxt'; Text = "# v0,v1,v2`n6e-1,8e-1,0e0`n0e0,6e-1,8e-1`n" }
        @{ Program = 'numpy.savetxt without one'; Text = "6e-1,8e-1,0e0`n0e0,6e-1,8e-1`n" }
    ) {
        $path = Join-Path $TestDrive header.csv
        Set-Content -LiteralPath $path -Value $Text -NoNewline
        $read = @(Import-Embedding $path -WarningVariable warnings -ErrorVariable faults)
        $read.Count | Should -Be 2
        $read[0].Vector | Should -Be ([float[]](0.6, 0.8, 0))
        $read[1].Vector | Should -Be ([float[]](0, 0.6, 0.8))
        $warnings.Count + $faults.Count | Should -Be 0
    }

    It 'keeps columns whose names follow a blank, and names unknown ones in a warning' {
        $path = Join-Path $TestDrive blanks.csv
        Set-Content $path 'Source, Contributor, Colour, v0, v1', 'a.jpg, ann, 7, 0.6, 0.8'
        $read = Import-Embedding $path -WarningVariable warnings -WarningAction SilentlyContinue
        $read.Source, $read.Contributor | Should -Be 'a.jpg', 'ann'
        $read.Dimension | Should -Be 2
        $warnings.Count | Should -Be 1
        $warnings[0].Message | Should -BeLike "*'Colour'.*"
    }

    It 'takes ClusterId -1 in a table of labels for noise' {
        $vectors = Join-Path $TestDrive labelled.csv
        Set-Content $vectors 'v0,v1', '1,0', '0,1', '1,1'
        $labels = Join-Path $TestDrive labels.csv
        Set-Content $labels 'ClusterId', '-1', '-1', '-1'
        $read = Import-Embedding $vectors -MetadataPath $labels
        $read.Novelty | Should -Be Noise, Noise, Noise
        $read.ForEach({ $null -eq $_.ClusterId }) | Should -Be $true, $true, $true
        ($read | Measure-DataValue).Value | Should -Be 0
    }

    It 'normalises 64-bit numbers before it rounds them to 32 bits' {
        $path = Join-Path $TestDrive wide.csv
        Set-Content $path 'v0,v1,v2,v3', '3e-45,4e-45,0,1.2e-44', '1e-50,0,0,0', '0,1e39,0,0'
        $read = @(Import-Embedding $path)
        $read.Count | Should -Be 3
        $read[0].Vector | Should -Be ([float[]]((3 / 13), (4 / 13), 0, (12 / 13)))
        $read[1].Vector | Should -Be ([float[]](1, 0, 0, 0))
        $read[2].Vector | Should -Be ([float[]](0, 1, 0, 0))

        # Objects of other programs: double[] vectors, and public centroids.
        $objects = @(
            [pscustomobject]@{ Item = 'a'; Vector = [double[]](3e-45, 4e-45, 0, 1.2e-44) }
            '{ "Item": "b", "Vector": [3e39, 4e39, 0, 1.2e40] }' | ConvertFrom-Json
        )
        $cluster = $objects | Group-Embedding -SimilarityThreshold 1
        $cluster.Count | Should -Be 2
        foreach ($i in 0..3) {
            [math]::Abs($cluster.Centroid[$i] - (3, 4, 0, 12)[$i] / 13) | Should -BeLessThan 1e-6
        }

        $public = $objects | Group-Embedding -PublicCentroid ([double[]](1e-50, 0, 0, 0)), ([double[]](0, 0, 0, 1e39))
        $public.ForEach({ $_.Count }) | Should -Be 0, 2
    }
}

Describe 'Import-CocoDataset' {
    BeforeAll {
        $folder = Join-Path $TestDrive 'coco'
        $null = New-Item -ItemType Directory -Path "$folder/val"
        1..3 | ForEach-Object { Set-Content -LiteralPath "$folder/val/$_.jpg" -Value x }
        @{
            licenses    = @(@{ id = 1; name = 'CC BY' })
            images      = @(1..4 | ForEach-Object { @{ id = $_; file_name = "$_.jpg"; width = 640; height = 480; license = 1 } })
            annotations = @(@{ image_id = 1; caption = 'ein Hündchen' }, @{ image_id = 1; caption = 'a dog' }, @{ image_id = 4; caption = 'gone' })
        } | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath "$folder/captions_val.json"
    }

    It 'gives images with captions, size and licence, and one error for an image that is absent' {
        $items = Import-CocoDataset -AnnotationPath $folder/captions_val.json -ImageFolder $folder/val -ErrorVariable faults -ErrorAction SilentlyContinue
        $items | Should -BeOfType QosValuation.CocoItem
        $items.ImageId | Should -Be 1, 2, 3
        $items[0].Captions | Should -Be 'ein Hündchen', 'a dog'
        $items[0].Path | Should -Be (Join-Path $folder 'val' '1.jpg')
        $items[0].Width, $items[0].Height, $items[0].License | Should -Be 640, 480, 'CC BY'
        $items[1].Captions.Count | Should -Be 0
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -Be 'ImageFileMissing,QosValuation.Cmdlets.ImportCocoDatasetCommand'
        $faults[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
    }

    It 'finds the folder beside the file, from the pipeline, relative to the location' {
        Push-Location $folder
        try {
            (Get-Item *.json | Import-CocoDataset -First 2).ImageId | Should -Be 1, 2
            (Import-CocoDataset ./captions_val.json val -First 1).ImageId | Should -Be 1
        }
        finally {
            Pop-Location
        }
    }

    It 'takes wildcard characters literally with -LiteralPath' {
        foreach ($name in '1', '[1]') {
            @{ images = @(@{ id = 1; file_name = '1.jpg' }); annotations = @(@{ image_id = 1; caption = "of $name" }) } |
                ConvertTo-Json -Depth 4 | Set-Content -LiteralPath "$folder/part$name.json"
        }

        (Import-CocoDataset "$folder/part[1].json" -WithoutImage).Captions | Should -Be 'of 1'
        (Import-CocoDataset -LiteralPath "$folder/part[1].json" -WithoutImage).Captions | Should -Be 'of [1]'
        (Import-CocoDataset -LiteralPath "$folder/part[1].json" "$folder/val").Path | Should -Be (Join-Path $folder 'val' '1.jpg')
        Remove-Item -LiteralPath "$folder/part1.json", "$folder/part[1].json"
    }

    It 'gives captions alone' {
        $items = Import-CocoDataset $folder/captions_val.json -WithoutImage
        $items.ImageId | Should -Be 1, 2, 3, 4
        @($items | Where-Object Path).Count | Should -Be 0
        $items | ForEach-Object { $_.Captions } | Should -Be 'ein Hündchen', 'a dog', 'gone'
    }

    It 'says what is wrong with a file' {
        { Import-CocoDataset $folder/none.json -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        { Import-CocoDataset $folder/captions_val.json $folder/none -ErrorAction Stop } | Should -Throw -ErrorId 'ImageFolderNotFound,*'
        Set-Content $folder/broken.json "{`n`"images`": [`n{"
        { Import-CocoDataset $folder/broken.json -ErrorAction Stop } | Should -Throw -ErrorId 'AnnotationNotReadable,*' -ExpectedMessage '*line 4*'
        Set-Content $folder/instances.json '{"images": [], "annotations": [{"image_id": 1, "bbox": []}]}'
        { Import-CocoDataset $folder/instances.json -ErrorAction Stop } | Should -Throw -ErrorId 'AnnotationNotCaptions,*'
    }

    It 'goes on with the next file' {
        $items = Import-CocoDataset $folder/instances.json, $folder/captions_val.json -WithoutImage -ErrorVariable faults -ErrorAction SilentlyContinue
        $items.Count | Should -Be 4
        $faults.Count | Should -Be 1
    }

    It 'shows a table' {
        Import-CocoDataset $folder/captions_val.json -First 1 | Out-String -Width 160 | Should -Match '1 +640×480 +2 1\.jpg +ein Hündchen'
    }

    It 'stops early without reading on' {
        (Import-CocoDataset $folder/captions_val.json | Select-Object -First 1).ImageId | Should -Be 1
    }

    It 'reads the real photographs and captions' -Skip:$noData {
        $items = Import-CocoDataset -AnnotationPath $SharedData/coco-val2017-subset/captions_val2017.json -ImageFolder $SharedData/coco-val2017-subset/val2017
        $items.Count | Should -Be 358
        ($items | ForEach-Object { $_.Captions.Count } | Measure-Object -Sum).Sum | Should -Be 1791
    }
}

Describe 'Export-Embedding and Import-Embedding' {
    It 'give back what was exported to <_>' -ForEach 'e.npy', 'e.csv', 'e.jsonl' {
        $embeddings = New-Vectors 20 16 1
        $embeddings | Export-Embedding "$TestDrive/new folder/$_" | Should -BeNullOrEmpty
        $back = Import-Embedding "$TestDrive/new folder/$_"
        $back.Count | Should -Be 20
        for ($i = 0; $i -lt 20; $i++) {
            "$($back[$i].Vector)" | Should -BeExactly "$($embeddings[$i].Vector)"
            foreach ($name in 'Source', 'Item', 'Modality', 'Model', 'Contributor', 'Ordinal', 'ClusterId', 'Novelty') {
                $back[$i].$name | Should -Be $embeddings[$i].$name
            }
        }
    }

    It 'keep clusters and novelty' {
        New-Vectors 6 8 2 | Group-Embedding -PassThru -SimilarityThreshold 0 -NoveltyThreshold 2 -ErrorAction SilentlyContinue |
            Export-Embedding $TestDrive/g.npy -PassThru |
            ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" } | Set-Variable before
        Import-Embedding $TestDrive/g.npy | ForEach-Object { "$($_.Item) $($_.ClusterId) $($_.Novelty)" } | Should -Be $before
    }

    It 'reads arrays that a wildcard matches, and not their metadata' {
        New-Vectors 2 4 3 | Export-Embedding $TestDrive/w/a.npy
        New-Vectors 3 4 4 | Export-Embedding $TestDrive/w/b.jsonl
        (Import-Embedding $TestDrive/w/*).Count | Should -Be 5
        (Get-ChildItem $TestDrive/w/*.npy | Import-Embedding).Count | Should -Be 2
    }

    It 'takes modality, model and contributor from the parameters where the file is silent' {
        Set-Content $TestDrive/v.csv "3,4`n0,-1"
        $read = Import-Embedding $TestDrive/v.csv -Modality Text -Model m -Contributor me
        $read | ForEach-Object { "$($_.Modality) $($_.Model) $($_.Contributor)" } | Should -Be 'Text m me', 'Text m me'
        $read | ForEach-Object { Split-Path $_.Item -Leaf } | Should -Be 'v.csv#0', 'v.csv#1'
        $read[0].Vector | Should -Be ([float] 0.6), ([float] 0.8)
        $read = Import-Embedding $TestDrive/v.csv -Contributor { "agent$($_.Ordinal)" }
        $read.Contributor | Should -Be 'agent0', 'agent1'
    }

    It 'costs one error for a row whose contributor a script block cannot name, and keeps the row''s own where it gives nothing' {
        Set-Content $TestDrive/v.csv "Contributor,v0,v1`nAnn,3,4`nBob,0,-1`nCy,1,1"
        $read = Import-Embedding $TestDrive/v.csv -ErrorVariable faults -ErrorAction SilentlyContinue -Contributor {
            if ($_.Ordinal -eq 1) { throw 'boom' }
            if ($_.Ordinal -eq 2) { 'first', 'second' }
        }
        $read.Contributor | Should -Be 'Ann', 'first'
        $faults.FullyQualifiedErrorId | Should -Be 'ContributorScriptFailed,QosValuation.Cmdlets.ImportEmbeddingCommand'
    }

    It 'costs one error for a row that cannot be used' {
        Set-Content $TestDrive/bad.csv "v0,v1`n1,0`nx,1`n0,0`n0,1"
        $read = Import-Embedding $TestDrive/bad.csv -ErrorVariable faults -ErrorAction SilentlyContinue
        $read.Ordinal | Should -Be 0, 3
        $faults.Count | Should -Be 2
        $faults[0].FullyQualifiedErrorId | Should -Be 'EmbeddingRowNotUsable,QosValuation.Cmdlets.ImportEmbeddingCommand'
    }

    It 'says what is wrong with a file or its metadata' {
        Set-Content $TestDrive/x.npy 'no array'
        { Import-Embedding $TestDrive/x.npy -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingFileNotReadable,*'
        Set-Content $TestDrive/x.txt 'text'
        { Import-Embedding $TestDrive/x.txt -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingFormatNotKnown,*'
        Set-Content $TestDrive/one.json '["a"]'
        { Import-Embedding $TestDrive/v.csv -MetadataPath $TestDrive/one.json -ErrorAction Stop } | Should -Throw -ErrorId 'MetadataCountMismatch,*'
        { New-Vectors 1 2 5 | Export-Embedding $TestDrive/e.orc } | Should -Throw -ErrorId 'EmbeddingFormatNotKnown,*'
    }

    It 'writes nothing with -WhatIf, nothing over a file with -NoClobber, and nothing when stopped' {
        New-Vectors 1 2 6 | Export-Embedding $TestDrive/no.npy -WhatIf
        Test-Path $TestDrive/no.npy | Should -BeFalse
        New-Vectors 1 2 6 | Export-Embedding $TestDrive/yes.npy
        { New-Vectors 2 2 7 | Export-Embedding $TestDrive/yes.npy -NoClobber } | Should -Throw -ErrorId 'FileExists,*'
        $null = New-Vectors 5 2 7 | Export-Embedding $TestDrive/yes.npy -Force -PassThru | Select-Object -First 2
        @(Import-Embedding $TestDrive/yes.npy).Count | Should -Be 1
        Get-ChildItem $TestDrive -Filter *.tmp | Should -BeNullOrEmpty
    }

    It 'leaves out a vector of another length with one error' {
        (New-Vectors 2 4 8) + (New-Vectors 1 3 9) | Export-Embedding $TestDrive/mixed.jsonl -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -Be 'DimensionMismatch,QosValuation.Cmdlets.ExportEmbeddingCommand'
        (Import-Embedding $TestDrive/mixed.jsonl).Count | Should -Be 2
    }

    It 'reads the real CLIP vectors in half precision, with photographs and prompts as metadata' -Skip:$noData {
        $images = Import-Embedding $SharedData/flickr8k-clip/image_embeddings.npy -MetadataPath $SharedData/flickr8k-clip/captions.json
        $prompts = Import-Embedding $SharedData/flickr8k-clip/coco80_text_embeddings.npy -MetadataPath $SharedData/flickr8k-clip/coco80_prompts.json
        $images.Count, $prompts.Count | Should -Be 999, 80
        $images[0].Modality, $prompts[0].Modality | Should -Be 'Image', 'Text'
        $images[0].Contributor | Should -Be 'images'

        # As NumPy ranks them.
        $nearest = foreach ($image in $images[0..11]) {
            $scores = foreach ($prompt in $prompts) {
                $sum = 0.0
                for ($j = 0; $j -lt 512; $j++) { $sum += [double] $image.Vector[$j] * $prompt.Vector[$j] }
                $sum
            }
            [array]::IndexOf($scores, ($scores | Measure-Object -Maximum).Maximum)
        }
        $nearest | Should -Be 29, 36, 29, 16, 29, 1, 36, 29, 29, 30, 78, 32
    }
}
