import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Peak memory, in MiB, of a process that runs a module's text against the compiled packages, as a
 * user's process does. Linux only.
 */
export async function peakMib(program: string): Promise<number> {
  // VmHWM, not ru_maxrss: the latter counts what the parent had before this process began.
  const whole = `
    import { readFileSync } from "node:fs";
    ${program}
    const status = readFileSync("/proc/self/status", "utf8");
    process.stdout.write(String(Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) / 1024));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", whole],
    { cwd: join(import.meta.dirname, "..") },
  );
  return Number(stdout);
}
