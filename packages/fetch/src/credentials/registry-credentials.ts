import { join } from "node:path";

import { type FsPort, nodeFs } from "@store/layout";

import type { Credential, CredentialLookup } from "./credential.ts";
import {
  type CredentialFile,
  decodeCredentialFile,
  decodeEntry,
  findEntry,
} from "./credential-file.ts";
import { askHelper, createHelperRunner, type HelperRunner } from "./credential-helper.ts";
import { readUserFile } from "./read-user-file.ts";

/** These files have a few kilobytes; whoever has a thousand registries has 200. */
const FILE_BYTES_MAX = 1024 * 1024;

export interface RegistryCredentialsOptions {
  /** Variables that say where the files are, and what helper programs get. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly fs?: FsPort | undefined;
  readonly runHelper?: HelperRunner | undefined;
}

/**
 * The credentials that `docker login`, `podman login` and `skopeo login` left: in containers'
 * `auth.json`, then in Docker's `config.json`, entries for a namespace before those of the registry,
 * and helper programs where a file names one. Files are read when a registry first asks for
 * credentials, never before.
 */
export function createRegistryCredentials(options: RegistryCredentialsOptions): CredentialLookup {
  const { env, fs = nodeFs, runHelper = createHelperRunner(env) } = options;
  return async (registry, repository) => {
    const host = registry === "registry-1.docker.io" ? "docker.io" : registry;
    for (const path of listPaths(options)) {
      const bytes = await readUserFile(fs, path, FILE_BYTES_MAX);
      if (bytes === undefined) continue;
      const file = decodeCredentialFile(path, bytes);
      const found = await findIn(file, host, repository, runHelper);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** The search order of containers-auth.json(5). */
function listPaths({ env, home }: RegistryCredentialsOptions): readonly string[] {
  const named = env["REGISTRY_AUTH_FILE"];
  if (named !== undefined && named !== "") return [named];
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    ...(runtime === undefined || runtime === "" ? [] : [join(runtime, "containers/auth.json")]),
    join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "containers/auth.json"),
    join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"),
  ];
}

async function findIn(
  { path, auths, helpers, store }: CredentialFile,
  host: string,
  repository: string,
  runHelper: HelperRunner,
): Promise<Credential | undefined> {
  const helper = findForHost(helpers, host, "");
  if (helper !== undefined) return askHelper(helper, addressOf(host), runHelper);
  const found = decodeEntry(path, findForHost(auths, host, repository));
  if (found !== undefined || store === undefined) return found;
  return askHelper(store, addressOf(host), runHelper);
}

function findForHost<T>(
  entries: ReadonlyMap<string, T>,
  host: string,
  repository: string,
): T | undefined {
  const found = findEntry(entries, host, repository);
  return found === undefined && host === "docker.io"
    ? findEntry(entries, "index.docker.io", "")
    : found;
}

/** Docker Hub is known to helpers by its oldest address. */
function addressOf(host: string): string {
  return host === "docker.io" ? "https://index.docker.io/v1/" : host;
}
