BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1

    # The side of a PNG, from its header.
    function Get-PngSize {
        param([string] $Path)
        $bytes = [System.IO.File]::ReadAllBytes($Path)
        [System.BitConverter]::ToString($bytes, 1, 3) | Should -Be '50-4E-47'
        ($bytes[18] * 256 + $bytes[19]), ($bytes[22] * 256 + $bytes[23])
    }
}

Describe 'New-SceneDataset' {
    BeforeAll {
        $scenes = Join-Path $TestDrive scenes
        $items = @(New-SceneDataset $scenes -Count 12 -ImageSize 96 -Seed 3 -Contributors 2)
    }

    It 'emits a CocoItem for each image it wrote' {
        $items.Count | Should -Be 12
        $items[0] | Should -BeOfType QosValuation.CocoItem
        $items.ImageId | Should -Be (1..12)
        $items.Path | Should -Exist
        $items[0].Captions[0] | Should -Match '^[A-Z][a-z ]+\.$'
        $items | ForEach-Object { $_.Captions.Count | Should -Be 5; [math]::Max($_.Width, $_.Height) | Should -Be 96 }
        @($items.Path | Split-Path | Split-Path -Leaf | Sort-Object -Unique) | Should -Be 'contributor-01', 'contributor-02'
    }

    It 'writes captions.json in COCO layout' {
        $annotations = Get-Content (Join-Path $scenes captions.json) -Raw | ConvertFrom-Json
        $annotations.images.Count | Should -Be 12
        $annotations.annotations.Count | Should -Be 60
        $annotations.info.seed | Should -Be 3
        ($annotations.annotations | Where-Object image_id -EQ 5).caption | Should -Be $items[4].Captions
        Join-Path $scenes images $annotations.images[4].file_name | Should -Exist
    }

    It 'gives the same scenes for the same seed' {
        $again = @(New-SceneDataset (Join-Path $TestDrive again) -Count 12 -ImageSize 96 -Seed 3 -Contributors 2)
        @($again.Path | Get-FileHash | ForEach-Object Hash) | Should -Be @($items.Path | Get-FileHash | ForEach-Object Hash)
        $other = @(New-SceneDataset (Join-Path $TestDrive other) -Count 12 -ImageSize 96 -Seed 4)
        @($other.Path | Get-FileHash | ForEach-Object Hash) | Should -Not -Be @($items.Path | Get-FileHash | ForEach-Object Hash)
    }

    It 'keeps a dataset that stands there, unless -Force' {
        { New-SceneDataset $scenes -Count 2 } | Should -Throw -ErrorId 'DatasetExists,QosValuation.Cmdlets.NewSceneDatasetCommand'
        $copy = Join-Path $TestDrive forced
        $null = New-SceneDataset $copy -Count 3 -ImageSize 64
        @(New-SceneDataset $copy -Count 2 -ImageSize 64 -Force).Count | Should -Be 2
        @(Get-ChildItem $copy/images -File).Count | Should -Be 2
    }

    It 'writes nothing with -WhatIf and refuses arguments out of range' {
        New-SceneDataset (Join-Path $TestDrive none) -Count 3 -WhatIf | Should -BeNullOrEmpty
        Join-Path $TestDrive none | Should -Not -Exist
        { New-SceneDataset (Join-Path $TestDrive none) -Count 3 -Contributors 4 } | Should -Throw -ErrorId 'SceneOptionsInvalid,*'
        { New-SceneDataset (Join-Path $TestDrive none) -Count 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'streams: a pipeline that has enough stops the work' {
        $part = Join-Path $TestDrive part
        @(New-SceneDataset $part -Count 5000 -ImageSize 64 | Select-Object -First 2).Count | Should -Be 2
        @(Get-ChildItem $part/images -File).Count | Should -BeLessThan 1000
        Join-Path $part captions.json | Should -Not -Exist
    }

    It 'stops on Ctrl+C' {
        $target = Join-Path $TestDrive stopped
        $stopped = Stop-WorkingScript { param($Target) New-SceneDataset $Target -Count 100000 -ImageSize 64 } $target -Until {
            Test-Path $target/images/000000000002.jpg
        }
        $stopped.State | Should -Be Stopped
        Join-Path $target captions.json | Should -Not -Exist
    }
}

Describe 'ConvertTo-ClipImage' {
    BeforeAll {
        $folder = Join-Path $TestDrive pictures
        $pictures = @(New-SceneDataset $folder -Count 4 -ImageSize 160 -Seed 1)
        $crops = Join-Path $TestDrive crops
    }

    BeforeEach {
        Remove-Item $crops -Recurse -ErrorAction Ignore
    }

    It 'writes one square PNG an image' {
        $files = @(ConvertTo-ClipImage "$folder/images/*.jpg" $crops -ImageSize 64)
        $files[0] | Should -BeOfType System.IO.FileInfo
        $files.Name | Should -Be '000000000001.png', '000000000002.png', '000000000003.png', '000000000004.png'
        $files | ForEach-Object { Get-PngSize $_.FullName | Should -Be 64, 64 }
    }

    It 'takes items, files and strings from the pipeline' {
        @($pictures | ConvertTo-ClipImage -Destination $crops).Count | Should -Be 4
        Get-PngSize (Join-Path $crops 000000000001.png) | Should -Be 224, 224
        @(Get-ChildItem $folder/images | ConvertTo-ClipImage -Destination $crops -Force).Count | Should -Be 4
        @($pictures.Path | ConvertTo-ClipImage -Destination $crops -Force).Count | Should -Be 4
    }

    It 'takes the size from a model' {
        $file = ConvertTo-ClipImage $pictures[0].Path (Join-Path $crops one.png) -Model clip-mini
        $file.Name | Should -Be one.png
        Get-PngSize $file.FullName | Should -Be 96, 96
        { ConvertTo-ClipImage $pictures[0].Path $crops -Model clip-mini -ImageSize 64 } | Should -Throw -ErrorId 'ParametersConflict,QosValuation.Cmdlets.ConvertToClipImageCommand'
        { ConvertTo-ClipImage $pictures[0].Path $crops -Model nothing-of-this-name } | Should -Throw -ErrorId 'ModelNotFound,*'
    }

    It 'completes model names' {
        $line = 'ConvertTo-ClipImage a.jpg crops -Model cl'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'clip-mini'
    }

    It 'takes brackets in names literally where such a file exists' {
        $odd = Join-Path $TestDrive 'odd [1] ü.jpg'
        Copy-Item -LiteralPath $pictures[0].Path -Destination $odd
        (ConvertTo-ClipImage $odd $crops).Name | Should -Be 'odd [1] ü.png'
        (ConvertTo-ClipImage -LiteralPath $odd -Destination $crops -Force).Name | Should -Be 'odd [1] ü.png'
        (Get-Item -LiteralPath $odd | ConvertTo-ClipImage -Destination $crops -Force).Name | Should -Be 'odd [1] ü.png'
    }

    It 'reports bad images and goes on with the others' {
        $broken = Join-Path $TestDrive broken.jpg
        [System.IO.File]::WriteAllBytes($broken, [System.IO.File]::ReadAllBytes($pictures[1].Path)[0..900])
        $files = @($pictures[0].Path, $broken, (Join-Path $TestDrive absent.jpg), $pictures[2].Path |
                ConvertTo-ClipImage -Destination $crops -ErrorVariable faults -ErrorAction SilentlyContinue)
        $files.Name | Should -Be '000000000001.png', '000000000003.png'
        $faults.FullyQualifiedErrorId | Should -Be 'ImageNotReadable,QosValuation.Cmdlets.ConvertToClipImageCommand', 'PathNotFound,QosValuation.Cmdlets.ConvertToClipImageCommand'
        $faults[0].CategoryInfo.Category | Should -Be InvalidData
        $faults[0].TargetObject | Should -Be $broken
        @(Get-ChildItem $crops).Count | Should -Be 2
    }

    It 'does not overwrite by accident' {
        $null = ConvertTo-ClipImage $pictures[0].Path $crops
        ConvertTo-ClipImage $pictures[0].Path $crops -ErrorVariable faults -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $faults.FullyQualifiedErrorId | Should -BeLike 'ImageExists,*'
        $file = ConvertTo-ClipImage $pictures[0].Path $crops -Force
        ConvertTo-ClipImage $file.FullName $crops -Force -ErrorVariable faults -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $faults.FullyQualifiedErrorId | Should -BeLike 'ImageExists,*'
        @($pictures | ConvertTo-ClipImage -Destination (Join-Path $crops one.png) -ErrorVariable faults -ErrorAction SilentlyContinue).Count | Should -Be 1
        $faults.Count | Should -Be 3
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'DestinationTaken,*'
    }

    It 'writes nothing with -WhatIf' {
        ConvertTo-ClipImage $pictures[0].Path $crops -WhatIf | Should -BeNullOrEmpty
        $crops | Should -Not -Exist
    }

    It 'reproduces the reference crops of real photographs' -Skip:($null -eq $SharedData) {
        # Equal PNGs have equal pixels; both are read back and written by the same encoder.
        $photographs = Get-ChildItem (Join-Path $SharedData preprocess) -Filter '0*_224.png'
        $photographs.Count | Should -BeGreaterThan 5
        foreach ($reference in $photographs) {
            $name = $reference.BaseName -replace '_224$'
            $crop = ConvertTo-ClipImage (Join-Path $SharedData "coco-val2017-subset/val2017/$name.jpg") $crops -Force
            $copy = ConvertTo-ClipImage $reference.FullName (Join-Path $crops copies) -Force
            (Get-FileHash $crop).Hash | Should -Be (Get-FileHash $copy).Hash
        }
    }
}
