export async function heldHorizon() { throw new Error('soon'); }
