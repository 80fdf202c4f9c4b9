namespace PgConductor.Workers;

/// <summary>What a slot of a worker takes from the buffer: an execution, or a batch of them.</summary>
internal interface ISlotWork;
