BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $noData = -not $SharedData
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $miniFolder = (Get-ClipModel -Name clip-mini).Path
    function Copy-ClipMini($name) {
        $folder = Join-Path $TestDrive $name
        Copy-Item -LiteralPath $miniFolder -Destination $folder -Recurse
        $folder
    }
}

Describe 'Get-ClipModel' {
    BeforeAll {
        $previous = $env:QOSVALUATION_HOME
        $env:QOSVALUATION_HOME = Join-Path $TestDrive 'home'
        $null = New-Item -ItemType Directory -Path "$TestDrive/home/models/.partial/half", "$TestDrive/home/models/empty"
        Copy-Item -LiteralPath $miniFolder -Destination "$TestDrive/home/models/my model" -Recurse
        Copy-Item -LiteralPath "$miniFolder/vision_model.onnx" -Destination "$TestDrive/home/models/.partial/half"
    }

    AfterAll { $env:QOSVALUATION_HOME = $previous }

    It 'describes the embedded model' {
        $model = Get-ClipModel -Name CLIP-mini
        $model | Should -BeOfType QosValuation.ClipModel
        $model.Dimension, $model.ImageSize, $model.ContextLength | Should -Be 512, 96, 32
        $model.Modalities | Should -Be 'Image', 'Text'
    }

    It 'lists the embedded and the installed models, and none that is half installed' {
        (Get-ClipModel).Name | Should -Be 'clip-mini', 'clip-small', 'MiniLM-L6', 'my model'
        (Get-ClipModel my*, *mini).Name | Should -Be 'clip-mini', 'my model'
        'my model' | Get-ClipModel | ForEach-Object Path | Should -Be (Join-Path $TestDrive 'home/models/my model')
    }

    It 'reports a name that is not there and goes on' {
        $models = Get-ClipModel nothing, clip-mini -ErrorVariable faults -ErrorAction SilentlyContinue
        $models.Name | Should -Be 'clip-mini'
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -Be 'ModelNotFound,QosValuation.Cmdlets.GetClipModelCommand'
        Get-ClipModel nothing* | Should -BeNullOrEmpty
    }

    It 'reads folders relative to the location of the session' {
        $null = Copy-ClipMini 'clips'
        Push-Location $TestDrive
        try {
            (Get-ClipModel -Path ./clips).Name | Should -Be 'clips'
            (Get-ClipModel -Path cl*s).Dimension | Should -Be 512
            (Get-Item clips | Get-ClipModel).Name | Should -Be 'clips'
            { Get-ClipModel -Path ./home -ErrorAction Stop } | Should -Throw -ErrorId 'ModelNotFound,*'
            { Get-ClipModel -Path ./absent -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        }
        finally {
            Pop-Location
        }
    }

    It 'takes wildcard characters in folders literally with -LiteralPath' {
        $null = Copy-ClipMini 'mini1'
        $literal = Copy-ClipMini 'mini[1]'
        (Get-ClipModel -Path "$TestDrive/mini[1]").Path | Should -Be (Join-Path $TestDrive 'mini1')
        (Get-ClipModel -LiteralPath $literal).Path | Should -Be $literal
        (Test-ClipModel -LiteralPath $literal).IsValid | Should -BeTrue
        Get-ClipModel -LiteralPath "$TestDrive/mini*" -ErrorAction SilentlyContinue -ErrorVariable faults | Should -BeNullOrEmpty
        $faults[0].FullyQualifiedErrorId | Should -BeLike 'PathNotFound,*'
    }

    It 'completes names, quoted where they need it' {
        $line = 'Get-ClipModel -Name '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'clip-mini', 'clip-small', 'MiniLM-L6', "'my model'"
        (TabExpansion2 "${line}my" ($line.Length + 2)).CompletionMatches.CompletionText | Should -Be "'my model'"
        $line = 'ConvertTo-ClipToken x -Model c'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'clip-mini'
    }

    It 'shows a table' {
        Get-ClipModel clip-mini | Out-String -Width 200 | Should -Match 'Name +Dimension +Image \(px\) +Context \(tokens\) +Modalities +Path'
    }
}

Describe 'Test-ClipModel' {
    It 'finds nothing wrong with the embedded model' {
        $report = Test-ClipModel clip-mini
        $report | Should -BeOfType QosValuation.ClipModelReport
        $report.IsValid | Should -BeTrue
        $report.Problems.Count | Should -Be 0
        (Get-ClipModel clip-mini | Test-ClipModel).IsValid | Should -BeTrue
    }

    It 'says what is wrong, as a result and not as an error' {
        $folder = Copy-ClipMini 'damaged'
        Set-Content -LiteralPath "$folder/vision_model.onnx" -Value 'no graph'
        Remove-Item -LiteralPath "$folder/merges.txt"
        $report = Test-ClipModel -Path $folder -ErrorVariable faults
        $faults | Should -BeNullOrEmpty
        $report.IsValid | Should -BeFalse
        "$($report.Problems)" | Should -Match 'vision_model\.onnx'
        "$($report.Problems)" | Should -Match 'tokenizer'
        $report | Out-String | Should -Match 'damaged +False'
    }

    It 'finds a tokenizer that belongs to another model' {
        $folder = Copy-ClipMini 'foreign'
        $vocabulary = Get-Content -LiteralPath "$folder/vocab.json" -Raw
        Set-Content -LiteralPath "$folder/vocab.json" -Value $vocabulary.Replace(': 4095', ': 49407')
        (Test-ClipModel -Path $folder).IsValid | Should -BeFalse
    }

    It 'checks an installed model against the digests of its installation' {
        $folder = Copy-ClipMini 'installed'
        $file = Get-Item -LiteralPath "$folder/text_model.onnx"
        @{ Name = 'installed'; License = 'MIT'; Source = 'x'; Files = @(
                @{ Name = 'text_model.onnx'; Bytes = $file.Length; Sha256 = (Get-FileHash $file).Hash }) } |
            ConvertTo-Json -Depth 5 | Set-Content -LiteralPath "$folder/installed.json"
        (Test-ClipModel -Path $folder).IsValid | Should -BeTrue
        $bytes = [System.IO.File]::ReadAllBytes($file)
        $bytes[$bytes.Length - 100000] = $bytes[$bytes.Length - 100000] -bxor 1
        [System.IO.File]::WriteAllBytes($file, $bytes)
        (Test-ClipModel -Path $folder).Problems | Should -Match 'SHA-256'
    }
}

Describe 'ConvertTo-ClipToken' {
    It 'gives ids with start and end token' {
        # BERT's word pieces, which clip-small takes, and CLIP's byte pairs.
        (ConvertTo-ClipToken 'a photo of a dog').Ids | Should -Be 101, 1037, 6302, 1997, 1037, 3899, 102
        $tokens = ConvertTo-ClipToken 'a photo of a dog' -Model clip-mini
        $tokens | Should -BeOfType QosValuation.ClipTokenSequence
        $tokens.Ids | Should -Be 4094, 320, 1271, 531, 320, 549, 4095
        $tokens.IsTruncated | Should -BeFalse
        (ConvertTo-ClipToken '' -Model clip-mini).Ids | Should -Be 4094, 4095
        (ConvertTo-ClipToken '').Ids | Should -Be 101, 102
    }

    It 'takes texts by value and by the properties Text, Caption and Captions' {
        $texts = 'one',
        [pscustomobject]@{ Text = 'two' },
        [pscustomobject]@{ Caption = 'three'; Other = 1 },
        [pscustomobject]@{ Captions = [System.Collections.Generic.List[string]]@('four', 'five') },
        [System.IO.FileInfo]'x',
        'six' | ConvertTo-ClipToken -ErrorVariable faults -ErrorAction SilentlyContinue
        $texts.Text | Should -Be 'one', 'two', 'three', 'four', 'five', 'six'
        $faults.Count | Should -Be 1
        $faults[0].FullyQualifiedErrorId | Should -Be 'TextNotFound,QosValuation.Cmdlets.ConvertToClipTokenCommand'
    }

    It 'truncates to the model''s context unless told not to' {
        $long = 'dog ' * 100
        $tokens = ConvertTo-ClipToken $long
        $tokens.Ids.Count, $tokens.Ids[-1], $tokens.IsTruncated | Should -Be 64, 102, $true
        $tokens = ConvertTo-ClipToken $long -Model clip-mini
        $tokens.Ids.Count, $tokens.Ids[-1], $tokens.IsTruncated | Should -Be 32, 4095, $true
        $tokens = ConvertTo-ClipToken $long -NoTruncate
        $tokens.Ids.Count, $tokens.IsTruncated | Should -Be 102, $false
        (ConvertTo-ClipToken $long -ContextLength 10).Count | Should -Be 10
        (ConvertTo-ClipToken $long -VocabularyPath "$miniFolder/vocab.json").Count | Should -Be 77
    }

    It 'gives the reference ids of CLIP''s own vocabulary' -Skip:$noData {
        $fixtures = Get-Content -Raw -LiteralPath "$SharedData/clip-bpe/token_fixtures.json" | ConvertFrom-Json
        $tokens = $fixtures | ConvertTo-ClipToken -VocabularyPath "$SharedData/clip-bpe/vocab.json" -NoTruncate
        $tokens.Count | Should -Be 213
        for ($i = 0; $i -lt $tokens.Count; $i++) {
            "$($tokens[$i].Ids)" | Should -Be "$(@(49406) + $fixtures[$i].ids + @(49407))"
        }
    }

    It 'says what is wrong with a model or a vocabulary' {
        { ConvertTo-ClipToken x -Model nothing } | Should -Throw -ErrorId 'ModelNotFound,*'
        { ConvertTo-ClipToken x -VocabularyPath $TestDrive/none.json } | Should -Throw -ErrorId 'VocabularyNotFound,*'
        Set-Content $TestDrive/bad.json '{"a": 1'
        { ConvertTo-ClipToken x -VocabularyPath $TestDrive/bad.json -MergesPath "$miniFolder/merges.txt" } | Should -Throw -ErrorId 'VocabularyNotReadable,*'
    }
}

Describe 'Install-ClipModel' {
    BeforeEach {
        $destination = Join-Path $TestDrive ([guid]::NewGuid().ToString('N'))
    }

    It 'honours -WhatIf' {
        Install-ClipModel -Destination $destination -WhatIf
        Test-Path -LiteralPath $destination | Should -BeFalse
    }

    It 'refuses files with a wrong digest, and installs nothing' {
        $mirror = Join-Path $TestDrive 'mirror'
        $null = New-Item -ItemType Directory -Path $mirror -Force
        $names = 'vocab.json', 'merges.txt', 'text_model.onnx', 'vision_model.onnx'
        Copy-Item -LiteralPath ($names | ForEach-Object { "$miniFolder/$_" }) -Destination $mirror
        { Install-ClipModel -Destination $destination -Uri ([uri] "file://$mirror") } | Should -Throw -ErrorId 'ModelDigestMismatch,*'
        Test-Path -LiteralPath "$destination/ViT-B-32" | Should -BeFalse
        @(Get-ChildItem -LiteralPath $destination -Recurse -Force -File -Filter *.onnx*).Count | Should -Be 0
    }

    It 'says where it looked for a file that is not there' {
        { Install-ClipModel -Destination $destination -Uri ([uri] "file://$TestDrive/nowhere/") } | Should -Throw -ErrorId 'ModelFileNotFound,*'
        { Install-ClipModel -Uri 'ftp://example.org/' -Destination $destination } | Should -Throw -ErrorId 'SourceNotSupported,*'
        { Install-ClipModel -Name none -Destination $destination } | Should -Throw -ErrorId 'ModelNotOffered,*'
    }

    It 'leaves an installed model alone' {
        $null = New-Item -ItemType Directory -Path $destination
        Copy-Item -LiteralPath $miniFolder -Destination "$destination/ViT-B-32" -Recurse
        $model = Install-ClipModel -Destination $destination -Uri "file://$TestDrive/nowhere/"
        $model | Should -BeOfType QosValuation.ClipModel
        $model.Path | Should -Be (Join-Path $destination 'ViT-B-32')
    }

    It 'stops at once when it is stopped, while a server keeps it waiting' {
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        try {
            $stopped = Stop-WorkingScript {
                param($Destination, $Port)
                Install-ClipModel -Destination $Destination -Uri "http://127.0.0.1:$Port/"
            } $destination, $listener.LocalEndpoint.Port -Until { $listener.Pending() }
            $stopped.State | Should -Be Stopped
            Test-Path -LiteralPath "$destination/ViT-B-32" | Should -BeFalse
        }
        finally {
            $listener.Stop()
        }
    }

    It 'completes what it offers' {
        $line = 'Install-ClipModel -Name v'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'ViT-B-32', 'ViT-B-32-fp16', 'ViT-B-32-quantized'
        $line = 'Install-ClipModel -Precision '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'Float16', 'Float32', 'Quantized'
    }
}
