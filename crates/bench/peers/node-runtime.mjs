// Stands in for Lambda's Node.js runtime: `node node-runtime.mjs HANDLER-FILE` fetches events one at a time from the
// Runtime API, calls `handler`, and posts what it returns or how it failed.
import { Agent, request } from "node:http";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const root = "/2018-06-01/runtime";

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const sent = request({ host, port, agent, method, path: root + path, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () => resolve({ headers: answer.headers, text: Buffer.concat(parts).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function failure(error) {
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, stackTrace: [] });
}

let handler;
try {
  ({ handler } = await import(pathToFileURL(process.argv[2])));
} catch (error) {
  await call("POST", "/init/error", failure(error));
  throw error;
}
for (;;) {
  const next = await call("GET", "/invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  try {
    const result = await handler(JSON.parse(next.text), { awsRequestId: id });
    await call("POST", `/invocation/${id}/response`, JSON.stringify(result));
  } catch (error) {
    await call("POST", `/invocation/${id}/error`, failure(error));
  }
}
