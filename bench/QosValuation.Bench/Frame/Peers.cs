using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace QosValuation.Bench;

/// <summary>The programs of others that this machine has. One that is absent is named as absent, never guessed.</summary>
internal sealed class Peers
{
    /// <summary>What <see cref="PythonThatMultiplies"/> calls the unoptimised BLAS.</summary>
    public const string ReferenceBlas = "reference BLAS";

    private readonly Dictionary<string, (string? Python, string Name)> _python = [];

    /// <summary>The folder with the peers' scripts.</summary>
    public static string Folder { get; } = Find();

    /// <summary>A Python that has a library.</summary>
    /// <param name="module">What is imported, such as numpy.</param>
    /// <param name="title">What the library calls itself, such as NumPy.</param>
    /// <returns>The program, null where no Python has it, and the name for the table with the version or that it is absent.</returns>
    public (string? Python, string Name) Python(string module, string title)
    {
        if (!_python.TryGetValue(module, out (string? Python, string Name) found))
        {
            // A Python from elsewhere on the path may hide the system's, which has the system's packages.
            found = (null, title + " (absent)");
            foreach (string python in new[] { "python3", "/usr/bin/python3", "python" })
            {
                if (Output(python, "-c", $"import {module}; print({module}.__version__)") is { Length: > 0 } version)
                {
                    found = (python, title + " " + version);
                    break;
                }
            }

            _python[module] = found;
        }

        return found;
    }

    /// <summary>A Python that has a library whose time is that of matrix products, which the BLAS computes that the machine has: the name tells it.</summary>
    /// <remarks>
    /// The reference BLAS of the Netlib is there to be right, not fast: an optimised one takes about a twentieth of its time, so that a ratio to the
    /// reference says nothing about the library. Debian has the optimised one in libopenblas0.
    /// </remarks>
    /// <param name="module">What is imported, such as torch.</param>
    /// <param name="title">What the library calls itself, such as PyTorch.</param>
    /// <returns>As <see cref="Python"/>; the name ends in the BLAS, <see cref="ReferenceBlas"/> where it is the slow one.</returns>
    public (string? Python, string Name) PythonThatMultiplies(string module, string title)
    {
        (string? python, string name) = Python(module, title);
        if (python is null)
        {
            return (null, name);
        }

        string? blas = Output(python, Path.Combine(Folder, "blas.py"), module);
        return (python, $"{name} with {(blas is null or "" ? "unknown BLAS" : blas)}");
    }

    /// <summary>transformers.js over Node, installed by npm where it is not yet.</summary>
    /// <returns>Whether it can be run, and the name for the table.</returns>
    public static (bool IsThere, string Name) Transformers()
    {
        if (Output("node", "--version") is not { Length: > 0 } node)
        {
            return (false, "transformers.js (absent: no Node)");
        }

        string package = Path.Combine(Folder, "node_modules", "@huggingface", "transformers", "package.json");
        if (!File.Exists(package))
        {
            _ = Output("npm", "ci", "--ignore-scripts", "--prefix", Folder);
        }

        if (!File.Exists(package))
        {
            return (false, "transformers.js (absent: npm could not install it)");
        }

        using var about = System.Text.Json.JsonDocument.Parse(File.ReadAllText(package));
        return (true, $"transformers.js {about.RootElement.GetProperty("version").GetString()}, Node {node.TrimStart('v')}");
    }

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it printed, null where it is not there or fails.</returns>
    public static string? Output(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string text = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string Find()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(Path.Combine(folder, "bench", "peer")))
            {
                return Path.Combine(folder, "bench", "peer");
            }
        }

        return Path.GetFullPath("bench/peer");
    }
}

/// <summary>
/// A peer in a process of its own that works once for each line it is given, and answers with its seconds by the clock and of processor time.
/// </summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts a peer, which says "ready" when it has loaded what it needs.</summary>
    /// <param name="program">The program.</param>
    /// <param name="script">The name of its script in <see cref="Peers.Folder"/>.</param>
    /// <param name="arguments">The script's arguments.</param>
    public PeerProcess(string program, string script, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, [Path.Combine(Peers.Folder, script), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _ = Answer();
    }

    /// <summary>Has the peer work once.</summary>
    /// <param name="request">The line that it is given.</param>
    public Timing Run(string request = "run")
    {
        _process.StandardInput.WriteLine(request);
        double[] seconds = Array.ConvertAll(Answer().Split(' '), number => double.Parse(number, CultureInfo.InvariantCulture));
        return new(seconds[0], seconds[1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Answer() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The peer {_process.StartInfo.ArgumentList[0]} stopped.");
}
