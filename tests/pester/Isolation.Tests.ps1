BeforeDiscovery {
    . $PSScriptRoot/Common.ps1
    $noData = -not $SharedData
}

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

    It 'is imported by many runspaces at the same time, again and again' {
        Invoke-FreshPwsh @"
1..40 | ForEach-Object -ThrottleLimit 8 -Parallel {
    foreach (`$turn in 1..4) { Import-Module '$ModuleManifest' -Force -ErrorAction Stop }
    ([type] 'QosValuation.ClipEmbedding').Name
} | Group-Object | ForEach-Object { "`$(`$_.Count) `$(`$_.Name)" }
"@ | Should -Be '40 ClipEmbedding'
    }

    It 'leaves nothing of ONNX Runtime''s telemetry behind' {
        $cache = Join-Path $TestDrive 'home'
        $null = New-Item -ItemType Directory -Path $cache
        $folders = @{}
        foreach ($name in 'HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'LOCALAPPDATA') { $folders[$name] = [Environment]::GetEnvironmentVariable($name) }
        try {
            foreach ($name in $folders.Keys) { [Environment]::SetEnvironmentVariable($name, $cache) }
            Invoke-FreshPwsh "Import-Module '$ModuleManifest'; (Get-ClipEmbedding -Text 'a dog').Modality" | Should -Be 'Text'
        }
        finally {
            foreach ($name in $folders.Keys) { [Environment]::SetEnvironmentVariable($name, $folders[$name]) }
        }

        # Where it is on, a device id and a store of events lie in a folder .onnxruntime of the cache.
        Get-ChildItem -LiteralPath $cache -Recurse -Force -Filter '*onnxruntime*' | Should -BeNullOrEmpty
    }

    It 'runs both pipelines over <Name> beside other versions of the libraries' -Skip:$noData -ForEach @(
        @{ Name = 'the COCO photographs'; Annotations = 'coco-val2017-subset/captions_val2017.json'; Images = 'coco-val2017-subset/val2017'; Records = 358; Clustered = 306 }
        @{ Name = 'the Flickr8k photographs'; Annotations = 'flickr8k-clip/captions.json'; Images = 'flickr8k-clip/images'; Records = 999; Clustered = 890 }
    ) {
        $lines = Invoke-FreshPwsh @"
`$WarningPreference = 'SilentlyContinue'
Add-Type -LiteralPath '$fixtures/CsvHelper/CsvHelper.dll'
Add-Type -LiteralPath '$fixtures/System.Numerics.Tensors/System.Numerics.Tensors.dll'
Import-Module '$ModuleManifest'
`$report = Import-CocoDataset -AnnotationPath '$SharedData/$Annotations' -ImageFolder '$SharedData/$Images' | Get-ClipEmbedding |
    Group-Embedding -PassThru | Measure-DataValue | Invoke-TokenAllocation -Supply 1000 -Capacity 4 | Measure-Fairness
`$prototypes = @(Get-ClipEmbedding '$SharedData/$Images/*.jpg' | Group-Embedding | New-DpPrototype -Epsilon 1 -Delta 1e-5)
"`$(`$report.Count) `$(`$report.Jain) `$(`$report.Allocated)"
"`$(@(`$prototypes.Where{ `$_.IsFormal -and `$_.Sensitivity -eq 2 / `$_.Count }).Count -eq `$prototypes.Count)"
(`$prototypes | Measure-Object Count -Sum).Sum
(Get-ClipEmbedding '$SharedData/$Images/*.jpg' -Model clip-mini | Group-Embedding -SimilarityThreshold 0.7 | New-DpPrototype -Epsilon 1 -Delta 1e-5 |
    Measure-Object Count -Sum).Sum
"@
        # One folder is one contributor: it gets a full bucket, and is as fair to itself as can be.
        $lines[0] | Should -Be '1 1 4'
        $lines[1] | Should -Be 'True'

        # How many records are not left alone is the encoder's and its threshold's: one in eight may be (Flickr8k). Another processor may round otherwise.
        [int] $lines[2] | Should -BeGreaterThan ($Clustered * 0.98)
        [int] $lines[2] | Should -BeLessThan ($Clustered * 1.02)
        [int] $lines[3] | Should -BeGreaterThan ($Records * 0.9)
        [int] $lines[2] | Should -BeLessOrEqual $Records
    }
}
