import { StoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { EXIT_ABORTED, EXIT_CODES } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";

const forPeople = { json: false, debug: false };
const forPrograms = { json: true, debug: false };

const missing = new StoreError("no model is called x", {
  kind: "not-found",
  code: "ERR_STORE_MANIFEST_NOT_FOUND",
  hint: "List the names.",
  detail: { ref: "x" },
  cause: new Error("secret cause"),
});

it("gives every kind of error a code of its own, none of which means success or a signal", () => {
  const codes = Object.values(EXIT_CODES);
  expect(new Set(codes).size).toBe(codes.length);
  expect(Math.min(...codes)).toBe(1);
  expect(Math.max(...codes)).toBeLessThan(EXIT_ABORTED);
  expect(EXIT_CODES).toEqual({
    internal: 1,
    invalid: 2,
    "not-found": 3,
    conflict: 4,
    busy: 5,
    corrupt: 6,
    unsupported: 7,
    denied: 8,
    exhausted: 9,
    unavailable: 10,
  });
});

describe("for people", () => {
  it("says what happened and what to do, without a stack", () => {
    expect(reportError(missing, forPeople)).toEqual({
      exitCode: 3,
      text: "store: no model is called x\nhint: List the names.\n",
    });
  });

  it("lets nothing in a message act on the terminal", () => {
    const hostile = new StoreError("no file \u001B[2J\nstore: all is well", {
      kind: "invalid",
      code: "ERR_STORE_X",
    });
    expect(reportError(hostile, forPeople).text).toBe(
      "store: no file \\u{1b}[2J\\u{a}store: all is well\n",
    );
  });

  it("words an error of the system", () => {
    const full = Object.assign(new Error("ENOSPC: no space left"), {
      code: "ENOSPC",
      path: "/x",
    });
    const report = reportError(full, forPeople);
    expect(report.exitCode).toBe(9);
    expect(report.text).toContain("store: cannot run the command: ENOSPC at /x\nhint: ");
  });

  it("owns up to a fault of the program", () => {
    const report = reportError(new TypeError("x is not a function"), forPeople);
    expect(report.exitCode).toBe(1);
    expect(report.text).toContain("store: TypeError: x is not a function\nhint: ");
    expect(report.text).not.toContain("\n    at ");
  });

  it("adds the stack and the cause when it is asked to", () => {
    const { text } = reportError(missing, { json: false, debug: true });
    expect(text).toContain("report-error.test.ts");
    expect(text).toContain("secret cause");
    expect(text).toContain("store: no model is called x\n");
  });
});

describe("for programs", () => {
  it("is one line of JSON: the error's own wire form", () => {
    const { text, exitCode } = reportError(missing, forPrograms);
    expect(exitCode).toBe(3);
    expect(text.endsWith("}\n")).toBe(true);
    expect(JSON.parse(text)).toEqual({
      kind: "not-found",
      code: "ERR_STORE_MANIFEST_NOT_FOUND",
      message: "no model is called x",
      hint: "List the names.",
      detail: { ref: "x" },
    });
  });

  it("has a code for a fault of the program as well", () => {
    const { text } = reportError("a string", forPrograms);
    expect(JSON.parse(text)).toMatchObject({ kind: "internal", code: "ERR_STORE_INTERNAL" });
  });
});

it.each([forPeople, forPrograms])("says nothing of what the user ended: %j", (options) => {
  const reason = new DOMException("stop", "AbortError");
  expect(reportError(reason, options)).toEqual({ exitCode: 130, text: "" });
  const terminated = Object.assign(new Error("ended"), { name: "AbortError", exitCode: 143 });
  expect(reportError(terminated, options).exitCode).toBe(143);
});
