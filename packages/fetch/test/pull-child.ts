// A program that pulls or repairs and says how far it is: for tests that kill or stop it.
import {
  openBlobStore,
  openLayout,
  openLeaseStore,
  openRepair,
  parseDigest,
  readOrigins,
} from "@store/layout";
import { openManifestStore } from "@store/manifest";

import {
  createHuggingFaceSource,
  createUrlSource,
  pull,
  repair,
  systemTimers,
} from "../src/index.ts";

/** How a child pulls, as JSON in its last argument. */
export interface ChildOptions {
  /** Waits for a line on standard input before it begins, and says `done` in the end. */
  readonly held?: boolean;
  readonly idleTimeoutMs?: number;
  readonly stallMs?: number;
  readonly mirrors?: readonly string[];
  readonly as?: string;
  /** The digest of a blob that is to be repaired, instead of a pull. */
  readonly repairs?: string;
}

const [root = "", endpoint = "", location = "", json = "{}"] = process.argv.slice(2);
const { held = false, idleTimeoutMs, repairs, ...options } = JSON.parse(json) as ChildOptions;
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const leases = openLeaseStore(layout);
const manifests = openManifestStore(layout, { blobs, leases });
// A clock on which every look is a second later: no event is held back.
let nowMs = 0;
const tick = (): number => (nowMs += 1000);
const timers = { ...systemTimers, elapsedMs: tick, idleMs: tick };
const sources = [
  createHuggingFaceSource({ endpoint, idleTimeoutMs }),
  createUrlSource({ idleTimeoutMs }),
];
if (held) {
  process.stdout.write("ready\n");
  await new Promise((resolve) => process.stdin.once("data", resolve));
}
const usual = { connections: 1, ...options, onProgress: say };
const result =
  repairs === undefined
    ? await pull(location, { sources, blobs, leases, manifests, timers }, usual)
    : await repair(
        { digest: parseDigest(repairs) },
        {
          sources,
          leases,
          timers,
          openRepair: (target, open) => openRepair(layout, target, open),
          readOrigins: (blob) => readOrigins(layout, blob),
        },
        usual,
      );
say({ kind: "result", ...result });
if (held) {
  process.stdout.write("done\n");
  process.exit(0);
}
