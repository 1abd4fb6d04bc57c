/**
 * The policy of Switchboard: who may do what, decided as in Rust.
 *
 * `present`, `verify`, `decide` are called in this order for each request, on one policy. Pure: no I/O, no clock.
 */

export { ALL_CODES, type Code, type Detail, messageOf, statusOf } from "./code.ts";
export type { Change, Report } from "./contents.ts";
export { decide } from "./decide/decide.ts";
export { type Decision, type Field, Permit, type Principal, Rejection } from "./decide/decision.ts";
export { changesOf } from "./document.ts";
export type { Api, CredentialKind, Operation } from "./entity/api.ts";
export type { Certificate, Facts } from "./facts.ts";
export { beginWithFloor, type Floor, readFloor } from "./feed/floor.ts";
export { FloorError, type FloorWord } from "./feed/held.ts";
export { ageOf, type Read, Reader, type State, type View, type Word } from "./feed/reader.ts";
export { RECORD_BYTES_MAX } from "./feed/record.ts";
export type { Changed } from "./feed/records.ts";
export { type CanonicalPath, parsePath } from "./path/canonical.ts";
export { type Host, parseHost } from "./path/host.ts";
export { permitted, registered } from "./permitted.ts";
export { KeySetError, Policy } from "./policy.ts";
export { type Claimed, present, type Recall, wantsKeys } from "./present.ts";
export { type Proof, type Verified, verify } from "./verify.ts";
