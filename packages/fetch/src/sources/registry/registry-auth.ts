import type { AbortOptions } from "@store/layout";

import { basicAuthorization, type Credential } from "../../credentials/credential.ts";
import type { HttpClient, HttpResponse } from "../../http/http-client.ts";
import { parseChallenges } from "./challenge.ts";
import { fetchToken } from "./fetch-token.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { checkRealm } from "./token-realm.ts";

/** A repository of a registry. */
export interface RegistryPlace {
  readonly origin: string;
  readonly repository: string;
}

/** A token is not used in its last seconds: it has to last for the way. */
const LIFE_MARGIN_MS = 5000;

/** Repositories whose authorization is kept; a pull uses one. */
const COUNT_MAX = 256;

/** What is known of how to ask which repository. */
export interface RegistryAuth {
  /** Headers for the registry's own origin, as far as it has asked for any. */
  headers(place: RegistryPlace): Readonly<Record<string, string>>;
  /**
   * Does what a 401 asks for, once for any number of callers.
   *
   * @returns whether it is worth asking again
   */
  answer(place: RegistryPlace, response: HttpResponse, options?: AbortOptions): Promise<boolean>;
}

interface Authorization {
  readonly value: string;
  readonly untilMs: number;
}

export function createRegistryAuth(
  client: HttpClient,
  { credentials, tokenHosts }: Pick<RegistryOptions, "credentials" | "tokenHosts">,
): RegistryAuth {
  const known = new Map<string, Authorization>();
  const pending = new Map<string, Promise<boolean>>();

  function current(place: RegistryPlace): Authorization | undefined {
    const authorization = known.get(keyOf(place));
    if (authorization === undefined || client.timers.elapsedMs() < authorization.untilMs) {
      return authorization;
    }
    known.delete(keyOf(place));
    return undefined;
  }

  async function authorize(place: RegistryPlace, response: HttpResponse): Promise<boolean> {
    const registry = new URL(place.origin);
    const challenges = parseChallenges(response.headers.get("www-authenticate"));
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const isBasic = challenges.some(({ scheme }) => scheme === "basic");
    const realm = bearer?.parameters.get("realm");
    // A foreign realm is refused before any credential is looked up.
    const service = realm === undefined ? undefined : checkRealm(realm, registry, tokenHosts);
    const credential = await credentials?.(registry.host, place.repository);
    if (bearer !== undefined && credential?.kind === "bearer") {
      return remember(place, `Bearer ${credential.token}`, Infinity);
    }
    if (bearer !== undefined && service !== undefined && credential?.kind !== "bearer") {
      const { repository } = place;
      const token = await fetchToken(client, {
        realm: service,
        challenge: bearer,
        repository,
        credential,
      });
      return remember(place, `Bearer ${token.value}`, token.lifeMs);
    }
    return isBasic && rememberPassword(place, credential);
  }

  function rememberPassword(place: RegistryPlace, credential: Credential | undefined): boolean {
    if (credential?.kind !== "password") return false;
    const value = basicAuthorization(credential.username, credential.password);
    return remember(place, value, Infinity);
  }

  function remember(place: RegistryPlace, value: string, lifeMs: number): boolean {
    const untilMs = client.timers.elapsedMs() + Math.max(lifeMs - LIFE_MARGIN_MS, lifeMs / 2);
    const [oldest] = known.keys();
    if (known.size >= COUNT_MAX && oldest !== undefined) known.delete(oldest);
    known.set(keyOf(place), { value, untilMs });
    return true;
  }

  return {
    headers(place) {
      const authorization = current(place);
      return authorization === undefined ? {} : { authorization: authorization.value };
    },
    async answer(place, response, { signal } = {}) {
      // After a redirect somebody else asks, who gets nothing.
      if (response.url.origin !== place.origin) return false;
      const key = keyOf(place);
      const running = pending.get(key) ?? authorize(place, response);
      if (!pending.has(key)) {
        known.delete(key);
        pending.set(key, running);
        const settled = (): boolean => pending.delete(key);
        running.then(settled, settled);
      }
      return unlessAborted(running, signal);
    },
  };
}

function keyOf({ origin, repository }: RegistryPlace): string {
  return `${origin}/${repository}`;
}

/** Waits for work that is shared with others, and therefore not stopped, unless the caller leaves. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let leave = (): void => {};
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
