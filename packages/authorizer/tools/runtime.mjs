// A minimal loop around a handler, in place of the one that AWS's managed Node.js runtime has: it asks the Runtime API
// for an event, calls the handler, and sends back what it returned or threw. For tests and measurements; it is no part
// of the package that is deployed, and it has none of the managed runtime's logging, streaming or tracing.

import { Agent, request } from "node:http";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [hostname, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** One exchange with the Runtime API. */
function exchange(method, path, body) {
  return new Promise((done, failed) => {
    const options = { hostname, port, method, path: `/2018-06-01/runtime/${path}`, agent };
    const asked = request(options, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => done({ headers: answer.headers, body: Buffer.concat(pieces).toString() }));
      answer.on("error", failed);
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

/** An error as the managed runtime reports it. */
function reported(error) {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return JSON.stringify({ errorType: name, errorMessage: message, trace: (stack ?? "").split("\n") });
}

async function loadHandler() {
  const [file, name] = (process.env._HANDLER ?? "").split(".");
  const module = await import(pathToFileURL(resolve(process.env.LAMBDA_TASK_ROOT ?? "", `${file}.mjs`)).href);
  return module[name];
}

async function serve(handler) {
  for (;;) {
    const next = await exchange("GET", "invocation/next");
    const id = next.headers["lambda-runtime-aws-request-id"];
    try {
      const answer = await handler(JSON.parse(next.body), { awsRequestId: id });
      await exchange("POST", `invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      await exchange("POST", `invocation/${id}/error`, reported(error));
    }
  }
}

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  await exchange("POST", "init/error", reported(error));
  process.exit(1);
}
await serve(handler);
