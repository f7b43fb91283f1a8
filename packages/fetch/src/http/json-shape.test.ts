import { expect, it } from "vitest";

import { isModestJson } from "./json-shape.ts";

const check = (text: string): boolean => isModestJson(new TextEncoder().encode(text));

it("a document as servers send them is modest, whatever its strings hold", () => {
  expect(check('{"a":[1,{"b":"[[[{{{"}],"c":"\\"[\\\\"}')).toBe(true);
  expect(check(JSON.stringify({ path: "[".repeat(1000) + '"\\'.repeat(1000) }))).toBe(true);
  expect(check(JSON.stringify(Array.from({ length: 400_000 }, () => ({}))))).toBe(true);
  expect(check("")).toBe(true);
});

it("one of brackets without end is not", () => {
  expect(check("[".repeat(65))).toBe(false);
  expect(check('{"a":'.repeat(65))).toBe(false);
  expect(check(`[${"[],".repeat(500_000)}[]]`)).toBe(false);
  expect(check(`"\\""${"[".repeat(65)}`)).toBe(false);
});
