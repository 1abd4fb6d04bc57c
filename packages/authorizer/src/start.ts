/** From the environment to a function that answers: settings, floor, and the files that settings name. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beginWithFloor, type Floor, FloorError, type Reader } from "@switchboard/policy";
import { type Address, FileCarrier, HttpCarrier, Server } from "@switchboard/policy/carrier";
import { Authorizer, StartError } from "./authorizer.ts";
import { LambdaFunction, type Source, type Told } from "./follow/function.ts";
import { identityOf } from "./follow/report.ts";
import { isToken, type Token } from "./following.ts";
import { readSettings, type Settings } from "./settings.ts";
import { OURS } from "./settings_error.ts";
import { VERSION } from "./version.ts";

/** Secrets, of which not even a digest is told. */
const SECRETS = ["BUNDLE_TOKEN", "PORTAL_TOKEN"].map((name) => OURS + name);

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws where anything is wrong; `say` is told of what operators want to know. */
export function start(environment: Environment, say: (sentence: string) => void): LambdaFunction {
  const settings = readSettings(environment);
  const { floor, reader } = floorAt(settings.floor);
  const authorizer = new Authorizer(settings, floor);
  const ca = settings.caFile === undefined ? undefined : certificatesAt(settings.caFile);
  const serverOf = (address: Address, token: string | undefined): Server =>
    new Server(address, token, ca, `switchboard-authorizer/${VERSION}`);
  const name = environment["AWS_LAMBDA_FUNCTION_NAME"] ?? "authorizer";
  return new LambdaFunction({
    authorizer,
    floor,
    identity: identityOf(name, floor.feed, configDigest(environment)),
    source: sourceOf(settings, reader, serverOf),
    portal: portalOf(settings, serverOf),
    say,
  });
}

/**
 * What tells one set of settings from another: SHA-256, in lower-case hexadecimal, of `NAME=VALUE` and LF for each
 * variable of ours that is set, but for tokens, by name.
 */
export function configDigest(environment: Environment): string {
  const ours = Object.entries(environment).filter(([name, value]) => name.startsWith(OURS) && value);
  const lines = ours.filter(([name]) => !SECRETS.includes(name)).map(([name, value]) => `${name}=${value}\n`);
  const sorted = lines.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return createHash("sha256").update(sorted.join("")).digest("hex");
}

type ServerOf = (address: Address, token: string | undefined) => Server;

function sourceOf(
  { following }: Settings,
  reader: Reader | undefined,
  serverOf: ServerOf,
): Source | undefined {
  if (following === undefined) return undefined;
  const { bundle, token } = following;
  const secret = token && secretOf("BUNDLE_TOKEN_FILE", token);
  const server = typeof bundle === "string" ? undefined : serverOf(bundle, secret);
  if (reader === undefined) {
    throw new StartError(
      "SWITCHBOARD_BUNDLE is set, and the floor is not signed: nobody says whose signatures count; export the floor from the portal, " +
        "or leave the variable out",
    );
  }
  const carrier =
    typeof bundle === "string" || server === undefined
      ? new FileCarrier(String(bundle))
      : new HttpCarrier(server, bundle.path);
  return { following, reader, carrier, server };
}

function portalOf({ portal }: Settings, serverOf: ServerOf): Told | undefined {
  if (portal === undefined) return undefined;
  return { server: serverOf(portal.url, secretOf("PORTAL_TOKEN_FILE", portal.token)), path: portal.url.path };
}

function floorAt(path: string): { floor: Floor; reader: Reader | undefined } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new StartError(
      `SWITCHBOARD_FLOOR is \`${path}\`: cannot be read (${wordOf(error)}); write the path of the floor in the package`,
    );
  }
  try {
    return beginWithFloor(bytes, Math.floor(Date.now() / 1_000));
  } catch (error) {
    if (!(error instanceof FloorError)) throw error;
    throw new StartError(`SWITCHBOARD_FLOOR is \`${path}\`: ${error.message}; build the floor anew`);
  }
}

function secretOf(variable: string, token: Token): string {
  if ("secret" in token) return token.secret;
  const write = "write the path of a file with the token alone";
  const secret = textAt(variable, token.file, write).replace(/[\t\n\v\f\r ]+$/, "");
  if (isToken(secret)) return secret;
  throw new StartError(`${OURS}${variable} is \`${token.file}\`: holds no token; ${write}`);
}

function certificatesAt(path: string): string {
  const write = "write the path of a PEM file with at least one certificate";
  const pem = textAt("CA_FILE", path, write);
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new StartError(`SWITCHBOARD_CA_FILE is \`${path}\`: holds no usable certificate; ${write}`);
}

function textAt(variable: string, path: string, write: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new StartError(`${OURS}${variable} is \`${path}\`: cannot be read (${wordOf(error)}); ${write}`);
  }
}

function wordOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unreadable";
}
