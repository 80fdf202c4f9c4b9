using System.Reflection;
using System.Runtime.ExceptionServices;
using PgConductor.Database;
using PgConductor.Testing.Clocks;

namespace PgConductor.Testing.Processes;

/// <summary>The database as a process of a test host reaches it: not while the clock moves, and not at all once the process has crashed.</summary>
internal class HostDatabase : DispatchProxy
{
    private static readonly MethodInfo _gated = typeof(HostDatabase).GetMethod(nameof(ResultAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;

    /// <summary>Longer than any jump.</summary>
    private static readonly TimeSpan _never = TimeSpan.FromDays(365_000);

    private IDatabaseClient _inner = null!;
    private CallGate _gate = null!;
    private Func<bool> _crashed = null!;

    public static IDatabaseClient Wrap(IDatabaseClient inner, CallGate gate, Func<bool> crashed)
    {
        var proxy = Create<IDatabaseClient, HostDatabase>();
        var database = (HostDatabase)(object)proxy;
        database._inner = inner;
        database._gate = gate;
        database._crashed = crashed;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var returned = targetMethod!.ReturnType;
        if (targetMethod.Name == nameof(IDatabaseClient.HeartbeatAsync) && args is [HeartbeatRequest request, ..])
        {
            // By a clock that jumps, a claim whose reply is on its way looks lost for as long as the jump was.
            args[0] = request with { LostAfter = _never };
        }

        if (RunsCallersCode(targetMethod))
        {
            return _crashed() ? Task.FromException(Cut(targetMethod)) : Call(targetMethod, args);
        }

        if (returned == typeof(Task))
        {
            return GatedAsync(targetMethod, args);
        }

        return returned.IsGenericType && returned.GetGenericTypeDefinition() == typeof(Task<>)
            ? _gated.MakeGenericMethod(returned.GetGenericArguments()).Invoke(this, [targetMethod, args])
            : Call(targetMethod, args);
    }

    private static ConductorException Cut(MethodInfo method) =>
        new(ConductorErrorCode.Unavailable, $"{method.Name}: the test has crashed this process.", isTransient: true);

    /// <summary>A step in a transaction: what it runs may make calls of its own, or move the clock, and the clock must not wait for it.</summary>
    private static bool RunsCallersCode(MethodInfo method) =>
        Array.Exists(method.GetParameters(), static parameter => typeof(Delegate).IsAssignableFrom(parameter.ParameterType)
            && typeof(Task).IsAssignableFrom(parameter.ParameterType.GetMethod(nameof(Action.Invoke))!.ReturnType));

    private async Task GatedAsync(MethodInfo method, object?[]? args)
    {
        await EnterAsync(method).ConfigureAwait(false);
        try
        {
            await ((Task)Call(method, args)!).ConfigureAwait(false);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private async Task<T> ResultAsync<T>(MethodInfo method, object?[]? args)
    {
        await EnterAsync(method).ConfigureAwait(false);
        try
        {
            return await ((Task<T>)Call(method, args)!).ConfigureAwait(false);
        }
        finally
        {
            _gate.Leave();
        }
    }

    private async Task EnterAsync(MethodInfo method)
    {
        if (_crashed())
        {
            throw Cut(method);
        }

        await _gate.EnterAsync().ConfigureAwait(false);
    }

    private object? Call(MethodInfo method, object?[]? args)
    {
        try
        {
            return method.Invoke(_inner, args);
        }
        catch (TargetInvocationException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerException!);
            throw;
        }
    }
}
