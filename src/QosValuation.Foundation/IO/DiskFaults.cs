namespace QosValuation.Foundation.IO;

/// <summary>Recognises a full disk among the errors of writing.</summary>
public static class DiskFaults
{
    /// <summary>Whether a write failed for want of space: a full disk, an exhausted quota, or a limit on file sizes.</summary>
    /// <param name="exception">The error of a write.</param>
    /// <returns>True where space is the cause.</returns>
    public static bool IsDiskFull(IOException exception)
    {
        // Windows: ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL. Unix, where HResult is errno: EFBIG, ENOSPC, EDQUOT (Linux, macOS).
        int code = exception.HResult;
        return code is unchecked((int)0x80070027) or unchecked((int)0x80070070)
            || (!OperatingSystem.IsWindows() && code is 27 or 28 or 122 or 69);
    }

    /// <summary>The fault to report for a failed write.</summary>
    /// <param name="exception">The error of the write.</param>
    /// <param name="path">The file.</param>
    /// <param name="advice">What stays behind and how to go on, appended to the message.</param>
    /// <returns><c>DiskFull</c> or <c>FileNotWritable</c>.</returns>
    public static QosValuationException Explain(Exception exception, string path, string advice = "") =>
        exception is IOException io && IsDiskFull(io)
            ? new QosValuationException(Faults.DiskFull, $"The disk is full: '{path}' could not be written. {advice}".TrimEnd(), path, exception)
            : new QosValuationException(Faults.FileNotWritable, $"'{path}' could not be written: {exception.Message} {advice}".TrimEnd(), path, exception);
}
