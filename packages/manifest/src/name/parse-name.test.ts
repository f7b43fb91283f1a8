import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { type ParseNameOptions, parseName } from "./parse-name.ts";
import { REF_DEFAULTS } from "./name.ts";

function failure(text: string, options?: ParseNameOptions): { message: string; detail: object } {
  try {
    parseName(text, options);
  } catch (error) {
    if (isStoreError(error, "ERR_STORE_REF_INVALID")) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} was accepted`);
}

describe("parseName", () => {
  it("applies no defaults unless it is given some", () => {
    expect(parseName("h/n/m:t").name).toEqual({
      kind: "ref",
      host: "h",
      namespace: "n",
      model: "m",
      tag: "t",
    });
    expect(failure("m:t").detail).toMatchObject({ part: "host", index: 0 });
    expect(failure("h/n/m").detail).toMatchObject({ part: "tag", index: 5 });
    expect(parseName("n/m:t", { defaults: { host: "h" } }).name).toMatchObject({ host: "h" });
    expect(failure("m:t", { defaults: { host: "h" } }).detail).toMatchObject({ part: "namespace" });
  });

  it("reads a bare word as a flat name even with defaults", () => {
    expect(parseName("x", { defaults: REF_DEFAULTS }).name).toEqual({ kind: "flat", name: "x" });
  });

  it("says what is wrong, where, and shows no control character", () => {
    const error = failure("a\u001b[31m\u202e");
    expect(error.message).toBe(
      'not a name: "a\\u001b[31m\\u202e": a flat name cannot contain U+001B',
    );
    expect(error.detail).toEqual({ text: "a\u001b[31m\u202e", part: "name", index: 1 });
  });

  it("repeats no more than the start of a long text", () => {
    const error = failure("x".repeat(60_000));
    expect(error.message.length).toBeLessThan(300);
    expect(JSON.stringify(error.detail).length).toBeLessThan(300);
  });

  it("refuses a default that is no valid part", () => {
    expect(failure("x:y", { defaults: { host: "..", namespace: "n" } }).detail).toMatchObject({
      part: "host",
    });
  });

  it("calls anything but a string the caller's mistake", () => {
    for (const value of [undefined, null, 1, {}, ["x"]] as unknown as string[]) {
      expect(() => parseName(value)).toThrow(TypeError);
    }
  });

  it("tells a location from a name", () => {
    expect(failure("https://huggingface.co/org/repo").message).toContain("no scheme");
  });
});
