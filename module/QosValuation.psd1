@{
    RootModule           = 'QosValuation.psm1'
    # The build writes the version of Directory.Build.props here.
    ModuleVersion        = '0.0.0'
    GUID                 = '6f0c8f36-2b1e-4c59-9d0c-6a6f6b2f7a11'
    Author               = 'The QosValuation contributors'
    CompanyName          = 'QosValuation'
    Copyright            = '(c) The QosValuation contributors. MIT licence.'
    Description          = 'Values private image-and-text data and shares scarce AI quota fairly for it, without leaking the data: CLIP embeddings, clusters, differentially private prototypes, data values, token allocation and fairness.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @(
        'formats/Models.format.ps1xml'
        'formats/Embedding.format.ps1xml'
        'formats/Datasets.format.ps1xml'
        'formats/Ledger.format.ps1xml'
        'formats/Markets.format.ps1xml'
        'formats/Clients.format.ps1xml'
        'formats/Experiments.format.ps1xml'
        'formats/Clustering.format.ps1xml'
        'formats/Valuation.format.ps1xml'
        'formats/Qos.format.ps1xml'
        'formats/Privacy.format.ps1xml'
        'formats/Auditing.format.ps1xml'
        'formats/Allocation.format.ps1xml'
        'formats/Attacks.format.ps1xml'
        'formats/Lists.format.ps1xml'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    CmdletsToExport      = @(
        'Add-DatRecord'
        'Add-UsageRecord'
        'ConvertTo-ClipImage'
        'ConvertTo-ClipToken'
        'Export-DataAward'
        'Export-DatSettlement'
        'Export-DpPrototype'
        'Export-Embedding'
        'Export-QosReport'
        'Export-ReconstructionGrid'
        'Find-Embedding'
        'Get-ClipEmbedding'
        'Get-ClipModel'
        'Get-DatRecord'
        'Get-FairnessFrontier'
        'Get-GaussianSigma'
        'Get-PrivacyBudget'
        'Get-UsageRecord'
        'Group-Embedding'
        'Import-CocoDataset'
        'Import-DpPrototype'
        'Import-Embedding'
        'Install-ClipModel'
        'Invoke-AllocationSimulation'
        'Invoke-AuctionSimulation'
        'Invoke-DataAuction'
        'Invoke-MembershipInferenceAttack'
        'Invoke-ModelMarket'
        'Invoke-QosSimulation'
        'Invoke-ReconstructionAttack'
        'Invoke-TokenAllocation'
        'Invoke-ValuationSimulation'
        'Join-Embedding'
        'Measure-DataQuality'
        'Measure-DataShareToken'
        'Measure-DataValue'
        'Measure-EmpiricalPrivacy'
        'Measure-Fairness'
        'Measure-MarginalUtility'
        'Measure-ModelMarket'
        'Measure-OrderSensitivity'
        'Measure-PrivacyLoss'
        'Measure-PrototypeUtility'
        'Measure-UtilityShare'
        'Measure-ValuationQuality'
        'New-ClientPartition'
        'New-DataSubmissionKey'
        'New-DpPrototype'
        'New-ModelClient'
        'New-PrivacyBudget'
        'New-SceneDataset'
        'Optimize-DpPrototype'
        'Protect-DataSubmission'
        'Test-ClipModel'
        'Test-DatLedger'
        'Test-DataQuality'
        'Test-MechanismProperty'
        'Test-PrivacyBudget'
        'Unprotect-DataSubmission'
    )
    PrivateData          = @{
        PSData = @{
            Tags         = @('CLIP', 'ONNX', 'DifferentialPrivacy', 'DataValuation', 'Fairness', 'DataMarket', 'Linux', 'Windows', 'MacOS')
            ProjectUri   = 'https://github.com/QosValuation/QosValuation'
            LicenseUri   = 'https://github.com/QosValuation/QosValuation/blob/main/LICENSE'
            ReleaseNotes = @'
The first release: from photographs and captions to fair token grants: CLIP embeddings with a built-in model, semantic clusters,
differentially private prototypes and the accounting of what they cost, data values, token allocation, fairness, quality of service, a
tamper-evident ledger, attacks on what was released, and one-page reports. Data markets: the quality of documents, marginal utility, truthful
auctions within a budget, shares and tokens, sealed submissions, and a searcher for violations of a mechanism's promises. Needs PowerShell 7.6. sbom.cdx.json lists what the package contains,
and licenses holds the licences of it.
'@
        }
    }
}
