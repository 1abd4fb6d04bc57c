/** The compiled policy as a value: changes in any order, what is shared, hostile names, and who can make a proof. */

import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import {
  type Change,
  changesOf,
  decide,
  type Facts,
  Policy,
  parsePath,
  present,
  verify,
  wantsKeys,
} from "../src/index.ts";
import { Shards } from "../src/shards.ts";
import { Verified } from "../src/verify.ts";
import { decideBatch, factsOf, outcomeOf } from "../tools/cases.ts";
import { makeEntity, makePolicy } from "./differential/policies.ts";
import { Random } from "./differential/random.ts";
import { makeRequest } from "./differential/requests.ts";
import { makeStock } from "./differential/tokens.ts";
import { keyText, NOW, sha256Hex } from "./differential/world.ts";
import { makeToken, publicJwk } from "./support/tokens.ts";

const api: Change = {
  kind: "api",
  id: "orders",
  body: { team: "commerce", base_path: "/api", operations: [{ match: "ANY /api/**" }] },
};

function client(id: string, credential: string): Change {
  const credentials = [{ type: "api_key", id: credential, sha256: sha256Hex(keyText(credential)) }];
  return { kind: "client", id, body: { team: "mobile", credentials, grants: [{ api: "orders" }] } };
}

function withKey(key: string): Facts {
  return factsOf({ host: "a.test", method: "GET", path: "/api/x", headers: [["x-api-key", key]] });
}

function codeOf(policy: Policy, facts: Facts): string {
  const outcome = outcomeOf(policy, facts, NOW);
  return outcome.code ?? outcome.decision;
}

test("a policy after changes decides as one that was built of what is left", () => {
  const random = new Random(7);
  const stock = makeStock(random, 200);
  for (let round = 0; round < 60; round++) {
    const document = makePolicy(random);
    const before = [...changesOf(JSON.parse(JSON.stringify(document)))];
    const sections = random.times(1, 12, () => random.pick(Object.keys(document)));
    const changes = sections.flatMap((section): Change[] => {
      const [change] = changesOf({ [section]: [makeEntity(random, section)] });
      if (change === undefined) return [];
      return random.oneIn(3) ? [{ kind: change.kind, id: change.id, deleted: true }] : [change];
    });
    const left = new Map<string, Change>();
    for (const change of [...before, ...changes]) left.set(`${change.kind}/${change.id}`, change);
    const remaining = [...left.values()].filter((change) => !("deleted" in change)).reverse();
    const stepwise = changes.reduce(
      (policy, change) => policy.apply([change]).policy,
      Policy.build(before).policy,
    );
    const anew = Policy.build(remaining).policy;
    expect(stepwise.counts()).toEqual(anew.counts());
    for (let index = 0; index < 40; index++) {
      const { now, fetched, ...request } = JSON.parse(JSON.stringify(makeRequest(random, stock, [])));
      const facts = factsOf(request);
      expect(outcomeOf(stepwise, facts, now)).toEqual(outcomeOf(anew, facts, now));
    }
  }
});

test("a policy that was changed is still what it was", () => {
  const { policy } = Policy.build([api, client("app", "k1")]);
  const gone = policy.apply([{ kind: "client", id: "app", deleted: true }]).policy;
  expect(codeOf(policy, withKey(keyText("k1")))).toBe("permit");
  expect(codeOf(gone, withKey(keyText("k1")))).toBe("api_key_unknown");
});

test("an edit copies only what it touches", () => {
  const many = Shards.empty<number>().edit();
  for (let key = 0; key < 10_000; key++) many.set(`k${key}`, key);
  const whole = many.done();
  const edit = whole.edit();
  edit.set("k5", undefined);
  edit.set("new", 1);
  edit.set("absent", undefined);
  const next = edit.done();
  expect([whole.size, next.size]).toEqual([10_000, 10_000]);
  expect([whole.get("k5"), next.get("k5"), next.get("new"), next.get("k6")]).toEqual([5, undefined, 1, 6]);
  expect([...next.values()].length).toBe(10_000);
});

test("names that objects inherit are names like others", () => {
  const { policy } = Policy.build([
    api,
    client("constructor", "constructor"),
    client("toString", "hasOwnProperty"),
  ]);
  expect(codeOf(policy, withKey(keyText("constructor")))).toBe("permit");
  expect(codeOf(policy, withKey("sb_toString_x"))).toBe("api_key_unknown");
  const polluted: unknown = JSON.parse('{"__proto__":{"status":"suspended","needs":["x"]},"team":"mobile"}');
  const { reports } = Policy.build([{ kind: "client", id: "p", body: polluted }]);
  expect(reports).toEqual([]);
  expect(Policy.build([{ kind: "__proto__", id: "p", body: {} }]).reports).toHaveLength(1);
});

test("only verify makes a Verified, and it proves only its own token under its own key", () => {
  expect(() => new Verified(Symbol("made by verify") as never, {} as never, {} as never)).toThrow(TypeError);
  const issuer = (key: string): Change => ({
    kind: "issuer",
    id: "corp",
    body: { issuer: "urn:corp", audiences: ["a"], clients: "any", keys: [{ ...publicJwk(key), kid: "k" }] },
  });
  const claims = { iss: "urn:corp", aud: "a", exp: NOW + 60 };
  const facts = (key: string, sub: string): Facts => {
    const text = makeToken({ header: { alg: "EdDSA", kid: "k" }, claims: { ...claims, sub }, key });
    return factsOf({
      host: "a",
      method: "GET",
      path: "/api/x",
      headers: [["Authorization", `Bearer ${text}`]],
    });
  };
  const { policy } = Policy.build([api, issuer("ed")]);
  const rotated = policy.apply([issuer("ed2")]).policy;
  const good = facts("ed", "u1");
  const proof = verify(present(policy, good));
  const code = (to: Policy, of: Facts, by = proof): string => {
    const decision = decide(to, of, by, NOW);
    return decision.decision === "permit" ? "permit" : decision.code;
  };
  expect(proof.verified?.expires).toBe(NOW + 60);
  expect(code(policy, good)).toBe("permit");
  expect(code(rotated, good)).toBe("signature_invalid");
  expect(code(policy, facts("ed", "u2"))).toBe("signature_invalid");
  const recalled = verify(present(policy, good, () => proof.verified));
  expect(recalled.verified).toBe(proof.verified);
  expect(code(policy, good, verify(present(policy, facts("ed2", "u1"), () => proof.verified)))).toBe(
    "signature_invalid",
  );
});

test("an issuer whose keys are not known is worth a fetch, and its keys stand before the others", () => {
  const body = { issuer: "urn:corp", audiences: ["a"], clients: "any", jwks_uri: "https://keys.test/" };
  const { policy } = Policy.build([api, { kind: "issuer", id: "corp", body }]);
  const claims = { iss: "urn:corp", aud: "a", exp: NOW + 60 };
  const text = makeToken({ header: { alg: "EdDSA", kid: "k" }, claims, key: "ed" });
  const headers = [["Authorization", `Bearer ${text}`]] as const;
  const facts = factsOf({ host: "a", method: "GET", path: "/api/x", headers });
  expect(wantsKeys(present(policy, facts))).toBe("corp");
  expect(codeOf(policy, facts)).toBe("keys_unavailable");
  const empty = policy.withFetchedKeys("corp", '{"keys":[7,{}]}');
  expect(codeOf(empty, facts)).toBe("signature_invalid");
  const full = empty.withFetchedKeys("corp", JSON.stringify({ keys: [{ ...publicJwk("ed"), kid: "k" }] }));
  expect(codeOf(full, facts)).toBe("permit");
  expect(wantsKeys(present(full, facts))).toBeUndefined();
  expect(() => policy.withFetchedKeys("nobody", '{"keys":[]}')).toThrow("no such issuer");
  for (const set of ["", "[]", "null", '{"keys":{}}'])
    expect(() => policy.withFetchedKeys("corp", set)).toThrow();
});

test("a set has at most 128 keys, whether it was fetched or is the policy's own", () => {
  const issuerWith = (keys: number): Change => ({
    kind: "issuer",
    id: "corp",
    body: { issuer: "i", audiences: ["a"], keys: Array.from({ length: keys }, () => ({})) },
  });
  expect(Policy.build([issuerWith(128)]).reports).toEqual([]);
  const { policy, reports } = Policy.build([issuerWith(129)]);
  expect(reports).toEqual([{ kind: "issuer", id: "corp", message: "unsupported: keys" }]);
  const setOf = (keys: number): string => JSON.stringify({ keys: Array.from({ length: keys }, () => 7) });
  expect(policy.withFetchedKeys("corp", setOf(128)).contents.fetched.get("corp")).toEqual([]);
  expect(() => policy.withFetchedKeys("corp", setOf(129))).toThrow("more than 128 keys");
  expect(policy.withFetchedKeys("corp", '{"keys":[]}'.padEnd(2 ** 20)).contents.fetched.size).toBe(1);
  expect(() => policy.withFetchedKeys("corp", '{"keys":[]}'.padEnd(2 ** 20 + 1))).toThrow("1 MiB");
  for (const set of [
    '{"keys":[],"keys":[]}',
    '{"keys":[{"kid":"a","kid":"b"}]}',
    '{"keys":[],"x":"\\ud800"}',
  ])
    expect(() => policy.withFetchedKeys("corp", set), set).toThrow("no JWK Set");
});

test("the least of facts is enough", () => {
  const path = parsePath("/");
  if (path === undefined) throw new Error("the root is canonical");
  const outcome = outcomeOf(Policy.EMPTY, { method: "GET", path, headers: [] }, NOW);
  expect(outcome.code).toBe("credential_missing");
  expect(outcome.headers).toEqual([
    ["WWW-Authenticate", 'Bearer realm="switchboard"'],
    ["WWW-Authenticate", 'ApiKey realm="switchboard"'],
  ]);
});

test("random choices are those of their seed", () => {
  const run = (seed: number): unknown => {
    const random = new Random(seed);
    const stock = makeStock(random, 5).map(({ recipe }) => recipe);
    return [stock, makePolicy(random), random.below(1_000)];
  };
  expect(isDeepStrictEqual(run(1), run(1))).toBe(true);
  expect(isDeepStrictEqual(run(1), run(2))).toBe(false);
  expect(decideBatch({ policy: {}, requests: [] })).toEqual([]);
});
