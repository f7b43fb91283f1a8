import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

import type { HubReady } from "./serve-hub.ts";

/** The hub as the demo sees it. Disposing it ends its process. */
export interface Hub extends AsyncDisposable {
  readonly endpoint: string;
  /** Slows every connection down to so many bytes a second; `undefined`: as fast as it goes. */
  setSpeed(bytesPerSecond: number | undefined): Promise<void>;
  /** Bytes of files that went out so far. */
  served(): Promise<number>;
}

/** Starts the hub and waits until it has made its models and listens. */
export async function startHub(directory: string, signal: AbortSignal): Promise<Hub> {
  await mkdir(directory, { recursive: true });
  const script = resolve(import.meta.dirname, "../demo.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=@store/source", script, "serve-hub", directory],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  child.stdin.on("error", () => {});
  const exit = new Promise<void>((settle) => {
    child.on("exit", () => settle());
    child.on("error", () => settle());
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const end = (): void => {
    child.stdin.end();
    // It may be in the middle of making a model, where it hears nothing.
    child.kill("SIGTERM");
  };
  signal.addEventListener("abort", end);

  async function read(): Promise<unknown> {
    const { value, done } = await lines.next();
    signal.throwIfAborted();
    if (done === true) throw new Error("the hub of the demo ended");
    return JSON.parse(value) as unknown;
  }
  async function ask(line: string): Promise<{ readonly served: number }> {
    child.stdin.write(`${line}\n`);
    return (await read()) as { readonly served: number };
  }
  async function dispose(): Promise<void> {
    signal.removeEventListener("abort", end);
    end();
    await exit;
  }

  try {
    const { endpoint } = (await read()) as HubReady;
    return {
      endpoint,
      async setSpeed(bytesPerSecond) {
        await ask(
          `faults ${JSON.stringify(bytesPerSecond === undefined ? {} : { bytesPerSecond })}`,
        );
      },
      served: async () => (await ask("served")).served,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
