// A program that pulls a URL into a store and says how far it is: for tests that kill it.
import { createRateLimit, createUrlSource, pull, systemTimers } from "@store/fetch";
import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import { openManifestStore } from "@store/manifest";

const [root = "", location = "", bytesPerSecond = ""] = process.argv.slice(2);
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const leases = openLeaseStore(layout);
const manifests = openManifestStore(layout, { blobs, leases });
// A clock on which every look is a second later: no event is held back.
let nowMs = 0;
const tick = (): number => (nowMs += 1000);
const timers = { ...systemTimers, elapsedMs: tick, idleMs: tick };
const result = await pull(
  location,
  { sources: [createUrlSource()], blobs, leases, manifests, timers },
  { as: "pulled", rateLimit: createRateLimit(Number(bytesPerSecond)), onProgress: say },
);
say({ kind: "result", ...result });
