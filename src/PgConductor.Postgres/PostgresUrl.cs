using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace PgConductor.Postgres;

/// <summary>Turns the ways people write a database into a connection string for Npgsql.</summary>
/// <remarks>Thread-safe. Error messages name the part at fault and never repeat a value, which may be a password.</remarks>
public static partial class PostgresUrl
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    // The parameters of libpq that mean something to Npgsql, with its word for each. ssl=true is what other drivers write.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application_name"] = "Application Name",
        ["channel_binding"] = "Channel Binding",
        ["client_encoding"] = "Client Encoding",
        ["connect_timeout"] = "Timeout",
        ["dbname"] = "Database",
        ["gssencmode"] = "GSS Encryption Mode",
        ["host"] = "Host",
        ["krbsrvname"] = "Kerberos Service Name",
        ["options"] = "Options",
        ["passfile"] = "Passfile",
        ["password"] = "Password",
        ["port"] = "Port",
        ["require_auth"] = "Require Auth",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslmode"] = "SSL Mode",
        ["sslnegotiation"] = "SSL Negotiation",
        ["sslpassword"] = "SSL Password",
        ["sslrootcert"] = "Root Certificate",
        ["target_session_attrs"] = "Target Session Attributes",
        ["user"] = "Username",
    };

    /// <summary>Whether a text is a URL of a database, as opposed to an Npgsql connection string.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True for postgres:// and postgresql://.</returns>
    public static bool IsUrl(string text) => Schemes.Any(scheme => text.AsSpan().Trim().StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    /// <summary>Makes a connection string of a postgres:// or postgresql:// URL, or checks one that is a connection string already.</summary>
    /// <remarks>
    /// A URL is read as libpq does: percent-encoding in every part, several hosts, an IPv6 address in brackets, an encoded
    /// folder of a Unix socket as host, and parameters after the question mark. Parameters may also be Npgsql keywords.
    /// </remarks>
    /// <param name="text">The URL or connection string.</param>
    /// <returns>A connection string that Npgsql accepts.</returns>
    /// <exception cref="LocalPostgresException">The text is neither (invalid-connection).</exception>
    public static string ToConnectionString(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string trimmed = text.Trim();
        string? scheme = Schemes.FirstOrDefault(scheme => trimmed.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));
        if (scheme is not null)
        {
            return FromUrl(trimmed[scheme.Length..]);
        }

        if (trimmed.Contains("://", StringComparison.Ordinal) && !trimmed[..trimmed.IndexOf("://", StringComparison.Ordinal)].Contains('=', StringComparison.Ordinal))
        {
            throw Invalid($"it starts with '{trimmed[..trimmed.IndexOf("://", StringComparison.Ordinal)]}://', which is not PostgreSQL");
        }

        return FromKeywords(trimmed);
    }

    private static string FromKeywords(string text)
    {
        var parts = new DbConnectionStringBuilder();
        try
        {
            parts.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw Invalid("it is neither a URL nor a list of 'Keyword=value' separated by semicolons");
        }

        var builder = new NpgsqlConnectionStringBuilder();
        foreach (string keyword in parts.Keys)
        {
            Set(builder, keyword, (string)parts[keyword]);
        }

        return string.IsNullOrEmpty(builder.Host) ? throw Invalid("it names no Host") : builder.ConnectionString;
    }

    // What follows the scheme: [user[:password]@][host[:port][,...]][/database][?name=value[&...]]. System.Uri would
    // refuse several hosts and change the case of some.
    private static string FromUrl(string rest)
    {
        if (rest.Contains('#', StringComparison.Ordinal))
        {
            throw Invalid("it holds a '#'; write %23 where it belongs to a name or password");
        }

        (string location, string? query) = Split(rest, '?');
        (string authority, string? database) = Split(location, '/');
        int at = authority.LastIndexOf('@');
        var builder = new NpgsqlConnectionStringBuilder();
        if (at >= 0)
        {
            (string user, string? password) = Split(authority[..at], ':');
            Set(builder, "Username", Decode(user, "user"));
            Set(builder, "Password", password is null ? null : Decode(password, "password"));
        }

        SetHosts(builder, authority[(at + 1)..]);
        Set(builder, "Database", database is null ? null : Decode(database, "database"));
        foreach (string pair in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            SetParameter(builder, pair);
        }

        return string.IsNullOrEmpty(builder.Host) ? throw Invalid("it names no host") : builder.ConnectionString;
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, string authority)
    {
        if (authority.Length == 0)
        {
            return;
        }

        (string Host, int? Port)[] hosts = [.. authority.Split(',').Select(HostAndPort)];
        if (hosts.Length == 1)
        {
            Set(builder, "Host", hosts[0].Host);
            builder.Port = hosts[0].Port ?? NpgsqlConnection.DefaultPort;
            return;
        }

        Set(builder, "Host", string.Join(',', hosts.Select(host => host.Port is { } port ? $"{host.Host}:{port}" : host.Host)));
    }

    private static (string Host, int? Port) HostAndPort(string text)
    {
        int end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        int colon = text.IndexOf(':', Math.Max(0, end));
        string host = Decode(colon < 0 ? text : text[..colon], "host");
        string portText = colon < 0 ? "" : text[(colon + 1)..];
        if (portText.Length == 0)
        {
            return (host, null);
        }

        return int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? (host, port)
            : throw Invalid("what follows the colon after the host is no port number; in a user or password write '/' as %2F, '?' as %3F, '@' as %40");
    }

    private static void SetParameter(NpgsqlConnectionStringBuilder builder, string pair)
    {
        (string encodedName, string? encodedValue) = Split(pair, '=');
        string name = Decode(encodedName, "parameter name");
        if (encodedValue is null)
        {
            throw Invalid($"{Named(name)} has no value");
        }

        string value = Decode(encodedValue, Named(name));
        if (name.Equals("ssl", StringComparison.OrdinalIgnoreCase))
        {
            (name, value) = ("sslmode", value.Equals("true", StringComparison.OrdinalIgnoreCase) ? "require" : "prefer");
        }

        string keyword = Parameters.GetValueOrDefault(name, name);
        // Npgsql spells the values of its enumerations without the hyphens of libpq; the attributes of a session keep theirs.
        bool isEnumeration = keyword is "SSL Mode" or "GSS Encryption Mode" or "Channel Binding" or "SSL Negotiation";
        Set(builder, keyword, isEnumeration ? value.Replace("-", "", StringComparison.Ordinal) : value, name);
    }

    private static void Set(NpgsqlConnectionStringBuilder builder, string keyword, string? value, string? name = null)
    {
        if (!string.IsNullOrEmpty(value))
        {
            Assign(builder, keyword, value, Named(name ?? keyword));
        }
    }

    private static void Assign(NpgsqlConnectionStringBuilder builder, string keyword, string value, string what)
    {
        try
        {
            builder[keyword] = value;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or KeyNotFoundException or OverflowException)
        {
            // The cause is left out: its message may repeat the value.
            string fault = builder.ContainsKey(keyword) ? "has a value that Npgsql does not take" : "is not known to Npgsql; remove it";
            throw Invalid($"{what} {fault}");
        }
    }

    // A password with an unencoded separator in it can end up where a name is expected; it does not look like one.
    private static string Named(string name) => Name().IsMatch(name) ? $"'{name}'" : "a parameter";

    private static string Decode(string text, string part)
    {
        // Uri.UnescapeDataString leaves what is not an escape as it is; a stray percent sign is a mistake that would
        // otherwise show as a wrong password.
        for (int at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2]))
            {
                throw Invalid($"the {part} holds a '%' that starts no escape; write it as %25");
            }
        }

        return Uri.UnescapeDataString(text);
    }

    private static (string Before, string? After) Split(string text, char separator)
    {
        int at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    [GeneratedRegex(@"\A[A-Za-z]+([ _][A-Za-z]+)*\z")]
    private static partial Regex Name();

    private static LocalPostgresException Invalid(string fault) =>
        new(
            LocalPostgresErrors.InvalidConnection,
            $"The connection cannot be used: {fault}. Write postgres://user:password@host:5432/database?sslmode=require "
                + "or Host=…;Port=…;Username=…;Password=…;Database=…"
        );
}
