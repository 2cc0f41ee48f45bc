<#
.SYNOPSIS
Reproduces Fig. 4 of the paper: fairness over the heterogeneity of contributions.

.DESCRIPTION
Simulates token allocation with 500 agents, for concentrations α from 0.05 (very uneven contributions) to 10 (nearly alike). The values of the agents are drawn from a symmetric Dirichlet distribution in every round; each scheme divides the same supply of 1,000 tokens among empty buckets of 4 tokens. Emits a row for each point and scheme with the mean, standard error and 5 %, 50 % and 95 % quantiles of Jain's index and the Gini coefficient of the reward rates, and writes the rows to figure4.csv.

Exit codes: 0 the figure was made, and Proposed is the fairest of the paper's four schemes by both indices at every point (where Proposed and another of them are simulated); 1 an error; 2 the figure was made, but that ordering does not hold at every point.

.PARAMETER OutputPath
The CSV file, or a folder in which figure4.csv is written; created where it does not exist. The folder results by default.

.PARAMETER Seed
The seed: the same seed gives the same rows, on any number of cores. 1 by default.

.PARAMETER Rounds
The rounds that are averaged at each point; 1000 by default, as in the paper.

.PARAMETER Quick
50 rounds instead of 1000, for a first look.

.PARAMETER Scheme
The schemes: Proposed, Random, RoundRobin and MaxMin by default, those of the paper. WaterFilling, MaxWelfare and Vtc are known too.

.PARAMETER Alpha
α: the concentrations of the Dirichlet distribution, the points of the figure; 0.05 to 10 by default.

.EXAMPLE
./scripts/Figure4.ps1

Makes the figure with 1000 rounds a point and writes results/figure4.csv.

.EXAMPLE
./scripts/Figure4.ps1 -Quick -Scheme Proposed, WaterFilling -OutputPath ./look.csv

Compares two schemes on 50 rounds a point.

.EXAMPLE
./scripts/Figure4.ps1 | Where-Object Scheme -eq Proposed | Select-Object Alpha, Jain, JainQ05, JainQ95

Rows are objects.

.OUTPUTS
QosValuation.AllocationSimulationResult
#>
[CmdletBinding(DefaultParameterSetName = 'Rounds')]
param(
    [ValidateNotNullOrEmpty()]
    [string] $OutputPath = 'results',

    [int] $Seed = 1,

    [Parameter(ParameterSetName = 'Rounds')]
    [ValidateRange(1, [int]::MaxValue)]
    [int] $Rounds = 1000,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [ValidateNotNullOrEmpty()]
    [ArgumentCompletions('Proposed', 'Random', 'RoundRobin', 'MaxMin', 'WaterFilling', 'MaxWelfare', 'Vtc')]
    [string[]] $Scheme = @('Proposed', 'Random', 'RoundRobin', 'MaxMin'),

    [ValidateNotNullOrEmpty()]
    [double[]] $Alpha = @(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10)
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')
Invoke-AllocationFigure -Number 4 -Variable Alpha -Simulation @{ Agents = 500; Alpha = $Alpha } -OutputPath $OutputPath -Rounds ($Quick ? 50 : $Rounds) -Scheme $Scheme -Seed $Seed
exit $FigureExitCode
