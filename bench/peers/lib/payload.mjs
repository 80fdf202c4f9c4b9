// The same bytes as the payload of PgConductor's bench: {"n":1234,"fill":"xxx…"}.
const SMALLEST_BYTES = 24;

export function payloads(bytes) {
  const fill = 'x'.repeat(Math.max(bytes - SMALLEST_BYTES, 0));
  return (n) => ({ n, fill });
}
