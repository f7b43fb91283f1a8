import { spawn } from "node:child_process";

import type { Credential } from "./credential.ts";
import { credentialsInvalid } from "./credential-file.ts";

/** Long enough to ask a user to unlock a key ring. */
const TIMEOUT_MS = 60_000;

/** A user, a secret and an address. */
const OUTPUT_BYTES_MAX = 64 * 1024;

/** How a helper program ended. */
export interface HelperRun {
  readonly code: number | undefined;
  readonly stdout: string;
}

/**
 * Runs `<program> get` with one line of input.
 *
 * @returns `undefined` if there is no such program
 */
export type HelperRunner = (program: string, input: string) => Promise<HelperRun | undefined>;

/** What a helper says for an address it knows nothing of (docker-credential-helpers). */
const unknownAddress = /credentials not found|no such|not exist/i;

/**
 * Asks a credential helper for a registry: the protocol of Docker's credential helpers.
 *
 * @throws StoreError `ERR_STORE_CREDENTIALS_INVALID`
 */
export async function askHelper(
  name: string,
  address: string,
  run: HelperRunner,
): Promise<Credential | undefined> {
  // The name becomes part of a program's; a path in it would run anything.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw credentialsInvalid("a credential helper", "its name is not one of a program");
  }
  const program = `docker-credential-${name}`;
  const ended = await run(program, address);
  if (ended === undefined) throw credentialsInvalid(program, "it is not installed");
  if (ended.code !== 0) {
    if (unknownAddress.test(ended.stdout)) return undefined;
    throw credentialsInvalid(program, `it ended with ${ended.code ?? "a signal"}`);
  }
  return decodeAnswer(program, ended.stdout);
}

function decodeAnswer(program: string, text: string): Credential | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No cause: the parser's message would quote the secret.
    throw credentialsInvalid(program, "its answer is not JSON");
  }
  const { Username: username, Secret: secret } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof username !== "string" || typeof secret !== "string" || secret === "") return undefined;
  return username === "<token>"
    ? { kind: "identity", token: secret }
    : { kind: "password", username, password: secret };
}

/** Runs helpers as programs of this machine, found by the given environment's `PATH`. */
export function createHelperRunner(
  env: Readonly<Record<string, string | undefined>>,
): HelperRunner {
  return async (program, input) => {
    const child = spawn(program, ["get"], {
      env,
      stdio: ["pipe", "pipe", "ignore"],
      timeout: TIMEOUT_MS,
      windowsHide: true,
    });
    let stdout = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (chunk: string) => {
      stdout += chunk;
      if (stdout.length > OUTPUT_BYTES_MAX) child.kill();
    });
    // A helper that ends without reading is known by its exit code.
    child.stdin.on("error", () => {});
    child.stdin.end(`${input}\n`);
    return new Promise((resolve, reject) => {
      child.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") resolve(undefined);
        else reject(error);
      });
      child.on("close", (code) => resolve({ code: code ?? undefined, stdout }));
    });
  };
}
