import { describe, expect, it } from "vitest";

import { forEachConcurrent } from "./for-each-concurrent.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("forEachConcurrent", () => {
  it("visits every item, never more at a time than it may", async () => {
    const visited: number[] = [];
    let running = 0;
    let most = 0;
    await forEachConcurrent([1, 2, 3, 4, 5], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      visited.push(item);
      running -= 1;
    });
    expect(visited.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it("starts nothing after a failure, waits for what is under way, throws the first", async () => {
    const finished: number[] = [];
    const started: number[] = [];
    const attempt = forEachConcurrent([1, 2, 3, 4, 5, 6], 3, async (item) => {
      started.push(item);
      if (item === 2) throw new Error("two");
      await turn();
      if (item === 3) throw new Error("three");
      finished.push(item);
    });
    await expect(attempt).rejects.toThrow("two");
    expect(started).toEqual([1, 2, 3]);
    expect(finished).toEqual([1]);
  });
});
