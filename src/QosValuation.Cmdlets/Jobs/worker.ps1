# Runs one element of a job: a shard, or the merge. Submit-QosJob puts a copy of this file into the folder of each job.
#   worker.ps1 -JobPath FOLDER -Element 3            shard 3; 0 is the merge; without -Element the shard of QOSVALUATION_SHARD
#   worker.ps1 -JobPath FOLDER -Element 3 -HostName  the same on another machine, by PowerShell remoting over SSH
#   worker.ps1 -JobPath FOLDER -Merge                what a job that depends on the shards does: tries failed shards again, or merges
#   worker.ps1 -JobPath FOLDER -Coordinate           runs all elements
# Exit codes: 0 done; 1 the script failed; n the script's own exit n; 120 the module is missing or another one; 121 the host was lost.
param(
    [Parameter(Mandatory)] [string] $JobPath,
    [int] $Element = -1,
    [string] $HostName,
    [int] $ParentId,
    [switch] $Merge,
    [switch] $Coordinate
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$PSStyle.OutputRendering = 'PlainText'

# What runs where the data are, here or on a host: imports the module, runs the script, and writes its output as CLIXML.
# Gives one table: ExitCode, Message, Objects, Errors.
$work = {
    param([string] $Folder, [string] $ModulePath, [string] $Version, [string] $Build, [int] $Index, [int] $Count, [string] $WorkingDirectory,
        [int] $Depth, [string] $ResultPath, [string[]] $Parts)

    function Get-Worker {
        $there = (Get-Command Submit-QosJob -Module QosValuation -ErrorAction Ignore).ImplementingType
        $there ? $there.Assembly.GetType('QosValuation.Cmdlets.Jobs.JobWorker') : $null
    }

    function Get-ModuleFault {
        try {
            if (-not (Get-Module QosValuation)) {
                Import-Module ($ModulePath -and (Test-Path -LiteralPath $ModulePath) ? $ModulePath : 'QosValuation') -ErrorAction Stop
            }
        }
        catch {
            return "QosValuation cannot be imported on $([System.Environment]::MachineName): $_ Install version $Version there, or name its place with -ModulePath."
        }

        $found = (Get-Worker)::Build ?? 'a build without jobs'
        if ($found -ne $Build) {
            return "QosValuation on $([System.Environment]::MachineName) is version $((Get-Module QosValuation).Version), build $found; " +
                "the job was submitted by version $Version, build $Build. Results of different builds are not mixed."
        }
    }

    # A function, so that -ErrorVariable counts the errors after which the script went on; the script finds $Shard and its kin in this scope.
    function Invoke-Script {
        [CmdletBinding()]
        param()
        end {
            $ErrorActionPreference = 'Continue'
            $given = Import-Clixml -LiteralPath ([System.IO.Path]::Combine($Folder, 'arguments.clixml'))
            foreach ($variable in $given.Using.GetEnumerator()) {
                Set-Variable -Name "__using_$($variable.Key)" -Value $variable.Value
            }

            $named = @{}
            $arguments = @($given.Arguments)
            $script = [System.IO.Path]::Combine($Folder, $Parts ? 'merge.ps1' : 'script.ps1')
            $tree = [System.Management.Automation.Language.Parser]::ParseFile($script, [ref] $null, [ref] $null)
            $known = @($tree.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath.UserPath })
            if (-not $Parts) {
                $ShardIndex = $Index
                $ShardCount = $Count
                $Shard = $env:QOSVALUATION_SHARD = "$Index/$Count"
                foreach ($name in 'Shard', 'ShardIndex', 'ShardCount') {
                    if ($known -contains $name) {
                        $named[$name] = Get-Variable -Name $name -ValueOnly
                    }
                }
            }

            $global:LASTEXITCODE = 0
            $ran.Ok = $true

            # In a loop, because break and continue outside of one end a script, and would end whatever is around it as well.
            foreach ($once in , 1) {
                if ($Parts) {
                    Import-Clixml -LiteralPath $Parts | & $script @named @arguments
                }
                else {
                    & $script @named @arguments
                }

                $ran.Ok = $?
            }
        }
    }

    $said = @{ ExitCode = 1; Message = ''; Objects = 0L; Errors = 0 }
    if ($said.Message = Get-ModuleFault) {
        $said.ExitCode = 120
        return $said
    }

    $ran = @{ Ok = $false }
    $errors = [System.Collections.ArrayList]::new()
    try {
        if ($WorkingDirectory -and (Test-Path -LiteralPath $WorkingDirectory)) {
            Set-Location -LiteralPath $WorkingDirectory
        }

        # An empty result is a file as well.
        $written = 0L
        Invoke-Script -ErrorVariable errors | ForEach-Object { $written++; , $_ } | Export-Clixml -LiteralPath $ResultPath -Depth $Depth -Encoding utf8NoBOM
        $said.Objects = $written
        $said.ExitCode = $ran.Ok ? 0 : $LASTEXITCODE ? $LASTEXITCODE : 1
        $said.Message = $said.ExitCode ? "The script ended with exit code $($said.ExitCode)." : ''
    }
    catch {
        $said.Message = (Get-Worker)::Explain($_)
        [Console]::Error.WriteLine(($_ | Out-String).TrimEnd())
    }

    $said.Errors = @($errors | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] }).Count
    $said
}

# The same on another machine: sends the script, and brings the result home in pieces.
$remote = {
    param([string] $Work, [byte[]] $Script, [byte[]] $Arguments, [string] $ModulePath, [string] $Version, [string] $Build, [int] $Index, [int] $Count,
        [string] $WorkingDirectory, [int] $Depth)
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    # What attempts that were killed left here: folders whose lock nobody holds any more. Only files of these names are deleted, and no folder in them.
    foreach ($left in [System.IO.Directory]::EnumerateDirectories([System.IO.Path]::GetTempPath(), 'qosvaluation-shard-*')) {
        try {
            # A link may lead anywhere, and opening what it leads to may do anything.
            $lock = [System.IO.FileInfo]::new([System.IO.Path]::Combine($left, 'attempt.lock'))
            if ($lock.LinkTarget -or $lock.Directory.LinkTarget) {
                continue
            }

            $lock.Open('Open', 'ReadWrite', 'None').Dispose()
            foreach ($name in 'script.ps1', 'arguments.clixml', 'result.clixml', 'attempt.lock') {
                [System.IO.File]::Delete([System.IO.Path]::Combine($left, $name))
            }

            [System.IO.Directory]::Delete($left)
        }
        catch {
            # Somebody is at work in it, or it is somebody else's.
        }
    }

    $folder = [System.IO.Directory]::CreateTempSubdirectory('qosvaluation-shard-').FullName
    $held = [System.IO.File]::Open([System.IO.Path]::Combine($folder, 'attempt.lock'), 'CreateNew', 'ReadWrite', 'None')
    try {
        [System.IO.File]::WriteAllBytes([System.IO.Path]::Combine($folder, 'script.ps1'), $Script)
        [System.IO.File]::WriteAllBytes([System.IO.Path]::Combine($folder, 'arguments.clixml'), $Arguments)
        $result = [System.IO.Path]::Combine($folder, 'result.clixml')
        $said = & ([scriptblock]::Create($Work)) $folder $ModulePath $Version $Build $Index $Count $WorkingDirectory $Depth $result
        if ($said.ExitCode -eq 0) {
            $stream = [System.IO.File]::OpenRead($result)
            try {
                $piece = [byte[]]::new(1MB)
                while ($read = $stream.Read($piece, 0, $piece.Length)) {
                    $part = [byte[]]::new($read)
                    [System.Array]::Copy($piece, $part, $read)
                    , $part
                }
            }
            finally {
                $stream.Dispose()
            }
        }

        $said.MachineName = [System.Environment]::MachineName
        $said
    }
    finally {
        Set-Location -LiteralPath ([System.IO.Path]::GetTempPath())
        $held.Dispose()
        [System.IO.Directory]::Delete($folder, $true)
    }
}

$job = Get-Content -LiteralPath ([System.IO.Path]::Combine($JobPath, 'job.json')) -Raw | ConvertFrom-Json
try {
    Import-Module ((Test-Path -LiteralPath $job.ModulePath) ? $job.ModulePath : 'QosValuation')
    $worker = (Get-Command Submit-QosJob -Module QosValuation).ImplementingType.Assembly.GetType('QosValuation.Cmdlets.Jobs.JobWorker')
    if ($worker::Build -ne $job.ModuleBuild) {
        throw "it is version $((Get-Module QosValuation).Version), build $($worker::Build), and the job was submitted by version $($job.ModuleVersion), build $($job.ModuleBuild)."
    }
}
catch {
    [Console]::Error.WriteLine("QosValuation cannot be used on $([System.Environment]::MachineName): $_")
    exit 120
}

if ($ParentId) {
    $worker::WatchParent($ParentId)
}

if ($Coordinate) {
    $worker::Coordinate($JobPath)
    exit 0
}

if ($Merge) {
    if (-not $worker::PrepareMerge($JobPath)) {
        exit 0
    }

    $Element = 0
}

if ($Element -lt 0) {
    $Element = [int] ($env:QOSVALUATION_SHARD -split '/')[0]
}

# Runs a command on the host without PowerShell's remoting. The exit code 255 is ssh's own: the host cannot be reached.
function Invoke-OnHost([string] $Command) {
    $arguments = @('-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10')
    if ($job.Ssh.Port) { $arguments += '-p', $job.Ssh.Port }
    if ($job.Ssh.KeyFilePath) { $arguments += '-i', $job.Ssh.KeyFilePath }
    if ($job.Ssh.UserName) { $arguments += '-l', $job.Ssh.UserName }
    foreach ($option in $job.Ssh.Options.PSObject.Properties) { $arguments += '-o', "$($option.Name)=$($option.Value)" }
    & ssh @arguments -- $HostName $Command 2>&1
}

# Why a host does not answer: that it cannot be reached, that it has no PowerShell, or that its sshd offers none.
function Get-HostFault([string] $Message) {
    $found = Invoke-OnHost 'command -v pwsh; test -x "$(command -v pwsh)" || echo none'
    if ($LASTEXITCODE -eq 255) {
        return "The host $HostName cannot be reached by SSH: $("$found".Trim())"
    }

    if ("$found" -match 'none') {
        return "The host $HostName has no pwsh on its PATH. Install PowerShell 7.6 there, and let its sshd_config name it: " +
            "Subsystem $($job.Ssh.Subsystem ?? 'powershell') /usr/bin/pwsh -sshs -nologo. $Message"
    }

    "The host $HostName has pwsh ($("$found".Trim())), but does not start it for remoting. Its sshd_config needs the line " +
        "Subsystem $($job.Ssh.Subsystem ?? 'powershell') $("$found".Trim()) -sshs -nologo. $Message"
}

# Before the attempt begins: a host that cannot be reached has not tried anything.
if ($HostName) {
    $options = @{ BatchMode = 'yes'; ServerAliveInterval = '15'; ServerAliveCountMax = '4' }
    foreach ($option in $job.Ssh.Options.PSObject.Properties) { $options[$option.Name] = $option.Value }
    $connect = @{ HostName = $HostName; Options = $options; ConnectingTimeout = 60000 }
    foreach ($name in 'UserName', 'KeyFilePath', 'Subsystem', 'Port') {
        if ($job.Ssh.$name) { $connect[$name] = $job.Ssh.$name }
    }

    try {
        $session = New-PSSession @connect
    }
    catch {
        $message = Get-HostFault "$_"
        [Console]::Error.WriteLine($message)
        exit 121
    }
}

$attempt = $worker::Begin($JobPath, $Element, $HostName ? $HostName : [System.Environment]::MachineName)
if (-not $attempt) {
    exit 0
}

$rest = $job.ModuleVersion, $job.ModuleBuild, $Element, $job.Shards, $job.WorkingDirectory, $job.Depth
if (-not $HostName) {
    $parts = $Element ? @() : @($worker::Parts($JobPath))
    $said = & $work $JobPath $job.ModulePath @rest $attempt.ResultPath $parts
}
else {
    $said = $null
    $script = [System.IO.File]::ReadAllBytes([System.IO.Path]::Combine($JobPath, 'script.ps1'))
    $arguments = [System.IO.File]::ReadAllBytes([System.IO.Path]::Combine($JobPath, 'arguments.clixml'))
    $stream = [System.IO.File]::Create($attempt.ResultPath)
    try {
        Invoke-Command -Session $session -ScriptBlock $remote -ErrorAction Continue -ArgumentList (@("$work", $script, $arguments, ($job.Ssh.ModulePath ?? $job.ModulePath)) + $rest) |
            ForEach-Object {
                if ($_.PSObject.BaseObject -is [byte[]]) {
                    $stream.Write($_.PSObject.BaseObject, 0, $_.PSObject.BaseObject.Length)
                }
                elseif ($_.PSObject.BaseObject -is [hashtable]) {
                    $said = $_.PSObject.BaseObject
                }
            }
    }
    catch {
        [Console]::Error.WriteLine("$_")
        $said = $session.State -eq 'Opened' ? @{ ExitCode = 1; Message = "$_"; Objects = 0; Errors = 0 } : $null
    }
    finally {
        $stream.Dispose()
    }

    if (-not $said) {
        # A host that still answers is not lost: then it is the script that ended its PowerShell, and the attempt counts.
        $null = Invoke-OnHost 'exit 0'
        $said = $LASTEXITCODE -eq 255 ?
            @{ ExitCode = 121; Message = "The connection to $HostName broke."; Objects = 0; Errors = 0 } :
            @{ ExitCode = 1; Message = "PowerShell on $HostName ended before the script did, and the host still answers."; Objects = 0; Errors = 0 }
    }

    Remove-PSSession $session -ErrorAction Ignore
}

if ($said.ExitCode -eq 0) {
    $attempt.Complete($said.Objects, $said.Errors)
}
else {
    [Console]::Error.WriteLine($said.Message)
    $attempt.Fail($said.ExitCode, $said.Message, $said.Errors)
}

exit $said.ExitCode
