/**
 * What API Gateway sends an authorizer, in its five shapes, read into one request that policy can decide on.
 *
 * Everything in an event may be the caller's doing. So no member is trusted to be of its kind, what tells one thing
 * twice must tell the same, and whatever cannot be read is a fault, which is answered with a Deny.
 */

import { type CanonicalPath, type Certificate, parsePath } from "@switchboard/policy";
import { type Arn, isExact, parseArn } from "./arn.ts";
import { readCertificate } from "./certificate.ts";
import { type Fields, FieldsFault, oneField, readFields } from "./fields.ts";
import { Members, WrongKind } from "./json.ts";

/** Which kind of event it is: TOKEN and REQUEST of REST APIs, payloads 1.0 and 2.0 of HTTP APIs, `$connect`. */
export type Shape = "token" | "rest" | "http1" | "http2" | "websocket";

/** Why an event is about no request: the words of logs. */
export type Fault =
  | "not_an_event"
  | "arn_unusable"
  | "malformed"
  | FieldsFault["fault"]
  | "method_differs"
  | "path_differs"
  | "path_not_exact"
  | "path_not_canonical";

/** An event, as far as it could be read. */
export interface Event {
  /** Its shape; `undefined` where it has none. */
  readonly shape: Shape | undefined;
  /** What it says its ARN is. */
  readonly arnText: string | undefined;
  /** Its ARN, where it can be used. */
  readonly arn: Arn | undefined;
  readonly members: Members | undefined;
}

/** What is called, by whom. */
export interface Request {
  readonly method: string;
  /** The path as policy sees it. */
  readonly path: CanonicalPath;
  readonly fields: Fields;
  /** What the client proved to API Gateway. */
  readonly certificate: Certificate | undefined;
}

/** Whether it is an HTTP API's, where a failed authorizer is a 500 and a 401 has to be a Deny. */
export function isHttpApi(shape: Shape | undefined): boolean {
  return shape === "http1" || shape === "http2";
}

/** Finds out what kind of event this is. */
export function readEvent(value: unknown): Event {
  const members = Members.of(value);
  const first = shapeOf(members?.textOrNone("type"), members?.textOrNone("version"));
  const arnText = members?.textOrNone(first === "http2" ? "routeArn" : "methodArn");
  const arn = arnText === undefined ? undefined : parseArn(arnText);
  const connects = arn !== undefined && arn.called === undefined;
  const shape = first === "rest" && connects ? "websocket" : first;
  // A connect route belongs to WebSocket APIs alone.
  const fits = shape !== undefined && connects === (shape === "websocket");
  return { shape, arnText, arn: fits ? arn : undefined, members };
}

/** By which API Gateway's own log names the request. */
export function requestIdOf({ members }: Event): string | undefined {
  return members?.objectOrNone("requestContext")?.textOrNone("requestId");
}

/** The request that it is about. `prefix`: what API Gateway took away from the front of the path. */
export function readRequest(event: Event, prefix: string | undefined): Request | Fault {
  try {
    return requestOf(event, prefix);
  } catch (error) {
    if (error instanceof WrongKind) return "malformed";
    if (error instanceof FieldsFault) return error.fault;
    throw error;
  }
}

function shapeOf(type: string | undefined, version: string | undefined): Shape | undefined {
  if (type === "TOKEN") return "token";
  if (type !== "REQUEST") return undefined;
  return version === "2.0" ? "http2" : version === "1.0" ? "http1" : "rest";
}

function requestOf({ shape, arn, members }: Event, prefix: string | undefined): Request | Fault {
  if (shape === undefined || members === undefined) return "not_an_event";
  if (arn === undefined) return "arn_unusable";
  const fields =
    shape === "token" ? tokenField(members) : readFields(members, shape === "http2" ? "lower" : "sent");
  const certificate = certificateOf(members, shape);
  const { verb, path } = arn.called ?? { verb: "GET", path: "/" };
  if ((methodOf(members, shape) ?? verb) !== verb) return "method_differs";
  const said = pathOf(members, shape);
  if (said !== undefined && !agrees(said, path, arn.stage, prefix)) return "path_differs";
  if (!isExact(arn)) return "path_not_exact";
  const whole = withPrefix(path, prefix);
  const canonical = parsePath(whole);
  // A path of API Gateway goes on to the service as it is, so only its one spelling is good enough; and no route is
  // there that could ask for encoded slashes or path parameters.
  if (canonical !== whole || /%2F|;|%3B/.test(canonical)) return "path_not_canonical";
  return { method: verb, path: canonical, fields, certificate };
}

function tokenField(members: Members): Fields {
  const token = members.text("authorizationToken");
  return token === undefined ? new Map() : oneField("authorization", token);
}

/** The path as policy sees it. What API Gateway took away leaves `/` where nothing else was there. */
function withPrefix(path: string, prefix: string | undefined): string {
  if (prefix === undefined) return path;
  return path === "/" ? prefix : prefix + path;
}

/** Whether an event's path is the ARN's: bare, or with what API Gateway takes away, a stage or a base path. */
function agrees(said: string, called: string, stage: string, prefix: string | undefined): boolean {
  const below = (front: string): boolean => {
    if (!said.startsWith(front)) return false;
    const rest = said.slice(front.length);
    return rest === called || (rest === "" && called === "/");
  };
  return said === called || below(`/${stage}`) || (prefix !== undefined && below(prefix));
}

function methodOf(members: Members, shape: Shape): string | undefined {
  if (shape === "rest" || shape === "http1") return members.text("httpMethod");
  if (shape === "http2") return members.object("requestContext")?.object("http")?.text("method");
  return undefined;
}

function pathOf(members: Members, shape: Shape): string | undefined {
  if (shape === "rest" || shape === "http1") return members.text("path");
  return shape === "http2" ? members.text("rawPath") : undefined;
}

/** The certificate that API Gateway checked; one that cannot be read proves nothing. */
function certificateOf(members: Members, shape: Shape): Certificate | undefined {
  if (shape === "token") return undefined;
  const holder = shape === "http2" ? "authentication" : "identity";
  const shown = members.object("requestContext")?.object(holder)?.object("clientCert");
  const pem = shown?.text("clientCertPem");
  return pem === undefined ? undefined : readCertificate(pem);
}
