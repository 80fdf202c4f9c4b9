using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using PgConductor.Postgres.Binaries;
using PgConductor.Postgres.Servers;

namespace PgConductor.Postgres.Clusters;

/// <summary>Makes the cluster of a folder, once.</summary>
internal sealed class ClusterCreator(ClusterFolder folder, ServerAccount account, ServerBinaries binaries, IServerControl control, ILogger logger)
{
    private const string PreferredLocale = "C.UTF-8";
    private const string FallbackLocale = "C";

    /// <summary>Makes the cluster unless it is there, and returns the superuser's password.</summary>
    /// <exception cref="LocalPostgresException">initdb failed, or the password of an existing cluster is gone.</exception>
    public async Task<string> EnsureAsync(CancellationToken ct)
    {
        if (folder.MajorVersion is not null)
        {
            return File.Exists(folder.PasswordFile)
                ? (await File.ReadAllTextAsync(folder.PasswordFile, ct).ConfigureAwait(false)).Trim()
                : throw new LocalPostgresException(
                    LocalPostgresErrors.DirectoryNotAccessible,
                    $"The cluster in '{folder.Root}' has lost its file 'password'. Put it back, or choose another Directory."
                );
        }

        string password = RandomNumberGenerator.GetHexString(48, lowercase: true);
        ClusterFolder.WritePrivate(folder.InitPasswordFile, password);
        try
        {
            await account.GiveAsync(folder.InitPasswordFile, ct).ConfigureAwait(false);
            if (!await InitializeAsync(PreferredLocale, ct).ConfigureAwait(false))
            {
                Log.LocaleReplaced(logger, folder.Root);
                if (!await InitializeAsync(FallbackLocale, ct).ConfigureAwait(false))
                {
                    throw new LocalPostgresException(
                        LocalPostgresErrors.InitdbFailed,
                        $"initdb of '{binaries.Directory}' could not create a cluster in '{folder.Root}': {LogTail.Read(folder.CommandLog)}"
                    );
                }
            }
        }
        finally
        {
            File.Delete(folder.InitPasswordFile);
        }

        if (!folder.IsTemporary)
        {
            ClusterFolder.WritePrivate(folder.PasswordFile, password);
        }

        // A cluster exists exactly when it is complete: a crash before this line leaves a draft, which the next start replaces.
        Directory.Move(folder.NewData, folder.Data);
        Log.ClusterCreated(logger, binaries.MajorVersion, folder.Root);
        return password;
    }

    private async Task<bool> InitializeAsync(string locale, CancellationToken ct)
    {
        if (Directory.Exists(folder.NewData))
        {
            Directory.Delete(folder.NewData, recursive: true);
        }

        ClusterFolder.CreatePrivate(folder.NewData);
        await account.GiveAsync(folder.NewData, ct).ConfigureAwait(false);
        string[] command =
        [
            binaries.Initdb,
            "-D",
            folder.NewData,
            "-U",
            ServerEndpoint.Superuser,
            "-A",
            "scram-sha-256",
            $"--pwfile={folder.InitPasswordFile}",
            "--encoding=UTF8",
            $"--locale={locale}",
            "--lc-messages=C",
            "--no-instructions",
            // What a power cut would lose here is deleted anyway.
            .. folder.IsTemporary ? ["--no-sync"] : Array.Empty<string>(),
        ];
        return await control.RunAsync(command, ct).ConfigureAwait(false) == 0;
    }
}
