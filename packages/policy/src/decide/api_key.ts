/** The step *key*: an API key is found by the id in it, and compared in constant time. */

import { hash, timingSafeEqual } from "node:crypto";
import type { Credential } from "../entity/client.ts";
import { isOfBytes } from "../form.ts";
import type { Policy } from "../policy.ts";
import { expired, revoked, type Step, type Work } from "./work.ts";

/** Bytes of a key. */
const KEY_BYTES_MAX = 256;
const PREFIX = "sb_";

/** Unknown, then revoked, then expired. */
export const apiKey: Step = (work) => {
  const { key } = work.claimed.shown;
  if (key === undefined) return undefined;
  const credential = credentialOf(work.claimed.policy, key);
  if (credential === undefined) return { code: "api_key_unknown" };
  work.keyCredential = credential;
  work.trail.keyCredential = credential;
  return revoked(work, credential) ?? expired(work, credential);
};

/** Whether the key that was shown passes the step, which leaves no trace here. */
export function passesAsKey(work: Work): boolean {
  return work.claimed.shown.key !== undefined && apiKey({ ...work, trail: {} }) === undefined;
}

function credentialOf(policy: Policy, key: string): Credential | undefined {
  if (!isOfBytes(key, KEY_BYTES_MAX) || !key.startsWith(PREFIX)) return undefined;
  const end = key.indexOf("_", PREFIX.length);
  if (end < 0) return undefined;
  const credential = policy.contents.credentialsById.first(key.slice(PREFIX.length, end));
  if (credential?.proof.type !== "api_key") return undefined;
  const shown = hash("sha256", key, "buffer");
  return timingSafeEqual(shown, Buffer.from(credential.proof.sha256, "hex")) ? credential : undefined;
}
