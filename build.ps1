<#
.SYNOPSIS
The front door of the repository: builds, tests, reproduces, packs and measures QosValuation.

.DESCRIPTION
Needs the .NET 10 SDK and nothing else; `dotnet tool restore` brings PowerShell, and NuGet the rest. In a shell that is not PowerShell:

    dotnet tool restore && dotnet pwsh ./build.ps1 Test

The tasks:

Build compiles everything and assembles the importable module in out/QosValuation.

Test builds, runs the xunit and the Pester tests, reads damaged files for a minute or so, looks in a short bench whether anything has become several times
slower, and ends with "N passed, N failed"; ", N skipped" follows where a test needs what is not there.

Fuzz builds and reads damaged files of every kind with the module: nothing may hang, change in silence, flood the memory or end in a raw exception.
What it finds is kept in out/fuzz. Its options follow: --seconds, --seed, --target.

Reproduce builds the module and runs scripts/Invoke-PaperExperiments.ps1 -Quick on drawn scenes: a summary, CSV files and report.html.

Package builds the module for every platform and packs it as one file for Install-PSResource, with its licences and a bill of materials.

Bench measures everything beside the peers that this machine has and prints one table; out/bench holds it as JSON and as a page, bench/README.md the
last table. With the name of a command it runs that benchmark alone; bench/README.md lists them.

Exit codes: 0 the task was done; 1 it failed, or a test did; Reproduce 2 where a claim of the paper does not hold at every point; Bench those of the benchmark.

.PARAMETER Task
What to do: Build (the default), Test, Fuzz, Reproduce, Package or Bench.

.PARAMETER Configuration
Release (the default) or Debug.

.PARAMETER Provider
What the module computes on: Cpu (the default), or Cuda, which takes ONNX Runtime's libraries for NVIDIA's GPUs (several hundred megabytes, for
Linux and Windows on x64) and runs on processors too. docs/gpu.md says what a machine needs for it.

.PARAMETER OutputPath
The folder for what the task makes, created where it does not exist: results for Reproduce, out/packages
for Package (out/packages/cuda with -Provider Cuda) and out/bench for Bench by default.

.PARAMETER Seed
Reproduce: the seed of every experiment; the same seed gives the same numbers. 1 by default.

.PARAMETER Force
Reproduce: makes everything anew, also what is there already.

.PARAMETER Filter
Test: only the xunit tests that match, as `dotnet test --filter` takes it. Pester tests run then only with -Path.

.PARAMETER Path
Test: only these Pester files. xunit tests run then only with -Filter.

.PARAMETER ArgumentList
Bench: the command of the benchmark and its options, or only options such as --only, --repeats, --images and --models. Fuzz: its options.

.EXAMPLE
./build.ps1 Reproduce

Runs the experiments and writes results/report.html.

.EXAMPLE
./build.ps1 Test -Path ./tests/pester/Ledger.Tests.ps1

Builds, and runs one file of Pester tests.

.EXAMPLE
./build.ps1 Test -Filter FullyQualifiedName~Fairness

Builds, and runs the xunit tests whose names contain a word.

.EXAMPLE
./build.ps1 Bench

Measures everything beside its peers, and writes out/bench/bench.html.

.EXAMPLE
./build.ps1 Bench allocation --agents 100000

Measures the allocation of a hundred thousand agents.

.EXAMPLE
./build.ps1 Fuzz --seconds 600 --seed 7

Reads damaged files for ten minutes.
#>
#Requires -Version 7.6
[CmdletBinding(PositionalBinding = $false)]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Fuzz', 'Reproduce', 'Package', 'Bench')]
    [string] $Task = 'Build',

    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    [ValidateSet('Cpu', 'Cuda')]
    [string] $Provider = 'Cpu',

    [ValidateNotNullOrEmpty()]
    [string] $OutputPath,

    [int] $Seed = 1,

    [switch] $Force,

    [ValidateNotNullOrEmpty()]
    [string] $Filter,

    [ValidateNotNullOrEmpty()]
    [string[]] $Path,

    [Parameter(ValueFromRemainingArguments)]
    [string[]] $ArgumentList = @()
)

$ErrorActionPreference = 'Stop'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'
$env:OnnxProvider = $Provider # MSBuild takes it for a property, in every call.
if (-not $env:DOTNET_ROOT) {
    # Start-Job starts the program in PowerShell's folder, which finds .NET by this variable where .NET is in no usual place.
    $dotnet = Get-Item -LiteralPath (Get-Command dotnet -CommandType Application | Select-Object -First 1).Source
    $env:DOTNET_ROOT = Split-Path ($dotnet.ResolvedTarget ?? $dotnet.FullName)
}

# Runs dotnet; where it fails, so does the task.
function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE -ne 0) {
        throw "dotnet $($args -join ' ') ended with $LASTEXITCODE."
    }
}

function Invoke-Build {
    Invoke-DotNet build --configuration $Configuration
}

# The counts that a test run left in a file. A run that failed and counts no failure broke off: that is one.
function Get-TestCount([string] $File, [int] $ExitCode, [scriptblock] $Read) {
    $counts = (Test-Path -LiteralPath $File) ? (& $Read (Get-Content -LiteralPath $File -Raw)) : @{ Passed = 0; Failed = 0; Skipped = 0 }
    if ($ExitCode -ne 0 -and $counts.Failed -eq 0) {
        $counts.Failed = 1
    }

    [pscustomobject] $counts
}

function Invoke-Test {
    Invoke-Build
    $results = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-').FullName
    $counts = [System.Collections.Generic.List[object]]::new()

    # Both at a time, because each leaves processors idle; what xunit says is shown when Pester has ended.
    $unit = if ($Filter -or -not $files) {
        $arguments = @('test', 'tests/unit', '--no-build', '--configuration', $Configuration)
        $arguments += '--results-directory', $results, '--logger', 'console', '--logger', 'trx;LogFileName=unit.trx'
        if ($Filter) {
            $arguments += '--filter', $Filter
        }

        Start-ThreadJob {
            Set-Location -LiteralPath $using:PSScriptRoot
            dotnet @using:arguments 2>&1 | ForEach-Object { "$_" }
            $LASTEXITCODE
        }
    }

    try {
        if ($files -or -not $Filter) {
            $json = Join-Path $results 'pester.json'
            dotnet pwsh -NoProfile -NonInteractive tests/pester/Invoke-PesterTests.ps1 -ResultPath $json @files
            $counts.Add((Get-TestCount $json $LASTEXITCODE { $args[0] | ConvertFrom-Json -AsHashtable }))
        }

        if ($unit) {
            $lines = @($unit | Receive-Job -Wait)
            $lines | Select-Object -SkipLast 1
            $counts.Add((Get-TestCount (Join-Path $results 'unit.trx') $lines[-1] {
                        $counters = ([xml] $args[0]).TestRun.ResultSummary.Counters
                        @{ Passed = [int] $counters.passed; Failed = [int] $counters.failed; Skipped = [int] $counters.total - [int] $counters.executed }
                    }))
        }
    }
    finally {
        $unit | Remove-Job -Force
        Remove-Item -LiteralPath $results -Recurse -Force
    }

    if (-not $files -and -not $Filter) {
        Read-DamagedFile --seconds 60 --seed 1 | Out-Host
        $found = [int] $script:exitCode
        $counts.Add([pscustomobject] @{ Passed = 1 - $found; Failed = $found; Skipped = 0 })
        Test-Speed | Out-Host
        $lost = [int] $script:exitCode
        $counts.Add([pscustomobject] @{ Passed = 1 - $lost; Failed = $lost; Skipped = 0 })
    }

    $sum = @{}
    foreach ($name in 'Passed', 'Failed', 'Skipped') {
        $sum[$name] = ($counts | Measure-Object $name -Sum).Sum
    }

    "$($sum.Passed) passed, $($sum.Failed) failed$($sum.Skipped ? ", $($sum.Skipped) skipped" : '')"
    $script:exitCode = $sum.Failed ? 1 : 0
}

# The exit code is 1 where something was found.
function Read-DamagedFile {
    & dotnet run --project tests/fuzz --no-build --configuration $Configuration -- @args
    $script:exitCode = $LASTEXITCODE ? 1 : 0
}

# The module alone, without tests and benchmarks.
function Build-Module {
    Invoke-DotNet build src/QosValuation.Help --configuration $Configuration '--consoleLoggerParameters:NoSummary'
}

# Adds to a bill of materials the packages of which a project takes single files (PackageDownload): CycloneDX does not look at those.
function Add-DownloadedPackage([string] $BomPath, [string] $Cache) {
    $bom = Get-Content -LiteralPath $BomPath -Raw | ConvertFrom-Json -AsHashtable
    # Packs of the framework are downloaded too, and are not part of the module.
    $packages = Get-Item -Path 'src/*/obj/project.assets.json' |
        ForEach-Object { (Get-Content -LiteralPath $_ -Raw | ConvertFrom-Json).project.frameworks.PSObject.Properties.Value.downloadDependencies } |
        Where-Object { $_ -and $_.name -notlike 'Microsoft.*.App.*' } | Sort-Object name, version -Unique
    foreach ($package in $packages) {
        $version = $package.version.Trim('[', ']').Split(',')[0]
        $folder = Join-Path $Cache $package.name.ToLowerInvariant() $version
        $nuspec = ([xml] (Get-Content -Path (Join-Path $folder '*.nuspec') -Raw)).package.metadata
        $hash = [Convert]::ToHexString([Convert]::FromBase64String((Get-Content -Path (Join-Path $folder '*.nupkg.sha512') -Raw)))
        $address = "pkg:nuget/$($package.name)@$version"
        $bom.components += @{
            type      = 'library'
            'bom-ref' = $address
            name      = $package.name
            version   = $version
            scope     = 'required'
            hashes    = @(@{ alg = 'SHA-512'; content = $hash })
            licenses  = @(@{ license = @{ id = $nuspec.license.InnerText } })
            purl      = $address
        }
    }

    $bom | ConvertTo-Json -Depth 20 | Set-Content -LiteralPath $BomPath
}

# Writes licenses/THIRD-PARTY-NOTICES.md, a line for each package of the bill of materials, and beside it the licence files that packages bring.
# A package that brings none has to name a licence whose text stands in module/licenses.
function Export-ThirdPartyNotice([string] $BomPath, [string] $Cache, [string] $Folder) {
    $bom = Get-Content -LiteralPath $BomPath -Raw | ConvertFrom-Json -AsHashtable
    # These name their licence by an address alone.
    $stated = @{ 'K4os.Compression.LZ4' = 'MIT' }
    $lines = @(foreach ($component in $bom.components | Where-Object { $_.scope -ne 'excluded' } | Sort-Object { $_.name }) {
            $name = $component.name
            $source = Join-Path $Cache $name.ToLowerInvariant() $component.version.ToLowerInvariant()
            $files = @(Get-ChildItem -LiteralPath $source -File | Where-Object Extension -In '', '.txt', '.md' |
                    Where-Object Name -Match '^(licen[cs]e|notice|copying|third-?party-?notices)')
            if ($files) {
                $null = New-Item -ItemType Directory -Path (Join-Path $Folder $name)
                Copy-Item -LiteralPath $files.FullName -Destination (Join-Path $Folder $name)
            }

            $licences = @($component.licenses.license.id | Where-Object { $_ })
            if (-not $licences -and $stated[$name]) {
                $licences = @($stated[$name])
            }

            $texts = $licences -replace '-(or-later|only)$' | Where-Object { Test-Path -LiteralPath (Join-Path $Folder "$_.txt") }
            $links = @($texts | ForEach-Object { "[$_]($_.txt)" })
            $links += $files | ForEach-Object { "[$($_.Name)]($name/$($_.Name))" }
            if (-not $links) {
                throw "$name brings no licence, and module/licenses has no text for '$($licences -join ', ')'."
            }

            $nuspec = ([xml] (Get-Content -Path (Join-Path $source '*.nuspec') -Raw)).package.metadata
            $address = $nuspec.projectUrl ?? $nuspec.repository.url
            "| [$name]($address) $($component.version) | $($nuspec.copyright ?? $nuspec.authors) | $($links -join ', ') |"
        })

    # What a package contains of others and does not say itself has a folder in module/licenses.
    foreach ($own in Get-ChildItem -LiteralPath (Join-Path $PSScriptRoot 'module/licenses') -Directory) {
        $links = Get-ChildItem -LiteralPath $own.FullName -File | Sort-Object Name | ForEach-Object { "[$($_.Name)]($($own.Name)/$($_.Name))" }
        $lines += "| $($own.Name) | see its notice | $($links -join ', ') |"
    }

    $head = @(
        '# What the module contains of others'
        ''
        'Where a line links several licences of one package, the package is used under any of them.'
        ''
        '| package | copyright | licence |'
        '|---|---|---|'
    )
    Set-Content -LiteralPath (Join-Path $Folder 'THIRD-PARTY-NOTICES.md') -Value ($head + $lines)
}

# In a process of its own, because a process keeps the module that it has loaded, also when it has been built again.
function Invoke-Reproduce {
    Write-Host 'Reproduce: builds the module (about a minute the first time, seconds later),'
    Write-Host "then runs the paper's experiments in a quick size on drawn scenes (a minute or two)."
    Build-Module
    $experiments = Join-Path $PSScriptRoot 'scripts/Invoke-PaperExperiments.ps1'
    $run = '$null = & $args[0] -Quick -OutputPath $args[1] -Seed $args[2] -Force:($args[3] -eq "True"); exit $LASTEXITCODE'
    dotnet pwsh -NoProfile -CommandWithArgs $run $experiments $destination $Seed $Force
    $script:exitCode = $LASTEXITCODE
}

function Invoke-Package {
    $work = Join-Path $PSScriptRoot 'out/package'
    $module = Join-Path $work 'QosValuation'
    Remove-Item -LiteralPath $work -Recurse -Force -ErrorAction Ignore
    $null = New-Item -ItemType Directory -Path $module, $destination -Force

    # The module as every build assembles it, but with the native libraries of every platform.
    Build-Module
    $libraries = Join-Path $work 'cmdlets/'
    $publish = '--no-build', '--configuration', $Configuration, '--verbosity', 'quiet', '-p:NativeRuntimes=all', '--output', $libraries
    Invoke-DotNet publish src/QosValuation.Cmdlets @publish
    $assemble = '-t:AssembleModule', "-p:ModuleFolder=$module/", "-p:CmdletsOutput=$libraries", "-p:ModuleRuntimes=$($platforms -join '%3B')"
    Invoke-DotNet build src/QosValuation.Help --no-restore --configuration $Configuration '--consoleLoggerParameters:NoSummary' @assemble
    $version = (Import-PowerShellDataFile -LiteralPath (Join-Path $module 'QosValuation.psd1')).ModuleVersion

    $bom = Join-Path $module 'sbom.cdx.json'
    $cache = (dotnet nuget locals global-packages --list) -replace '^[^:]*: '
    $describe = '--set-name', 'QosValuation', '--set-version', $version, '--set-type', 'Library', '--exclude-filter', 'PowerShellStandard.Library'
    $write = '--disable-package-restore', '--output', $module, '--filename', (Split-Path $bom -Leaf), '--output-format', 'Json'
    Invoke-DotNet CycloneDX src/QosValuation.Cmdlets/QosValuation.Cmdlets.csproj @describe @write | Out-Null
    Add-DownloadedPackage $bom $cache
    Export-ThirdPartyNotice $bom $cache (Join-Path $module 'licenses')

    $package = Join-Path $destination "QosValuation.$version.nupkg"
    Remove-Item -LiteralPath $package -Force -ErrorAction Ignore
    Compress-PSResource -Path $module -DestinationPath $destination
    foreach ($platform in $platforms) {
        $names = @(Get-Item -Path (Join-Path $module "bin/lib/runtimes/$platform/native/*") | Sort-Object Name | ForEach-Object Name)
        Write-Host "$($platform.PadRight(12)) $($names ? $names -join ', ' : 'no native library')"
    }

    Get-Item -LiteralPath $package
}

function Invoke-Fuzz {
    Invoke-Build
    Read-DamagedFile @ArgumentList
}

# With a command, that benchmark alone; without one everything beside its peers, and a page of it by the module.
function Invoke-Bench {
    if ($ArgumentList -and -not $ArgumentList[0].StartsWith('-')) {
        dotnet run --project bench/QosValuation.Bench --configuration $Configuration -- @ArgumentList
        $script:exitCode = $LASTEXITCODE
        return
    }

    Build-Module
    $json = Join-Path $destination 'bench.json'
    $page = Join-Path $destination 'bench.html'
    $write = '--json', $json, '--table', (Join-Path $PSScriptRoot 'bench/README.md')
    dotnet run --project bench/QosValuation.Bench --configuration $Configuration -- all @write @ArgumentList
    $script:exitCode = $LASTEXITCODE
    $report = 'Import-Module $args[0]; Get-Content -LiteralPath $args[1] -Raw | ConvertFrom-Json | Export-QosReport $args[2] -Title Measurements -Force'
    dotnet pwsh -NoProfile -NonInteractive -CommandWithArgs $report (Join-Path $PSScriptRoot 'out/QosValuation') $json $page
    if ($LASTEXITCODE) {
        $script:exitCode = 1
    }
}

# The exit code is 1 where a ratio fell below half of what bench/recorded.json holds.
function Test-Speed {
    & dotnet run --project bench/QosValuation.Bench --no-build --configuration $Configuration -- guard
    $script:exitCode = $LASTEXITCODE ? 1 : 0
}

$exitCode = 0
$platforms = 'linux-x64', 'linux-arm64', 'osx-arm64', 'osx-x64', 'win-x64', 'win-arm64'
if ($Provider -eq 'Cuda') {
    $platforms = 'linux-x64', 'win-x64'
}

$folders = @{ Package = $Provider -eq 'Cuda' ? 'out/packages/cuda' : 'out/packages'; Bench = 'out/bench' }
$default = Join-Path $PSScriptRoot ($folders[$Task] ?? 'results')
$destination = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutputPath ? $OutputPath : $default)
$files = @($Path | Where-Object { $_ } | Convert-Path)
if ($Path -and -not $files) {
    throw "No file is named $($Path -join ', ')."
}

Push-Location -LiteralPath $PSScriptRoot
try {
    & "Invoke-$Task"
}
catch {
    Write-Error -ErrorRecord $_ -ErrorAction Continue
    # The last line of Test counts, whatever happened.
    if ($Task -eq 'Test') {
        '0 passed, 1 failed'
    }

    $exitCode = 1
}
finally {
    Pop-Location
}

exit $exitCode
