#pragma warning disable xUnit1051 // The guide shows what matters.
using PgConductor.Testing;
using Xunit;

namespace PgConductor.TestingTests;

/// <summary>What docs/guides/testing.md quotes.</summary>
public sealed class GuideTests
{
    // docs:start testing-guide
    private sealed record Invoice(int Number, string Email);

    private static readonly TaskDefinition<Invoice, NoResult> _sendInvoice = TaskDefinition.Create<Invoice>(
        "send-invoice",
        new TaskOptions { MaxAttempts = 3, BackoffJitter = 0, Backoff = [TimeSpan.FromMinutes(10)] });

    [Fact]
    public async Task An_invoice_is_sent_on_the_first_of_the_month_and_tried_again_when_the_mail_server_is_busy()
    {
        var mailbox = new List<string>();
        var tasks = new TaskCollection().Add(_sendInvoice, (invoice, _) =>
        {
            mailbox.Add($"invoice {invoice.Number} to {invoice.Email}");
            return Task.CompletedTask;
        });
        await using var host = await ConductorTestHost.StartAsync(tasks);

        var first = new DateTimeOffset(2030, 2, 1, 8, 0, 0, TimeSpan.Zero);
        var handle = await host.Conductor.InvokeAsync(_sendInvoice, new Invoice(7, "ann@example.org"), new InvokeOptions { RunAt = first });
        await host.Executions.ShouldBeEnqueuedAsync(_sendInvoice, invoice => invoice.Number == 7);

        // A month passes, in the database too. The first attempt fails.
        host.Faults.FailNext(_sendInvoice, new IOException("the mail server is busy"));
        await host.Clock.SetToAsync(first);
        await host.DrainAsync();
        await host.Executions.ShouldBeScheduledAsync(handle.Id, after: TimeSpan.FromMinutes(10));
        Assert.Empty(mailbox);

        // Whatever is still to come, as fast as it can run.
        await host.RunUntilIdleAsync();
        await host.Executions.ShouldBeCompletedAsync(handle.Id);
        await host.Executions.ShouldBeRetriedAsync(handle.Id, 1);
        Assert.Equal(["invoice 7 to ann@example.org"], mailbox);
    }

    // docs:end
}
