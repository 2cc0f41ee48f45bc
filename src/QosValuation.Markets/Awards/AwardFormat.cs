namespace QosValuation.Markets.Awards;

/// <summary>How bought documents are written.</summary>
public enum AwardFormat
{
    /// <summary>By the ending of the file's name.</summary>
    Auto,

    /// <summary>An object a line, UTF-8 (.jsonl, .ndjson).</summary>
    Jsonl,

    /// <summary>A row a document under a header, UTF-8, RFC 4180 (.csv).</summary>
    Csv,

    /// <summary>Apache Parquet, a row a document (.parquet).</summary>
    Parquet,

    /// <summary>TensorFlow's record file of tf.train.Example messages (.tfrecord).</summary>
    TFRecord,
}
