import { expect, it } from "vitest";

import type { LogEntry } from "./log.ts";
import { replay } from "./replay.ts";

const begin = (digest: string): LogEntry => ({ kind: "begin", name: "n", digest });
const done = (digest: string): LogEntry => ({ kind: "done", name: "n", digest });
const saw = (digest: string, blob: "right" | "wrong" | "absent" = "right"): LogEntry => ({
  kind: "saw",
  name: "n",
  digest,
  blob,
});

it("knows what a name holds once that was acknowledged", () => {
  expect(replay([begin("a"), done("a"), saw("a")]).violations).toEqual([]);
  expect(replay([begin("a"), done("a"), saw("")]).violations).toHaveLength(1);
  expect(replay([begin("a"), done("a"), begin("b"), done("b"), saw("a")]).violations).toHaveLength(
    1,
  );
});

it("allows both ends of what was cut short, and holds the writer to what it saw", () => {
  expect(replay([begin("a"), saw("")]).violations).toEqual([]);
  expect(replay([begin("a"), saw("a")]).violations).toEqual([]);
  expect(replay([begin("a"), saw(""), saw("a")]).violations).toHaveLength(1);
});

it("demands the blob of an acknowledged name, and right bytes of any", () => {
  expect(replay([begin("a"), done("a"), saw("a", "absent")]).violations).toHaveLength(1);
  expect(replay([begin("a"), saw("a", "absent")]).violations).toEqual([]);
  expect(replay([begin("a"), saw("a", "wrong")]).violations).toHaveLength(1);
});

it("counts what failed in a way nobody expects", () => {
  const failed: LogEntry = { kind: "failed", what: "put", message: "EWHATEVER" };
  expect(replay([failed]).violations).toEqual(["put failed: EWHATEVER"]);
});
