namespace QosValuation.Reporting.Page;

/// <summary>What a section may need to know of the report it becomes part of.</summary>
/// <param name="PictureFolders">Where pictures are looked for that results name by relative paths.</param>
public sealed record ReportContext(IReadOnlyList<string> PictureFolders);
