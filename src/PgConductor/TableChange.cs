namespace PgConductor;

/// <summary>The payload of a task that is started by a change of a table.</summary>
/// <typeparam name="TRow">What is read of a row: its columns as JSON, by PostgreSQL's to_jsonb.</typeparam>
/// <param name="Operation">insert, update or delete.</param>
/// <param name="Schema">The table's schema, as it was subscribed to.</param>
/// <param name="Table">The table, as it was subscribed to.</param>
/// <param name="New">The row after; null when it was deleted.</param>
/// <param name="Old">The row before; null when it was inserted.</param>
public sealed record TableChange<TRow>(string Operation, string Schema, string Table, TRow? New, TRow? Old);
