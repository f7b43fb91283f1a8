import { join } from "node:path";

import { type FsPort, nodeFs } from "@store/layout";

import { readUserFile } from "./read-user-file.ts";

/** Tokens have some forty characters. */
const TOKEN_BYTES_MAX = 4096;

export interface HubTokenOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly fs?: FsPort | undefined;
}

/**
 * The hub's access token where its own tools look for it: `HF_TOKEN`, else the file that
 * `hf auth login` writes (`HF_TOKEN_PATH`, `$HF_HOME/token`, `~/.cache/huggingface/token`), unless
 * `HF_HUB_DISABLE_IMPLICIT_TOKEN` is on. `undefined` where there is none.
 *
 * @throws StoreError for a file that is too large or no regular file
 */
export async function readHubToken(options: HubTokenOptions): Promise<string | undefined> {
  const { env, home, fs = nodeFs } = options;
  const given = env["HF_TOKEN"] || env["HUGGING_FACE_HUB_TOKEN"];
  if (given !== undefined && given !== "") return given;
  if (/^(?:1|on|yes|true)$/i.test(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"] ?? "")) return undefined;
  const cache = env["XDG_CACHE_HOME"] || join(home, ".cache");
  const path = env["HF_TOKEN_PATH"] || join(env["HF_HOME"] || join(cache, "huggingface"), "token");
  const bytes = await readUserFile(fs, path, TOKEN_BYTES_MAX);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim() || undefined;
}
