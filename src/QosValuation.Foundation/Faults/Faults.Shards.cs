namespace QosValuation;

// Parts of a set, and joining them.
public static partial class Faults
{
    /// <summary>A text names no shard.</summary>
    public static Fault ShardNotValid { get; } = Define(FaultKind.InvalidArgument, "Write i/n with i from 1 to n, such as -Shard 3/8.");

    /// <summary>What is to be divided is a shard already.</summary>
    public static Fault ShardedAlready { get; } = Define(FaultKind.InvalidArgument, "Give -Shard to one cmdlet of the pipeline only.");

    /// <summary>Shards of different divisions, or of different runs, were given together.</summary>
    public static Fault ShardsDiffer { get; } = Define(FaultKind.InvalidData, "Join the shards of one run; make those of another again.");

    /// <summary>Not all shards of a run are there.</summary>
    public static Fault ShardsMissing { get; } = Define(
        FaultKind.NotFound, "Add the missing shards; where no item fell into one of embeddings, go on with -AllowMissing.");

    /// <summary>One item has unlike vectors in the parts that are joined.</summary>
    public static Fault ShardsContradict { get; } = Define(
        FaultKind.InvalidData, "Make the shard that is at fault again, with the same data, model and batch size.");

    /// <summary>A shard of a simulation is there more than once.</summary>
    public static Fault ShardsRepeated { get; } = Define(FaultKind.InvalidData, "Give each shard once.");

    /// <summary>A row of a shard of a simulation is not as it was made.</summary>
    public static Fault ShardDamaged { get; } = Define(
        FaultKind.InvalidData, "Run the shard again, and save its rows with Export-Clixml or ConvertTo-Json -Depth 5.");

    /// <summary>A simulation is to be divided and has no seed that all shards share.</summary>
    public static Fault ShardWithoutSeed { get; } = Define(FaultKind.InvalidArgument, "Give every shard the same -Seed.");

    /// <summary>A clustering state holds no members, so that it cannot be merged.</summary>
    public static Fault StateWithoutMembers { get; } = Define(FaultKind.InvalidData, "Save the state without -PassThru and -WithoutMember.");
}
