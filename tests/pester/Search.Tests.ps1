# Find-Embedding: nearest neighbours by an image, a text or a vector.

BeforeAll {
    . $PSScriptRoot/Common.ps1

    $scenes = Join-Path $TestDrive 'scenes'
    $items = @(New-SceneDataset $scenes -Count 24 -Contributors 3 -ImageSize 64 -Seed 1)
    $embeddings = @($items | Get-ClipEmbedding)

    # Every cosine, in order: what the search must find.
    function Get-Expected([float[]] $Query, [object[]] $Embeddings, [int] $Top) {
        $all = foreach ($embedding in $Embeddings) {
            $dot = $a = $b = 0.0
            for ($i = 0; $i -lt $Query.Count; $i++) {
                $dot += [double] $Query[$i] * $embedding.Vector[$i]
                $a += [double] $Query[$i] * $Query[$i]
                $b += [double] $embedding.Vector[$i] * $embedding.Vector[$i]
            }
            [pscustomobject]@{ Ordinal = $embedding.Ordinal; Cosine = $dot / [Math]::Sqrt($a * $b) }
        }
        $all | Sort-Object Cosine -Descending -Stable | Select-Object -First $Top
    }
}

Describe 'Find-Embedding' {
    It 'finds by a text what brute force finds' {
        $query = Get-ClipEmbedding -Text 'a dog in the snow'
        $expected = Get-Expected $query.Vector $embeddings 10
        $found = @($embeddings | Find-Embedding 'a dog in the snow')
        $found | Should -BeOfType QosValuation.EmbeddingMatch
        $found.Count | Should -Be 10
        $found | ForEach-Object Rank | Should -Be (1..10)
        $found.Embedding.Ordinal | Should -Be $expected.Ordinal
        for ($i = 0; $i -lt 10; $i++) { [Math]::Abs($found[$i].Similarity - $expected[$i].Cosine) | Should -BeLessThan 1e-6 }
        $found[0].Query | Should -Be 'a dog in the snow'
        $found[0].Item | Should -Be $found[0].Embedding.Item
    }

    It 'takes an image, a file, an embedding, a cluster, a prototype or an array of numbers' {
        $image = @($embeddings | Where-Object Modality -EQ Image)[4]
        foreach ($query in $image.Source, (Get-Item $image.Source), $image, $image.Vector, @($image.Vector | ForEach-Object { [double] $_ })) {
            $match = @($embeddings | Find-Embedding $query -Top 1)
            $match[0].Item | Should -Be $image.Item
            $match[0].Similarity | Should -BeGreaterThan 0.9999
        }

        $clusters = @($embeddings | Group-Embedding -Algorithm KMeans -ClusterCount 2 -Seed 1)
        $prototype = @($clusters | New-DpPrototype -Epsilon 1e6 -Modality Image -WarningAction Ignore)
        $found = @($embeddings | Find-Embedding -Query ($clusters + $prototype) -Top 1)
        $found.Query | Should -Be 'cluster 0', 'cluster 1', 'prototype 0 Image', 'prototype 1 Image'
        $found[2].Similarity | Should -BeGreaterThan 0.5
    }

    It 'answers several queries in their order, and patterns of paths' {
        $paths = @((Get-ChildItem "$scenes/images/*/*.jpg").FullName)
        $found = @($embeddings | Find-Embedding 'a house', "$scenes/images/*/*.jpg" -Top 2)
        $found.Count | Should -Be (2 * (1 + $paths.Count))
        $found[0].Query | Should -Be 'a house'
        $found[2].Query | Should -Be $paths[0]
        $found[2].Source | Should -Be $paths[0]
    }

    It 'keeps to the threshold, and gives ties in the order of the input' {
        $twin = $embeddings[3] | ConvertTo-Json | ConvertFrom-Json
        $twin.Item = 'twin'
        $found = @(@($twin) + $embeddings | Find-Embedding $embeddings[3] -Threshold 0.999)
        $found[0].Item | Should -Be twin
        $found[1].Item | Should -Be $embeddings[3].Item
        $found[0].Similarity | Should -Be $found[1].Similarity
        $found.Similarity | ForEach-Object { $_ | Should -BeGreaterOrEqual 0.999 }
        $embeddings | Find-Embedding $embeddings[3].Vector -Top 1000 | Should -HaveCount $embeddings.Count
    }

    It 'says what it cannot compare, and once' {
        $found = @($embeddings | Find-Embedding 'a dog', @(1.0, 2.0) -Top 1 -ErrorVariable faults -ErrorAction SilentlyContinue -WarningVariable warnings -WarningAction SilentlyContinue)
        $found.Query | Should -Be 'a dog'
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'EmbeddingDimensionMismatch,*'
        "$warnings" | Should -Match 'more like it'
        $null = $embeddings | Find-Embedding no-such.jpg, 'a dog' -ErrorVariable faults -ErrorAction SilentlyContinue
        "$faults" | Should -Match 'no-such\.jpg'
        { $embeddings | Find-Embedding (Get-Date) -ErrorAction Stop } | Should -Throw -ErrorId 'SearchQueryInvalid,*'
        $foreign = [QosValuation.ClipEmbedding]@{ Source = 'x'; Item = 'x'; Modality = 'Image'; Vector = $embeddings[0].Vector; Model = 'elsewhere' }
        { $foreign | Find-Embedding 'a dog' } | Should -Throw -ErrorId 'ModelNotFound,*' -ExpectedMessage '*-Model*'
        $null = $foreign | Find-Embedding 'a dog' -Model clip-mini -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match "'elsewhere'"
    }
}
