import { isStoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import type { Name } from "./name.ts";
import { nameFromSegments, nameToSegments } from "./name-path.ts";

const ref: Name = { kind: "ref", host: "h:5000", namespace: "n", model: "m", tag: "t" };

describe("nameToSegments", () => {
  it("puts a flat name in one file and a reference four levels deep", () => {
    expect(nameToSegments({ kind: "flat", name: "x" }, "linux")).toEqual(["x.json"]);
    expect(nameToSegments(ref, "linux")).toEqual(["h:5000", "n", "m", "t"]);
  });

  it("escapes the colon of a host on Windows, where no file name can have one", () => {
    expect(nameToSegments(ref, "win32")).toEqual(["h%3A5000", "n", "m", "t"]);
  });

  it.each<Name>([
    { kind: "flat", name: "../../x" },
    { kind: "flat", name: "a/b" },
    { kind: "flat", name: "" },
    { kind: "flat", name: "a\0b" },
    { ...ref, host: ".." },
    { ...ref, host: "a/b" },
    { ...ref, namespace: "." },
    { ...ref, model: "..", tag: "t" },
    { ...ref, tag: "../../../../etc/passwd" },
    { ...ref, tag: "a\\b" },
  ])("makes no path from a name that nobody parsed: %o", (name) => {
    let caught: unknown;
    try {
      nameToSegments(name, "linux");
    } catch (error) {
      caught = error;
    }
    expect(isStoreError(caught, "ERR_STORE_REF_INVALID")).toBe(true);
  });
});

describe("nameFromSegments", () => {
  it("reads both spellings of a colon", () => {
    expect(nameFromSegments(["h:5000", "n", "m", "t"])).toEqual(ref);
    expect(nameFromSegments(["h%3A5000", "n", "m", "t"])).toEqual(ref);
    expect(nameFromSegments(["h%3a5000", "n", "m", "t"])).toEqual(ref);
  });

  // The verdicts of Ollama's own parser on paths, where ours are the same.
  it.each([
    ["registry.ollama.ai/library/tiny/latest", true],
    ["h/n/m/t", true],
    ["h/n/m", false],
    ["h/n/m/t/x", false],
    ["/h/n/m/t", false],
    ["h//m/t", false],
    ["h/n/m/", false],
    ["h/n/m/.DS_Store", false],
    ["h/n/m/t.tmp", true],
    ["h/n/m/.tmp", false],
    ["h:5000/n/m/t", true],
    ["h/n.s/m/t", false],
    ["h/n/../t", false],
    ["H/N/M/T", true],
    ["h\\n\\m\\t", false],
    ["h/n/m/t~", false],
    ["h/n/m/latest.json", true],
    [`h/n/m/${"t".repeat(80)}`, true],
    [`h/n/m/${"t".repeat(81)}`, false],
  ])("of %s carries a name: %s", (path, carries) => {
    expect(nameFromSegments(path.split("/")) !== undefined).toBe(carries);
  });

  it.each([
    ["x.json", "x"],
    ["x", undefined],
    ["x.JSON", undefined],
    ["x.json.tmp", undefined],
    ["x.json.json", undefined],
    [".json", undefined],
    [".x.json", undefined],
    ["con.json", undefined],
    ["with space.json", undefined],
    [`sha256-${"ab".repeat(32)}.json`, undefined],
  ])("of the file %s is %s", (file, name) => {
    expect(nameFromSegments([file])).toEqual(
      name === undefined ? undefined : { kind: "flat", name },
    );
  });
});
