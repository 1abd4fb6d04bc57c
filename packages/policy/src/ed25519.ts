/**
 * Whether 32 bytes are a point of Ed25519 (RFC 8032 §5.1.3); `node:crypto` takes any 32 bytes for a key.
 *
 * Public values only: nothing here runs in constant time.
 */

const P = 2n ** 255n - 19n;
const D = (-121_665n * power(121_666n, P - 2n)) % P;

/** Whether the bytes decode to a point. */
export function isEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  let encoded = 0n;
  for (let at = 31; at >= 0; at--) encoded = (encoded << 8n) | BigInt(bytes[at] ?? 0);
  const sign = encoded >> 255n;
  const y = encoded & (2n ** 255n - 1n);
  if (y >= P) return false;
  // x² = (y² − 1) / (d y² + 1) has a root exactly where the product of both has one (Euler's criterion).
  const square = (y * y) % P;
  const product = ((((square - 1n) * (D * square + 1n)) % P) + P) % P;
  if (product === 0n) return sign === 0n;
  return power(product, (P - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = ((base % P) + P) % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % P;
    factor = (factor * factor) % P;
  }
  return result;
}
