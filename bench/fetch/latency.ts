import { join } from "node:path";

import { digestFile } from "@store/layout";

import { compare } from "../harness/compare.ts";
import { hasCommand } from "../harness/has-command.ts";
import { withScratch, writeRandomFile } from "../harness/scratch.ts";
import { runAria2 } from "./aria2.ts";
import { delayedBy, type DelayLineOptions } from "./delay-line.ts";
import { startNginx } from "./nginx.ts";
import { freshDirectory, pullUrl } from "./pull-to.ts";

const MIB = 1024 * 1024;
const BYTES = 256 * MIB;
const ROUND_TRIP_MS = 30;
/** One connection alone would need 21 seconds. */
const CAP_BYTES_PER_SECOND = 12 * MIB;

/**
 * A file from far away, every connection with a cap. With `limit_rate` nginx sends the first second
 * of each answer at once, so short ranges feel no cap; the line's own cap has no such gap.
 */
export function benchLatency(): Promise<void> {
  return withScratch(async (scratch) => {
    if (!(await hasCommand("aria2c", ["--version"]))) {
      process.stdout.write("  left out: aria2c is not installed\n");
      return;
    }
    await race(scratch, "limit_rate of nginx", CAP_BYTES_PER_SECOND, {});
    await race(scratch, "a cap on the line", undefined, { bytesPerSecond: CAP_BYTES_PER_SECOND });
  });
}

async function race(
  scratch: string,
  cap: string,
  rateBytes: number | undefined,
  line: DelayLineOptions,
): Promise<void> {
  await using nginx = await startNginx(scratch, { rateBytes });
  if (nginx === undefined) return;
  const served = join(nginx.www, "model.gguf");
  await writeRandomFile(served, BYTES);
  const digest = await digestFile(served);
  await using delayed = await delayedBy(ROUND_TRIP_MS, nginx.port, line);
  const url = `${delayed.origin}/model.gguf`;
  const store = freshDirectory(scratch, "models");
  const other = freshDirectory(scratch, "other");
  await compare(`${BYTES / MIB} MiB at ${ROUND_TRIP_MS} ms and ${cap}`, {
    ours: {
      name: "pull, verified",
      prepare: store.clear,
      run: () => pullUrl(store.path, url, digest),
    },
    theirs: {
      name: "aria2c -x16",
      prepare: other.clear,
      run: () => runAria2(url, other.path),
    },
    rounds: 3,
    target: 0.85,
  });
}
