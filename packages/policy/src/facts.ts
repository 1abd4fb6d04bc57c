/** What a decision is made on (contract §1): one value, whatever carried the request. */

import type { CanonicalPath } from "./path/canonical.ts";

/** A certificate that the client proved to have. */
export interface Certificate {
  /** SHA-256 of the DER SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spki_sha256: string;
  /** SHA-256 of the DER certificate, base64url. */
  readonly x5t_s256: string;
  /** Its URI and DNS names. */
  readonly sans: readonly string[];
}

/** The facts of one request. */
export interface Facts {
  /** Canonical host; absent where `apis` is given. Without either no API fits. */
  readonly host?: string | undefined;
  /** The token, any. */
  readonly method: string;
  readonly path: CanonicalPath;
  /** Names in any case, values without blanks around them, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly certificate?: Certificate | undefined;
  /** Ids of the APIs that an authorizer fronts; absent in a gateway. */
  readonly apis?: readonly string[] | undefined;
  /** The gateway's own cell. */
  readonly cell?: string | undefined;
}
