using Server = PgConductor.Testing.Servers.TestServer;

namespace PgConductor.TestSupport;

/// <summary>The one PostgreSQL server of a test process: DATABASE_URL's, or a private one that ends with the process.</summary>
public static class TestServer
{
    /// <summary>Connects to the server's maintenance database.</summary>
    public static async Task<string> ConnectionStringAsync() => (await Server.GetAsync(null)).ConnectionString;

    /// <summary>The name of a database with the schema installed, to be copied.</summary>
    public static async Task<string> TemplateAsync() => await (await Server.GetAsync(null)).TemplateAsync();

    /// <summary>Makes a database of a template's. Returns its name.</summary>
    public static async Task<string> CreateDatabaseAsync(string template) => await (await Server.GetAsync(null)).CreateDatabaseAsync(template);

    /// <summary>Runs statements in the maintenance database.</summary>
    public static async Task ExecuteAsync(string sql) => await (await Server.GetAsync(null)).ExecuteAsync(sql);
}
