import { setImmediate } from "node:timers/promises";

/**
 * The longest work between two turns of the event loop while something runs, in milliseconds of this
 * thread's processor time: what others wait for, however busy the machine is. Wall time where a Node
 * does not tell that.
 */
export async function longestBurst(run: () => Promise<unknown>): Promise<number> {
  const ended = new AbortController();
  const work = run().finally(() => ended.abort());
  let longest = 0;
  while (!ended.signal.aborted) {
    const before = threadTime();
    await setImmediate();
    longest = Math.max(longest, threadTime() - before);
  }
  await work;
  return longest;
}

function threadTime(): number {
  if (typeof process.threadCpuUsage !== "function") return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
