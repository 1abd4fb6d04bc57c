/** What a function tells of itself: its version, and one digest of its settings in both languages. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { configDigest } from "../src/start.ts";
import { VERSION } from "../src/version.ts";

test("the version is the workspace's", () => {
  const manifest = readFileSync(new URL("../../../Cargo.toml", import.meta.url), "utf8");
  expect(/^version = "(.*)"$/m.exec(manifest)?.[1]).toBe(VERSION);
});

test("settings have one digest, in which there is no token", () => {
  const settings = {
    SWITCHBOARD_FLOOR: "/opt/policy.floor",
    SWITCHBOARD_BUNDLE: "https://relay.example.com/bundle",
    SWITCHBOARD_APIS: "orders",
  };
  const digest = "f9842f3b40b69f4dc8de09ff0a9d02337affdeef779d86e9916fe5dcbe74d195";
  expect(configDigest(settings)).toBe(digest);
  const others = {
    SWITCHBOARD_CELL: "",
    PATH: "/bin",
    SWITCHBOARD_BUNDLE_TOKEN: "a",
    SWITCHBOARD_PORTAL_TOKEN: "b",
  };
  expect(configDigest({ ...others, ...settings })).toBe(digest);
  expect(configDigest({ ...settings, SWITCHBOARD_CELL: "eu-1" })).not.toBe(digest);
});
