import { describe, expect, it } from "vitest";

import { startSharedWork } from "./shared-work.ts";

/** Work that ends only when it is told to. */
function hanging(): {
  readonly start: (signal: AbortSignal) => Promise<string>;
  readonly signals: AbortSignal[];
  finish(): void;
} {
  const signals: AbortSignal[] = [];
  let finish = (): void => {};
  return {
    signals,
    finish: () => finish(),
    start: (signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        finish = () => resolve("done");
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  };
}

describe("shared work", () => {
  it("is done for all who wait, whoever leaves", async () => {
    const { start, signals, finish } = hanging();
    let ends = 0;
    const work = startSharedWork(start, () => {
      ends += 1;
    });
    const leaver = new AbortController();
    const left = work.join(leaver.signal);
    const stayed = work.join(undefined);
    leaver.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    expect({ ends, aborted: signals[0]?.aborted }).toEqual({ ends: 0, aborted: false });
    finish();
    expect(await stayed).toBe("done");
    expect(ends).toBe(1);
  });

  it("is stopped when the last one leaves, and not joined after that", async () => {
    const { start, signals } = hanging();
    let ends = 0;
    const work = startSharedWork(start, () => {
      ends += 1;
    });
    const [one, two] = [new AbortController(), new AbortController()];
    const joined = [work.join(one.signal), work.join(two.signal)];
    one.abort(new Error("first"));
    await expect(joined[0]).rejects.toThrow("first");
    expect(signals[0]?.aborted).toBe(false);
    two.abort(new Error("last"));
    await expect(joined[1]).rejects.toThrow("last");
    expect(signals[0]?.aborted).toBe(true);
    expect(ends).toBeGreaterThan(0);
  });
});
