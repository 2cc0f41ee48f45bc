using System.Text;

namespace QosValuation.Foundation.IO;

/// <summary>Reads lines as <see cref="TextReader.ReadLine"/> does, and refuses one that is too long before it fills the memory.</summary>
/// <param name="reader">The text; it is closed with this reader.</param>
/// <param name="most">The most characters of a line.</param>
public sealed class BoundedLineReader(TextReader reader, int most = BoundedLineReader.Most) : IDisposable
{
    /// <summary>The most characters of a line where nobody says otherwise: 64 Mi, a vector of millions of components.</summary>
    public const int Most = 1 << 26;

    private readonly char[] _buffer = new char[1 << 15];
    private int _start;
    private int _end;
    private bool _isAfterReturn;

    /// <summary>Reads a line.</summary>
    /// <returns>The line without its end; null at the end of the text.</returns>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public string? ReadLine()
    {
        StringBuilder? begun = null;
        while (true)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = reader.Read(_buffer);
                if (_end == 0)
                {
                    return begun?.ToString();
                }
            }

            if (_isAfterReturn)
            {
                _isAfterReturn = false;
                if (_buffer[_start] == '\n')
                {
                    _start++;
                    continue;
                }
            }

            ReadOnlySpan<char> rest = _buffer.AsSpan(_start, _end - _start);
            int length = rest.IndexOfAny('\r', '\n');
            bool isWhole = length >= 0;
            ReadOnlySpan<char> part = isWhole ? rest[..length] : rest;
            if ((begun?.Length ?? 0) + part.Length > most)
            {
                throw new InvalidDataException($"A line is longer than {most:N0} characters.");
            }

            if (!isWhole)
            {
                (begun ??= new StringBuilder()).Append(part);
                _start = _end;
                continue;
            }

            _isAfterReturn = rest[length] == '\r';
            _start += length + 1;
            return begun is null ? new string(part) : begun.Append(part).ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();
}
