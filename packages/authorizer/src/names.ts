/**
 * Names of header fields that a caller must not send past an authorizer, which can take nothing off a request.
 *
 * An integration overwrites an identity field in one spelling alone, and a service may read others as the same field
 * (CGI, RFC 3875 §4.1.18: case is lost, and `-` becomes `_`). Values play no part here. The twin of the Rust
 * `event::names`.
 */

/** As integrations write them, by what they are read as: what is spelled so is overwritten. */
const IDENTITY = new Map(
  ["X-User-Id", "X-User-Role", "X-Client-Id", "X-Tenant-Id", "X-Cell-Id"].map((own) => [
    asciiLower(own),
    own,
  ]),
);

/** By which API Gateway may invoke another method than the one that was decided on. */
const METHOD_OVERRIDE = "x-http-method-override";

/** How an event tells the case of names: as the caller wrote it, or in lower case, whatever was sent and is overwritten. */
export type Case = "sent" | "lower";

/**
 * What is wrong with any of these names. An identity field counts first, wherever it stands: the order of names is not the
 * same in every reader of JSON.
 */
export function faultOf(
  names: Iterable<string>,
  spelled: Case,
): "identity_field" | "method_override" | undefined {
  let found: "method_override" | undefined;
  for (const name of names) {
    const read = asciiLower(name).replaceAll("_", "-");
    const own = IDENTITY.get(read);
    const isOverwritten = spelled === "sent" ? name === own : !name.includes("_");
    if (own !== undefined && !isOverwritten) return "identity_field";
    if (read === METHOD_OVERRIDE) found = "method_override";
  }
  return found;
}

/** Letters A to Z in lower case, and no others: JavaScript's own mapping knows more letters that lower-case to these. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
