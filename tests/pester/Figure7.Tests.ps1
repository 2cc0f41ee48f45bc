BeforeAll {
    . $PSScriptRoot/Common.ps1
    $script = Join-Path $RepositoryRoot 'scripts/Figure7.ps1'
    $few = @{ Quick = $true; Model = 'clip-mini'; Steps = 2; Copies = 1; Epsilon = @(); Gamma = @(); Seed = 3 }
}

Describe 'scripts/Figure7.ps1' {
    It 'makes rows, a summary and a picture, goes on after an interruption, and repeats' {
        $folder = Join-Path $TestDrive figure7
        $rows = & $script @few -OutputPath $folder 6> $null
        $LASTEXITCODE | Should -BeIn 0, 2
        $rows.Count | Should -Be 8
        $rows[0].PSTypeNames[0] | Should -Be 'QosValuation.Figure7Row'
        $rows.Release | Select-Object -Unique | Should -Be 'None', 'Image-DP', 'Image-Ours', 'Text-Ours'
        $rows | ForEach-Object { [math]::Abs($_.AttackScore) | Should -BeLessOrEqual 1; $_.Rank | Should -BeIn 1, 2; Join-Path $folder $_.ImagePath | Should -Exist }
        @(Import-Csv (Join-Path $folder figure7.csv)).Count | Should -Be 8

        # Likeness is asked of another encoder than the attacked one, of a private photograph that lies beside the reconstructions.
        foreach ($row in $rows) {
            [math]::Abs($row.Perceptual) | Should -BeLessOrEqual 1
            $row.PerceptualRank | Should -BeIn 1, 2
            Join-Path $folder $row.MemberPath | Should -Exist
        }
        $summary = Import-Csv (Join-Path $folder figure7-summary.csv)
        $summary.Attacks | Should -Be 2, 2, 2, 2
        $plain = $summary | Where-Object Release -EQ None
        [math]::Abs([double] $plain.AttackScore - ($rows[0, 1].AttackScore | Measure-Object -Average).Average) | Should -BeLessThan 1e-9
        [System.IO.File]::ReadAllBytes((Join-Path $folder figure7.png))[1..3] | Should -Be 0x50, 0x4E, 0x47
        Join-Path $folder figure7.state.jsonl | Should -Not -Exist

        # Stopped after the third attack: those three are kept, also when the last line was cut off.
        $again = Join-Path $TestDrive again
        & $script @few -OutputPath $again 6> $null | Select-Object -First 3 | Out-Null
        $state = Join-Path $again figure7.state.jsonl
        $state | Should -Exist
        $kept = @(Get-Content $state)
        Set-Content $state (@($kept[0..2]) + '{"Key": "cut o')
        $written = (Get-Item (Join-Path $again figure7/None-eInfinity-g50-r1/*.png)).LastWriteTimeUtc
        $resumed = & $script @few -OutputPath $again 6> $null
        $resumed.AttackScore | Should -Be $rows.AttackScore
        (Get-Item (Join-Path $again figure7/None-eInfinity-g50-r1/*.png)).LastWriteTimeUtc | Should -Be $written
    }

    It 'shows the private photograph and the releases side by side, and says what looks alike' {
        $folder = Join-Path $TestDrive page
        $rows = & $script @few -Method NearestEmbedding, TextInversion -OutputPath $folder -InformationVariable said 6> $null
        $rows.Count | Should -Be 16
        $text = "$said"
        $text | Should -Match 'for an encoder that was not attacked: Image-DP -?\d\.\d{3} ± \d\.\d{3} \(first in'

        # A real photograph is as like the others as photographs are; a caption is compared with captions and has no picture.
        ($rows | Where-Object { $_.Method -eq 'NearestEmbedding' -and $_.Release -eq 'None' }).PerceptualRank | Should -Be 1, 1
        foreach ($caption in $rows | Where-Object Method -EQ TextInversion) {
            $caption.Text | Should -Match '^[a-z]+( [a-z]+)*$'
            $caption.ImagePath | Should -BeNullOrEmpty
            [math]::Abs($caption.Perceptual) | Should -BeLessOrEqual 1
        }

        $page = Join-Path $folder report.html
        $null = Import-Csv (Join-Path $folder figure7.csv) | Export-QosReport $page -Force
        $html = Get-Content $page -Raw
        foreach ($cluster in $rows.ClusterId | Select-Object -Unique) {
            $html | Should -Match "(?s)Cluster $cluster, a private photograph.*Cluster $cluster, None.*Cluster $cluster, Image-DP.*Cluster $cluster, Image-Ours"
        }
    }

    It 'names the strongest of several attackers' {
        $folder = Join-Path $TestDrive several
        $text = & $script @few -Method DirectAscent, NearestEmbedding -OutputPath $folder -Force 6>&1 | Where-Object { $_ -is [System.Management.Automation.InformationRecord] } | Out-String -Width 4000
        $summary = Import-Csv (Join-Path $folder figure7-summary.csv)
        foreach ($release in 'None', 'Image-DP', 'Image-Ours', 'Text-Ours') {
            $best = $summary | Where-Object Release -EQ $release | Sort-Object { -[double] $_.FirstRank }, { -[double] $_.Margin } | Select-Object -First 1
            $text | Should -Match ([regex]::Escape("$release $($best.Method) (first in"))
        }
    }

    It 'fails with exit code 1 and says why' {
        $null = & $script @few -NoveltyThreshold 150 -OutputPath (Join-Path $TestDrive none) -ErrorVariable faults 2> $null 6> $null
        $LASTEXITCODE | Should -Be 1
        "$faults" | Should -Match 'clusters have 150 photographs'
    }

    It 'has help' {
        Assert-ScriptHelp $script -Synopsis 'Fig\. 7' -Examples 3
    }
}
