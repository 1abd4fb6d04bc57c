/**
 * Whose signatures count: roots sign keyrings, the keys of a keyring sign commits (contract §7). No clock is asked.
 *
 * Only what a signature covers is used of what it signs.
 */

import { createPublicKey, verify } from "node:crypto";
import { type Commit, decoded, type KeyLine, type KeyringLine, type RootsLine } from "./record.ts";

const SIGNATURE_BYTES = 64;

/** Why a keyring does not count. */
export type KeyringFault = "feed" | "root" | "signature" | "older" | "forked";

/** Why a commit does not count. */
export type CommitFault = "feed" | "no_keyring" | "epoch" | "unsigned" | "key" | "key_ended" | "signature";

/** What is wrong with a keyring, where it does not count after `held`, the one that counts so far. */
export function keyringFault(
  roots: RootsLine,
  line: KeyringLine,
  held: KeyringLine | undefined,
): KeyringFault | undefined {
  if (line.feed !== roots.feed) return "feed";
  const root = roots.roots.find(({ id }) => id === line.root);
  if (root === undefined) return "root";
  if (line.covered === "" || !hasSigned(root, line.covered, line.sig)) return "signature";
  if (held === undefined || line.version > held.version) return undefined;
  if (line.version < held.version) return "older";
  return isSame(line, held) ? undefined : "forked";
}

/** The keyring that counts after this line; `held` counted so far. */
export function keyringAfter(
  roots: RootsLine,
  line: KeyringLine,
  held: KeyringLine | undefined,
): KeyringLine | undefined {
  return keyringFault(roots, line, held) === undefined ? line : held;
}

/** What is wrong with a commit, where it does not count under a keyring. */
export function commitFault(
  roots: RootsLine,
  keyring: KeyringLine | undefined,
  commit: Commit,
): CommitFault | undefined {
  if (keyring === undefined) return "no_keyring";
  const { feed, epoch, revision, entities, digest, at, signed } = commit;
  if (feed !== roots.feed) return "feed";
  if (epoch !== keyring.epoch) return "epoch";
  if (signed?.key === undefined || signed.sig === undefined) return "unsigned";
  const key = keyring.keys.find(({ id }) => id === signed.key);
  if (key === undefined) return "key";
  if (key.notAfter !== undefined && at > key.notAfter) return "key_ended";
  const covered = ["v1", feed, epoch, revision, entities + 0, digest, at, key.id].join("|");
  return hasSigned(key, covered, signed.sig) ? undefined : "signature";
}

/** Whether a commit counts under a keyring. */
export function counts(roots: RootsLine, keyring: KeyringLine, commit: Commit): boolean {
  return commitFault(roots, keyring, commit) === undefined;
}

/** Whether two keyrings of one version say the same. */
function isSame(one: KeyringLine, other: KeyringLine): boolean {
  return (
    one.epoch === other.epoch &&
    one.keys.length === other.keys.length &&
    one.keys.every((key, at) => {
      const twin = other.keys[at];
      return key.id === twin?.id && key.ed25519 === twin.ed25519 && key.notAfter === twin.notAfter;
    })
  );
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
