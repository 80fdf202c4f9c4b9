using System.Text.Json.Serialization;

namespace PgConductor.Steps;

/// <summary>How a wait that was given up is stored.</summary>
internal sealed record TimeoutRecord([property: JsonPropertyName("type")] string Type, [property: JsonPropertyName("message")] string Message);

/// <summary>What steps write as JSON themselves, without reflection.</summary>
[JsonSerializable(typeof(TimeoutRecord))]
internal sealed partial class StepJson : JsonSerializerContext;
