BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $commands = Get-Command -Module QosValuation
    $cases = foreach ($command in $commands) { @{ Name = $command.Name; Command = $command } }
}

BeforeAll {
    . $PSScriptRoot/Common.ps1
    $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
}

Describe 'The module' {
    It 'exports every cmdlet that its manifest names, and no other' {
        $manifest = Import-PowerShellDataFile -LiteralPath $ModuleManifest
        $exported = (Get-Command -Module QosValuation).Name | Sort-Object
        $exported | Should -Be ($manifest.CmdletsToExport | Sort-Object)
        (Get-Module QosValuation).ExportedFunctions.Count | Should -Be 0
    }

    It 'lists every format file' {
        $manifest = Import-PowerShellDataFile -LiteralPath $ModuleManifest
        $files = Get-ChildItem -LiteralPath (Join-Path $RepositoryRoot 'module/formats') -Filter *.ps1xml
        @($manifest.FormatsToProcess | Sort-Object) | Should -Be @($files.Name | ForEach-Object { "formats/$_" } | Sort-Object)
    }

    It 'uses approved verbs' {
        $approved = (Get-Verb).Verb
        (Get-Command -Module QosValuation).Verb | Should -BeIn $approved
    }

    It 'resolves its types by name' {
        [QosValuation.Modality]::Image | Should -Be 'Image'
        [QosValuation.ClipEmbedding].FullName | Should -Be 'QosValuation.ClipEmbedding'
    }

    It 'works again after -Force, after removal, and in another runspace' {
        $lines = Invoke-FreshPwsh @"
Import-Module '$ModuleManifest'
Import-Module '$ModuleManifest' -Force
(Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture)
Remove-Module QosValuation
Import-Module '$ModuleManifest'
(Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture)
1..2 | ForEach-Object -Parallel { Import-Module '$ModuleManifest'; (Get-GaussianSigma -Epsilon 1 -Delta 1e-5).ToString('F3', [cultureinfo]::InvariantCulture) }
"@
        $lines | Should -Be @('3.731', '3.731', '3.731', '3.731')
    }
}

Describe 'Help of <Name>' -ForEach $cases {
    BeforeAll {
        $help = Get-Help $Name -Full
        $parameters = @($Command.Parameters.Values | Where-Object { $_.Name -notin $common -and $_.Name -notin 'WhatIf', 'Confirm' })
        $documented = @($help.parameters.parameter | Where-Object { $_ })
    }

    It 'has a synopsis, a description and an example' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -Match "^\s*$Name\s*\["
        ($help.description | Out-String).Trim() | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterThan 0
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty
        }
    }

    It 'documents every parameter, and no other' {
        @($documented.name | Sort-Object) | Should -Be @($parameters.Name | Sort-Object)
        foreach ($parameter in $documented) {
            ($parameter.description | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because "-$($parameter.name) needs a description"
        }
    }

    It 'has examples that parse and use real parameters' {
        foreach ($example in $help.examples.example) {
            $errors = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $example.code
            foreach ($call in $tree.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)) {
                $target = Get-Command $call.GetCommandName() -ErrorAction Ignore
                if ($target.ModuleName -eq 'QosValuation') {
                    foreach ($element in $call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] }) {
                        { $target.ResolveParameter($element.ParameterName) } | Should -Not -Throw -Because $example.code
                    }
                }
            }
        }
    }

    It 'declares its output type' {
        $Command.OutputType.Count | Should -BeGreaterThan 0
    }
}

Describe 'about_QosValuation' {
    It 'is found' {
        Get-Help about_QosValuation | Out-String | Should -Match 'arXiv:2606.15573'
    }
}
