import { describe, expect, it } from "vitest";

import { createSharedWork } from "./shared-work.ts";

/** Work that is under way until the test says otherwise. */
function createJob() {
  const { promise, resolve, reject } = withResolvers<string>();
  const signals: AbortSignal[] = [];
  return {
    resolve,
    reject,
    signals,
    start(signal: AbortSignal): Promise<string> {
      signals.push(signal);
      return promise;
    },
  };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe("createSharedWork", () => {
  it("does the work of one key once for all who ask meanwhile, and anew for who asks later", async () => {
    const work = createSharedWork<string, string>();
    const job = createJob();
    const { signal } = new AbortController();
    const both = [work.join("k", signal, job.start), work.join("k", signal, job.start)];
    expect(job.signals).toHaveLength(1);
    job.resolve("done");
    expect(await Promise.all(both)).toEqual(["done", "done"]);
    await work.join("k", signal, job.start);
    expect(job.signals).toHaveLength(2);
  });

  it("keeps the work of different keys apart", async () => {
    const work = createSharedWork<string, string>();
    const { signal } = new AbortController();
    const answers = ["a", "b"].map((key) => work.join(key, signal, async () => key));
    expect(await Promise.all(answers)).toEqual(["a", "b"]);
  });

  it("lets one caller go and works on for the others", async () => {
    const work = createSharedWork<string, string>();
    const job = createJob();
    const leaving = new AbortController();
    const left = work.join("k", leaving.signal, job.start);
    const stays = work.join("k", new AbortController().signal, job.start);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(job.signals[0]?.aborted).toBe(false);
    job.resolve("done");
    expect(await stays).toBe("done");
  });

  it("gives the work up when the last caller has gone, and starts afresh for the next", async () => {
    const work = createSharedWork<string, string>();
    const job = createJob();
    const leaving = new AbortController();
    const left = work.join("k", leaving.signal, job.start);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect(job.signals[0]?.aborted).toBe(true);
    const again = work.join("k", new AbortController().signal, async () => "fresh");
    expect(await again).toBe("fresh");
    // What becomes of the work given up concerns nobody.
    job.reject(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("fails for all who wait, and not for who comes after", async () => {
    const work = createSharedWork<string, string>();
    const { signal } = new AbortController();
    const failing = async (): Promise<string> => {
      throw new Error("bad disk");
    };
    const both = [work.join("k", signal, failing), work.join("k", signal, failing)];
    await Promise.all(both.map((answer) => expect(answer).rejects.toThrow("bad disk")));
    expect(await work.join("k", signal, async () => "good")).toBe("good");
  });

  it("does not start for a caller that has gone already", async () => {
    const work = createSharedWork<string, string>();
    const job = createJob();
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(work.join("k", gone, job.start)).rejects.toThrow("gone");
    expect(job.signals).toHaveLength(0);
  });
});
