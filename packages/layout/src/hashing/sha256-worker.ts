import { Worker } from "node:worker_threads";

import type { Digest } from "../digest/digest.ts";

/** SHA-256 in a thread of its own, over memory shared with it. */
export interface Sha256Worker {
  /**
   * Hashes a range of a memory after all ranges given before; resolves when it has been read.
   *
   * @param memory index of the memory among those given at the start; the first by default
   */
  update(offset: number, length: number, memory?: number): Promise<void>;
  digest(): Promise<Digest>;
  /** Ends the thread, done or not. */
  close(): Promise<void>;
}

/**
 * The thread's whole program. A string, because the packages run as sources, as compiled files and
 * as one bundled file, and only a string is found in all three.
 */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const { createHash } = require("node:crypto");
const hash = createHash("sha256");
parentPort.on("message", (message) => {
  if (message === "digest") return parentPort.postMessage(hash.digest("hex"));
  hash.update(new Uint8Array(workerData[message.memory], message.offset, message.length));
  parentPort.postMessage("updated");
});
`;

/** The program allocates next to nothing; a small heap keeps a thread at a few megabytes. */
const HEAP_MIB = 16;

export function startSha256Worker(...memories: readonly SharedArrayBuffer[]): Sha256Worker {
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: memories,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 4 },
  });
  const pending: {
    resolve: (answer: string) => void;
    reject: (error: Error | undefined) => void;
  }[] = [];
  let failure: Error | undefined;

  worker.on("message", (answer: string) => pending.shift()?.resolve(answer));
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("the hashing thread ended early")));

  function fail(error: Error): void {
    failure ??= error;
    for (const { reject } of pending.splice(0)) reject(failure);
  }

  function ask(message: unknown): Promise<string> {
    if (failure !== undefined) return Promise.reject(failure);
    return new Promise((resolve, reject) => {
      pending.push({ resolve, reject });
      worker.postMessage(message);
    });
  }

  return {
    async update(offset, length, memory = 0) {
      await ask({ offset, length, memory });
    },
    digest: async () => `sha256:${await ask("digest")}` as Digest,
    async close() {
      failure ??= new Error("the hashing thread is closed");
      await worker.terminate();
    },
  };
}
