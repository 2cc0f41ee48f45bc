using System.Net.Http.Headers;

namespace QosValuation.Embeddings.Models;

/// <summary>Parts an address from the name and password in it, so that these are sent to the server and neither shown nor stored.</summary>
public static class SafeAddress
{
    /// <summary>An address as it may be shown: without name, password, query and fragment, any of which may be a secret.</summary>
    /// <param name="address">An address.</param>
    /// <returns>The rest of it.</returns>
    public static Uri ToShow(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.IsAbsoluteUri && address.Scheme is "http" or "https"
            ? new UriBuilder(Split(address).Address) { Query = string.Empty, Fragment = string.Empty }.Uri
            : address;
    }

    /// <summary>Parts an address from the credentials in it.</summary>
    /// <param name="address">An absolute address.</param>
    /// <returns>The address without them, and the header that carries them (HTTP basic authentication); null where there are none.</returns>
    internal static (Uri Address, AuthenticationHeaderValue? Credentials) Split(Uri address)
    {
        if (address.UserInfo.Length == 0)
        {
            return (address, null);
        }

        string secret = Uri.UnescapeDataString(address.UserInfo);
        string pair = secret.Contains(':', StringComparison.Ordinal) ? secret : secret + ":";
        Uri bare = new UriBuilder(address) { UserName = string.Empty, Password = string.Empty }.Uri;
        return (bare, new AuthenticationHeaderValue("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(pair))));
    }
}
