// `pnpm demo`: what the store does, shown with real files and the very commands a user types.
//
// It needs no network: a small server on this machine's loopback interface stands in for the hub.
// It needs about 1 GB below the system's temporary directory and gives it back, however it ends.
// Every step checks what it claims; the first one that is not so ends the demo with exit code 1.

import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { startHub } from "./demo/hub-process.ts";
import { serveHub } from "./demo/serve-hub.ts";
import { createShell } from "./demo/shell.ts";
import { formatSize, say, showEnd } from "./demo/screen.ts";
import { tellStory } from "./demo/story.ts";

const DISK_BYTES_MIN = 1024 ** 3;

async function main(root: string, signal: AbortSignal): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < DISK_BYTES_MIN) {
    throw new Error(
      `the demo needs ${formatSize(DISK_BYTES_MIN)} in ${tmpdir()}, where ${formatSize(bavail * bsize)} are free; TMPDIR chooses another place`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), "store-demo-"));
  try {
    await using hub = await startHub(join(directory, "hub"), signal);
    const shell = createShell({
      root,
      home: join(directory, "models"),
      endpoint: hub.endpoint,
      signal,
    });
    await tellStory(shell, hub);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Ends the demo where it is, and all it started, when the user wants it to. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => controller.abort(new Error(`ended by ${name}`)));
  }
  // A reader that leaves wants no more of it.
  process.stdout.on("error", (error) => controller.abort(error));
  return controller.signal;
}

const [mode, directory] = process.argv.slice(2);
if (mode === "serve-hub" && directory !== undefined) {
  await serveHub(directory);
} else {
  const startedMs = performance.now();
  try {
    await main(resolve(import.meta.dirname, ".."), abortOnSignals());
    showEnd(performance.now() - startedMs);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say(`\nFAILED: ${message}`);
    process.exitCode = 1;
  }
}
