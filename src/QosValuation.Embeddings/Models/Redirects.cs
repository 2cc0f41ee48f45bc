using System.Net;

namespace QosValuation.Embeddings.Models;

/// <summary>
/// Follows a server's redirections as far as they are safe: to http and https alone, and never from https to plain http, where anybody on
/// the way could read and change what is sent. Credentials stay with the host they were given for.
/// </summary>
internal static class Redirects
{
    private const int Most = 10;

    /// <summary>Sends a request, and sends it again to where the answers point.</summary>
    /// <param name="client">A client that follows no redirection itself.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The first answer that is no redirection, its content unread.</returns>
    /// <exception cref="QosValuationException">DownloadRefused: a redirection that is not followed.</exception>
    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancellation)
    {
        Uri asked = request.RequestUri!;
        Uri address = asked;
        for (int followed = 0; ; followed++)
        {
            using var copy = new HttpRequestMessage(request.Method, address);
            foreach ((string name, IEnumerable<string> values) in request.Headers)
            {
                if (name != "Authorization" || IsSameServer(asked, address))
                {
                    copy.Headers.TryAddWithoutValidation(name, values);
                }
            }

            HttpResponseMessage response = await client.SendAsync(copy, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if (response.StatusCode is not (HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                return response;
            }

            Uri? location = response.Headers.Location;
            response.Dispose();
            address = followed < Most ? Next(address, location) : throw Refused(asked, $"redirects more than {Most} times");
        }
    }

    /// <summary>Where a redirection leads.</summary>
    /// <param name="from">The address that was asked.</param>
    /// <param name="location">What it answered; relative to it or not.</param>
    /// <returns>The address to ask next, without credentials.</returns>
    /// <exception cref="QosValuationException">DownloadRefused.</exception>
    internal static Uri Next(Uri from, Uri? location)
    {
        if (location is null)
        {
            throw Refused(from, "redirects to nowhere");
        }

        Uri to = SafeAddress.Split(new Uri(from, location)).Address;
        return to.Scheme is not ("http" or "https") ? throw Refused(from, $"redirects to '{to}', which is no address of a network")
            : from.Scheme == "https" && to.Scheme == "http" ? throw Refused(from, $"redirects from https to plain http, '{to}'")
            : to;
    }

    private static bool IsSameServer(Uri one, Uri other) => one.Scheme == other.Scheme && one.Authority == other.Authority;

    private static QosValuationException Refused(Uri address, string reason) => new(
        Faults.DownloadRefused, $"The server of '{address}' {reason}; that is not followed. Try a mirror with -Uri.", address.ToString());
}
