import { EventEmitter } from "node:events";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { createInterrupt } from "./interrupt.ts";

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks for an end at the first signal and ends at the second", () => {
  const target = new FakeProcess();
  const { signal } = createInterrupt(target);
  expect(signal.aborted).toBe(false);
  target.emit("SIGINT", "SIGINT");
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toMatchObject({ name: "AbortError", exitCode: 130 });
  expect(target.exits).toEqual([]);
  target.emit("SIGINT", "SIGINT");
  expect(target.exits).toEqual([130]);
});

it("waits two seconds for a command that does not end, and no longer", () => {
  const target = new FakeProcess();
  createInterrupt(target);
  target.emit("SIGTERM", "SIGTERM");
  vi.advanceTimersByTime(1_999);
  expect(target.exits).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(target.exits).toEqual([143]);
});

it("leaves signals alone when it is released", () => {
  const target = new FakeProcess();
  createInterrupt(target).release();
  expect(target.eventNames()).toEqual([]);
});
