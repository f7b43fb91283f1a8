import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";

import { type FsPort, nodeFs } from "@store/layout";

import { credentialsInvalid } from "./credential-file.ts";
import type { CredentialLookup, SignedRequest } from "./credential.ts";
import { readUserFile } from "./read-user-file.ts";
import { decodeSshKey, type SshKey } from "./ssh-key.ts";

/** Such a key has 400 bytes. */
const KEY_BYTES_MAX = 16 * 1024;

const NONCE_BYTES = 16;

export interface OllamaCredentialsOptions {
  /** The user's home directory. */
  readonly home: string;
  /** Registries that know the key; `registry.ollama.ai` by default. Nobody else sees anything of it. */
  readonly registries?: readonly string[] | undefined;
  /** Wall-clock milliseconds; the system's by default. */
  readonly now?: (() => number) | undefined;
  readonly fs?: FsPort | undefined;
}

/**
 * The key by which Ollama's registry knows an installation of Ollama: `~/.ollama/id_ed25519`, which
 * opens the models of the account it was added to. Read when the registry first asks for
 * credentials. A signature holds for the one request it is made for; the key goes nowhere.
 */
export function createOllamaCredentials(options: OllamaCredentialsOptions): CredentialLookup {
  const { home, registries = ["registry.ollama.ai"], now = Date.now, fs = nodeFs } = options;
  return async (registry) => {
    if (!registries.includes(registry)) return undefined;
    const path = join(home, ".ollama", "id_ed25519");
    const bytes = await readUserFile(fs, path, KEY_BYTES_MAX);
    if (bytes === undefined) return undefined;
    const key = decodeSshKey(new TextDecoder().decode(bytes));
    if (key === undefined) {
      throw credentialsInvalid(path, "it is no Ed25519 key of OpenSSH without a passphrase", {
        hint: "Put the key there that Ollama made and your account knows.",
      });
    }
    return { kind: "signature", sign: (url) => signRequest(url, key, now()) };
  };
}

/** A GET as Ollama's client signs it: with the time, a number used once, and no body. */
function signRequest(url: string, key: SshKey, nowMs: number): SignedRequest {
  const signed = new URL(url);
  signed.searchParams.set("ts", String(Math.floor(nowMs / 1000)));
  signed.searchParams.set("nonce", randomBytes(NONCE_BYTES).toString("base64url"));
  signed.searchParams.sort();
  const emptyHash = createHash("sha256").digest("hex");
  const text = `GET,${signed.href},${Buffer.from(emptyHash).toString("base64")}`;
  const authorization = `${key.publicKey}:${key.sign(Buffer.from(text))}`;
  return { url: signed.href, authorization };
}
