import { StoreError } from "@store/layout";

import type { Credential } from "./credential.ts";

/** A file that Docker, Podman, skopeo and their like keep credentials in. */
export interface CredentialFile {
  readonly path: string;
  /** By registry, or registry and namespace; keys as they are written. */
  readonly auths: ReadonlyMap<string, unknown>;
  /** Name of a helper program by registry. */
  readonly helpers: ReadonlyMap<string, string>;
  /** Name of the helper program for all registries. */
  readonly store: string | undefined;
}

/**
 * Reads Docker's `config.json` or containers' `auth.json` (containers-auth.json(5)). What is not
 * about credentials is skipped. Messages quote nothing of the contents.
 *
 * @throws StoreError `ERR_STORE_CREDENTIALS_INVALID`
 */
export function decodeCredentialFile(path: string, bytes: Uint8Array): CredentialFile {
  const root = parse(path, bytes);
  const helpers = [...entriesOf(root["credHelpers"])].filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  const store = root["credsStore"];
  return {
    path,
    auths: new Map(entriesOf(root["auths"])),
    helpers: new Map(helpers),
    store: typeof store === "string" && store !== "" ? store : undefined,
  };
}

function parse(path: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // No cause: the parser's message would quote the file.
    throw credentialsInvalid(path, "it is not JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw credentialsInvalid(path, "it is no JSON object");
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/**
 * The entry for a repository, most specific first: `host/org/model`, `host/org`, `host`. Docker also
 * writes `https://host/v1/`.
 */
export function findEntry<T>(
  entries: ReadonlyMap<string, T>,
  registry: string,
  repository: string,
): T | undefined {
  const byPlace = new Map([...entries].map(([key, value]) => [placeOf(key), value]));
  const segments = repository.split("/");
  for (let count = segments.length; count >= 0; count -= 1) {
    const place = [registry, ...segments.slice(0, count)].join("/");
    if (byPlace.has(place)) return byPlace.get(place);
  }
  return undefined;
}

function placeOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
}

/** What an entry of `auths` says; `undefined` for an empty one, as helpers leave behind. */
export function decodeEntry(path: string, value: unknown): Credential | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { auth, username, password, identitytoken, registrytoken } = value as Readonly<
    Record<string, unknown>
  >;
  if (isFilled(identitytoken)) return { kind: "identity", token: identitytoken };
  if (isFilled(registrytoken)) return { kind: "bearer", token: registrytoken };
  if (isFilled(username) && isFilled(password)) return { kind: "password", username, password };
  if (!isFilled(auth)) return undefined;
  const text = Buffer.from(auth, "base64").toString("utf8").replaceAll("\0", "");
  const colon = text.indexOf(":");
  if (colon <= 0) throw credentialsInvalid(path, "an entry of it has no user and password");
  return {
    kind: "password",
    username: text.slice(0, colon),
    password: text.slice(colon + 1),
  };
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

const LOGIN_HINT =
  "Log in again with the tool that wrote it, or name another file with REGISTRY_AUTH_FILE.";

/** @param path the file, or the program, that is at fault */
export function credentialsInvalid(
  path: string,
  what: string,
  { hint = LOGIN_HINT }: { readonly hint?: string } = {},
): StoreError {
  return new StoreError(`credentials from ${path} cannot be used: ${what}`, {
    kind: "invalid",
    code: "ERR_STORE_CREDENTIALS_INVALID",
    hint,
    detail: { path },
  });
}
