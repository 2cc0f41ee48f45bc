namespace QosValuation;

// Auctions, shares, and the search for what breaks them.
public static partial class Faults
{
    /// <summary>Rows are of several clients or runs where one model is to be written.</summary>
    public static Fault ClientModelAmbiguous { get; } = Define(FaultKind.InvalidArgument, "Choose a client with -Client, and rows of one algorithm and seed.");

    /// <summary>A row of a model market does not hold a whole model.</summary>
    public static Fault ClientModelIncomplete { get; } = Define(
        FaultKind.InvalidData, "Give rows of Invoke-ModelMarket -PassThru, whole, and the .onnx file that the run began with.");

    /// <summary>The auction is not known.</summary>
    public static Fault AuctionNotSupported { get; } = Define(FaultKind.NotSupported, "Choose a mechanism that the parameter's completion lists.");

    /// <summary>A setting of an auction is out of range.</summary>
    public static Fault AuctionOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>The auction cannot do what a setting asks.</summary>
    public static Fault AuctionOptionNotSupported { get; } = Define(FaultKind.NotSupported, "Leave the setting out, or choose a mechanism that has it.");

    /// <summary>An offer holds a number that is none, or is out of range.</summary>
    public static Fault OfferNotValid { get; } = Define(FaultKind.InvalidData, "Correct the field that the message names, or leave the offer out.");

    /// <summary>A similarity matrix or embeddings do not fit the offers.</summary>
    public static Fault SimilarityNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give a row for each reference point with one number of at least 0 for each offer, or embeddings of one model.");

    /// <summary>A pool, a risk aversion or a weight is out of range.</summary>
    public static Fault ShareOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>Floors and caps leave no way to divide the supply.</summary>
    public static Fault ShareBoundsInfeasible { get; } = Define(
        FaultKind.InvalidArgument,
        "Change the floors, the caps or the supply by the numbers in the message.");

    /// <summary>What was named is no mechanism that can be tested, or the search's settings are out of range.</summary>
    public static Fault MechanismSearchNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>A script block that stands for a mechanism failed, or returned no awards.</summary>
    public static Fault MechanismScriptFailed { get; } = Define(
        FaultKind.InvalidData,
        "Return one object for each winner with Contributor and Payment from the offers that the block receives.");

    /// <summary>A client of a model market holds a number that is none, or is out of range.</summary>
    public static Fault ModelTraderNotValid { get; } = Define(FaultKind.InvalidData, "Correct the field that the message names, or leave the client out.");

    /// <summary>Distances between models do not fit the clients, or are none.</summary>
    public static Fault ModelDistanceNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give a row for each client with a finite number of at least 0 for each client, in the same order.");

    /// <summary>A setting of a model market is out of range.</summary>
    public static Fault ModelMarketOptionNotValid { get; } = Define(FaultKind.InvalidArgument, "Correct the setting that the message names.");

    /// <summary>The best imports among so many sellers take too long to find.</summary>
    public static Fault ModelGraphTooLarge { get; } = Define(FaultKind.LimitReached, "Choose the graph step Skip, or trade among fewer clients.");

    /// <summary>A checkpoint of a model market is damaged, or of another market.</summary>
    public static Fault ModelMarketCheckpointNotValid { get; } = Define(
        FaultKind.InvalidData,
        "Give the checkpoint that the same clients and settings made, or name another file.");

    /// <summary>Rows of a model market do not tell the models of one run, or not of the clients given.</summary>
    public static Fault ModelContributionNotPossible { get; } = Define(
        FaultKind.InvalidData,
        "Pipe in the rows of one run of Invoke-ModelMarket -PassThru, and give the clients that it was run with.");

    /// <summary>Rows of a model market stand twice in what is summed up.</summary>
    public static Fault ModelMarketRowsRepeated { get; } = Define(FaultKind.InvalidData, "Give each run once, and each its own -Seed.");
}
