<#
.SYNOPSIS
Reproduces Fig. 5 of the paper: fairness over the number of agents.

.DESCRIPTION
Simulates token allocation with 100 to 2,000 agents, for the concentration α = 0.5.
The values of the agents are drawn from a symmetric Dirichlet distribution in every round. Each scheme divides the same supply of 1,000 tokens
among empty buckets of 4 tokens. Emits a row for each point and scheme with the mean, standard error and 5 %, 50 % and 95 % quantiles of Jain's
index and the Gini coefficient of the reward rates, and writes the rows to figure5.csv.

Exit codes: 0 the figure was made, and Proposed is the fairest of the paper's four schemes by both indices at every point (where Proposed and
another of them are simulated); 1 an error; 2 the figure was made, but that ordering does not hold at every point.

.PARAMETER OutputPath
The CSV file, or a folder in which figure5.csv is written; created where it does not exist. The folder results by default.

.PARAMETER Seed
The seed: the same seed gives the same rows, on any number of cores. 1 by default.

.PARAMETER Rounds
The rounds that are averaged at each point; 1000 by default, as in the paper.

.PARAMETER Quick
50 rounds instead of 1000, for a first look.

.PARAMETER Scheme
The schemes of Invoke-AllocationSimulation; by default those that the paper compares: Proposed, Random, RoundRobin and MaxMin.

.PARAMETER Agents
N: the numbers of agents, the points of the figure; 100 to 2000 by default.

.PARAMETER Force
Replaces results of another run. Without it they are an error; results of the same run are made again.

.EXAMPLE
./scripts/Figure5.ps1

Makes the figure with 1000 rounds a point and writes results/figure5.csv.

.EXAMPLE
./scripts/Figure5.ps1 -Quick -Scheme Proposed, WaterFilling -OutputPath ./look.csv

Compares two schemes on 50 rounds a point.

.EXAMPLE
./scripts/Figure5.ps1 | Where-Object Scheme -eq Proposed | Select-Object Agents, Jain, JainQ05, JainQ95

Rows are objects.

.OUTPUTS
QosValuation.AllocationSimulationResult
#>
[CmdletBinding(DefaultParameterSetName = 'Rounds')]
param(
    [string] $OutputPath,

    [int] $Seed,

    [Parameter(ParameterSetName = 'Rounds')]
    [int] $Rounds,

    [Parameter(Mandatory, ParameterSetName = 'Quick')]
    [switch] $Quick,

    [switch] $Force,

    [ArgumentCompleter({ (Get-Command Invoke-AllocationSimulation).Parameters.Scheme.ParameterType.GetElementType().GetEnumNames() -like "$($args[2])*" })]
    [string[]] $Scheme,

    [int[]] $Agents
)

$ErrorActionPreference = 'Stop'
. (Join-Path $PSScriptRoot 'Figure.Common.ps1')
Invoke-AllocationFigure -Number 5 @PSBoundParameters
exit $FigureExitCode
