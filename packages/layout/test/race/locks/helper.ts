import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Another process that uses the same store. */
export interface Helper {
  readonly child: ChildProcess;
  /** Ends with the process. */
  readonly exited: Promise<unknown>;
  say(line: string): void;
  /** The next line it prints. */
  answer(): Promise<string>;
  /** Sends a signal, and for SIGKILL waits until it is gone. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
}

export function startHelper(root: string, ...args: readonly string[]): Helper {
  const script = join(import.meta.dirname, "holder.ts");
  const child = spawn(process.execPath, ["--conditions=@store/source", script, root, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  child.stdin.on("error", () => {});
  return {
    child,
    exited,
    say: (line) => void child.stdin.write(`${line}\n`),
    async answer() {
      const { value } = (await lines.next()) as { value: string | undefined };
      return value ?? "nothing more";
    },
    async signal(name) {
      child.kill(name);
      if (name === "SIGKILL") await exited;
    },
  };
}
