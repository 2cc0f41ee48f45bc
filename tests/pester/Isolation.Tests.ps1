BeforeAll {
    . $PSScriptRoot/Common.ps1
    $fixtures = Join-Path $RepositoryRoot 'out/fixtures'
}

Describe 'Load-context isolation' {
    It 'works when the session has loaded other versions of CsvHelper and System.Numerics.Tensors' {
        $lines = Invoke-FreshPwsh @"
Add-Type -LiteralPath '$fixtures/CsvHelper/CsvHelper.dll'
Add-Type -LiteralPath '$fixtures/System.Numerics.Tensors/System.Numerics.Tensors.dll'
Import-Module '$ModuleManifest'
`$folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-').FullName
try {
    New-SceneDataset -Path "`$folder/scenes" -Count 6 -ImageSize 96 -Seed 1 | Get-ClipEmbedding -WarningAction SilentlyContinue | Export-Embedding -Path "`$folder/vectors.csv"
    (Import-Embedding -Path "`$folder/vectors.csv" | Group-Embedding -SimilarityThreshold 0.1 -PassThru | Measure-DataValue).Quantity
}
finally {
    Remove-Item -LiteralPath `$folder -Recurse -Force
}
[CsvHelper.CsvReader]::Origin
[System.Numerics.Tensors.TensorPrimitives]::Origin
[AppDomain]::CurrentDomain.GetAssemblies().Where{ `$_.GetName().Name -in 'CsvHelper', 'System.Numerics.Tensors' }.ForEach{
    [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name + ' ' + `$_.GetName().Name } | Sort-Object
"@
        $lines | Should -Be @('6', 'fixture', 'fixture',
            'Default CsvHelper', 'Default System.Numerics.Tensors',
            'QosValuation CsvHelper', 'QosValuation System.Numerics.Tensors')
    }
}
