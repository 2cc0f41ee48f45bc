using QosValuation.Foundation.Names;
using QosValuation.Learning.Federated;
using QosValuation.Learning.Learners;

namespace QosValuation.Markets.Clients;

/// <summary>The clients of a market as the learning engine takes them: classes as numbers, rows side by side, test sets shared where they are one.</summary>
public sealed class ModelFederation
{
    private ModelFederation(IReadOnlyList<ModelClient> members, IReadOnlyList<FederatedClient> clients, IReadOnlyList<string> classes)
    {
        Members = members;
        Clients = clients;
        Classes = classes;
    }

    /// <summary>The clients as they were given.</summary>
    public IReadOnlyList<ModelClient> Members { get; }

    /// <summary>The clients in the same order, for a <see cref="FederatedRun"/>.</summary>
    public IReadOnlyList<FederatedClient> Clients { get; }

    /// <summary>The names of the classes of all clients' training and test rows, in ordinal order; a label is an index of it.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The length of a vector.</summary>
    public int Features => Clients[0].Train.Features;

    /// <summary>Prepares clients. O(rows · features).</summary>
    /// <param name="members">The clients, at least one, each with a name of its own.</param>
    /// <returns>The federation.</returns>
    /// <exception cref="QosValuationException"><c>ModelClientNotValid</c>, naming the client.</exception>
    public static ModelFederation Of(IReadOnlyList<ModelClient> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        if (members.Count == 0)
        {
            throw new QosValuationException(Faults.ModelClientNotValid, "There are no clients; give at least one.");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ModelClient member in members)
        {
            member.Validate();
            if (member.Dimension != members[0].Dimension)
            {
                throw new QosValuationException(
                    Faults.ModelClientNotValid,
                    $"The client '{member.Contributor}' has vectors of {member.Dimension} components, the first one of {members[0].Dimension}: use one model.",
                    member);
            }

            if (!names.Add(ContributorName.Fold(member.Contributor)))
            {
                throw new QosValuationException(
                    Faults.ModelClientNotValid, $"There are two clients '{member.Contributor}'; give each a name of its own.", member);
            }
        }

        IEnumerable<string> labels = members.SelectMany(member => member.Labels.Concat(member.TestLabels));
        string[] classes = [.. labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var index = classes.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        LabelledRows Rows(float[][] vectors, string[] names) => LabelledRows.Of(vectors, Array.ConvertAll(names, name => index[name]), classes.Length);
        var tests = new Dictionary<(float[][], string[]), LabelledRows>();
        return new ModelFederation([.. members], [.. members.Select(member =>
        {
            if (!tests.TryGetValue((member.TestVectors, member.TestLabels), out LabelledRows? test))
            {
                tests.Add((member.TestVectors, member.TestLabels), test = Rows(member.TestVectors, member.TestLabels));
            }

            LabelledRows train = Rows(member.Vectors, member.Labels);
            train = member.Items.Length == 0 ? train : train.WithRecords(member.Items);
            return new FederatedClient
            {
                Name = member.Contributor,
                Train = train,
                Test = test,
                ClassWeights = FederatedClient.WeightsOf(train.Labels, test.Labels, classes.Length),
                ReportedSize = member.ReportedSize ?? member.Size,
                Attack = member.Attack,
            };
        })], classes);
    }
}
