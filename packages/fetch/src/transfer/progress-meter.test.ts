import { expect, it } from "vitest";

import type { PullEvent } from "../pull-event.ts";
import { createProgressMeter } from "./progress-meter.ts";

it("tells what came, how fast, and how much of it is hashed", async () => {
  const events: PullEvent[] = [];
  const pending = new Set<() => void>();
  let nowMs = 0;
  let verified = 0;
  const meter = createProgressMeter(
    { path: "a", total: 1000, received: 100, verified: () => verified },
    {
      elapsedMs: () => nowMs,
      after(_delayMs, call) {
        pending.add(call);
        return () => void pending.delete(call);
      },
    },
    (event) => events.push(event),
  );
  meter.add(200);
  expect(events).toEqual([]);
  nowMs = 1000;
  verified = 50;
  meter.add(200);
  const progress = { kind: "progress", path: "a", total: 1000 };
  expect(events).toEqual([{ ...progress, received: 500, verified: 50, bytesPerSecond: 400 }]);
  meter.add(500);
  meter.finish();
  expect(events.at(-1)).toMatchObject({ received: 1000 });
  events.length = 0;
  await meter.whileVerifying(
    (async () => {
      await Promise.resolve();
      verified = 700;
      const [call] = pending;
      call?.();
    })(),
  );
  const verify = { kind: "verify", path: "a", total: 1000 };
  expect(events).toEqual([
    { ...verify, verified: 50 },
    { ...verify, verified: 700 },
  ]);
  const clocks = pending.size;
  await expect(meter.whileVerifying(Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(pending.size).toBe(clocks);
});
