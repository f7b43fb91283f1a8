// A process that takes the sweep's lock when it is told to, says so, and lets go when it is told to.
//
//   take    waits for the lock; prints `holds`, or the code of the refusal
//   try     the same without waiting
//   end     lets go; prints `ended`, or `lost` if it was told that the lock became another's
//
// With `turns`, it waits for a word, takes the lock once, holds it for a moment, and writes down when
// it came and went. With `lease`, it holds a lease on a digest and prints its id.

import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

import {
  isStoreError,
  openLayout,
  openLeaseStore,
  parseDigest,
  withSweepLock,
} from "@store/layout";

const [, , root = "", mode = "", journal = ""] = process.argv;
const layout = await openLayout(root);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Long enough for eight turns, shorter than the age at which any lock counts as stale. */
const WAIT_MS = 30_000;
const TURN_MS = 30;

if (mode === "turns") {
  say("ready");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  await withSweepLock(
    layout,
    async () => {
      appendFileSync(journal, `${process.pid} in\n`);
      await delay(TURN_MS);
      appendFileSync(journal, `${process.pid} out\n`);
    },
    { waitMs: WAIT_MS },
  );
  process.exit(0);
}

if (mode === "lease") {
  const digest = parseDigest(journal);
  const lease = await openLeaseStore(layout).acquire([digest], { reason: "a test" });
  say(lease.id);
}

let end: (() => void) | undefined;
async function take(waitMs: number): Promise<void> {
  let lost = false;
  try {
    await withSweepLock(
      layout,
      async (signal) => {
        signal.addEventListener("abort", () => (lost = true));
        say("holds");
        await new Promise<void>((resolve) => (end = resolve));
      },
      { waitMs },
    );
    say(lost ? "lost" : "ended");
  } catch (error) {
    say(isStoreError(error) ? error.code : String(error));
  }
}

say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "take") take(WAIT_MS).catch((error: unknown) => say(String(error)));
  else if (line === "try") take(0).catch((error: unknown) => say(String(error)));
  else end?.();
}
process.exit(0);
