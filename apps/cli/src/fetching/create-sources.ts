import {
  createFileSource,
  createHuggingFaceSource,
  createOciSource,
  createOllamaCredentials,
  createOllamaSource,
  createProxyLookup,
  createRegistryCredentials,
  createUrlSource,
  readCertificates,
  readHubToken,
  type RegistryOptions,
  type Source,
} from "@store/fetch";

import type { CommandContext } from "../command-context.ts";
import { readToken } from "../input/read-token.ts";
import { PRODUCER } from "../version.ts";

export interface SourceFlags {
  readonly tokenStdin?: boolean;
  readonly tokenHost?: string;
  readonly caFile?: string;
  readonly offline?: boolean;
}

/** Every kind of place a location can mean, with the credentials this user has for it. */
export async function createSources(
  { host }: CommandContext,
  flags: SourceFlags,
): Promise<readonly Source[]> {
  const { env } = host;
  const home = env["HOME"] || env["USERPROFILE"];
  const fromUser = home === undefined ? undefined : { env, home };
  const token = (): Promise<string | undefined> =>
    fromUser === undefined ? Promise.resolve(env["HF_TOKEN"]) : readHubToken(fromUser);
  const http = {
    offline: flags.offline === true || isOn(env["HF_HUB_OFFLINE"]),
    userAgent: PRODUCER,
    proxy: createProxyLookup(env),
    ca: await readCertificates({ env, file: flags.caFile }),
  };
  const registry: RegistryOptions = {
    ...http,
    credentials: fromUser === undefined ? undefined : createRegistryCredentials(fromUser),
    tokenHosts: flags.tokenHost === undefined ? undefined : () => [flags.tokenHost ?? ""],
  };
  return [
    createHuggingFaceSource({
      ...http,
      endpoint: env["HF_ENDPOINT"] || undefined,
      token: flags.tokenStdin === true ? await readToken(host.stdin) : token,
    }),
    createOllamaSource({ ...registry, credentials: withOllamaKey(registry.credentials, home) }),
    createUrlSource(http),
    createFileSource(),
    createOciSource({ ...registry, platform: `linux/${architecture()}` }),
  ];
}

/** The key of this user's Ollama opens its own registry, and what other tools left the others. */
function withOllamaKey(
  others: RegistryOptions["credentials"],
  home: string | undefined,
): RegistryOptions["credentials"] {
  if (home === undefined) return others;
  const own = createOllamaCredentials({ home });
  return async (...place) => (await own(...place)) ?? others?.(...place);
}

/** As the hub's own tools read a switch. */
function isOn(value: string | undefined): boolean {
  return /^(?:1|on|yes|true)$/i.test(value ?? "");
}

/** This machine's processor, in the words of OCI. */
function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
