using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PgConductor.Hosting;
using PgConductor.TestSupport;
using Xunit;

namespace PgConductor.IntegrationTests.Hosting;

/// <summary>Hosts over a test's database, without files, environment or console.</summary>
internal static class TestHost
{
    public static IHost Create(TestDatabase database, Action<PgConductorBuilder>? configure, Action<IServiceCollection>? services = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration["PgConductor:ConnectionString"] = database.ConnectionString;
        services?.Invoke(builder.Services);
        builder.Services.AddPgConductor(configure);
        return builder.Build();
    }

    public static async Task<IHost> StartAsync(TestDatabase database, Action<PgConductorBuilder>? configure, Action<IServiceCollection>? services = null)
    {
        var host = Create(database, configure, services);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public static void Log(this IServiceCollection services, List<string> lines) =>
        services.AddSingleton<ILoggerFactory>(new LoggerFactory([new LineProvider(lines)]));

    private sealed class LineProvider(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
            {
                lines.Add(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
