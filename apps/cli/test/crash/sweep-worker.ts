// Sweeps one store when it is told to. It is held until the tracer has attached, so that the calls
// counted are the sweep's alone.

import { writeSync } from "node:fs";

import { sweepStore } from "./sweep-store.ts";

const [, , root = "", warmUp = ""] = process.argv;
// Everything the sweep needs is loaded by now; only its own work is to be interrupted.
await sweepStore(warmUp);
writeSync(1, "ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
await sweepStore(root);
process.exit(0);
