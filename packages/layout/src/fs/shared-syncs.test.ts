import { expect, it } from "vitest";

import { createSharedSyncs } from "./shared-syncs.ts";

interface Running {
  readonly path: string;
  end(error?: Error): void;
}

function createDisk(): {
  readonly sync: (path: string) => Promise<void>;
  readonly running: Running[];
} {
  const running: Running[] = [];
  const sync = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      running.push({ path, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  return { sync, running };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("shares a sync that has not begun, never one that has", async () => {
  const { sync, running } = createDisk();
  const ask = createSharedSyncs(sync);
  const first = ask("a");
  await settled();
  const others = [ask("b"), ask("a"), ask("a"), ask("c"), ask("a")];
  await settled();
  // The one that runs may have passed what the others did since.
  expect(running.map(({ path }) => path)).toEqual(["a", "b"]);
  for (let index = 0; index < 4; index += 1) {
    running[index]?.end();
    await settled();
  }
  expect(running.map(({ path }) => path)).toEqual(["a", "b", "a", "c"]);
  await Promise.all([first, ...others]);
});

it("tells a failure to all who shared it, and goes on", async () => {
  const { sync, running } = createDisk();
  const ask = createSharedSyncs(sync);
  const blocked = [ask("x"), ask("y")];
  const both = [ask("a"), ask("a")];
  await settled();
  for (const { end } of running.slice()) end();
  await settled();
  running[2]?.end(new Error("a bad disk"));
  await expect(both[0]).rejects.toThrow("a bad disk");
  await expect(both[1]).rejects.toThrow("a bad disk");
  await Promise.all(blocked);
  const again = ask("a");
  await settled();
  running[3]?.end();
  await again;
});
