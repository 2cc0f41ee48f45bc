using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>A script as it travels to the shards: as the text of a file, with the values of $using: beside it.</summary>
internal static class JobScript
{
    private const string Prefix = "__using_";

    private static readonly HashSet<string> Remote = new(StringComparer.OrdinalIgnoreCase)
    {
        "Invoke-Command", "icm", "Start-Job", "sajb", "Start-ThreadJob",
    };

    private static readonly HashSet<string> Each = new(StringComparer.OrdinalIgnoreCase) { "ForEach-Object", "foreach", "%" };

    /// <summary>Takes the text of a script, and reads the variables that it names with $using:.</summary>
    /// <param name="text">The script.</param>
    /// <param name="what">What the script is, for messages.</param>
    /// <param name="session">Where the variables are.</param>
    /// <param name="values">Receives the values, by name.</param>
    /// <param name="isFile">Whether the script is a file, which knows nothing of the session: what it hands on to others with $using: is its own.</param>
    /// <returns>The text, in which the variables have other names.</returns>
    /// <exception cref="QosValuationException"><c>JobNotValid</c>: the script cannot be read, or a variable does not exist.</exception>
    public static string Prepare(string text, string what, SessionState session, Dictionary<string, object?> values, bool isFile = false)
    {
        ScriptBlockAst tree = Parser.ParseInput(text, out _, out ParseError[] errors);
        if (errors.Length > 0)
        {
            throw new QosValuationException(Faults.JobNotValid, $"{what} cannot be read: {errors[0].Message}", errors[0].Extent.Text);
        }

        var changed = new StringBuilder(text);
        foreach (UsingExpressionAst use in tree.FindAll(static node => node is UsingExpressionAst, searchNestedScriptBlocks: true)
            .Cast<UsingExpressionAst>()
            .OrderByDescending(use => use.Extent.StartOffset))
        {
            // $using:table['Key'] and $using:one.Name have the variable at their root.
            ExpressionAst root = use.SubExpression;
            while (root is MemberExpressionAst or IndexExpressionAst)
            {
                root = root is MemberExpressionAst member ? member.Expression : ((IndexExpressionAst)root).Target;
            }

            if (root is not VariableExpressionAst variable)
            {
                throw new QosValuationException(
                    Faults.JobNotValid, $"{what} uses '{use.Extent.Text}'; $using: takes a variable here. Assign the value to one first.", use.Extent.Text);
            }

            // The name after using:, and after a scope of its own such as in $using:script:x.
            string path = variable.VariablePath.UserPath;
            string name = path.StartsWith("using:", StringComparison.OrdinalIgnoreCase) ? path["using:".Length..] : path;
            string key = name.Replace(':', '_');

            // In a block that the script itself hands to another runspace, $using: may mean a variable of the script.
            bool isInner = IsHandedOn(use);
            if (isInner && (isFile || Sets(tree, name) || session.PSVariable.Get(name) is null))
            {
                continue;
            }

            PSVariable found = session.PSVariable.Get(name)
                ?? throw new QosValuationException(Faults.JobNotValid, $"{what} uses ${{using:{name}}}, and there is no variable ${{{name}}}.", name);
            values[key] = found.Value;
            string own = (isInner ? "using:" : string.Empty) + Prefix + key;
            string replaced = variable.Splatted ? "@" + own : "${" + own + "}";
            changed.Remove(variable.Extent.StartOffset, variable.Extent.EndOffset - variable.Extent.StartOffset).Insert(variable.Extent.StartOffset, replaced);
        }

        return changed.ToString();
    }

    // Whether an expression stands in a block that is an argument of a command which runs it in a runspace, process or machine of its own.
    private static bool IsHandedOn(Ast use)
    {
        for (Ast? at = use; at is not null; at = at.Parent)
        {
            if (at is ScriptBlockExpressionAst { Parent: CommandAst command } && command.GetCommandName() is string name
                && (Remote.Contains(name)
                    || (Each.Contains(name) && command.CommandElements.OfType<CommandParameterAst>()
                        .Any(parameter => "Parallel".StartsWith(parameter.ParameterName, StringComparison.OrdinalIgnoreCase)))))
            {
                return true;
            }
        }

        return false;
    }

    // Whether a script gives a variable its value.
    private static bool Sets(ScriptBlockAst tree, string name) => tree.Find(
        node => node switch
        {
            AssignmentStatementAst assignment => assignment.Left.Find(left => IsOf(left, name), searchNestedScriptBlocks: false) is not null,
            ParameterAst parameter => IsOf(parameter.Name, name),
            ForEachStatementAst each => IsOf(each.Variable, name),
            _ => false,
        },
        searchNestedScriptBlocks: true) is not null;

    private static bool IsOf(Ast node, string name) =>
        node is VariableExpressionAst variable && string.Equals(variable.VariablePath.UserPath, name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What the shards are given, as CLIXML.</summary>
    /// <param name="arguments">The arguments of the script.</param>
    /// <param name="values">The values of $using:.</param>
    /// <returns>The text.</returns>
    public static string Serialize(object?[] arguments, Dictionary<string, object?> values)
    {
        const int Depth = 6;
        var given = new PSObject();
        given.Properties.Add(new PSNoteProperty("Arguments", arguments));
        var table = new System.Collections.Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, object? value) in values)
        {
            table[name] = value;
        }

        given.Properties.Add(new PSNoteProperty("Using", table));
        return PSSerializer.Serialize(given, Depth);
    }
}
