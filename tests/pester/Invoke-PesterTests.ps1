<#
.SYNOPSIS
Runs the Pester tests in this process; build.ps1 Test calls it in a process of its own.

.DESCRIPTION
Uses the Pester that the build puts into out/modules. Exits with 1 where a test, a block or a file failed, or nothing ran.

.PARAMETER Path
The files to run; all of tests/pester by default.

.PARAMETER ResultPath
A JSON file for the counts: Passed, Failed, Skipped.

.EXAMPLE
dotnet pwsh tests/pester/Invoke-PesterTests.ps1 tests/pester/Ledger.Tests.ps1

One file, after a build.
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    [Parameter(ValueFromRemainingArguments)]
    [ValidateNotNullOrEmpty()]
    [string[]] $Path = $PSScriptRoot,

    [ValidateNotNullOrEmpty()]
    [string] $ResultPath
)

$ErrorActionPreference = 'Stop'
$modules = Join-Path $PSScriptRoot '../../out/modules'
if (-not (Test-Path -LiteralPath $modules)) {
    throw 'Pester is not there yet: run ./build.ps1 Build first.'
}

# First on the path, and by its full name, so that no other Pester of the machine is taken.
$env:PSModulePath = (Resolve-Path -LiteralPath $modules).ProviderPath + [System.IO.Path]::PathSeparator + $env:PSModulePath
Import-Module (Get-Item (Join-Path $modules 'Pester/*/Pester.psd1')).FullName
if ([Console]::IsOutputRedirected) {
    $PSStyle.OutputRendering = 'PlainText'
}

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$result = Invoke-Pester -Configuration $configuration
if ($ResultPath) {
    [ordered]@{
        Passed  = $result.PassedCount
        Failed  = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
        Skipped = $result.SkippedCount + $result.NotRunCount + $result.InconclusiveCount
    } | ConvertTo-Json | Set-Content -LiteralPath $ResultPath
}

exit [int] ($result.Result -ne 'Passed' -or $result.PassedCount -eq 0)
