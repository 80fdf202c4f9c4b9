using System.Runtime.InteropServices;

namespace PgConductor.Orchestration;

/// <summary>SIGTERM and SIGINT: the first asks for a graceful stop, the second for one now.</summary>
internal sealed class OsSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private int _received;

    public OsSignals(Action<string> onFirst, Action<string> onSecond)
    {
        _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT)];

        PosixSignalRegistration Register(PosixSignal signal) =>
            PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                (Interlocked.Increment(ref _received) == 1 ? onFirst : onSecond)(signal.ToString());
            });
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }
}
