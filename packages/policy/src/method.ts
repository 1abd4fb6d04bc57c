/**
 * HTTP methods as a closed set: what an operation may name, and what a request may be matched by.
 *
 * The members are the IANA HTTP Method Registry (RFC 9110 §16.1.1) less CONNECT and TRACE, which a gateway never
 * forwards, and less PRI and `*`, which the registry only reserves.
 */

const REGISTRY: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "QUERY",
  "ACL",
  "BASELINE-CONTROL",
  "BIND",
  "CHECKIN",
  "CHECKOUT",
  "COPY",
  "LABEL",
  "LINK",
  "LOCK",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "MKCOL",
  "MKREDIRECTREF",
  "MKWORKSPACE",
  "MOVE",
  "ORDERPATCH",
  "PROPFIND",
  "PROPPATCH",
  "REBIND",
  "REPORT",
  "SEARCH",
  "UNBIND",
  "UNCHECKOUT",
  "UNLINK",
  "UNLOCK",
  "UPDATE",
  "UPDATEREDIRECTREF",
  "VERSION-CONTROL",
]);

/** Every method, GET first. */
export const ALL_METHODS: readonly string[] = [...REGISTRY];

/** Whether the registry has this exact (case-sensitive) token. */
export function isMethod(token: string): boolean {
  return REGISTRY.has(token);
}
