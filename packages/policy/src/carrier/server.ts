/**
 * One server over HTTP/1.1: a connection that is used again while it is young, requests with a token, bodies with a limit.
 *
 * Redirects are not followed, and what is compressed is not asked for. Waiting has no limit here: whoever calls gives up
 * by its signal.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { codeOf, Failure } from "./failure.ts";

/** Bytes of an answer's head. */
const HEAD_BYTES_MAX = 65_536;
/** A connection that was idle for longer is not used again: it may have died while the process was frozen. */
const IDLE_MS_MAX = 20_000;

/** Where a server is. */
export interface Address {
  readonly isHttps: boolean;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A moment, by two clocks, in milliseconds: one counts no time while the process is frozen, the other is set back. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

/** Now. */
export function momentOf(): Moment {
  return { wall: Date.now(), steady: performance.now() };
}

/** By whichever clock says more. */
export function since(now: Moment, earlier: Moment): number {
  return Math.max(now.wall - earlier.wall, now.steady - earlier.steady, 0);
}

/** A server, and maybe a connection to it. */
export class Server {
  readonly #address: Address;
  readonly #token: string | undefined;
  readonly #ca: string | undefined;
  readonly #agentName: string;
  #agent: HttpAgent | undefined;
  #used: Moment | undefined;
  /** The exchange under way, if any, goes over a connection that was there before. */
  isReusing = false;

  /** `ca`: certificates in PEM that may sign the server's, in place of the usual ones. */
  constructor(address: Address, token: string | undefined, ca: string | undefined, agentName: string) {
    this.#address = address;
    this.#token = token;
    this.#ca = ca;
    this.#agentName = agentName;
  }

  /** The answer's head; its body is to be read. */
  async get(
    path: string,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return this.#send("GET", path, fields, undefined, signal);
  }

  async post(path: string, json: string, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#send("POST", path, { "content-type": "application/json" }, json, signal);
  }

  /** No connection is used again. */
  forget(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
    this.isReusing = false;
  }

  async #send(
    method: string,
    path: string,
    fields: Readonly<Record<string, string>>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const now = momentOf();
    if (this.#used !== undefined && since(now, this.#used) > IDLE_MS_MAX) this.forget();
    try {
      return await this.#exchange(method, path, fields, body, signal);
    } catch (error) {
      if (signal.aborted || !this.isReusing) throw failureOf(error);
    }
    // It may have been closed while nobody looked. What is asked here may be asked twice.
    this.forget();
    try {
      return await this.#exchange(method, path, fields, body, signal);
    } catch (error) {
      throw failureOf(error);
    }
  }

  #exchange(
    method: string,
    path: string,
    fields: Readonly<Record<string, string>>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { isHttps, host, port } = this.#address;
    const ca = this.#ca === undefined ? {} : { ca: this.#ca };
    this.#agent ??= isHttps
      ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...ca })
      : new HttpAgent({ keepAlive: true, maxSockets: 1 });
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const options = {
      hostname: host,
      port,
      method,
      path,
      agent: this.#agent,
      signal,
      maxHeaderSize: HEAD_BYTES_MAX,
      headers: { accept: "*/*", "user-agent": this.#agentName, ...authorization, ...fields },
    };
    return new Promise((answered, failed) => {
      const asked = (isHttps ? requestHttps : requestHttp)(options);
      asked.on("socket", () => {
        this.isReusing = asked.reusedSocket;
      });
      asked.on("response", (answer) => {
        const end = () => {
          this.#used = momentOf();
        };
        answer.on("end", end);
        answered(answer);
      });
      asked.on("error", failed);
      asked.end(body);
    });
  }
}

/** All of a body of at most so many bytes. */
export async function wholeOf(body: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(body)) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new Failure(`the answer is larger than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** A body, piece by piece; what breaks it off is a failure, and leaving early ends the connection. */
export async function* piecesOf(body: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const piece of body) yield piece as Buffer;
  } catch (error) {
    throw failureOf(error);
  }
  if (!body.complete) throw new Failure("the exchange breaks off");
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new Failure(`the server's name cannot be looked up (${code})`);
  }
  return new Failure(
    code === "ECONNREFUSED" ? `nobody answers (${code})` : `the exchange breaks off (${code})`,
  );
}
