using System.Text;
using PgConductor.Database;
using PgConductor.IntegrationTests.Support;
using Xunit;

namespace PgConductor.IntegrationTests.Queues;

/// <summary>N25: any name works or is refused with a clear error, and no two collide.</summary>
public sealed class QueueNameTests
{
    [Fact]
    public async Task Ten_thousand_names_are_each_accepted_or_refused_and_none_collides()
    {
        await using var engine = await TestEngine.CreateAsync();
        var names = Sample().Distinct(StringComparer.Ordinal).ToArray();
        Assert.True(names.Length > 9_500, $"{names.Length}");
        var accepted = new List<string>();
        foreach (var name in names)
        {
            try
            {
                await engine.Conductor.CreateQueueAsync(name, cancellationToken: TestEngine.Token);
                accepted.Add(name);
            }
            catch (ConductorException exception)
            {
                Assert.Equal(ConductorErrorCode.InvalidArgument, exception.Code);
                Assert.True(name.Any(char.IsControl) || name.Length == 0 || Encoding.UTF8.GetByteCount(name) > 200, $"\"{name}\" was refused: {exception.Message}");
            }
        }

        var known = (await engine.Conductor.ListQueuesAsync(TestEngine.Token)).Select(queue => queue.Name).ToHashSet(StringComparer.Ordinal);
        Assert.All(accepted, name => Assert.Contains(name, known));
        Assert.Equal(accepted.Count + 1, known.Count);
        Assert.Equal(known.Count, await engine.Database.ScalarAsync<long>("select count(distinct pgconductor.queue_channel(name)) from pgconductor.queues"));
        Assert.Equal(known.Count, await engine.Database.ScalarAsync<long>("select count(distinct 'executions_q_' || substr(md5(name), 1, 20)) from pgconductor.queues"));

        // The channel a worker listens on is the one the server notifies.
        foreach (var name in accepted.Where((_, i) => i % 500 == 0))
        {
            Assert.Equal(await engine.Database.ScalarAsync<string>("select pgconductor.queue_channel($1)", name), NotificationListener.QueueChannel(name));
        }
    }

    [Theory]
    [InlineData("it's \"quoted\"; drop table pgconductor.executions; --", true)]
    [InlineData("очередь / 队列 / 🚀", true)]
    [InlineData("%s $1 {0} \\ ' \" `", false)]
    public async Task A_strange_queue_works_from_end_to_end(string queue, bool partitioned)
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.CreateQueueAsync(queue, partitioned, TestEngine.Token);
        var job = TaskDefinition.Create<string, string>($"task of {queue}", new TaskOptions { Queue = queue });
        var orchestrator = await engine.StartAsync(new TaskCollection().Add(job, (text, context) => Task.FromResult($"{text} from {context.Queue}")));

        var handle = await engine.Conductor.InvokeAsync(job, "hello", cancellationToken: TestEngine.Token);

        Assert.Equal($"hello from {queue}", await handle.WaitAsync(TimeSpan.FromSeconds(60), TestEngine.Token));
        await orchestrator.StopAsync(TestEngine.Token);
        Assert.True(await engine.Conductor.DropQueueAsync(queue, cancellationToken: TestEngine.Token));
    }

    [Fact]
    public async Task Two_hundred_bytes_are_the_limit()
    {
        await using var engine = await TestEngine.CreateAsync();
        await engine.Conductor.CreateQueueAsync(new string('q', 200), partitioned: true, TestEngine.Token);
        await engine.Conductor.CreateQueueAsync(new string('é', 100), partitioned: true, TestEngine.Token);
        await engine.Conductor.CreateQueueAsync(new string('é', 99) + "èe"[..1], partitioned: true, TestEngine.Token);

        foreach (var name in new[] { new string('q', 201), new string('é', 101), "", "a\nb", "a\0b", "half \ud800" })
        {
            var error = await Assert.ThrowsAsync<ConductorException>(() => engine.Conductor.CreateQueueAsync(name, cancellationToken: TestEngine.Token));
            Assert.Equal(ConductorErrorCode.InvalidArgument, error.Code);
        }
    }

    private static IEnumerable<string> Sample()
    {
        // A fixed seed: the sample is the same in every run.
        var random = new Random(20250705);
        const string Alphabet = "abcXYZ019 _-./:;'\"`$%\\{}[]()<>@#!?*&^~|,\t\u00e9\u00df\u0416\u4e2d\u3042\u0e01\u200d";
        for (var i = 0; i < 9_000; i++)
        {
            var name = new StringBuilder();
            for (var length = random.Next(1, 60); length > 0; length--)
            {
                name.Append(random.Next(20) == 0 ? "🚀" : Alphabet[random.Next(Alphabet.Length)].ToString());
            }

            yield return name.ToString();
        }

        // Alike at the beginning, alike but for case, for a space, and as long as can be.
        for (var i = 0; i < 250; i++)
        {
            yield return new string('x', 190) + i.ToString("D4", System.Globalization.CultureInfo.InvariantCulture);
            yield return new string('x', 197) + i.ToString("D4", System.Globalization.CultureInfo.InvariantCulture);
            yield return $"Queue{i}";
            yield return $"queue{i}";
            yield return $"queue{i} ";
        }
    }
}
