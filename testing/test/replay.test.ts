import { expect, it } from "vitest";

import { type LogEntry, replay } from "../src/crowd/index.ts";

type Seen = Extract<LogEntry, { kind: "saw" }>["bytes"];

const begin = (value: string): LogEntry => ({ kind: "begin", name: "n", value });
const done = (value: string): LogEntry => ({ kind: "done", name: "n", value });
const saw = (value: string, bytes: Seen = "right"): LogEntry => ({
  kind: "saw",
  name: "n",
  value,
  bytes,
});
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

it("demands the bytes of an acknowledged name, and right bytes of any", () => {
  expect(violations(begin("a"), done("a"), saw("a", "absent"))).toBe(1);
  expect(violations(begin("a"), saw("a", "absent"))).toBe(0);
  expect(violations(begin("a"), saw("a", "wrong"))).toBe(1);
});

it("remembers pins until they end", () => {
  const pin: LogEntry = { kind: "pin", name: "n", value: "a" };
  expect([...replay([pin]).pinned]).toEqual([["n", "a"]]);
  expect(replay([pin, { ...pin, value: "" }]).pinned.size).toBe(0);
});

it("counts what failed in a way nobody expects", () => {
  const failed: LogEntry = { kind: "failed", what: "put", message: "EWHATEVER" };
  expect(replay([failed]).violations).toEqual(["put failed: EWHATEVER"]);
});
