/** How tests of the packages are found; each names what it needs by its own imports. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["packages/*/test/**/*.test.ts"] } });
