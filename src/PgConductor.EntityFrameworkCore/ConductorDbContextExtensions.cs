using Microsoft.EntityFrameworkCore;
using Npgsql;
using PgConductor.Client;

namespace PgConductor.EntityFrameworkCore;

/// <summary>Enqueues in the transaction of a DbContext: what is saved and what is enqueued exist together or not at all.</summary>
/// <remarks>
/// The context must use Npgsql.EntityFrameworkCore.PostgreSQL, be connected to the database that holds PgConductor's schema,
/// and have a transaction: <c>BeginTransactionAsync</c>, or <c>UseTransaction</c>. With a retrying execution strategy
/// both belong inside its <c>ExecuteAsync</c>. As thread-safe as the DbContext, which is not.
/// </remarks>
public static class ConductorDbContextExtensions
{
    /// <summary>Enqueues one execution, in the context's transaction.</summary>
    /// <param name="conductor">The client.</param>
    /// <param name="context">Its transaction decides whether the execution exists.</param>
    /// <param name="task">The task.</param>
    /// <param name="payload">Serialised to JSON now, not at the commit.</param>
    /// <param name="options">How; null: now, with the task's settings.</param>
    /// <param name="cancellationToken">Ends the call, and with it the transaction, which PostgreSQL aborts.</param>
    /// <returns>A handle; the execution can be seen after the commit.</returns>
    /// <exception cref="ConductorException">Code invalid-argument when the context has no transaction, or not one of Npgsql; else as <see cref="IConductor"/>. The call is not retried: repeat the transaction.</exception>
    public static Task<ExecutionHandle<TResult>> InvokeAsync<TPayload, TResult>(this IConductor conductor, DbContext context, TaskDefinition<TPayload, TResult> task, TPayload payload, InvokeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conductor);
        return conductor.InvokeAsync(task, payload, options, TransactionOf(context), cancellationToken);
    }

    /// <summary>Enqueues many executions of one task, in the context's transaction; they keep the order given.</summary>
    /// <param name="conductor">The client.</param>
    /// <param name="context">As for one.</param>
    /// <param name="task">The task.</param>
    /// <param name="payloads">One execution each.</param>
    /// <param name="options">Applied to all.</param>
    /// <param name="cancellationToken">As for one.</param>
    /// <returns>The ids, in the order given.</returns>
    /// <exception cref="ConductorException">As for one.</exception>
    public static Task<IReadOnlyList<Guid>> InvokeManyAsync<TPayload, TResult>(this IConductor conductor, DbContext context, TaskDefinition<TPayload, TResult> task, IEnumerable<TPayload> payloads, InvokeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conductor);
        return conductor.InvokeManyAsync(task, payloads, options, TransactionOf(context), cancellationToken);
    }

    /// <summary>Enqueues many executions, each with options of its own, in the context's transaction.</summary>
    /// <param name="conductor">The client.</param>
    /// <param name="context">As for one.</param>
    /// <param name="items">The executions.</param>
    /// <param name="dedupePolicy">Applied to items with a dedupe key, which are decided in order.</param>
    /// <param name="cancellationToken">As for one.</param>
    /// <returns>What became of each, in the order given.</returns>
    /// <exception cref="ConductorException">As for one.</exception>
    public static Task<IReadOnlyList<InvokeOutcome>> InvokeManyAsync(this IConductor conductor, DbContext context, IReadOnlyList<InvokeItem> items, DedupePolicy dedupePolicy = DedupePolicy.ReturnExisting, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conductor);
        return conductor.InvokeManyAsync(items, dedupePolicy, TransactionOf(context), cancellationToken);
    }

    private static NpgsqlTransaction TransactionOf(DbContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.Database.IsRelational() || context.Database.GetDbConnection() is not NpgsqlConnection)
        {
            throw new ConductorException(
                ConductorErrorCode.InvalidArgument,
                $"{context.GetType().Name} uses the provider \"{context.Database.ProviderName}\", whose transactions PgConductor cannot join: use Npgsql.EntityFrameworkCore.PostgreSQL on the database that holds PgConductor's schema, or enqueue without the context.");
        }

        return context.Database.CurrentTransaction is { } transaction
            ? (NpgsqlTransaction)Microsoft.EntityFrameworkCore.Storage.DbContextTransactionExtensions.GetDbTransaction(transaction)
            : throw new ConductorException(
                ConductorErrorCode.InvalidArgument,
                $"{context.GetType().Name} has no transaction to enqueue in: begin one with context.Database.BeginTransactionAsync() around SaveChangesAsync and this call (inside Database.CreateExecutionStrategy().ExecuteAsync if retries are enabled), or enqueue without the context.");
    }
}
