using System.Reflection;
using PgConductor.Database;

namespace PgConductor.IntegrationTests.Support;

/// <summary>A real database client with calls that a test interferes with: delays, loses the reply of, counts.</summary>
internal class FaultyDatabase : DispatchProxy
{
    private readonly Dictionary<string, Func<object?[], Func<object?>, object?>> _faults = new(StringComparer.Ordinal);
    private IDatabaseClient _inner = null!;

    public static IDatabaseClient Wrap(IDatabaseClient inner, Action<FaultyDatabase> set)
    {
        var proxy = Create<IDatabaseClient, FaultyDatabase>();
        var faulty = (FaultyDatabase)(object)proxy;
        faulty._inner = inner;
        set(faulty);
        return proxy;
    }

    /// <summary>Replaces a method that returns Task of T: given its arguments and the real call.</summary>
    public void On<T>(string method, Func<object?[], Func<Task<T>>, Task<T>> fault) =>
        _faults.Add(method, (args, call) => fault(args, () => (Task<T>)call()!));

    /// <summary>Replaces a method that returns Task.</summary>
    public void On(string method, Func<object?[], Func<Task>, Task> fault) =>
        _faults.Add(method, (args, call) => fault(args, () => (Task)call()!));

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        object? Call()
        {
            try
            {
                return targetMethod!.Invoke(_inner, args);
            }
            catch (TargetInvocationException exception)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerException!);
                throw;
            }
        }

        return _faults.TryGetValue(targetMethod!.Name, out var fault) ? fault(args ?? [], Call) : Call();
    }
}
