BeforeAll {
    . $PSScriptRoot/Common.ps1
    $fixtures = Join-Path $RepositoryRoot tests/fixtures/parquet

    function New-Vectors([int] $Count, [int] $Dimension, [switch] $Label) {
        $random = [System.Random]::new(5)
        for ($i = 0; $i -lt $Count; $i++) {
            $vector = [float[]]::new($Dimension)
            for ($j = 0; $j -lt $Dimension; $j++) { $vector[$j] = $random.NextDouble() - 0.5 }
            $norm = [Math]::Sqrt((($vector | ForEach-Object { [double] $_ * $_ }) | Measure-Object -Sum).Sum)
            for ($j = 0; $j -lt $Dimension; $j++) { $vector[$j] = $vector[$j] / $norm }
            $embedding = [QosValuation.ClipEmbedding] @{
                Source = "süß, number $i"; Item = "i$([Math]::Floor($i / 2))"; Modality = ($i % 2 ? 'Text' : 'Image'); Vector = $vector
                Contributor = "c$($i % 3)"; Model = 'm'; Ordinal = [long] 5000000000 + $i
                ClusterId = ($i % 3 ? $i % 3 : $null); Novelty = ($i % 3 ? 'Normal' : 'Noise')
            }
            $Label -and $i % 4 -eq 0 ? ($embedding | Add-Member Label "L$($i % 3)" -PassThru) : $embedding
        }
    }

    function Get-Said($Embedding) {
        $Embedding | ForEach-Object {
            $bits = ($_.Vector | ForEach-Object { [System.BitConverter]::SingleToInt32Bits($_) }) -join ' '
            "$($_.Source)|$($_.Item)|$($_.Modality)|$($_.Model)|$($_.Contributor)|$($_.Ordinal)|$($_.ClusterId)|$($_.Novelty)|$($_.Label)|$bits"
        }
    }
}

Describe 'Export-Embedding and Import-Embedding' {
    It 'gives the same embeddings back from <_>, bit for bit, with their labels' -ForEach 'parquet', 'npy', 'csv', 'jsonl' {
        $embeddings = @(New-Vectors 60 7 -Label)
        $path = Join-Path $TestDrive "trip.$_"
        $embeddings | Export-Embedding $path
        $read = @(Import-Embedding $path -ErrorVariable faults -WarningVariable warnings)
        Get-Said $read | Should -Be (Get-Said $embeddings)
        @($read | Where-Object Label).Count | Should -Be 15
        $faults.Count + $warnings.Count | Should -Be 0
    }

    It 'writes the same bytes each time, by the ending or by -Format' {
        $embeddings = @(New-Vectors 40 5)
        $embeddings | Export-Embedding (Join-Path $TestDrive same.parquet)
        $embeddings | Export-Embedding (Join-Path $TestDrive same.shard) -Format Parquet
        (Get-FileHash (Join-Path $TestDrive same.shard)).Hash | Should -Be (Get-FileHash (Join-Path $TestDrive same.parquet)).Hash
        Get-Said (Import-Embedding (Join-Path $TestDrive same.shard) -Format Parquet) | Should -Be (Get-Said $embeddings)
    }

    It 'keeps an existing file without -Force, and leaves no file behind where the export is stopped' {
        $path = Join-Path $TestDrive kept.parquet
        New-Vectors 3 4 | Export-Embedding $path
        $before = (Get-FileHash $path).Hash
        { New-Vectors 2 4 | Export-Embedding $path -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists*'
        { New-Vectors 9 4 | ForEach-Object { if ($_.Ordinal -gt 5000000004) { throw 'enough' }; $_ } | Export-Embedding $path -Force } | Should -Throw 'enough'
        (Get-FileHash $path).Hash | Should -Be $before
        @(Get-ChildItem $TestDrive -Force | Where-Object Name -Like '*kept*').Count | Should -Be 1
    }

    It 'keeps labels through Group-Embedding -PassThru, members and -State' {
        $embeddings = @(New-Vectors 40 3 -Label)
        $expected = @($embeddings | Where-Object Label | ForEach-Object { "$($_.Source)=$($_.Label)" } | Sort-Object)
        @($embeddings | Group-Embedding -PassThru -NoveltyThreshold 2 | Where-Object Label | ForEach-Object { "$($_.Source)=$($_.Label)" } | Sort-Object) |
            Should -Be $expected
        $clusters = @($embeddings | Group-Embedding -Algorithm KMeans -ClusterCount 3 -Seed 1 -NoveltyThreshold 2)
        @($clusters.Members | Where-Object Label | ForEach-Object { "$($_.Source)=$($_.Label)" } | Sort-Object) | Should -Be $expected

        $state = Join-Path $TestDrive clusters.state
        $parts = @($embeddings[0..20] | Group-Embedding -State $state -PassThru) + @($embeddings[21..39] | Group-Embedding -State $state -PassThru) +
            @($embeddings[39] | Group-Embedding -State $state -PassThru -Complete)
        @($parts | Where-Object Label | ForEach-Object { "$($_.Source)=$($_.Label)" } | Sort-Object -Unique) | Should -Be $expected
    }

    It 'refuses prototypes in Parquet' {
        { Import-DpPrototype (Join-Path $fixtures float32.parquet) -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingFormatNotKnown*'
    }
}

Describe 'Import-Embedding of Parquet that other programs wrote' {
    It 'reads the one column of lists, and costs each unusable row one error record' {
        $read = @(Import-Embedding (Join-Path $fixtures float32.parquet) -Modality Text -ErrorAction SilentlyContinue -ErrorVariable faults -WarningVariable warnings)
        $read.Source | Should -Be 'text 0', 'text 1', 'text 4'
        $read.Label | Should -Be '0', '1', '0'
        $read[0].Vector | Should -Be ([float[]] (0.6, 0.8, 0))
        $read[1].Vector | Should -Be ([float[]] (0, 0, 1))
        $faults.Count | Should -Be 4
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'EmbeddingRowNotUsable*'
        "$faults" | Should -BeLike '*Row 3*no vector*Row 4*no vector*Row 6*2 components*Row 7*NaN*'
        "$warnings" | Should -BeLike "*'language'*"
    }

    It 'scales 64-bit floats before it rounds them' {
        $read = @(Import-Embedding (Join-Path $fixtures float64.parquet) -WarningAction Ignore)
        $read[0].Vector | Should -Be ([float[]] (0.6, 0.8, 0))
        $read.Count | Should -Be 3
    }

    It 'leaves out a list with a null in it' {
        $read = @(Import-Embedding (Join-Path $fixtures nullable.parquet) -WarningAction Ignore -ErrorAction SilentlyContinue -ErrorVariable faults)
        $read.Count | Should -Be 2
        "$faults" | Should -BeLike '*Row 2*holds a null*'
    }

    It 'reads 16-bit floats' {
        $read = @(Import-Embedding (Join-Path $fixtures float16.parquet))
        $read[0].Vector | Should -Be ([float[]] (0.6, 0.8))
        $read[1].Vector | Should -Be ([float[]] (1, 0))
    }

    It 'reads many pages' {
        $read = @(Import-Embedding (Join-Path $fixtures pages.parquet) -WarningAction Ignore)
        $read.Count | Should -Be 3000
        foreach ($row in 0, 1234, 2999) { $read[$row].Vector[0] / $read[$row].Vector[1] | Should -BeGreaterThan ($row + 0.99); $read[$row].Source | Should -Be "text $row" }
    }

    It 'refuses <Name> in one clear error' -ForEach @(
        @{ Name = 'a file without vectors'; File = 'img2dataset.parquet'; Says = '*no column of lists of floats*' }
    ) {
        { Import-Embedding (Join-Path $fixtures $File) -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingFileNotReadable*' -ExpectedMessage $Says
    }

    It 'refuses a file that is cut off or none at all' {
        $bytes = [System.IO.File]::ReadAllBytes((Join-Path $fixtures float32.parquet))
        foreach ($length in 0, 3, 12, 500, ($bytes.Length - 1)) {
            $path = Join-Path $TestDrive "cut$length.parquet"
            [System.IO.File]::WriteAllBytes($path, $bytes[0..($length - 1)] * [int] ($length -gt 0))
            { Import-Embedding $path -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingFileNotReadable*'
        }
    }
}

Describe 'Import-Embedding with the metadata of img2dataset' {
    It 'takes <Rows> rows' -ForEach @(
        @{ Rows = 3; Sources = 0, 2, 4; Bad = 0 }
        @{ Rows = 5; Sources = 0, 2, 4; Bad = 2 }
    ) {
        $path = Join-Path $TestDrive "rows$Rows.csv"
        1..$Rows | ForEach-Object { "$_,1,2" } | Set-Content $path
        $read = @(Import-Embedding $path -MetadataPath (Join-Path $fixtures img2dataset.parquet) -ErrorAction SilentlyContinue -ErrorVariable faults -WarningVariable warnings)
        $read.Source | Should -Be @($Sources | ForEach-Object { "https://example.org/$_.jpg" })
        $read.ForEach{ $_.Item } | Should -Be $read.Source
        $faults.Count | Should -Be $Bad
        $warnings.Count | Should -Be 0
        $texts = @(Import-Embedding $path -Modality Text -MetadataPath (Join-Path $fixtures img2dataset.parquet) -ErrorAction SilentlyContinue)
        $texts.Source | Should -Be @($Sources | ForEach-Object { "caption $_" })
        $texts.ForEach{ $_.Item } | Should -Be $read.ForEach{ $_.Item }
    }

    It 'refuses another number of rows' {
        $path = Join-Path $TestDrive rows4.csv
        1..4 | ForEach-Object { "$_,1,2" } | Set-Content $path
        { Import-Embedding $path -MetadataPath (Join-Path $fixtures img2dataset.parquet) -ErrorAction Stop } |
            Should -Throw -ErrorId 'MetadataCountMismatch*' -ExpectedMessage '*5 rows, 3 of them*holds 4*'
    }
}

Describe 'Import-Embedding of a folder of clip-retrieval' {
    BeforeEach {
        $folder = Join-Path $TestDrive ([guid]::NewGuid())
        Copy-Item (Join-Path $fixtures clip-retrieval) $folder -Recurse
    }

    It 'is divided by records, and joined to what it was' {
        $whole = @(Import-Embedding $folder)
        foreach ($n in 2, 3) {
            $parts = @(1..$n | ForEach-Object { Import-Embedding $folder -Shard "$_/$n" })
            $parts.Count | Should -Be 10
            @($parts | Group-Object Shard | ForEach-Object { @($_.Group | Group-Object Item | Where-Object Count -NE 2) }).Count | Should -Be 0
            $joined = @($parts | Sort-Object Source | Join-Embedding -AllowMissing)
            ($joined | ConvertTo-Json -Depth 4) | Should -Be ($whole | ConvertTo-Json -Depth 4)
        }

        # The mount point does not count.
        Copy-Item $folder "$folder-elsewhere" -Recurse
        (Import-Embedding "$folder-elsewhere" -Shard 1/3).Ordinal | Should -Be (Import-Embedding $folder -Shard 1/3).Ordinal
    }

    It 'gives each record its picture and its text' {
        $read = @(Import-Embedding $folder -ErrorVariable faults -WarningVariable warnings)
        $read.Count | Should -Be 10
        $faults.Count + $warnings.Count | Should -Be 0
        $read.Ordinal | Should -Be (0..9)
        $read.Modality | Should -Be (@('Image', 'Text') * 5)
        $read[0].Source | Should -Be '000000000'
        $read[9].Source | Should -Be 'a picture of number 4'
        0..4 | ForEach-Object { $read[2 * $_].Item | Should -Be $read[2 * $_ + 1].Item }
        @($read.ForEach{ $_.Item } | Sort-Object -Unique).Count | Should -Be 5
        @($read.Contributor | Sort-Object -Unique).Count | Should -Be 1
        $array = @(Import-Embedding (Join-Path $folder text_emb/text_emb_1.npy) -Modality Text)
        $read[9].Vector | Should -Be $array[1].Vector
        ($read | Group-Embedding -NoveltyThreshold 1 -SimilarityThreshold 0 | Measure-Object Count -Sum).Sum | Should -BeLessOrEqual 5
        @(Import-Embedding $folder -Modality Text).Source | Should -Be @(0..4 | ForEach-Object { "a picture of number $_" })
    }

    It 'orders parts by their numbers, whatever zeros stand before them' {
        foreach ($part in @(Get-ChildItem $folder -Recurse -File | Where-Object BaseName -Like '*_1')) { Rename-Item $part "$($part.BaseName -replace '_1$', '_010')$($part.Extension)" }
        @(Import-Embedding $folder -Modality Image).Source | Should -Be @(0..4 | ForEach-Object { "00000000$_" })
    }

    It 'names the part that is missing: <_>' -ForEach 'img_emb/img_emb_1.npy', 'text_emb/text_emb_0.npy', 'metadata/metadata_1.parquet' {
        Remove-Item (Join-Path $folder $_)
        $read = @(Import-Embedding $folder -ErrorAction SilentlyContinue -ErrorVariable faults)
        $read.Count | Should -Be 0
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'EmbeddingPartMissing*'
        $faults[0].Exception.Message | Should -BeLike "*$_*does not exist*"
    }

    It 'names the part that is of another length: <_>' -ForEach 'text_emb/text_emb', 'metadata/metadata' {
        $ending = $_ -like 'meta*' ? '.parquet' : '.npy'
        Copy-Item (Join-Path $folder "${_}_0$ending") (Join-Path $folder "${_}_1$ending") -Force
        { Import-Embedding $folder -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingPartsUnequal*' -ExpectedMessage "*${_}_1*3*2*"
    }

    It 'refuses other folders, and metadata beside its own' {
        { Import-Embedding (Join-Path $folder metadata) -ErrorAction Stop } | Should -Throw -ErrorId 'EmbeddingF*'
        { Import-Embedding $folder -MetadataPath (Join-Path $folder metadata/metadata_0.parquet) -ErrorAction Stop } | Should -Throw -ErrorId 'ParametersConflict*'
    }
}
