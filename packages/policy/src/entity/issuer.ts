/** Who signs tokens, and how its tokens are read: an issuer, compiled from its body. */

import { type ClaimName, parseClaimName } from "../claims.ts";
import { isOfBytes, isVisibleAscii } from "../form.ts";
import { type Algorithm, algorithmOf, KEYS_MAX, type Key, readKeys } from "../key.ts";
import { list, needsNothing, type Read, Reading, text, whole, word } from "./reading.ts";

/** An issuer. Where it is unsupported its tokens are refused. */
export interface Issuer {
  readonly id: string;
  readonly isUnsupported: boolean;
  /** The `iss` of its tokens, exactly. */
  readonly iss: string;
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly jwksUri: string | undefined;
  /** Those that may be used. */
  readonly keys: readonly Key[];
  readonly claims: ClaimNames;
  readonly isCognito: boolean;
  /** Whether a token needs no registered client. */
  readonly takesAnyClient: boolean;
  readonly leewayS: number;
}

/** Which claim holds what. */
export interface ClaimNames {
  readonly user: ClaimName;
  readonly client: ClaimName;
  readonly role: ClaimName;
  readonly tenant: ClaimName;
  readonly scopes: ClaimName;
}

const ISS_BYTES_MAX = 1_024;
const AUDIENCES_MAX = 64;
const AUDIENCE_BYTES_MAX = 1_024;
const ALGORITHMS_MAX = 9;
const URI_BYTES_MAX = 2_048;
const LEEWAY_S_MAX = 300;
const LEEWAY_S_DEFAULT = 30;

const ALGORITHMS_DEFAULT: ReadonlySet<Algorithm> = new Set(["RS256", "PS256", "ES256", "EdDSA"]);

/** Reads an issuer; without one where it cannot even be found by its tokens. */
export function readIssuer(
  id: string,
  body: unknown,
  needs: unknown,
): { issuer?: Issuer; faults: readonly string[] } {
  const reading = new Reading(body);
  const iss = reading.required(
    "issuer",
    text((value) => value.length <= ISS_BYTES_MAX && isVisibleAscii(value)),
  );
  const audiences = reading.required("audiences", list(audience, 1, AUDIENCES_MAX)) ?? [];
  const algorithms = reading.optional("algorithms", algorithmSet) ?? ALGORITHMS_DEFAULT;
  const jwksUri = reading.optional("jwks_uri", text(isUri));
  const keys = reading.optional("keys", list(jwk, 0, KEYS_MAX)) ?? [];
  const isCognito = reading.optional("preset", word("cognito")) === "cognito";
  const claims = reading.optional("claims", (value) => readClaimNames(value, isCognito));
  const takesAnyClient = reading.optional("clients", word("registered", "any")) === "any";
  const leewayS = reading.optional("leeway_s", whole(0, LEEWAY_S_MAX)) ?? LEEWAY_S_DEFAULT;
  if (!needsNothing(needs)) reading.fault("needs");

  const { faults } = reading;
  if (iss === undefined) return { faults };
  const issuer: Issuer = {
    id,
    isUnsupported: faults.length > 0,
    iss,
    audiences: new Set(audiences),
    algorithms,
    jwksUri,
    keys: readKeys(keys),
    claims: claims ?? claimNames({}, isCognito),
    isCognito,
    takesAnyClient,
    leewayS,
  };
  return { issuer, faults };
}

const audience = text((value) => isOfBytes(value, AUDIENCE_BYTES_MAX));

/** Any object: one that nothing may use is skipped later. */
const jwk: Read<object> = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;

const algorithmSet: Read<ReadonlySet<Algorithm>> = (value) => {
  const read = list((each) => algorithmOf(each), 1, ALGORITHMS_MAX);
  const algorithms = read(value);
  const different = new Set(algorithms);
  return algorithms === undefined || different.size !== algorithms.length ? undefined : different;
};

function isUri(value: string): boolean {
  return value.length <= URI_BYTES_MAX && isVisibleAscii(value) && /^https?:\/\/[^/?#]/.test(value);
}

const DEFAULTS = { user: "sub", client: "azp", role: "role", tenant: "tenant_id", scopes: "scope" } as const;
const COGNITO: typeof DEFAULTS | Record<keyof typeof DEFAULTS, string> = {
  user: "sub",
  client: "client_id",
  role: "cognito:groups",
  tenant: "custom:tenant_id",
  scopes: "scope",
};

type Written = { -readonly [N in keyof ClaimNames]?: ClaimName | undefined };

function claimNames(written: Written, isCognito: boolean): ClaimNames {
  const defaults = isCognito ? COGNITO : DEFAULTS;
  const of = (name: keyof ClaimNames): ClaimName => written[name] ?? [defaults[name]];
  return {
    user: of("user"),
    client: of("client"),
    role: of("role"),
    tenant: of("tenant"),
    scopes: of("scopes"),
  };
}

function readClaimNames(value: unknown, isCognito: boolean): ClaimNames | undefined {
  const reading = new Reading(value);
  const read: Read<ClaimName> = (name) => (typeof name === "string" ? parseClaimName(name) : undefined);
  const written: Written = {};
  for (const name of Object.keys(DEFAULTS) as (keyof ClaimNames)[])
    written[name] = reading.optional(name, read);
  return reading.faults.length > 0 ? undefined : claimNames(written, isCognito);
}
