import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

import { showCommand, showOutput, showTime } from "./screen.ts";

/** How a command ended. */
export interface Ended {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `store` as a user does: a process, its arguments, and two variables of the environment. */
export interface Shell {
  /** The store: `MODELS_HOME`. */
  readonly home: string;
  /** Runs a command, shows it and what it prints, and expects it to succeed. Answers its output. */
  store(...args: readonly string[]): Promise<string>;
  /** The same, without a word: for what a step wants to know and a reader does not. */
  ask(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
  /** Starts a command and shows it; what it prints is handed on line by line. */
  start(
    args: readonly string[],
    onLine: (line: string, child: ChildProcess) => void,
  ): Promise<Ended>;
}

export interface ShellOptions {
  /** The repository. */
  readonly root: string;
  readonly home: string;
  /** `HF_ENDPOINT` */
  readonly endpoint: string;
  readonly signal: AbortSignal;
}

export function createShell({ root, home, endpoint, signal }: ShellOptions): Shell {
  const main = join(root, "apps/cli/src/main.ts");

  async function run(
    args: readonly string[],
    onLine: (line: string, child: ChildProcess) => void = () => {},
  ): Promise<Ended> {
    signal.throwIfAborted();
    const { HF_TOKEN: _token, ...env } = process.env;
    const child = spawn(process.execPath, ["--conditions=@store/source", main, ...args], {
      env: { ...env, MODELS_HOME: home, HF_ENDPOINT: endpoint },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const end = (): void => {
      child.kill("SIGKILL");
    };
    signal.addEventListener("abort", end);
    let stdout = "";
    let stderr = "";
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      const lines = `${rest}${chunk.toString()}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line, child);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      resolve({ code: code ?? undefined, signal: killedBy ?? undefined, stdout, stderr });
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", end);
      signal.throwIfAborted();
    }
  }

  return {
    home,
    async store(...args) {
      showCommand(`store ${args.join(" ")}`);
      const startedMs = performance.now();
      const ended = await run(args);
      showOutput(ended.stderr);
      showOutput(ended.stdout);
      showTime(performance.now() - startedMs);
      expectSuccess(args, ended);
      return ended.stdout;
    },
    async ask(...args) {
      const ended = await run([...args, "--json"]);
      expectSuccess(args, ended);
      return JSON.parse(ended.stdout) as Readonly<Record<string, unknown>>;
    },
    start(args, onLine) {
      showCommand(`store ${args.join(" ")}`);
      return run(args, onLine);
    },
  };
}

function expectSuccess(args: readonly string[], { code, signal, stderr }: Ended): void {
  if (code === 0) return;
  throw new Error(`store ${args.join(" ")} ended with ${code ?? signal}: ${stderr.trimEnd()}`);
}
