/**
 * What a request shows of who is calling: bearer tokens, API keys and a certificate, found but not judged.
 *
 * Query parameters and cookies are never credentials.
 */

import type { Chosen } from "./choose.ts";
import type { Certificate, Facts } from "./facts.ts";
import { asciiLower, equalsAsciiLower } from "./form.ts";

/** What was shown. */
export interface Shown {
  /** Two `Authorization` fields, or two key fields, whatever they hold. */
  readonly isDoubled: boolean;
  /** The token of a bearer scheme. */
  readonly bearer: string | undefined;
  /** An `Authorization` of another scheme. */
  readonly hasOtherScheme: boolean;
  readonly key: string | undefined;
  /** Only where the API asks for one. */
  readonly certificate: Certificate | undefined;
}

/** Nothing at all. */
export const NOTHING: Shown = {
  isDoubled: false,
  bearer: undefined,
  hasOtherScheme: false,
  key: undefined,
  certificate: undefined,
};

/** Whether nothing was shown. */
export function isNothing(shown: Shown): boolean {
  return (
    !shown.isDoubled &&
    shown.bearer === undefined &&
    !shown.hasOtherScheme &&
    shown.key === undefined &&
    shown.certificate === undefined
  );
}

/** Looks for credentials, unless the operation is one on which none is looked at. */
export function look({ api, accepts, keyHeader, operation }: Chosen, facts: Facts): Shown {
  if (operation?.isPublic && api?.ignoresOnPublic) return NOTHING;
  let authorization: string | undefined;
  let key: string | undefined;
  let isDoubled = false;
  for (const [name, value] of facts.headers) {
    if (equalsAsciiLower(name, "authorization")) {
      isDoubled ||= authorization !== undefined;
      authorization ??= value;
    } else if (equalsAsciiLower(name, keyHeader)) {
      isDoubled ||= key !== undefined;
      key ??= value;
    }
  }
  const bearer = authorization === undefined ? undefined : bearerToken(authorization);
  return {
    isDoubled,
    bearer,
    hasOtherScheme: authorization !== undefined && bearer === undefined,
    key,
    certificate: accepts.has("certificate") ? facts.certificate : undefined,
  };
}

/** What stands behind `Bearer` (in any case) and blanks, which may be nothing; `undefined` for other schemes. */
function bearerToken(authorization: string): string | undefined {
  const blank = authorization.indexOf(" ");
  const scheme = blank < 0 ? authorization : authorization.slice(0, blank);
  if (asciiLower(scheme) !== "bearer") return undefined;
  let at = scheme.length;
  while (authorization[at] === " ") at++;
  return authorization.slice(at);
}
