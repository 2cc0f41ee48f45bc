BeforeAll {
    . $PSScriptRoot/Common.ps1
    # The cultures in which a comma is a decimal comma read it; in the others it is refused. Nowhere is it dropped.
    function Set-Culture([string] $Name) { [cultureinfo]::CurrentCulture = [cultureinfo]::GetCultureInfo($Name) }
}

Describe 'Numbers in text, in <culture>' -ForEach @(
    @{ culture = 'de-DE'; comma = $true }
    @{ culture = 'tr-TR'; comma = $true }
    @{ culture = 'fa-IR'; comma = $false }
    @{ culture = 'en-US'; comma = $false }
) {
    BeforeAll {
        $before = [cultureinfo]::CurrentCulture
        $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))
    }
    BeforeEach { Set-Culture $culture }
    AfterEach { [cultureinfo]::CurrentCulture = $before }

    It 'reads 3,25 in a table as 3.25 or refuses it' {
        $csv = Join-Path $folder 'v.csv'
        Set-Content $csv "Address,Value`nalice,`"3,25`"`nbob,4.5"
        $records = @(Import-Csv $csv | Add-DatRecord -LedgerPath (Join-Path $folder 'a.db') -ErrorVariable refused -ErrorAction SilentlyContinue)
        $records.Value | Should -Be ($comma ? @(3.25, 4.5) : @(4.5))
        @($refused).Count | Should -Be ($comma ? 0 : 1)
        if (-not $comma) { "$refused" | Should -Match "'3,25' is not a number" }
    }

    It 'reads arguments by the same rule' {
        Get-GaussianSigma -Epsilon '2.5' | Should -Be (Get-GaussianSigma -Epsilon 2.5)
        if ($comma) {
            Get-GaussianSigma -Epsilon '2,5' | Should -Be (Get-GaussianSigma -Epsilon 2.5)
        }
        else {
            { Get-GaussianSigma -Epsilon '2,5' } | Should -Throw "*'2,5' is not a number*decimals with a point*"
        }

        { Get-GaussianSigma -Epsilon '1.234,5' } | Should -Throw '*not a number*'
        { Get-GaussianSigma -Epsilon 1 -Delta '' } | Should -Throw '*not a number*'
        { Get-GaussianSigma -Epsilon 1 -Delta 'NaN' } | Should -Throw -ErrorId 'DeltaOutOfRange*'
        { Measure-EmpiricalPrivacy -Trials 1000.5 } | Should -Throw '*whole number*'
        { Measure-EmpiricalPrivacy -Trials '1,000' } | Should -Throw '*whole number*'
    }

    It 'knows the Arabic decimal sign and the minus sign' {
        Get-GaussianSigma -Epsilon "2$([char]0x66B)5" | Should -Be (Get-GaussianSigma -Epsilon 2.5)
        { Get-GaussianSigma -Epsilon "$([char]0x2212)2.5" } | Should -Throw -ErrorId 'EpsilonOutOfRange*'
    }

    It 'counts a release with a comma in full or as unusable, never for less' {
        $release = [pscustomobject]@{ Mechanism = 'AnalyticGaussian'; Sensitivity = '1'; Sigma = '4,5'; Delta = '1e-5'; IsFormal = $true; ClusterId = '0'; Modality = 'Image' }
        $loss = $release | Measure-PrivacyLoss -Accountant Rdp -WarningAction SilentlyContinue -ErrorAction SilentlyContinue
        $truth = $release | ForEach-Object { $_.Sigma = 4.5; $_ } | Measure-PrivacyLoss -Accountant Rdp
        $loss.Epsilon | Should -Be ($comma ? $truth.Epsilon : [double]::PositiveInfinity)
    }

    It 'reads agents in files' {
        $csv = Join-Path $folder 'agents.csv'
        Set-Content $csv "Agent,Value`na,`"1,375`"`nb,1.375"
        $script = { Invoke-TokenAllocation -Path $csv -Supply 10 -OutputPath (Join-Path $folder 'grants.csv') }
        if ($comma) {
            $null = & $script
            (Import-Csv (Join-Path $folder 'grants.csv')).Value | Should -Be @('1.375', '1.375')
        }
        else {
            $script | Should -Throw -ErrorId 'ColumnNotReadable*'
        }
    }

    It 'reads embeddings in files' {
        $csv = Join-Path $folder 'vectors.csv'
        Set-Content $csv "Item,v0,v1`na,`"0,6`",`"0,8`"`nb,0.6,0.8"
        $read = @(Import-Embedding $csv -ErrorAction SilentlyContinue)
        $read.ForEach({ $_.Item }) | Should -Be ($comma ? @('a', 'b') : @('b'))
        $read.ForEach({ [Math]::Round($_.Vector[0], 6) }) | ForEach-Object { $_ | Should -Be 0.6 }
        Set-Content $csv "Item,Vector`na,`"0,6 0,8`"`nb,`"0.6, 0.8`"`nc,`"[0.6 0.8]`"`nd,`"0.6;0.8`""
        $read = @(Import-Embedding $csv -ErrorAction SilentlyContinue)
        $read.ForEach({ $_.Item }) | Should -Be ($comma ? @('a', 'b', 'c', 'd') : @('b', 'c', 'd'))
        $read.Dimension | ForEach-Object { $_ | Should -Be 2 }
    }

    It 'reads traces' {
        $csv = Join-Path $folder 'trace.csv'
        Set-Content $csv "Time,Agent,Cost`n`"1,5`",a,1`n2.5,b,1"
        $script = { Invoke-QosSimulation -TracePath $csv -Rounds 1 -Seed 1 -Scheme Proposed }
        if ($comma) { @(& $script).Count | Should -Be 1 } else { $script | Should -Throw -ErrorId 'TraceNotValid*' }
    }

    It 'reads vectors and labels of objects' {
        $rows = [pscustomobject]@{ Item = 'x'; Vector = @('0,6', '0,8'); Modality = 'Image' }, [pscustomobject]@{ Item = 'y'; Vector = @('0.6', '0.8'); Modality = 'Image' }
        $groups = @($rows | Group-Embedding -PassThru -ErrorAction SilentlyContinue)
        $groups.ForEach({ $_.Item }) | Should -Be ($comma ? @('x', 'y') : @('y'))
        $groups.Dimension | ForEach-Object { $_ | Should -Be 2 }
        $values = [pscustomobject]@{ Item = 'x'; ClusterId = '1,2'; Contributor = 'a' }, [pscustomobject]@{ Item = 'y'; ClusterId = '12'; Contributor = 'b' } |
            Measure-DataValue -ErrorAction SilentlyContinue
        $values.Contributor | Should -Be 'b'
    }
}

Describe 'Numbers in text for scripts' {
    It 'refuses a comma, which another shell passes on as text' {
        { & $RepositoryRoot/scripts/Pipeline.ps1 -Epsilon '0,5' -OutputPath $TestDrive/p } | Should -Throw "*'0,5' is not a number*"
        { & $RepositoryRoot/scripts/Pipeline.ps1 -Supply '1,000' -OutputPath $TestDrive/p } | Should -Throw "*'1,000' is not a number*"
        { & $RepositoryRoot/scripts/Pipeline.ps1 -Capacity '4,5' -OutputPath $TestDrive/p } | Should -Throw "*'4,5' is not a number*"
        { & $RepositoryRoot/scripts/Figure6.ps1 -SimilarityThreshold '0,7' -OutputPath $TestDrive/p } | Should -Throw "*'0,7' is not a number*"
        Test-Path $TestDrive/p | Should -BeFalse
    }
}
