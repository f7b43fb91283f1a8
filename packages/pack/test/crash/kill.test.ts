import { describe, expect, it } from "vitest";

import { FULL, report, sampleOf } from "../support/full.ts";
import { createMemoryStore } from "../support/stores.ts";
import { judge, readOn } from "./check-store.ts";
import { operations } from "./operations.ts";
import { trace, type TracedCall, whyNotTraced } from "./traced-process.ts";

/** Calls per operation at which it is killed by default. */
const KILLS_USUAL = 1;
const TIMEOUT_MS = FULL ? 3_600_000 : 120_000;

const reason = await whyNotTraced();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(`a process killed at any call${skipped}`, () => {
  it.each(operations)(
    "takes nothing from its readers, nor from those after it: $name",
    async (operation) => {
      const runOnce = async (killAt?: TracedCall): Promise<readonly TracedCall[]> => {
        await using store = await createMemoryStore();
        await operation.prepare(store.layout);
        const done = new AbortController();
        const reading = readOn(await store.reopen(), done.signal);
        const { killed, calls } = await trace(operation.name, store.root, killAt);
        done.abort();
        const where = killAt === undefined ? "not killed" : `killed at ${JSON.stringify(killAt)}`;
        expect(killed, where).toBe(killAt !== undefined);
        expect((await reading).missed, where).toEqual([]);
        expect(await judge(await store.reopen(), operation), where).toEqual([]);
        return calls;
      };
      const calls = await runOnce();
      expect(calls.length).toBeGreaterThan(5);
      const chosen = sampleOf(calls, KILLS_USUAL, operation.name.length);
      for (const call of chosen) await runOnce(call);
      report(`${operation.name}: killed at ${chosen.length} of ${calls.length} calls`);
    },
    TIMEOUT_MS,
  );
});
