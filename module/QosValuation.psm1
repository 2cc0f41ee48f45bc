# The module and its dependencies live in an AssemblyLoadContext of their own, so that other versions of the same
# libraries can be loaded in the session. Only the small loader is shared.
$ErrorActionPreference = 'Stop'

$loader = [System.IO.Path]::Combine($PSScriptRoot, 'bin', 'QosValuation.Loader.dll')
if (-not ('QosValuation.ModuleLoadContext' -as [type])) {
    Add-Type -LiteralPath $loader
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
$context = [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext($assembly)
[System.Reflection.Assembly[]] $engine = $assembly.GetReferencedAssemblies() |
    Where-Object Name -Like 'QosValuation.*' |
    ForEach-Object { $context.LoadFromAssemblyName($_) }

[QosValuation.ModuleTypeNames]::Add($accelerators, $engine)

# Records come whole out of jobs and remoting, are records again when they are read back, and keep the names that properties had before.
# By -Force, because a session may import the module again from another folder, which a types file refuses.
$converter = $assembly.GetType('QosValuation.Cmdlets.RecordConverter')
foreach ($type in $converter::Types) {
    Update-TypeData -TypeName $type.FullName -SerializationDepth 5 -TypeConverter $converter -Force
    foreach ($name in $converter::FormerNames($type)) {
        Update-TypeData -TypeName $type.FullName -MemberType AliasProperty -MemberName $name.Key -Value $name.Value -Force
    }

    Update-TypeData -TypeName "Deserialized.$($type.FullName)" -TargetTypeForDeserialization $type -Force
}

$MyInvocation.MyCommand.ScriptBlock.Module.OnRemove = {
    [QosValuation.ModuleTypeNames]::Remove($accelerators, $engine)
}
