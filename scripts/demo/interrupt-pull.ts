import { formatSize, say } from "./screen.ts";
import type { Ended, Shell } from "./shell.ts";

export interface InterruptedPull {
  readonly ended: Ended;
  /** Bytes of the whole file. */
  readonly size: number;
}

interface ProgressEvent {
  readonly kind: string;
  readonly received?: number;
  readonly total?: number;
}

/** Parts of the way that are worth a line. */
const STEPS = 10;

/** Pulls a model of one file, and kills the pull when that share of it has arrived. */
export async function interruptPull(
  shell: Shell,
  location: string,
  { share }: { readonly share: number },
): Promise<InterruptedPull> {
  let size = 0;
  let shown = 0;
  const ended = await shell.start(["pull", location, "--json"], (line, child) => {
    const { kind, received = 0, total = 0 } = JSON.parse(line) as ProgressEvent;
    if (kind !== "progress" || total === 0) return;
    size = total;
    const done = received / total;
    if (Math.floor(done * STEPS) > shown && child.exitCode === null && !child.killed) {
      shown = Math.floor(done * STEPS);
      say(`  ${formatSize(received)} of ${formatSize(total)} (${Math.floor(done * 100)} %)`);
    }
    if (done >= share && !child.killed) {
      child.kill("SIGKILL");
      say("  kill -9");
    }
  });
  return { ended, size };
}
