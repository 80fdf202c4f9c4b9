using System.Net;
using System.Net.Sockets;

namespace PgConductor.Postgres.Servers;

/// <summary>Picks ports on the loopback address. A port is free only at the moment of asking.</summary>
internal static class FreePort
{
    // Below the ports that Linux, macOS and Windows give to outgoing connections, any of which could take one of those at
    // any moment: between the choice and the server's start, and while a persistent cluster is stopped.
    private const int First = 20_000;
    private const int End = 32_000;
    private const int Attempts = 100;

    public static int Pick()
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int port = Random.Shared.Next(First, End);
            if (IsFree(port))
            {
                return port;
            }
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
