BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    Push-Location $TestDrive

    # Two contributors' folders. ann: 20 words, one of them unknown (teh): cleanliness with k = 10 is 1 − 10/20 = 0.5. bob: 8 clean words.
    $null = New-Item -ItemType Directory ann, bob
    Set-Content ann/a.txt 'the cat sat on the mat with the dog and the horse stood by the door of teh house today' -NoNewline
    Set-Content bob/b.txt 'A man rides a brown horse on sand.' -NoNewline

    $sentences = 'A man rides a brown horse along the beach.', 'Two children play with a red ball.',
        'The stock market fell after the announcement.', 'Boil the pasta in salted water for ten minutes.'
}

AfterAll {
    Pop-Location
}

Describe 'Measure-DataQuality' {
    It 'scores the worked example, by the folder as the contributor' {
        $scores = @(Measure-DataQuality ./*/*.txt -ErrorFactor 10 -Weight 1, 0, 0, 0)
        $scores[0] | Should -BeOfType QosValuation.DataQuality
        $scores.Contributor | Should -Be ann, bob
        $scores.Tokens | Should -Be 20, 8
        $scores.Errors | Should -Be 1, 0
        $scores.Cleanliness | Should -Be 0.5, 1
        $scores.Quality | Should -Be 0.5, 1
        $scores[0].ErrorCounts.UnknownWords | Should -Be 1
        $scores[0].Hash | Should -Match '^[0-9a-f]{64}$'
    }

    It 'takes texts, objects, files and captions from the pipeline, and gives the same for the same documents' {
        $hash = { (Measure-DataQuality @args -Weight 1, 0, 0, 0).InputHash }
        $text = Get-Content bob/b.txt -Raw
        $expected = & $hash -Path bob/b.txt
        ($text | Measure-DataQuality -Weight 1, 0, 0, 0).InputHash | Should -Be $expected
        (Get-Item bob/b.txt | Measure-DataQuality -Weight 1, 0, 0, 0).InputHash | Should -Be $expected
        ([pscustomobject]@{ Text = $text; Contributor = 'x' } | Measure-DataQuality -Weight 1, 0, 0, 0).Contributor | Should -Be x
        ([pscustomobject]@{ Text = $text } | Measure-DataQuality -Weight 1, 0, 0, 0 -Contributor { 'by script' }).Contributor | Should -Be 'by script'
        ([QosValuation.CocoItem]@{ ImageId = 1; Captions = [string[]]('a red ball', 'a brown horse') } | Measure-DataQuality -Weight 1, 0, 0, 0).Documents | Should -Be 2
        Set-Content lines.jsonl '{"text": "a red ball", "contributor": "ann"}', '{"caption": "a brown horse", "contributor": "bob"}'
        (Measure-DataQuality lines.jsonl -Weight 1, 0, 0, 0).Contributor | Should -Be ann, bob
        'Caption,Contributor', 'a red ball,ann', '"a brown horse, here",bob' | Set-Content rows.csv
        (Measure-DataQuality rows.csv -Weight 1, 0, 0, 0).Tokens | Should -Be 3, 4
        (Import-Csv rows.csv | Measure-DataQuality -Weight 1, 0, 0, 0).InputHash | Should -Be (Measure-DataQuality rows.csv -Weight 1, 0, 0, 0).InputHash
    }

    It 'measures diversity by the clusters of the embeddings: four topics are four clusters of a quarter' {
        $score = $sentences | Measure-DataQuality
        $score.Entropy | Should -BeGreaterThan ([math]::Log(4) - 1e-9)
        $score.NormalizedEntropy | Should -BeGreaterThan 0.354
        $score.NormalizedEntropy | Should -BeLessThan 0.355
        $score.GiniSimpson | Should -Be 0.75
        $score.Quality | Should -Be (($score.Cleanliness + $score.NormalizedEntropy) / 2)
        ($sentences | Measure-DataQuality -DiversityDefinition GiniSimpson).Quality | Should -Be (($score.Cleanliness + 0.75) / 2)
    }

    It 'measures novelty against a corpus whose index is built once' {
        Set-Content public.txt ($sentences[0, 1] -join ' ')
        $score = $sentences[0] | Measure-DataQuality -ReferencePath public.txt -IndexPath public.qvref
        $score.Novelty | Should -BeLessThan 1e-5
        $score.ReferenceRecall | Should -Be 1
        $written = (Get-Item public.qvref).LastWriteTimeUtc
        $other = $sentences[3] | Measure-DataQuality -ReferencePath public.txt -IndexPath public.qvref
        $other.Novelty | Should -BeGreaterThan 0.5
        (Get-Item public.qvref).LastWriteTimeUtc | Should -Be $written
        ($sentences[3] | Measure-DataQuality -ReferencePath public.qvref).Hash | Should -Be $other.Hash
    }

    It 'measures recency by days, and metadata by filled fields' {
        $documents = [pscustomobject]@{ Text = 'a red ball'; Date = '2026-01-06'; Title = 'x' }, [pscustomobject]@{ Text = 'a brown horse'; Date = ''; Title = '' }
        $score = $documents | Measure-DataQuality -Weight 0, 0, 1, 1 -NoveltyDefinition Recency -AsOf 2026-01-11 -MaxAge 10 -RequiredField Title, Text
        $score.Recency | Should -Be 0.25
        $score.Novelty | Should -Be 0.25
        $score.Metadata | Should -Be 0.75
        $score.Quality | Should -Be 0.5
        $score.Parameters.MaxAge | Should -Be ([timespan]::FromDays(10))
    }

    It 'costs one error for each bad input, and the others go on' {
        $null = New-Item -ItemType Directory bad
        Set-Content bad/good.txt 'a red ball'
        Set-Content bad/empty.txt '' -NoNewline
        [System.IO.File]::WriteAllBytes((Join-Path $TestDrive 'bad/binary.txt'), [byte[]](1, 2, 0, 3))
        [System.IO.File]::WriteAllBytes((Join-Path $TestDrive 'bad/broken.txt'), [byte[]](0x61, 0xFF, 0x62, 0x20, 0x61))
        Set-Content bad/lines.jsonl '{"text": "a horse"}', 'no json'
        $score = Measure-DataQuality bad/* -Weight 1, 0, 0, 0 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed | Should -HaveCount 3
        $failed.FullyQualifiedErrorId | ForEach-Object { ($_ -split ',')[0] } | Should -Be (, 'DocumentNotReadable' * 3)
        $score.Documents | Should -Be 3
        $score.ErrorCounts.CorruptCharacters | Should -Be 1
        $null = [pscustomobject]@{ Name = 1 }, 'a ball' | Measure-DataQuality -Weight 1, 0, 0, 0 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'InputNotRecognized*'
        { Measure-DataQuality absent.txt -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound*'
        { 'a' | Measure-DataQuality -Dictionary absent.txt } | Should -Throw -ErrorId 'DictionaryNotReadable*'
        { 'a' | Measure-DataQuality -Weight 0, 0, 0, 0 } | Should -Throw -ErrorId 'QualityOptionInvalid*'
        { 'a' | Measure-DataQuality -Budget x.db } | Should -Throw -ErrorId 'ParametersConflict*'
    }

    It 'releases a private score, charged to the budget, and nothing else' {
        $budget = New-PrivacyBudget -Epsilon 1 -Delta 1e-5 -Path ./quality.db
        $documents = 1..50 | ForEach-Object { [pscustomobject]@{ Text = "a horse $_"; Contributor = 'ann' } }
        $score = $documents | Measure-DataQuality -Epsilon 0.8 -Budget $budget -Confirm:$false
        $score.Epsilon | Should -Be 0.8
        $score.Sensitivity | Should -BeGreaterThan 0.0199
        $score.Sensitivity | Should -BeLessThan 0.0201
        [double]::IsNaN($score.Cleanliness) | Should -BeTrue
        $score.InputHash | Should -BeNullOrEmpty
        (Get-PrivacyBudget ./quality.db).Spent | Should -BeGreaterThan 0.79
        { $documents | Measure-DataQuality -Epsilon 0.8 -Budget $budget } | Should -Throw -ErrorId 'PrivacyBudgetExceeded*'
        { $documents | Measure-DataQuality -Epsilon 0.1 -Budget $budget -Seed 1 } | Should -Throw -ErrorId 'PrivacyBudgetNotApplicable*'
        $before = (Get-PrivacyBudget ./quality.db).Releases
        $documents | Measure-DataQuality -Epsilon 0.1 -Budget $budget -WhatIf | Should -BeNullOrEmpty
        (Get-PrivacyBudget ./quality.db).Releases | Should -Be $before
    }
}

Describe 'Test-DataQuality' {
    It 'repeats scores and says what differs' {
        $scores = Measure-DataQuality ./ann/*.txt, ./bob/*.txt -ErrorFactor 10
        (Test-DataQuality -Score $scores -Path ./ann/*.txt, ./bob/*.txt).IsValid | Should -Be $true, $true
        Set-Content bob/b.txt 'A man rides a brown horse on snow.' -NoNewline
        $reports = Test-DataQuality -Score $scores -Path ./ann/*.txt, ./bob/*.txt
        $reports[0] | Should -BeOfType QosValuation.DataQualityReport
        $reports.IsValid | Should -Be $true, $false
        $reports[1].Differences | Should -BeLike 'The documents differ*'
        (Test-DataQuality -Score $scores[1] -Path ./ann/*.txt).Differences | Should -Be "There is no document of 'bob'."
    }

    It 'verifies scores that were saved as <_>' -ForEach 'Clixml', 'Json' {
        $recency = @{ NoveltyDefinition = 'Recency'; AsOf = '2026-01-11T10:00:00Z'; MaxAge = 10.5; RequiredField = 'Text'; Weight = 0.3, 0.2, 0.4, 0.1 }
        $documents = [pscustomobject]@{ Text = 'a red ball'; Date = '2026-01-06' }, [pscustomobject]@{ Text = 'a brown horse'; Date = '' }
        $scores = @($documents | Measure-DataQuality @recency)
        if ($_ -eq 'Clixml') {
            $scores | Export-Clixml scores.xml
            $read = Import-Clixml scores.xml
        }
        else {
            $read = $scores | ConvertTo-Json | ConvertFrom-Json
        }

        $report = $documents | Test-DataQuality -Score $read
        $report.Differences | Should -BeNullOrEmpty
        $report.IsValid | Should -BeTrue
    }

    It 'refuses scores with noise' {
        $score = 'a horse' | Measure-DataQuality -Epsilon 1
        'a horse' | Test-DataQuality -Score $score -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed.FullyQualifiedErrorId | Should -BeLike 'QualityNotRepeatable*'
    }
}

Describe 'The report of data quality' {
    It 'draws the scores and their components' {
        $sentences | Measure-DataQuality | Export-QosReport ./quality.html
        $page = Get-Content ./quality.html -Raw
        $page | Should -Match 'Quality of each contributor'
        $page | Should -Match 'What the quality is made of'
    }
}

Describe 'MiniLM-L6' {
    It 'is listed as a model of texts alone' {
        $model = Get-ClipModel MiniLM-L6
        $model.Modalities | Should -Be Text
        $model.Dimension, $model.ContextLength, $model.ImageSize | Should -Be 384, 256, 0
        (Test-ClipModel MiniLM-L6).Problems | Should -BeNullOrEmpty
    }

    It 'embeds sentences as the model''s card says' {
        $embedding = Get-ClipEmbedding -Text 'This is an example sentence' -Model MiniLM-L6
        $embedding.Vector[0..3] | ForEach-Object { [math]::Round($_, 4) } | Should -Be 0.0677, 0.0635, 0.0487, 0.0793
    }

    It 'refuses images by a clear error' {
        $picture = Join-Path $RepositoryRoot 'tests/pester/Quality.Tests.ps1'
        { Get-ClipEmbedding -LiteralPath $picture -Model MiniLM-L6 } | Should -Throw '*MiniLM-L6*no image encoder*' -ErrorId 'ModalityNotSupported*'
    }
}
