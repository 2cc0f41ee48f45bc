# What a user does with the package: publishes it to a folder, installs it into an empty home, and uses it by its name in a new process.
BeforeDiscovery {
    # The PowerShell of `dotnet tool` starts jobs with a program for Linux on x64; elsewhere it cannot start any.
    $noJobs = try { $null = & (Join-Path $PSHOME ($IsWindows ? 'pwsh.exe' : 'pwsh')) -Version; $LASTEXITCODE -ne 0 } catch { $true }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $version = ([xml] (Get-Content (Join-Path $RepositoryRoot 'Directory.Build.props') -Raw)).Project.PropertyGroup.Version
    $platforms = 'linux-x64', 'linux-arm64', 'osx-arm64', 'osx-x64', 'win-x64', 'win-arm64'
    $work = (New-Item -ItemType Directory -Path (Join-Path $TestDrive 'work/out')).Parent.FullName
    $packages = Join-Path $work 'out/packages'
    $null = Invoke-FreshPwsh "& '$RepositoryRoot/build.ps1' Package -OutputPath '$packages'; exit `$LASTEXITCODE"
    $package = Get-Item (Join-Path $packages '*.nupkg')
    $content = Join-Path $TestDrive 'content'
    [System.IO.Compression.ZipFile]::ExtractToDirectory($package.FullName, $content)

    # The README's blocks on the package, and the one that begins with the import.
    $readme = Get-Content -LiteralPath (Join-Path $RepositoryRoot 'README.md') -Raw
    $install, $copy, $elsewhere = [regex]::Matches($readme, '(?ms)^```pwsh\n(.*?)^```') | ForEach-Object { $_.Groups[1].Value }
    $parallel, $job = $elsewhere.Trim() -split "`n"
    $pipeline = [regex]::Match($readme, '(?ms)^```powershell\n(Import-Module \./out/QosValuation\n.*?)^```').Groups[1].Value
    $pipeline = $pipeline.Replace('./out/QosValuation', 'QosValuation')

    # Runs a script in a process whose home is empty but for what the tests before put there, and that inherits no module path.
    function Invoke-AtHome([string] $Script) {
        $kept = @{}
        foreach ($name in 'HOME', 'PSModulePath', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME') {
            $kept[$name] = [System.Environment]::GetEnvironmentVariable($name)
            [System.Environment]::SetEnvironmentVariable($name, $null)
        }

        try {
            $env:HOME = Join-Path $TestDrive 'home'
            # Windows has its documents elsewhere, whatever the environment says: there the path of modules leads to the home.
            $path = $IsWindows ? "`$env:PSModulePath = '$env:HOME' + ';' + `$env:PSModulePath; " : ''
            Invoke-FreshPwsh "$path Set-Location -LiteralPath '$work'; $Script"
        }
        finally {
            foreach ($name in $kept.Keys) { [System.Environment]::SetEnvironmentVariable($name, $kept[$name]) }
        }
    }

    $null = New-Item -ItemType Directory -Path (Join-Path $TestDrive 'home')
}

Describe 'The package' {
    It 'has the version that Directory.Build.props says, and so have the manifest and the assemblies' {
        $package.Name | Should -Be "QosValuation.$version.nupkg"
        (Import-PowerShellDataFile -LiteralPath $ModuleManifest).ModuleVersion | Should -Be $version
        foreach ($assembly in Get-Item (Join-Path $content 'bin/lib/QosValuation.*.dll')) {
            [System.Reflection.AssemblyName]::GetAssemblyName($assembly.FullName).Version | Should -Be ([version] "$version.0") -Because $assembly.Name
        }
    }

    It 'says who made it, where it comes from, and under what licence' {
        $nuspec = ([xml] (Get-Content (Join-Path $content 'QosValuation.nuspec') -Raw)).package.metadata
        $manifest = Import-PowerShellDataFile -LiteralPath (Join-Path $content 'QosValuation.psd1')
        $nuspec.version | Should -Be $version
        $nuspec.authors | Should -Be $manifest.Author
        $nuspec.projectUrl | Should -Be $manifest.PrivateData.PSData.ProjectUri
        $nuspec.licenseUrl | Should -Be $manifest.PrivateData.PSData.LicenseUri
        $nuspec.releaseNotes.Length | Should -BeGreaterThan 100
        $nuspec.tags | Should -Match 'PSModule'
        $manifest.CompanyName | Should -Not -BeNullOrEmpty
        Join-Path $content 'LICENSE' | Should -FileContentMatch 'MIT'
    }

    It 'holds the native libraries of every platform that has them' {
        foreach ($platform in $platforms) {
            $names = (Get-ChildItem (Join-Path $content "bin/lib/runtimes/$platform/native")).Name
            $names | Where-Object { $_ -match 'e_sqlite3\.(so|dylib|dll)$' } | Should -HaveCount 1 -Because $platform
            $names | Where-Object { $_ -match '^libvips\b' } | Should -HaveCount 1 -Because $platform
            # ONNX Runtime is no longer built for Macs with Intel processors.
            $names | Where-Object { $_ -match '^(lib)?onnxruntime\.(so|dylib|dll)$' } | Should -HaveCount ($platform -eq 'osx-x64' ? 0 : 1) -Because $platform
            $names | Where-Object { $_ -match '\.(lib|a|aar|pdb)$' } | Should -BeNullOrEmpty -Because $platform
        }

        (Get-ChildItem (Join-Path $content 'bin/lib/runtimes')).Name | Sort-Object | Should -Be ($platforms | Sort-Object)
    }

    It 'names every package it contains in its bill of materials, with a licence' {
        $bom = Get-Content (Join-Path $content 'sbom.cdx.json') -Raw | ConvertFrom-Json
        $bom.bomFormat | Should -Be 'CycloneDX'
        $bom.metadata.component.version | Should -Be $version
        $names = ($bom.components | Where-Object scope -NE 'excluded').name
        foreach ($expected in 'Microsoft.ML.OnnxRuntime', 'NetVips', 'Vizor.ECharts', 'CsvHelper', 'MathNet.Numerics', 'Microsoft.Data.Sqlite', 'Npgsql') {
            $names | Should -Contain $expected
        }

        $names | Should -Not -Contain 'PowerShellStandard.Library' -Because 'it is compiled against, and not contained'
        $notices = Get-Content (Join-Path $content 'licenses/THIRD-PARTY-NOTICES.md') -Raw
        foreach ($name in $names) {
            $line = [regex]::Match($notices, "(?m)^\| \[$([regex]::Escape($name))\].*$").Value
            $targets = [regex]::Matches(($line -split '\|')[3], '\]\(([^)]+)\)') | ForEach-Object { $_.Groups[1].Value }
            $targets | Should -Not -BeNullOrEmpty -Because $name
            foreach ($target in $targets) {
                Join-Path $content 'licenses' $target | Should -Exist
            }
        }
    }
}

Describe 'The installed package' {
    BeforeAll {
        $script = $IsWindows ? ($install -replace '(?m)^Install-PSResource (.*)$', "Save-PSResource `$1 -Path '$TestDrive/home'") : $install
        $null = Invoke-AtHome $script

        # The pipeline without what must not run twice at a time, and the one number of it that is compared.
        $steps = $pipeline -replace '(?m)^(Import-Module|\$scenes).*$'
        $fairness = "Where-Object { `$_.PSTypeNames[0] -like '*QosValuation.FairnessReport' } | ForEach-Object { [string] `$_.SocialWelfare }"
    }

    It 'is found by its name in a new process, and runs the README''s pipeline' {
        $lines = Invoke-AtHome @"
Import-Module QosValuation
(Get-Module QosValuation).ModuleBase
$pipeline
"@
        $lines[0] | Should -BeLike "$TestDrive*$version"
        ($lines -join "`n") | Should -Match 'Jain'
        ($lines -join "`n") | Should -Match 'contributor-0'
        ($lines -join "`n") | Should -Match 'DiscreteGaussian'
        $script:expected = Invoke-AtHome "& { $steps } | $fairness"
        [double] $expected | Should -BeGreaterThan 1
    }

    It 'works in ForEach-Object -Parallel' {
        $lines = Invoke-AtHome "@($parallel).Where{ `$_.Vector.Count -eq 512 }.Contributor"
        $lines.Count | Should -Be 60
        @($lines | Select-Object -Unique).Count | Should -Be 5

        $lines = Invoke-AtHome "1..2 | ForEach-Object -Parallel { $steps } | $fairness"
        $lines.Count | Should -Be 2
        $lines | Should -Be @($expected, $expected)
    }

    It 'works as a plain copy of the folder, in runspaces too' -Skip:$IsWindows {
        # Without the package: what is found is the copy.
        $modules = Join-Path $TestDrive 'home/.local/share/powershell/Modules'
        Rename-Item $modules 'Installed'
        try {
            $null = Invoke-AtHome "Set-Location -LiteralPath '$RepositoryRoot'; $copy"
            Join-Path $modules 'QosValuation/QosValuation.psd1' | Should -Exist
            @(Invoke-AtHome "@($parallel).Where{ `$_.Vector.Count -eq 512 }.Contributor").Count | Should -Be 60
        }
        finally {
            Remove-Item $modules -Recurse -ErrorAction Ignore
            Rename-Item (Join-Path (Split-Path $modules) 'Installed') 'Modules'
        }
    }

    It 'works in Start-Job' -Skip:$noJobs {
        [double] (Invoke-AtHome $job) | Should -BeGreaterThan 3.7
        Invoke-AtHome "Start-Job { Set-Location -LiteralPath '$work'; $steps } | Receive-Job -Wait | $fairness" | Should -Be $expected
    }
}
