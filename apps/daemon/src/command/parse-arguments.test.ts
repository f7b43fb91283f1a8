import { describe, expect, it } from "vitest";

import { DEFAULT_PORT, parseArguments } from "./parse-arguments.ts";

describe("parseArguments", () => {
  it("serves the default store at the default port when nothing is said", () => {
    expect(parseArguments([])).toEqual({
      kind: "serve",
      home: undefined,
      port: DEFAULT_PORT,
      json: false,
      allowChanges: false,
      gcEveryMs: undefined,
    });
  });

  it("reads every option", () => {
    const all = ["--home", "/m", "--port=0", "--json", "--allow-changes", "--gc-every", "24h"];
    expect(parseArguments(all)).toEqual({
      kind: "serve",
      home: "/m",
      port: 0,
      json: true,
      allowChanges: true,
      gcEveryMs: 86_400_000,
    });
    expect(parseArguments(["--gc-every", "off"])).toMatchObject({ gcEveryMs: undefined });
    expect(parseArguments(["--gc-every=1m"])).toMatchObject({ gcEveryMs: 60_000 });
    expect(parseArguments(["--port", "65535"])).toMatchObject({ port: 65_535 });
    expect(parseArguments(["-h", "--port", "1"])).toEqual({ kind: "help" });
    expect(parseArguments(["--version"])).toEqual({ kind: "version" });
  });

  it.each([
    ["--port", "65536"],
    ["--port", "-1"],
    ["--port", "8e3"],
    ["--port", "0x50"],
    ["--port", ""],
    ["--port", " 80"],
    ["--port"],
    ["--home", ""],
    ["--gc-every", "0"],
    ["--gc-every", "0h"],
    ["--gc-every", "25d"],
    ["--gc-every", "10s"],
    ["--gc-every", "daily"],
    ["--host", "0.0.0.0"],
    ["--json=yes"],
    ["serve"],
  ])("refuses %s %s", (...args) => {
    expect(() => parseArguments(args)).toThrow(
      expect.objectContaining({ kind: "invalid", code: "ERR_STORE_USAGE" }),
    );
  });
});
