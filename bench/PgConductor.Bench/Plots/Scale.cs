using System.Globalization;

namespace PgConductor.Bench.Plots;

/// <summary>Where a value lies between the ends of an axis, 0 to 1, and which values get a label. Pure.</summary>
internal abstract record Scale
{
    /// <summary>Beyond this quotient a straight axis would press the small values flat.</summary>
    private const double MostLinear = 30;

    public required IReadOnlyList<double> Ticks { get; init; }

    public abstract double At(double value);

    /// <summary>For what is measured: from zero, or by powers of ten when it varies by more than those would show.</summary>
    public static Scale OfMeasured(IReadOnlyCollection<double> values)
    {
        var (least, most) = (values.Min(), values.Max());
        return most / least > MostLinear ? Logarithmic.Around(least, most) : Linear.UpTo(most);
    }

    /// <summary>For what was chosen: each value has its label. Zero, which has no logarithm, lies one step before the rest.</summary>
    public static Scale OfChosen(IReadOnlyList<double> values) => new Chosen(values) { Ticks = values };

    /// <summary>Short, the same everywhere: 1,500,000 is "1.5M".</summary>
    public static string Label(double value) => value switch
    {
        0 => "0",
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.##}M"),
        >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.##}k"),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };

    private sealed record Linear(double Most) : Scale
    {
        private const int Spaces = 4;

        public static Linear UpTo(double most)
        {
            var raw = most / Spaces;
            var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            double[] nice = [1, 2, 2.5, 5, 10];
            var step = nice.First(factor => factor * power >= raw * 0.999999) * power;
            var count = (int)Math.Ceiling((most / step) - 0.000001);
            return new Linear(count * step) { Ticks = [.. Enumerable.Range(0, count + 1).Select(i => Math.Round(i * step, 10))] };
        }

        public override double At(double value) => value / Most;
    }

    private sealed record Logarithmic(int First, int Last) : Scale
    {
        public static Logarithmic Around(double least, double most)
        {
            var first = (int)Math.Floor(Math.Log10(least));
            var last = (int)Math.Ceiling(Math.Log10(most));
            return new Logarithmic(first, last) { Ticks = [.. Enumerable.Range(first, last - first + 1).Select(power => Math.Round(Math.Pow(10, power), 10))] };
        }

        public override double At(double value) => (Math.Log10(value) - First) / (Last - First);
    }

    private sealed record Chosen(IReadOnlyList<double> Values) : Scale
    {
        private readonly double _first = First(Values);
        private readonly double _last = Math.Log10(Values[^1]);

        public override double At(double value) => value == 0 ? 0 : (Math.Log10(value) - _first) / (_last - _first);

        /// <summary>Ascending, at least two.</summary>
        private static double First(IReadOnlyList<double> values) =>
            values[0] > 0 ? Math.Log10(values[0])

            // As wide as the first step between two that have logarithms, or a decade.
            : values.Count > 2 ? (2 * Math.Log10(values[1])) - Math.Log10(values[2])
            : Math.Log10(values[1]) - 1;
    }
}
