/**
 * Whose signatures count: roots sign keyrings, the keys of a keyring sign commits (contract §7). No clock is asked.
 *
 * Only what a signature covers is used of what it signs.
 */

import { createPublicKey, verify } from "node:crypto";
import { type Commit, decoded, type KeyLine, type KeyringLine, type RootsLine } from "./record.ts";

const SIGNATURE_BYTES = 64;

/** The keyring that counts after this line; `held` counted so far. */
export function keyringAfter(
  roots: RootsLine,
  line: KeyringLine,
  held: KeyringLine | undefined,
): KeyringLine | undefined {
  const root = roots.roots.find(({ id }) => id === line.root);
  if (line.feed !== roots.feed || root === undefined || line.covered === "") return held;
  if (!hasSigned(root, line.covered, line.sig)) return held;
  // Of two with one version that differ, the first counts; of two that are the same, either.
  return held !== undefined && line.version <= held.version ? held : line;
}

/** Whether a commit counts under a keyring. */
export function counts(roots: RootsLine, keyring: KeyringLine, commit: Commit): boolean {
  const { feed, epoch, revision, entities, digest, at, signed } = commit;
  const key = keyring.keys.find(({ id }) => id === signed?.key);
  if (feed !== roots.feed || epoch !== keyring.epoch) return false;
  if (key === undefined || signed?.sig === undefined) return false;
  if (key.notAfter !== undefined && at > key.notAfter) return false;
  const covered = ["v1", feed, epoch, revision, entities + 0, digest, at, key.id].join("|");
  return hasSigned(key, covered, signed.sig);
}

function hasSigned(key: KeyLine, text: string, sig: string): boolean {
  const signature = decoded(sig, SIGNATURE_BYTES);
  if (signature === undefined) return false;
  const jwk = { kty: "OKP", crv: "Ed25519", x: key.ed25519 };
  try {
    return verify(null, Buffer.from(text), createPublicKey({ format: "jwk", key: jwk }), signature);
  } catch {
    // Bytes that are no point of the curve are nobody's key.
    return false;
  }
}
