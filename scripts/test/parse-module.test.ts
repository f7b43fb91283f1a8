import { describe, expect, it } from "vitest";

import { parseModule } from "../parse-module.ts";

describe("imports of a module", () => {
  it.each([
    ["a static import", 'import { z } from "zod";'],
    ["a type-only import", 'import type { z } from "zod";'],
    ["an import for its effect", 'import "zod";'],
    ["a re-export", 'export { z } from "zod";'],
    ["a star re-export", 'export * from "zod";'],
    ["a dynamic import", 'const z = await import("zod"); export { z };'],
    ["an import in a type", 'export type Z = import("zod").ZodType;'],
    ["an import assignment", 'import z = require("zod"); export { z };'],
    ["a call of require", 'const z = require("zod"); export { z };'],
    ["a look-up with require", 'export const path = require.resolve("zod");'],
    ["a look-up with import.meta", 'export const url = import.meta.resolve("zod");'],
  ])("finds %s", (_, text) => {
    expect(parseModule("planted.ts", text).imports).toEqual(["zod"]);
  });

  it.each([
    ["a comment", '// import { z } from "zod"\nexport {};'],
    ["a string", "export const text = 'import { z } from \"zod\"';"],
    ["a template", 'export const text = `import { z } from "zod"`;'],
    ["a regular expression", 'export const pattern = /import "zod"/;'],
    ["a method that happens to be called require", 'export const z = box.require("zod");'],
    ["a path resolved by something else", 'export const p = path.resolve("zod");'],
  ])("does not take %s for an import", (_, text) => {
    expect(parseModule("planted.ts", text).imports).toEqual([]);
  });

  it("throws on text that is not TypeScript, and names the file", () => {
    expect(() => parseModule("planted.ts", "export { a from b")).toThrow("planted.ts");
  });
});

describe("exports of a module", () => {
  it("tells types from values", () => {
    const text = [
      'export { openThing, type Thing as PublicThing } from "./thing.ts";',
      'export type { Other } from "./other.ts";',
      "export interface Local {}",
      "export type Alias = string;",
      "export const value = 1;",
      "export function act(): void {}",
      "export class Kind {}",
      "export default value;",
    ].join("\n");
    expect(parseModule("planted.ts", text).exports).toEqual([
      { name: "openThing", kind: "value" },
      { name: "PublicThing", kind: "type" },
      { name: "Other", kind: "type" },
      { name: "Local", kind: "type" },
      { name: "Alias", kind: "type" },
      { name: "value", kind: "value" },
      { name: "act", kind: "value" },
      { name: "Kind", kind: "value" },
      { name: "default", kind: "value" },
    ]);
  });

  it("says from where a module exports names it does not say", () => {
    const module = parseModule(
      "planted.ts",
      'export * from "./all.ts"; export * as q from "./q.ts";',
    );
    expect(module.stars).toEqual(["./all.ts"]);
    expect(module.exports).toEqual([{ name: "q", kind: "value" }]);
  });
});
