# The module and its dependencies live in an AssemblyLoadContext of their own, so that other versions of the same
# libraries can be loaded in the session. Only the small loader is shared.
$ErrorActionPreference = 'Stop'

$loader = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'QosValuation.Loader.dll')
if (-not ('QosValuation.ModuleLoadContext' -as [type])) {
    # Not Add-Type, which PowerShell looks for in a module of its own: that costs more than all else here.
    $null = [System.Reflection.Assembly]::LoadFrom($loader)
}

$assembly = [QosValuation.ModuleLoadContext]::Initialize()
$inner = Import-Module -Assembly $assembly -Force -PassThru

# Importing an assembly a second time in a process takes it from PowerShell's cache, which skips the export.
$export = [System.Management.Automation.PSModuleInfo].GetMethod('AddExportedCmdlet', [System.Reflection.BindingFlags]'Instance, NonPublic')
foreach ($cmdlet in $inner.ExportedCmdlets.Values) {
    $export.Invoke($ExecutionContext.SessionState.Module, @(, $cmdlet))
}

# Type literals do not see other load contexts; accelerators make [QosValuation.ClipEmbedding] and its kin work.
$accelerators = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
$engine = [QosValuation.ModuleLoadContext]::Engine()
[QosValuation.ModuleTypeNames]::Add($accelerators, $engine)

# Records come whole out of jobs and remoting, are records again when they are read back, and keep the names that properties had before.
# By -Force, because a session may import the module again from another folder, which a types file refuses. The cmdlet is taken from
# its assembly, because looking for it by its name loads the module that it is in.
$utility = [System.Reflection.Assembly]::Load('Microsoft.PowerShell.Commands.Utility')
$update = [System.Management.Automation.CmdletInfo]::new('Update-TypeData', $utility.GetType('Microsoft.PowerShell.Commands.UpdateTypeDataCommand'))
$records = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'records.txt')
& $update -TypeData $assembly.GetType('QosValuation.Cmdlets.RecordConverter')::TypeData($records) -Force

$MyInvocation.MyCommand.ScriptBlock.Module.OnRemove = {
    [QosValuation.ModuleTypeNames]::Remove($accelerators, $engine)
}
