using Npgsql;
using NpgsqlTypes;

namespace PgConductor.Database;

/// <summary>The arguments of invoke and invoke_batch that only paced calls have.</summary>
internal static class PaceParameters
{
    public static bool Any(IReadOnlyList<Invocation> invocations)
    {
        foreach (var invocation in invocations)
        {
            if (invocation.Pace is not null)
            {
                return true;
            }
        }

        return false;
    }

    public static void Add(NpgsqlParameterCollection parameters, Pace pace)
    {
        parameters.AddInterval(pace.IsThrottle ? pace.Length : null);
        parameters.AddInterval(pace.IsThrottle ? null : pace.Length);
        parameters.AddText(pace.Key);
        parameters.AddText(EdgeName(pace));
        parameters.AddInterval(pace.MaxWait);
    }

    public static void Add(NpgsqlParameterCollection parameters, IReadOnlyList<Invocation> invocations)
    {
        parameters.AddArray(Collect(invocations, static pace => pace.IsThrottle ? pace.Length : default(TimeSpan?)), NpgsqlDbType.Interval);
        parameters.AddArray(Collect(invocations, static pace => pace.IsThrottle ? default(TimeSpan?) : pace.Length), NpgsqlDbType.Interval);
        parameters.AddArray(Collect(invocations, static pace => pace.Key), NpgsqlDbType.Text);
        parameters.AddArray(Collect(invocations, EdgeName), NpgsqlDbType.Text);
        parameters.AddArray(Collect(invocations, static pace => pace.MaxWait), NpgsqlDbType.Interval);
    }

    private static T[] Collect<T>(IReadOnlyList<Invocation> invocations, Func<Pace, T> choose) =>
        [.. invocations.Select(invocation => invocation.Pace is { } pace ? choose(pace) : default!)];

    private static string EdgeName(Pace pace) => pace.Edge == PaceEdge.Leading ? "leading" : "trailing";
}
