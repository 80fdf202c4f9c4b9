using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace PgConductor.IntegrationTests.Support;

/// <summary>A network between client and server that a test can break: cut every connection, swallow everything, refuse new ones.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Link, bool> _links = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private volatile bool _refuses;

    public TcpProxy(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        (_host, _port) = (builder.Host!, builder.Port);
        _listener.Start();
        builder.Host = "127.0.0.1";
        builder.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = builder.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>Reaches the server through here.</summary>
    public string ConnectionString { get; }

    public int Connections => _links.Count;

    /// <summary>Resets every connection, and until told otherwise new ones too.</summary>
    public void Down()
    {
        _refuses = true;
        foreach (var link in _links.Keys)
        {
            link.Dispose();
        }
    }

    public void Up() => _refuses = false;

    /// <summary>Existing connections stay open but nothing passes any more, in either direction: a firewall that forgot them. New ones work.</summary>
    public void Swallow()
    {
        foreach (var link in _links.Keys)
        {
            link.Swallows = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Down();
        await _accepting;
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (_refuses)
                {
                    client.Client.Close(0);
                    continue;
                }

                _ = ServeAsync(client);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var server = new TcpClient();
        using var link = new Link(client, server);
        _links.TryAdd(link, true);
        try
        {
            if (_refuses)
            {
                // Cut while this one was on its way into the list.
                return;
            }

            await server.ConnectAsync(_host, _port);
            client.NoDelay = server.NoDelay = true;
            await Task.WhenAny(link.CopyAsync(client, server), link.CopyAsync(server, client));
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    private sealed class Link(TcpClient client, TcpClient server) : IDisposable
    {
        public volatile bool Swallows;

        private bool _isCut;

        public async Task CopyAsync(TcpClient from, TcpClient to)
        {
            try
            {
                var buffer = new byte[65536];
                var source = from.GetStream();
                var target = to.GetStream();
                while (await source.ReadAsync(buffer) is > 0 and var count)
                {
                    if (!Swallows)
                    {
                        await target.WriteAsync(buffer.AsMemory(0, count));
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Cut.
            }
        }

        /// <summary>Once: both who cuts it and who served it end it, and a client that is disposed of by the other just then has no socket.</summary>
        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isCut, true))
            {
                Abort(client);
                Abort(server);
            }
        }

        private static void Abort(TcpClient end)
        {
            try
            {
                end.LingerState = new LingerOption(true, 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Closed before.
            }

            end.Dispose();
        }
    }
}
