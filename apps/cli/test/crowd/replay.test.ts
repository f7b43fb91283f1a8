import { expect, it } from "vitest";

import type { LogEntry } from "./log.ts";
import { replay } from "./replay.ts";

const begin = (value: string): LogEntry => ({ kind: "begin", name: "n", value });
const done = (value: string): LogEntry => ({ kind: "done", name: "n", value });
const saw = (value: string, whole = true): LogEntry => ({ kind: "saw", name: "n", value, whole });
const violations = (...entries: readonly LogEntry[]): number => replay(entries).violations.length;

it("knows what a name holds once that was acknowledged", () => {
  expect(violations(begin("a"), done("a"), saw("a"))).toBe(0);
  expect(violations(begin("a"), done("a"), saw(""))).toBe(1);
  expect(violations(begin("a"), done("a"), begin("b"), done("b"), saw("a"))).toBe(1);
});

it("allows both ends of what was cut short, and holds the writer to what it saw", () => {
  expect(violations(begin("a"), saw(""))).toBe(0);
  expect(violations(begin("a"), saw("a"))).toBe(0);
  expect(violations(begin("a"), saw(""), saw("a"))).toBe(1);
});

it("demands all of an acknowledged name, and of no other", () => {
  expect(violations(begin("a"), done("a"), saw("a", false))).toBe(1);
  expect(violations(begin("a"), saw("a", false))).toBe(0);
});

it("remembers pins until they end, and counts what nobody expects", () => {
  const pin: LogEntry = { kind: "pin", name: "n", value: "a" };
  expect([...replay([pin]).pinned]).toEqual([["n", "a"]]);
  expect(replay([pin, { ...pin, value: "" }]).pinned.size).toBe(0);
  expect(violations({ kind: "failed", what: "gc", message: "EWHATEVER" })).toBe(1);
});
