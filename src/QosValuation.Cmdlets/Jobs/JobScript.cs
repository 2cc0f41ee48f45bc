using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace QosValuation.Cmdlets.Jobs;

/// <summary>A script as it travels to the shards: as the text of a file, with the values of $using: beside it.</summary>
internal static class JobScript
{
    private const string Prefix = "__using_";

    /// <summary>Takes the text of a script, and reads the variables that it names with $using:.</summary>
    /// <param name="text">The script.</param>
    /// <param name="what">What the script is, for messages.</param>
    /// <param name="session">Where the variables are.</param>
    /// <param name="values">Receives the values, by name.</param>
    /// <returns>The text, in which the variables have other names.</returns>
    /// <exception cref="QosValuationException"><c>JobNotValid</c>: the script cannot be read, or a variable does not exist.</exception>
    public static string Prepare(string text, string what, SessionState session, Dictionary<string, object?> values)
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
            PSVariable found = session.PSVariable.Get(name)
                ?? throw new QosValuationException(Faults.JobNotValid, $"{what} uses ${{using:{name}}}, and there is no variable ${{{name}}}.", name);
            values[key] = found.Value;
            string replaced = variable.Splatted ? "@" + Prefix + key : "${" + Prefix + key + "}";
            changed.Remove(variable.Extent.StartOffset, variable.Extent.EndOffset - variable.Extent.StartOffset).Insert(variable.Extent.StartOffset, replaced);
        }

        return changed.ToString();
    }

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
