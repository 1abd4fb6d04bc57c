/** How a feed's bytes are brought: over HTTP or from a file. What they say is judged by `Reader` alone. */

export { type Carrier, type Coming, FileCarrier, HttpCarrier, type Rest } from "./bundle.ts";
export { Failure } from "./failure.ts";
export { type Address, type Moment, momentOf, Server, since, wholeOf } from "./server.ts";
