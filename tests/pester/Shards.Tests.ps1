BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $hasCoco = $SharedData -and (Test-Path -LiteralPath (Join-Path $SharedData 'coco-val2017-subset/captions_val2017.json'))
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $root = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'data')).FullName
    $null = New-SceneDataset (Join-Path $root 'set') -Count 24 -Contributors 3 -ImageSize 48 -Seed 5
    $annotations = Join-Path $root 'set/captions.json'
    $images = Join-Path $root 'set/images'
    $cache = Join-Path $TestDrive 'vectors.cache'
    $folder = { (New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid().ToString('N')))).FullName }

    # The bytes that Export-Embedding writes of embeddings, and of the metadata beside them.
    function Get-Written {
        param([object[]] $Embeddings, [string] $Ending = 'npy')
        $path = Join-Path (& $folder) "e.$Ending"
        $Embeddings | Export-Embedding $path
        (Get-ChildItem -LiteralPath (Split-Path $path) -File | Sort-Object Name | ForEach-Object { (Get-FileHash -LiteralPath $_.FullName).Hash }) -join ' '
    }

    function Save-Shard {
        param([int] $Count, [scriptblock] $Work, [string] $Ending = 'npy')
        $place = & $folder
        foreach ($i in 1..$Count) {
            & $Work "$i/$Count" | Export-Embedding (Join-Path $place "part$i.$Ending") -WarningAction SilentlyContinue
        }
        $place
    }
}

Describe '-Shard and Join-Embedding' {
    It 'joins <_> shards of a dataset to the bytes of the one run' -ForEach 3, 8 {
        $whole = @(Import-CocoDataset $annotations $images | Get-ClipEmbedding -Model clip-mini -WarningAction SilentlyContinue)
        $place = Save-Shard $_ { Import-CocoDataset $annotations $images -Shard $args[0] | Get-ClipEmbedding -Model clip-mini -WarningAction SilentlyContinue }
        $joined = @(Join-Embedding $place -AllowMissing)
        $joined.Count | Should -Be $whole.Count
        @($joined | Where-Object { $null -ne $_.Shard -or $null -ne $_.ShardPosition }).Count | Should -Be 0
        Get-Written $joined | Should -Be (Get-Written $whole)
        Get-Written $joined csv | Should -Be (Get-Written $whole csv)
        Get-Written $joined jsonl | Should -Be (Get-Written $whole jsonl)
    }

    It 'joins <Name> in <Ending> to the bytes of the one run' -ForEach @(
        @{ Name = 'a folder'; Ending = 'jsonl'; Make = { param($with) Get-ClipEmbedding $images -Recurse -Model clip-mini -CachePath $cache @with } }
        @{ Name = 'a pattern'; Ending = 'csv'; Make = { param($with) Get-ClipEmbedding "$images/*/*.jpg" -Model clip-mini -CachePath $cache @with } }
        @{ Name = 'piped files'; Ending = 'npy'; Make = { param($with) Get-ChildItem $images -Recurse -Filter *.jpg | Get-ClipEmbedding -Model clip-mini -CachePath $cache @with } }
        @{ Name = 'columns'; Ending = 'parquet'; Make = { param($with) Get-ChildItem $images -Recurse -Filter *.jpg | Get-ClipEmbedding -Model clip-mini -CachePath $cache @with } }
        @{ Name = 'texts'; Ending = 'npy'; Make = { param($with) Get-ClipEmbedding -Text (1..20 | ForEach-Object { "a thing $($_ % 15)" }) -Model clip-mini @with } }
        @{ Name = 'records'; Ending = 'npy'; Make = { param($with) Import-CocoDataset $annotations $images | Get-ClipEmbedding -Model clip-mini -CachePath $cache -WarningAction SilentlyContinue @with } }
        @{ Name = 'captions alone'; Ending = 'npy'; Make = { param($with) Import-CocoDataset $annotations -WithoutImage @with | Get-ClipEmbedding -Model clip-mini -WarningAction SilentlyContinue } }
        @{ Name = 'images alone'; Ending = 'npy'; Make = { param($with) Import-CocoDataset $annotations $images @with | Get-ClipEmbedding -Modality Image -Model clip-mini -CachePath $cache } }
    ) {
        $make = $Make
        $whole = @(& $make @{})
        $place = Save-Shard 3 { & $make @{ Shard = $args[0] } } $Ending
        $parts = @(Get-ChildItem -LiteralPath $place -File | Where-Object Name -NotLike *.metadata.*)
        $parts.Count | Should -BeGreaterThan 1
        Get-Written @(Join-Embedding $place -AllowMissing) | Should -Be (Get-Written $whole)
        Get-Written @($parts | Sort-Object Name -Descending | Join-Embedding -AllowMissing) | Should -Be (Get-Written $whole)
        Get-Written @($parts | ForEach-Object { Import-Embedding $_.FullName } | Sort-Object Source | Join-Embedding -AllowMissing) | Should -Be (Get-Written $whole)
    }

    It 'divides rows of several files, those without metadata too, and keeps labels and ordinals' {
        $place = & $folder
        $set = @(Import-CocoDataset $annotations $images | Get-ClipEmbedding -Model clip-mini -Modality Image -CachePath $cache)
        $set[0..9] | Export-Embedding "$place/a.npy"
        Remove-Item "$place/a.metadata.jsonl"
        $set[10..19] | Select-Object Source, Item, Modality, Contributor, @{ n = 'Label'; e = { 'c' } }, @{ n = 'Vector'; e = { $_.Vector -join ' ' } } | Export-Csv "$place/b.csv"
        $files = "$place/a.npy", "$place/b.csv"
        $whole = @(Import-Embedding $files)
        $joined = @(8..1 | ForEach-Object { Import-Embedding $files -Shard "$_/8" } | Join-Embedding -AllowMissing)
        Get-Written $joined | Should -Be (Get-Written $whole)
        $joined[10..19].Label | Should -Be $whole[10..19].Label
        $joined.Ordinal | Should -Be $whole.Ordinal
    }

    It 'joins shards of photographs of COCO to the bytes of the one run' -Skip:(-not $hasCoco) {
        $coco = @{ AnnotationPath = Join-Path $SharedData 'coco-val2017-subset/captions_val2017.json'; First = 12 }
        $whole = @(Import-CocoDataset @coco | Get-ClipEmbedding -Model clip-mini -WarningAction SilentlyContinue)
        foreach ($n in 3, 8) {
            $parts = foreach ($i in 1..$n) { Import-CocoDataset @coco -Shard "$i/$n" | Get-ClipEmbedding -Model clip-mini -WarningAction SilentlyContinue }
            Get-Written @($parts | Join-Embedding -AllowMissing) | Should -Be (Get-Written $whole)
        }
    }

    It 'puts every item into one shard, the same on another mount point and from another folder, and moves none when items are added' {
        $elsewhere = & $folder
        Copy-Item -Recurse $images (Join-Path $elsewhere 'mounted')
        $name = { [System.IO.Path]::GetRelativePath($args[0], $args[1]) }
        $there = (Join-Path $elsewhere 'mounted')
        $all = @(Get-ChildItem $images -Recurse -Filter *.jpg)
        $first = foreach ($i in 1..4) { Get-ClipEmbedding $images -Recurse -Shard "$i/4" -Model clip-mini -CachePath $cache | ForEach-Object { "$i $(& $name $images $_.Source)" } }
        @($first).Count | Should -Be $all.Count
        Push-Location $elsewhere
        try {
            $second = foreach ($i in 1..4) { Get-ClipEmbedding ./mounted -Recurse -Shard "$i/4" -Model clip-mini -CachePath $cache | ForEach-Object { "$i $(& $name $there $_.Source)" } }
        }
        finally {
            Pop-Location
        }
        $second | Should -Be $first
        Copy-Item $all[0].FullName (Join-Path $there 'added.jpg')
        Copy-Item $all[1].FullName (Join-Path $there '0 earlier.jpg')
        $third = foreach ($i in 1..4) { Get-ClipEmbedding $there -Recurse -Shard "$i/4" -Model clip-mini -CachePath $cache | ForEach-Object { "$i $(& $name $there $_.Source)" } }
        $third | Where-Object { $_ -notmatch 'added|earlier' } | Should -Be $first
        @($third).Count | Should -Be ($all.Count + 2)
    }

    It 'tells the errors of all shards together once each' {
        $place = & $folder
        Copy-Item -Recurse (Join-Path $root 'set/*') $place
        $gone = @(Get-ChildItem "$place/images" -Recurse -Filter *.jpg)[3, 7]
        $gone | Remove-Item
        $null = Import-CocoDataset "$place/captions.json" "$place/images" -ErrorVariable one -ErrorAction SilentlyContinue
        $many = foreach ($i in 1..4) {
            $null = Import-CocoDataset "$place/captions.json" "$place/images" -Shard "$i/4" -ErrorVariable some -ErrorAction SilentlyContinue
            $some
        }
        ($many | ForEach-Object { "$_" } | Sort-Object) | Should -Be ($one | ForEach-Object { "$_" } | Sort-Object)
        @($one).Count | Should -Be 2
    }

    It 'notices a shard that is not there, before it emits anything' {
        $parts = @(1, 3 | ForEach-Object { Get-ClipEmbedding $images -Recurse -Shard "$_/3" -Model clip-mini -CachePath $cache })
        $given = @()
        { $parts | Join-Embedding | ForEach-Object { $given += $_ } } | Should -Throw -ErrorId 'ShardsMissing,*' -ExpectedMessage '*2/3*'
        $given.Count | Should -Be 0
        @($parts | Join-Embedding -AllowMissing).Count | Should -Be $parts.Count
    }

    It 'refuses shards of different divisions, of changed data, and parts that are no shards' {
        $of = { param($shard) Get-ClipEmbedding $images -Recurse -Shard $shard -Model clip-mini -CachePath $cache }
        { (& $of 1/2), (& $of 2/3) | ForEach-Object { $_ } | Join-Embedding -AllowMissing } | Should -Throw -ErrorId 'ShardsDiffer,*'
        { (& $of 1/2), (Get-ClipEmbedding $images -Recurse -Model clip-mini -CachePath $cache) | ForEach-Object { $_ } | Join-Embedding -AllowMissing } |
            Should -Throw -ErrorId 'ShardsDiffer,*'
        $one = @(& $of 1/2)
        $two = @(& $of 2/2)
        $two[0] = $two[0] | ForEach-Object { [QosValuation.ClipEmbedding]@{ Source = 'other'; Item = 'other'; Modality = 'Image'; Vector = $_.Vector; Shard = '2/2'; ShardPosition = $one[0].ShardPosition } }
        { $one + $two | Join-Embedding } | Should -Throw -ErrorId 'ShardsContradict,*'
    }

    It 'takes what is there twice once, with a warning, and refuses it where the vectors differ' {
        $parts = @(1..2 | ForEach-Object { Get-ClipEmbedding $images -Recurse -Shard "$_/2" -Model clip-mini -CachePath $cache })
        $joined = @($parts + $parts[2] | Join-Embedding -WarningVariable warnings -WarningAction SilentlyContinue)
        $joined.Count | Should -Be $parts.Count
        "$warnings" | Should -BeLike '*more than once*'
        $other = $parts[2] | ConvertTo-Json -Depth 5 | ConvertFrom-Json
        $other.Vector[0] += 0.25
        { $parts + $other | Join-Embedding } | Should -Throw -ErrorId 'ShardsContradict,*' -ExpectedMessage '*unlike vectors*'
    }

    It 'joins embeddings that say nothing of shards by their ordinals, out of order too' {
        $whole = @(Get-ClipEmbedding $images -Recurse -Model clip-mini -CachePath $cache)
        $place = & $folder
        $whole[($whole.Count - 1)..5] | Export-Embedding "$place/b.npy"
        $whole[0..4] | Export-Embedding "$place/c.csv"
        Get-Written @(Join-Embedding "$place/*") | Should -Be (Get-Written $whole)
    }

    It 'refuses to join where a part cannot be read' {
        $place = Save-Shard 2 { Get-ClipEmbedding $images -Recurse -Shard $args[0] -Model clip-mini -CachePath $cache }
        Set-Content "$place/part2.npy" 'damaged'
        { Join-Embedding $place -AllowMissing -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
        { Join-Embedding "$place/none.npy" -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
        { Join-Embedding } | Should -Throw -ErrorId 'InputIsNull,*'
    }

    It 'refuses to join where a row cannot be read, or nothing lies' {
        $place = & $folder
        foreach ($i in 1..2) { Get-ClipEmbedding $images -Recurse -Shard "$i/2" -Model clip-mini -CachePath $cache | Export-Embedding "$place/part$i.jsonl" }
        $lines = Get-Content "$place/part2.jsonl"
        $lines[0] = $lines[0].Substring(0, 200)
        $lines | Set-Content "$place/part2.jsonl"
        $out = @()
        { Join-Embedding "$place/part*.jsonl" -ErrorVariable faults -ErrorAction SilentlyContinue | ForEach-Object { $out += $_ } } |
            Should -Throw -ErrorId 'ShardsMissing,*' -ExpectedMessage '*or a row of one*'
        $out.Count | Should -Be 0
        $row = $null
        $null = Import-Embedding "$place/part2.jsonl" -ErrorVariable row -ErrorAction SilentlyContinue
        "$row" | Should -BeLike '*it is no JSON object: what stands at byte * of its line*'
        $good = @(Get-ClipEmbedding $images -Recurse -Shard 1/2 -Model clip-mini -CachePath $cache)
        { $good + [pscustomobject]@{ Source = 'half'; Modality = 'Image' } | Join-Embedding -AllowMissing -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
        $bare = & $folder
        { Join-Embedding $bare, "$place/part1.jsonl" -AllowMissing -ErrorAction Stop } | Should -Throw -ErrorId 'ShardsMissing,*' -ExpectedMessage '*No embedding file lies at*'
        { Join-Embedding $bare -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
    }

    It 'refuses shards of different models, also among clustering states' {
        $place = & $folder
        $small = @{ 1 = 'clip-mini'; 2 = 'clip-small' }
        foreach ($i in 1..2) {
            $part = @(Get-ClipEmbedding $images -Recurse -Shard "$i/2" -Model $small[$i])
            $part | Export-Embedding "$place/part$i.npy"
            $null = $part | Group-Embedding -SimilarityThreshold 0.8 -NoveltyThreshold 2 -State "$place/part$i.state"
            $part | ForEach-Object { $_.Shard = $null; $_ } | Group-Embedding -SimilarityThreshold 0.8 -NoveltyThreshold 2 -State "$place/bare$i.state" | Out-Null
        }

        { Join-Embedding "$place/*.npy" -ErrorAction Stop } | Should -Throw -ErrorId 'ShardsDiffer,*' -ExpectedMessage "*'clip-small'*'clip-mini'*"
        { 1..2 | ForEach-Object { Import-Embedding "$place/part$_.npy" } | Join-Embedding } | Should -Throw -ErrorId 'ShardsDiffer,*'
        foreach ($kind in 'part', 'bare') {
            { Group-Embedding -MergeState "$place/$kind*.state" -State "$place/whole.run" } | Should -Throw -ErrorId 'StateParameterMismatch,*' -ExpectedMessage '*different models*'
            "$place/whole.run" | Should -Not -Exist
        }
    }

    It 'does not write a shard to a table that has no place for what it says' -ForEach 'csv', 'parquet' {
        $place = & $folder
        $whole = @(Get-ClipEmbedding $images -Recurse -Model clip-mini -CachePath $cache)
        $part = @(Get-ClipEmbedding $images -Recurse -Shard 1/2 -Model clip-mini -CachePath $cache)
        $null = $whole[0], $part[0], $whole[1] | Export-Embedding "$place/mixed.$_" -ErrorVariable faults -ErrorAction SilentlyContinue
        $faults.FullyQualifiedErrorId | Should -BeLike 'ShardsDiffer,*'
        @(Import-Embedding "$place/mixed.$_").Source | Should -Be $whole[0, 1].Source
    }

    It 'does not divide what is divided' {
        $place = Save-Shard 2 { Get-ClipEmbedding $images -Recurse -Shard $args[0] -Model clip-mini -CachePath $cache }
        { Import-Embedding "$place/part1.npy" -Shard 1/2 -ErrorAction Stop } | Should -Throw -ErrorId 'ShardedAlready,*'
        { Import-CocoDataset $annotations $images -Shard 1/2 | Get-ClipEmbedding -Shard 1/2 -Model clip-mini -ErrorAction Stop } | Should -Throw -ErrorId 'ShardedAlready,*'
    }

    It 'understands <_>' -ForEach '1/2', ' 1 / 2 ', '01/02' {
        $shard = $_
        @(Get-ClipEmbedding -Text (1..20) -Shard $shard -Model clip-mini).Shard | Should -Contain '1/2'
    }

    It 'refuses the shard <Given>' -ForEach @(
        @{ Given = '0/4'; Says = 'numbered from 1 to 4' }, @{ Given = '5/4'; Says = 'numbered from 1 to 4' }, @{ Given = '1/0'; Says = 'from 1 to 1000000' }
        @{ Given = 'a'; Says = 'two whole numbers' }, @{ Given = '1/2/3'; Says = 'two whole numbers' }, @{ Given = '1,4'; Says = 'two whole numbers' }
        @{ Given = '1.0/4'; Says = 'two whole numbers' }, @{ Given = ''; Says = 'two whole numbers' }, @{ Given = '1/99999999999'; Says = 'two whole numbers' }
        @{ Given = (3 / 8); Says = '0.375 is a number' }, @{ Given = (4 / 4); Says = '1 is a number' }, @{ Given = (1, 4); Says = 'list of 2' }
        @{ Given = '-1/4'; Says = 'numbered from 1 to 4' }
    ) {
        $given = $Given
        { Get-ClipEmbedding -Text a -Shard $given -Model clip-mini } | Should -Throw -ExpectedMessage "*$Says*"
    }

    It 'means the same in German' {
        $lines = Invoke-FreshPwsh @"
[cultureinfo]::CurrentCulture = 'de-DE'
Import-Module '$ModuleManifest'
try { Get-ClipEmbedding -Text a -Shard (3/8) -Model clip-mini } catch { "`$_" }
(1..3 | ForEach-Object { Get-ClipEmbedding -Text a, b, c, d, e -Shard "`$_/3" -Model clip-mini | ForEach-Object { "`$(`$_.Source)`$(`$_.Shard)`$(`$_.ShardPosition)" } }) -join ' '
"@
        $lines | Should -Contain ((1..3 | ForEach-Object { Get-ClipEmbedding -Text a, b, c, d, e -Shard "$_/3" -Model clip-mini | ForEach-Object { "$($_.Source)$($_.Shard)$($_.ShardPosition)" } }) -join ' ')
        "$lines" | Should -BeLike '*0.375 is a number*'
    }

    It 'completes shards' {
        (TabExpansion2 'Get-ClipEmbedding -Shard 3/' 26).CompletionMatches.CompletionText | Should -Contain '3/8'
    }
}

Describe 'Group-Embedding -MergeState' {
    BeforeAll {
        $whole = @(Import-CocoDataset $annotations $images | Get-ClipEmbedding -Model clip-mini -CachePath $cache -WarningAction SilentlyContinue)
        function Save-State {
            param([int] $Count, [hashtable] $With = @{})
            $place = & $folder
            foreach ($i in 1..$Count) {
                $null = Import-CocoDataset $annotations $images -Shard "$i/$Count" | Get-ClipEmbedding -Model clip-mini -CachePath $cache -WarningAction SilentlyContinue |
                    Group-Embedding -State "$place/part$i.state" -NoveltyThreshold 3 @With
            }
            $place
        }

        function Get-Told {
            param($Clusters)
            $Clusters | ForEach-Object { "$($_.Id) $($_.Count) $($_.ConfirmedAt) $(($_.Members | ForEach-Object { "$($_.Source)$($_.Novelty)$($_.Ordinal)" }) -join ',') $($_.Centroid -join ',')" }
        }
    }

    It 'gives the clusters and the state of the one run from <_> shards, in any order of the states' -ForEach 1, 3, 8 {
        $place = Save-State $_
        $one = @($whole | Group-Embedding -NoveltyThreshold 3 -State "$place/one.run")
        $merged = @(Group-Embedding -MergeState "$place/*.state" -State "$place/whole.run" -AllowMissing)
        Get-Told $merged | Should -Be (Get-Told $one)
        (Get-FileHash "$place/whole.run").Hash | Should -Be (Get-FileHash "$place/one.run").Hash
        $states = (Get-ChildItem "$place/*.state" | Sort-Object Name -Descending).FullName
        Get-Told @(Group-Embedding -MergeState $states -AllowMissing) | Should -Be (Get-Told $one)
    }

    It 'labels the embeddings as the one run does, with -PassThru' {
        $place = Save-State 3
        $one = @($whole | Group-Embedding -NoveltyThreshold 3 -PassThru)
        $merged = @(Group-Embedding -MergeState "$place/*.state" -PassThru)
        ($merged | ForEach-Object { "$($_.Source) $($_.ClusterId) $($_.Novelty)" }) | Should -Be ($one | ForEach-Object { "$($_.Source) $($_.ClusterId) $($_.Novelty)" })
    }

    It 'depends neither on the number nor on the order of parts that say nothing of shards' {
        $told = foreach ($n in 1, 2, 5) {
            $place = & $folder
            $groups = @{}
            $i = 0
            foreach ($record in $whole | Group-Object Item) { $groups[$i++ % $n] += @($record.Group) }
            foreach ($part in $groups.Keys) { $null = $groups[$part] | Group-Embedding -State "$place/$part.state" -NoveltyThreshold 3 }
            $states = (Get-ChildItem "$place/*.state" | Sort-Object Name -Descending:($n -eq 5)).FullName
            (Get-Told @(Group-Embedding -MergeState $states)) -join "`n"
        }
        $told[1] | Should -Be $told[0]
        $told[2] | Should -Be $told[0]
    }

    It 'refuses states that lack members, disagree, are missing, or would be replaced' {
        $place = Save-State 2
        { Group-Embedding -MergeState "$place/part1.state" } | Should -Throw -ErrorId 'ShardsMissing,*'
        { Group-Embedding -MergeState "$place/none.state" -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'ShardsMissing,*'
        { Group-Embedding -MergeState "$place/*.state" -NoveltyThreshold 4 } | Should -Throw -ErrorId 'StateParameterMismatch,*'
        { Group-Embedding -MergeState "$place/*.state" -State "$place/part1.state" } | Should -Throw -ErrorId 'FileExists,*'
        { Group-Embedding -MergeState "$place/*.state" -Algorithm KMeans -ClusterCount 2 } | Should -Throw -ErrorId 'ParameterNotForAlgorithm,*'
        $null = $whole | Group-Embedding -State "$place/other.run" -NoveltyThreshold 9
        { Group-Embedding -MergeState "$place/*.state", "$place/other.run" } | Should -Throw -ErrorId 'StateParameterMismatch,*'
        $null = $whole | Group-Embedding -State "$place/bare.run" -NoveltyThreshold 3 -WithoutMember
        { Group-Embedding -MergeState "$place/bare.run" } | Should -Throw -ErrorId 'StateWithoutMembers,*'
        { Group-Embedding -MergeState "$place/*.state" -Search Approximate } | Should -Throw -ErrorId 'StateParameterMismatch,*'
        { Group-Embedding -MergeState $place } | Should -Throw -ErrorId 'StateIsFolder,*' -ExpectedMessage '*is a folder*'
    }
}

Describe 'Group-Embedding -Search Approximate above the number of clusters that are all compared' {
    BeforeAll {
        # 101,000 directions, and after them 2,000 of them once more: 2,000 clusters of two records beside as many records that are alone.
        $place = & $folder
        $alone, $twice, $length = 101000, 2000, 8
        $random = [System.Random]::new(5)
        $numbers = [float[]]::new(($alone + $twice) * $length)
        for ($i = 0; $i -lt $alone * $length; $i++) { $numbers[$i] = $random.NextSingle() - 0.5 }
        for ($k = 0; $k -lt $twice; $k++) { [Array]::Copy($numbers, 50 * $k * $length, $numbers, ($alone + $k) * $length, $length) }
        $bytes = [byte[]]::new(4 * $numbers.Length)
        [Buffer]::BlockCopy($numbers, 0, $bytes, 0, $bytes.Length)
        $header = "{'descr': '<f4', 'fortran_order': False, 'shape': ($($alone + $twice), $length), }".PadRight(117) + "`n"
        [System.IO.File]::WriteAllBytes("$place/v.npy", [byte[]] (0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0 + [System.Text.Encoding]::ASCII.GetBytes($header) + $bytes))
        $with = @{ SimilarityThreshold = 0.9999; NoveltyThreshold = 2 }
        function Get-Pair {
            param($Clusters)
            $Clusters | ForEach-Object { ($_.Members.Ordinal | Sort-Object) -join '+' } | Sort-Object
        }

        $expected = 0..($twice - 1) | ForEach-Object { "$(50 * $_)+$($alone + $_)" } | Sort-Object
    }

    It 'finds the clusters, tells its recall, goes on from its state, and merges the states of shards' {
        $told = Import-Embedding "$place/v.npy" | Group-Embedding @with -Search Approximate -Verbose 4>&1
        $recall = @($told | Where-Object { $_ -is [Management.Automation.VerboseRecord] -and "$_" -like '*approximate*' })
        $recall | Should -HaveCount 1
        "$recall" | Should -Match 'approximate for [\d.,]+ records\. Of [\d.,]+ sampled'
        Get-Pair @($told | Where-Object { $_ -isnot [Management.Automation.VerboseRecord] }) | Should -Be $expected

        # The second run goes on from the graph of the first.
        $records = @(Import-Embedding "$place/v.npy")
        $null = $records[0..102000] | Group-Embedding @with -Search Approximate -State "$place/whole.state"
        Get-Pair @($records[102001..102999] | Group-Embedding -State "$place/whole.state") | Should -Be $expected

        foreach ($i in 1, 2) {
            Import-Embedding "$place/v.npy" -Shard "$i/2" | Group-Embedding @with -Search Approximate -State "$place/part$i.state" | Out-Null
        }

        $merged = Group-Embedding -MergeState "$place/part*.state" -Verbose 4>&1
        "$($merged | Where-Object { $_ -is [Management.Automation.VerboseRecord] })" | Should -BeLike '*approximate*'
        Get-Pair @($merged | Where-Object { $_ -isnot [Management.Automation.VerboseRecord] }) | Should -Be $expected
    }
}

Describe '-Shard of measurements' {
    It 'scores every contributor in one shard, as the whole run does' {
        $place = & $folder
        foreach ($who in 'ann', 'bob', 'cem', 'dan', 'eve') {
            $null = New-Item -ItemType Directory "$place/$who"
            1..3 | ForEach-Object { Set-Content "$place/$who/$_.txt" "A man rides a brown horse. The dog number $_ of $who sleeps." }
        }
        $told = { ConvertTo-Json ($input | Sort-Object Contributor) -Depth 5 }
        $whole = Measure-DataQuality "$place/*/*.txt" -ClusterCount 2 | & $told
        $parts = foreach ($i in 1..3) { Measure-DataQuality "$place/*/*.txt" -ClusterCount 2 -Shard "$i/3" }
        $parts | & $told | Should -Be $whole
        { Measure-DataQuality "$place/*/*.txt" -Shard 1/2 -Epsilon 1 -Seed 1 } | Should -Throw -ErrorId 'ParametersConflict,*'
    }

    It 'attacks every target in one shard, with the same result' {
        $targets = @(Get-ClipEmbedding $images -Recurse -Model clip-mini -CachePath $cache | Select-Object -First 5)
        $short = @{ Steps = 2; Copies = 2; Restarts = 0; Seed = 1; Model = 'clip-mini' }
        $told = { $input | ForEach-Object { "$($_.Score) $($_.ScoreTrace -join ',')" } | Sort-Object }
        $whole = $targets | Invoke-ReconstructionAttack @short | & $told
        $parts = foreach ($i in 1..3) { $targets | Invoke-ReconstructionAttack @short -Shard "$i/3" }
        $parts | & $told | Should -Be $whole
        @($parts).Count | Should -Be 5
    }
}
