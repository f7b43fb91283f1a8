// A program that pulls and says how far it is: for tests that kill it.
import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";
import { openManifestStore } from "@store/manifest";

import { createHuggingFaceSource, pull, systemTimers } from "../src/index.ts";

const [root = "", endpoint = "", location = ""] = process.argv.slice(2);
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const leases = openLeaseStore(layout);
const manifests = openManifestStore(layout, { blobs, leases });
// A clock on which every look is a second later: no event is held back.
let nowMs = 0;
const timers = { ...systemTimers, elapsedMs: () => (nowMs += 1000) };
await pull(
  location,
  { sources: [createHuggingFaceSource({ endpoint })], blobs, leases, manifests, timers },
  {
    connections: 1,
    onProgress: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  },
);
