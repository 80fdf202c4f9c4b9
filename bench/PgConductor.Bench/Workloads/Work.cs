using System.Text.Json;

namespace PgConductor.Bench.Workloads;

/// <summary>The payload of every execution: its number, which the ledger counts, and filling to the size asked for.</summary>
internal sealed record Work(int N, string Fill)
{
    /// <summary>The bytes of JSON around an empty fill and a number of seven digits.</summary>
    public const int SmallestBytes = 24;

    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.Web);

    public static Work Of(int number, int payloadBytes) => new(number, Filling(payloadBytes));

    public static byte[] Json(int number, int payloadBytes) => JsonSerializer.SerializeToUtf8Bytes(Of(number, payloadBytes), _options);

    private static string Filling(int payloadBytes) => FillCache.Of(payloadBytes - SmallestBytes);

    private static class FillCache
    {
        private static string _last = "";

        public static string Of(int length)
        {
            var last = Volatile.Read(ref _last);
            if (last.Length != length)
            {
                last = new string('x', length);
                Volatile.Write(ref _last, last);
            }

            return last;
        }
    }
}
