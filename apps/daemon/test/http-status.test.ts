import { readFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { StoreError, type ErrorKind } from "@store/layout";

import { EXIT_CODES } from "../src/exit-codes.ts";
import { HTTP_STATUS } from "../src/http-status.ts";
import { errorResponse } from "../src/http/error-response.ts";

/** Every kind, and a compile error for one that is missing or made up. */
const KINDS: Readonly<Record<ErrorKind, true>> = {
  invalid: true,
  "not-found": true,
  conflict: true,
  busy: true,
  corrupt: true,
  unsupported: true,
  denied: true,
  exhausted: true,
  unavailable: true,
  internal: true,
};
const kinds = Object.keys(KINDS) as ErrorKind[];

describe("the tables of errors", () => {
  it("have a status and an exit code for every kind, and for nothing else", () => {
    expect(Object.keys(HTTP_STATUS).toSorted()).toEqual(kinds.toSorted());
    expect(Object.keys(EXIT_CODES).toSorted()).toEqual(kinds.toSorted());
    expect(new Set(Object.values(EXIT_CODES)).size).toBe(kinds.length);
  });

  it.each(kinds)("answer an error of kind %s with its status, as JSON, and close", async (kind) => {
    const error = new StoreError("x", { kind, code: "ERR_STORE_TEST" });
    const response = errorResponse(error.toJSON());
    expect(response.status).toBe(HTTP_STATUS[kind]);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get("connection")).toBe("close");
    expect(await response.json()).toEqual({
      error: { kind, code: "ERR_STORE_TEST", message: "x" },
    });
  });

  it("are the ones the documentation shows", async () => {
    const page = await readFile(new URL("../../../docs/http-api.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (\d+) \|/gm)];
    const documented = Object.fromEntries(
      rows.map(([, kind = "", status, exitCode]) => [kind, [Number(status), Number(exitCode)]]),
    );
    const actual = Object.fromEntries(
      kinds.map((kind) => [kind, [HTTP_STATUS[kind], EXIT_CODES[kind]]]),
    );
    expect(documented).toEqual(actual);
  });
});
