BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $scenes = @(New-SceneDataset (Join-Path $TestDrive scenes) -Count 24 -ImageSize 128 -Seed 5 -Contributors 2)
    $embeddings = @($scenes | Get-ClipEmbedding -Model clip-mini)
    $images = @($embeddings | Where-Object Modality -EQ Image)
    $clusters = foreach ($i in 0..2) {
        # An array has an Item of its own, so ForEach-Object.
        $items = $images[(8 * $i)..(8 * $i + 7)] | ForEach-Object Item
        $members = @($embeddings | Where-Object { $_.Item -in $items })
        [QosValuation.SemanticCluster]@{ Id = $i; Count = 8; Centroid = $members[0].Vector; IsConfirmed = $true; Members = [QosValuation.ClipEmbedding[]] $members }
    }

    # Few steps and copies, one start: the tests ask what comes out where, not how well.
    $short = @{ Steps = 4; Copies = 2; Seed = 3; Restarts = 0 }
}

Describe 'Invoke-ReconstructionAttack' {
    It 'emits a reconstruction a prototype, with picture, scores and the truth' {
        $folder = Join-Path $TestDrive pictures
        $found = $clusters | New-DpPrototype -Epsilon 10 -Seed 1 | Invoke-ReconstructionAttack @short -Reference $clusters -OutputPath $folder -Every 2
        $found.Count | Should -Be 6
        $found[0] | Should -BeOfType QosValuation.Reconstruction
        $found.ClusterId | Should -Be 0, 0, 1, 1, 2, 2
        $found.Modality | Should -Be Image, Text, Image, Text, Image, Text
        $found.ImagePath | Should -Be (@('cluster-000-image', 'cluster-000-text', 'cluster-001-image', 'cluster-001-text', 'cluster-002-image', 'cluster-002-text') | ForEach-Object { Join-Path $folder "$_.png" })
        $found.ImagePath | Should -Exist
        $found.FilmstripPath | Should -Exist
        @(Get-ChildItem $folder).Count | Should -Be 12
        foreach ($one in $found) {
            $one.ScoreTrace.Length | Should -Be 4
            $one.ScoreTrace[3] | Should -Be $one.AugmentedScore
            $one.IsComplete | Should -BeTrue
            $one.Decoys | Should -Be 2
            $one.SourceRank | Should -BeIn 1, 2, 3
            $one.ReferenceSimilarity | Should -BeGreaterThan -1
            $one.NearestMemberSimilarity | Should -BeLessOrEqual 1
            $one.Psnr | Should -BeGreaterThan 0
            $one.Ssim | Should -BeLessThan 1
        }
    }

    It 'asks an encoder that was not attacked whether the picture looks like the truth' {
        $search = @{ Method = 'NearestEmbedding', 'DirectAscent', 'TextInversion'; BeamWidth = 1; CandidateWords = 4; MaximumWords = 2 }
        $found = $clusters[0] | New-DpPrototype -Mechanism None -Modality Image -WarningAction SilentlyContinue |
            Invoke-ReconstructionAttack @short @search -Public $images -Reference $clusters
        foreach ($one in $found) {
            [math]::Abs($one.PerceptualSimilarity) | Should -BeLessOrEqual 1
            $one.PerceptualRank | Should -BeIn 1, 2, 3
            $one.PerceptualBaseline | Should -BeLessThan 1
        }

        # A photograph of the cluster itself is far more like its photographs than a few steps from grey; what it scores does not depend on who was attacked.
        $found[0].PerceptualSimilarity | Should -BeGreaterThan ($found[1].PerceptualSimilarity + 0.1)
        $found[0].PerceptualBaseline | Should -Be $found[1].PerceptualBaseline
        $clean = $clusters[0] | New-DpPrototype -Mechanism None -Modality Image -WarningAction SilentlyContinue
        $alone = $clean | Invoke-ReconstructionAttack @short -Reference $clusters[0] -PerceptualModel ($images[0].Model -eq 'clip-mini' ? 'clip-small' : 'clip-mini')
        $alone.PerceptualSimilarity | Should -Be $found[1].PerceptualSimilarity
        [double]::IsNaN($alone.PerceptualBaseline) | Should -BeTrue
        $alone.PerceptualRank | Should -Be 0
        { $clean | Invoke-ReconstructionAttack @short -Reference $clusters -PerceptualModel $images[0].Model -ErrorAction Stop } |
            Should -Throw -ErrorId 'ParametersConflict,*'
    }

    It 'attacks the encoder that made the first target, and no other unless one is named' {
        $small = Get-ClipEmbedding $images[0].Source -Model clip-small
        foreach ($target in $images[0], $clusters[0], ($clusters[0] | New-DpPrototype -Seed 1 -Modality Image)) {
            $alone = $target | Invoke-ReconstructionAttack @short
            $alone.Image | Should -Be ($target | Invoke-ReconstructionAttack @short -Model clip-mini -WarningVariable warned).Image
            $warned | Should -BeNullOrEmpty
            $both = $target, $small | Invoke-ReconstructionAttack @short -ErrorVariable refused -ErrorAction SilentlyContinue
            $both.Image | Should -Be $alone.Image
            $refused.FullyQualifiedErrorId | Should -BeLike 'AttackModelMismatch,*'
            $refused | Should -BeLike "*clip-small*clip-mini*"
        }

        $null = $small | Invoke-ReconstructionAttack @short -Model clip-mini -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -BeLike "*clip-small*clip-mini*"
        $lost = $images[0] | Select-Object *
        $lost.Model = 'an-encoder-of-ours'
        { $lost | Invoke-ReconstructionAttack @short -ErrorAction Stop } | Should -Throw -ErrorId 'ModelNotFound,*'

        # Of several encoders a release goes with the one that it names, in any order.
        $pair = $small, $images[0] | Invoke-ReconstructionAttack @short -Model clip-mini, clip-small
        $pair.Image | Should -Be ($images[0], $small | Invoke-ReconstructionAttack @short -Model clip-mini, clip-small).Image
    }

    It 'gives the same picture for the same seed and target, whatever is attacked beside it' {
        $all = $images[0, 1] | Invoke-ReconstructionAttack @short -OutputPath (Join-Path $TestDrive same)
        $alone = $images[1] | Invoke-ReconstructionAttack @short -OutputPath (Join-Path $TestDrive alone)
        (Get-FileHash $alone.ImagePath).Hash | Should -Be (Get-FileHash $all[1].ImagePath).Hash
        $alone.Score | Should -Be $all[1].Score
        $other = $images[1] | Invoke-ReconstructionAttack -Steps 4 -Copies 2 -Seed 4
        $other.Image | Should -Not -Be $alone.Image
        $other.ImagePath | Should -BeNullOrEmpty
        foreach ($threads in 1, 3) {
            $again = $images[1] | Invoke-ReconstructionAttack @short -ThrottleLimit $threads
            [Convert]::ToHexString($again.Image) | Should -Be ([Convert]::ToHexString($alone.Image))
        }
    }

    It 'climbs: most of the way in a few steps' {
        $found = $images[2] | Invoke-ReconstructionAttack -Steps 20 -Copies 3 -Seed 1 -Reference $embeddings
        $found.Score | Should -BeGreaterThan ($found.ScoreTrace[0] + 0.2)
        [math]::Abs($found.ReferenceSimilarity - $found.Score) | Should -BeLessThan 1e-5
        $found.Decoys | Should -Be 23
        $found.DecoySimilarity | Should -BeLessThan $found.ReferenceSimilarity
    }

    It 'takes vectors, clusters, and what was read back from a file' {
        $vector = [float[]] $images[0].Vector
        $expected = $images[0] | Invoke-ReconstructionAttack @short
        (, $vector | Invoke-ReconstructionAttack @short -Model clip-mini).Image | Should -Be $expected.Image
        (Invoke-ReconstructionAttack $vector @short -Model clip-mini).Image | Should -Be $expected.Image
        ($clusters[0] | Invoke-ReconstructionAttack @short).ClusterId | Should -Be 0
        $path = Join-Path $TestDrive prototype.clixml
        $prototype = $clusters[1] | New-DpPrototype -Seed 1 -Modality Image
        $prototype | Export-Clixml $path
        $again = Import-Clixml $path | Invoke-ReconstructionAttack @short -Reference $clusters
        $again.ClusterId | Should -Be 1
        $again.Image | Should -Be ($prototype | Invoke-ReconstructionAttack @short).Image
        $again.SourceRank | Should -BeGreaterThan 0
        $again = $prototype | ConvertTo-Json -Depth 3 | ConvertFrom-Json | Invoke-ReconstructionAttack @short
        $again.ClusterId | Should -Be 1
    }

    It 'runs all attackers and marks the strongest' {
        $found = $clusters[0, 1] | New-DpPrototype -Epsilon 1 -Seed 1 -Modality Image |
            Invoke-ReconstructionAttack @short -Method DirectAscent, Adam, DenoiseFirst, NearestEmbedding, TextInversion -Public $images[16..23] -Reference $clusters -OutputPath (Join-Path $TestDrive many) -BeamWidth 2 -CandidateWords 8 -MaximumWords 3
        $found.Count | Should -Be 10
        $found[0..4].Method | Should -Be DirectAscent, Adam, DenoiseFirst, NearestEmbedding, TextInversion
        foreach ($target in $found | Group-Object ClusterId) {
            $best = @($target.Group | Where-Object IsStrongest)
            $best.Count | Should -Be 1
            $best.SourceRank | Should -Be ($target.Group.SourceRank | Measure-Object -Minimum).Minimum
            $margins = $target.Group | Where-Object SourceRank -EQ $best.SourceRank | ForEach-Object { $_.ReferenceSimilarity - $_.DecoySimilarity }
            $best.ReferenceSimilarity - $best.DecoySimilarity | Should -Be ($margins | Measure-Object -Maximum).Maximum
        }

        $found[3].Text | Should -BeIn $images[16..23].Source
        $found[3].ImagePath | Should -Exist
        $found[4].Text | Should -Match '^[a-z]+( [a-z]+){0,2}$'
        $found[4].ImagePath | Should -BeNullOrEmpty
        $found[2].Image | Should -Not -Be $found[0].Image
    }

    It 'takes paths of photographs as references and as public knowledge' {
        $found = $images[0] | Invoke-ReconstructionAttack @short -Method NearestEmbedding, DirectAscent -Public (Split-Path $images[0].Source) -Reference $images[0].Source
        $found[0].Text | Should -Be $images[0].Source
        $found[0].ReferenceSimilarity | Should -BeGreaterThan 0.9999
        $found[0].Psnr | Should -Be ([double]::PositiveInfinity)
        $found[0].Ssim | Should -BeGreaterThan 0.9999
    }

    It 'takes texts with weights, a picture to start from, and an ensemble' {
        $found = Invoke-ReconstructionAttack -Text 'a red square', 'a dog' -TextWeight 1, -0.5 @short -Initial $images[0].Source -OutputPath (Join-Path $TestDrive texts)
        $found.Target | Should -Be 'a red square + a dog'
        Split-Path $found.ImagePath -Leaf | Should -Be 'a-red-square---a-dog.png'
        $twice = Invoke-ReconstructionAttack -Text 'a red square' -Model clip-mini, clip-mini @short
        $twice.Score | Should -BeGreaterThan 0
        $pair = $images[0], $images[0] | Invoke-ReconstructionAttack -Model clip-mini, clip-mini @short
        @($pair).Count | Should -Be 1
        { $images[0] | Invoke-ReconstructionAttack -Model clip-mini, clip-mini @short -ErrorAction Stop } | Should -Throw -ErrorId 'AttackTargetInvalid,*'
    }

    It 'keeps pictures that stand there, and says what is wrong with one target while the others go on' {
        $folder = Join-Path $TestDrive kept
        $first = $images[0] | Invoke-ReconstructionAttack @short -OutputPath $folder
        $images[0, 1] | Invoke-ReconstructionAttack -Steps 1 -Copies 1 -OutputPath $folder -ErrorVariable faults -ErrorAction SilentlyContinue | Should -HaveCount 1
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'ImageExists*'
        (Get-ChildItem $first.ImagePath).LastWriteTimeUtc | Should -Be (Get-ChildItem $first.ImagePath).LastWriteTimeUtc
        $images[0] | Invoke-ReconstructionAttack -Steps 1 -Copies 1 -OutputPath $folder -Force | Should -HaveCount 1
        $images[2] | Invoke-ReconstructionAttack @short -OutputPath (Join-Path $TestDrive none) -WhatIf | Should -BeNullOrEmpty
        Join-Path $TestDrive none | Should -Not -Exist
        'text', $images[0], ([float[]](1, 2, 3)) | Invoke-ReconstructionAttack @short -ErrorVariable faults -ErrorAction SilentlyContinue | Should -HaveCount 1
        $faults.FullyQualifiedErrorId | Should -BeLike 'AttackTargetInvalid*'
        $faults.Count | Should -Be 2
    }

    It 'refuses what cannot work' {
        { $images[0] | Invoke-ReconstructionAttack -Method DenoiseFirst } | Should -Throw -ErrorId 'PublicEmbeddingsMissing,*'
        { $images[0] | Invoke-ReconstructionAttack -Every 2 } | Should -Throw -ErrorId 'OutputPathMissing,*'
        { Invoke-ReconstructionAttack } | Should -Throw -ErrorId 'NothingToAttack,*'
        { $images[0] | Invoke-ReconstructionAttack -Model nonesuch } | Should -Throw -ErrorId 'ModelNotFound,*'
        { $images[0] | Invoke-ReconstructionAttack -PlainCopies 5 -Copies 2 -ErrorAction Stop } | Should -Throw -ErrorId 'AttackOptionInvalid,*'
        { $images[0] | Invoke-ReconstructionAttack -Resolution 0 -ErrorAction Stop } | Should -Throw -ErrorId 'ResolutionOutOfRange,*'
        { 0.1, 0.2 | Invoke-ReconstructionAttack -ErrorAction Stop } | Should -Throw '*Put a comma before it*'
    }

    It 'says before the attack that its work could not be kept' {
        # A long attack, so that a refusal that came after it would be noticed as a test that does not end.
        $long = @{ Steps = 1000000; Copies = 4; Restarts = 0; Seed = 1 }
        $file = Join-Path $TestDrive a-file
        Set-Content $file x
        { $images[0] | Invoke-ReconstructionAttack @long -OutputPath $file -ErrorAction Stop } | Should -Throw -ErrorId 'ImageNotWritable,*'
        Get-Content $file | Should -Be x
        $short = [pscustomobject]@{ Vector = [float[]](1, 2); Item = 'a'; Source = 'a'; Modality = 'Image' }
        { $images[0] | Invoke-ReconstructionAttack @long -Reference $short -ErrorAction Stop } | Should -Throw -ErrorId 'ReferenceInvalid,*'
        { $images[0] | Invoke-ReconstructionAttack @long -Method DirectAscent, NearestEmbedding -Public $short -ErrorAction Stop } | Should -Throw -ErrorId 'PublicEmbeddingInvalid,*'
        $blind = Join-Path $TestDrive blind
        $null = New-Item -ItemType Directory $blind
        Copy-Item (Join-Path (Get-ClipModel clip-mini).Path vision_model.onnx), (Join-Path (Get-ClipModel clip-mini).Path preprocessor_config.json) $blind
        { $images[0] | Invoke-ReconstructionAttack @long -Method DirectAscent, TextInversion -Model $blind } | Should -Throw -ErrorId 'ModalityNotSupported,*'

        # Nothing is left behind by the look at the folder.
        $folder = Join-Path $TestDrive looked
        $null = $images[0] | Invoke-ReconstructionAttack -Steps 1 -Copies 1 -Restarts 0 -OutputPath $folder
        @(Get-ChildItem $folder -Force).Count | Should -Be 1
    }

    It 'writes what it has when it is stopped' {
        $folder = Join-Path $TestDrive stopped
        $stopped = Stop-WorkingScript {
            param($Vector, $Folder)
            , [float[]] $Vector | Invoke-ReconstructionAttack -Steps 1000000 -Copies 4 -OutputPath $Folder
        } $images[0].Vector, $folder -Until { $args[0].Streams.Progress | Where-Object StatusDescription -Match 'step' }
        $stopped.State | Should -Be Stopped
        $stopped.Progress.StatusDescription -match 'vector 1, DirectAscent step \d+ of .*score' | Should -Not -BeNullOrEmpty
        Join-Path $folder 'vector-1.png' | Should -Exist
        @(Get-ChildItem $folder).Count | Should -Be 1
    }

    It 'shows a table within eighty columns and has help' {
        $found = $clusters | New-DpPrototype -Seed 1 -Modality Image | Invoke-ReconstructionAttack @short -Reference $clusters
        $lines = ($found | Out-String -Width 200) -split '\r?\n' | Where-Object { $_.Trim() }
        $PSStyle.OutputRendering = 'PlainText'
        ($lines | ForEach-Object { ($_ -replace '\e\[[\d;]*m').TrimEnd().Length } | Measure-Object -Maximum).Maximum | Should -BeLessOrEqual 80
        $help = Get-Help Invoke-ReconstructionAttack -Full
        @($help.examples.example).Count | Should -Be 4
        ($help.parameters.parameter | Where-Object { -not $_.description.Text }).name | Should -BeNullOrEmpty
    }
}

Describe 'Export-ReconstructionGrid' {
    It 'lays pictures out by row and column' {
        $found = foreach ($epsilon in 1, 10) {
            $clusters[0, 1] | New-DpPrototype -Epsilon $epsilon -Seed 1 -Modality Image | Invoke-ReconstructionAttack -Steps 1 -Copies 1 -Seed 1 | Add-Member Epsilon $epsilon -PassThru
        }

        $path = Join-Path $TestDrive 'grid.png'
        $file = $found | Export-ReconstructionGrid $path -Column { "ε = $($_.Epsilon)" } -Title 'Two clusters'
        $file.FullName | Should -Be $path
        [System.IO.File]::ReadAllBytes($path)[1..3] | Should -Be 0x50, 0x4E, 0x47
        { $found | Export-ReconstructionGrid $path } | Should -Throw -ErrorId 'ImageExists,*'
        $found | Export-ReconstructionGrid $path -Force -WhatIf | Should -BeNullOrEmpty
        $found | Export-ReconstructionGrid $path -Force -Row Method -Column Target -Caption { $_.Modality } | Should -HaveCount 1
    }

    It 'draws what was read back from a file, and says which picture is none' {
        $picture = [pscustomobject]@{ Target = 'a'; Method = 'm'; Image = [byte[]] (1..48); ImageSize = 4 }
        $direct = Join-Path $TestDrive 'direct.png'
        $json = Join-Path $TestDrive 'json.png'
        $null = $picture | Export-ReconstructionGrid $direct
        $null = $picture | ConvertTo-Json | ConvertFrom-Json | Export-ReconstructionGrid $json
        (Get-FileHash $json).Hash | Should -Be (Get-FileHash $direct).Hash
        $broken = [pscustomobject]@{ Target = 'b'; Method = 'm'; Image = [byte[]] (1, 2, 3); ImageSize = 4 }, [pscustomobject]@{ Target = 'c'; Method = 'm'; Image = [byte[]] @(); ImageSize = -1 }
        $null = @($broken) + $picture | Export-ReconstructionGrid $json -Force -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults.FullyQualifiedErrorId | Should -BeLike 'GridPictureInvalid,*'
        $faults.Count | Should -Be 2
        (Get-FileHash $json).Hash | Should -Be (Get-FileHash $direct).Hash

        # A label may hold what XML cannot.
        $picture.Target = "a`u{0}`u{1F600}`u{D800}<b>"
        $picture | Export-ReconstructionGrid (Join-Path $TestDrive 'odd.png') | Should -HaveCount 1
    }
}
