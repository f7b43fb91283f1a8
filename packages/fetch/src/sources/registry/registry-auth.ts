import type { AbortOptions } from "@store/layout";

import { basicAuthorization, type Credential } from "../../credentials/credential.ts";
import type { HttpClient, HttpResponse } from "../../http/http-client.ts";
import { parseChallenges } from "./challenge.ts";
import { fetchToken } from "./fetch-token.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { type SharedWork, startSharedWork } from "./shared-work.ts";
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
  /** Whether they stand for an account: then a refusal means its rights, not that it is missing. */
  isPersonal(place: RegistryPlace): boolean;
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
  /** Whether it stands for an account, and not for anybody who asks. */
  readonly isPersonal: boolean;
}

export function createRegistryAuth(
  client: HttpClient,
  { credentials, tokenHosts }: Pick<RegistryOptions, "credentials" | "tokenHosts">,
): RegistryAuth {
  const known = new Map<string, Authorization>();
  const pending = new Map<string, SharedWork<boolean>>();

  function current(place: RegistryPlace): Authorization | undefined {
    const authorization = known.get(keyOf(place));
    if (authorization === undefined || client.timers.elapsedMs() < authorization.untilMs) {
      return authorization;
    }
    known.delete(keyOf(place));
    return undefined;
  }

  async function authorize(
    place: RegistryPlace,
    response: HttpResponse,
    signal: AbortSignal,
  ): Promise<boolean> {
    const registry = new URL(place.origin);
    const challenges = parseChallenges(response.headers.get("www-authenticate"));
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const isBasic = challenges.some(({ scheme }) => scheme === "basic");
    const realm = bearer?.parameters.get("realm");
    // A foreign realm is refused before any credential is looked up.
    const service = realm === undefined ? undefined : checkRealm(realm, registry, tokenHosts);
    const credential = await credentials?.(registry.host, place.repository);
    if (bearer !== undefined && credential?.kind === "bearer") {
      return remember(place, `Bearer ${credential.token}`, { lifeMs: Infinity, isPersonal: true });
    }
    if (bearer !== undefined && service !== undefined && credential?.kind !== "bearer") {
      const { repository } = place;
      const token = await fetchToken(client, {
        realm: service,
        challenge: bearer,
        repository,
        credential,
        signal,
      });
      const isPersonal = credential !== undefined;
      return remember(place, `Bearer ${token.value}`, { lifeMs: token.lifeMs, isPersonal });
    }
    return isBasic && rememberPassword(place, credential);
  }

  function rememberPassword(place: RegistryPlace, credential: Credential | undefined): boolean {
    if (credential?.kind !== "password") return false;
    const value = basicAuthorization(credential.username, credential.password);
    return remember(place, value, { lifeMs: Infinity, isPersonal: true });
  }

  function remember(
    place: RegistryPlace,
    value: string,
    { lifeMs, isPersonal }: { readonly lifeMs: number; readonly isPersonal: boolean },
  ): boolean {
    const untilMs = client.timers.elapsedMs() + Math.max(lifeMs - LIFE_MARGIN_MS, lifeMs / 2);
    const [oldest] = known.keys();
    if (known.size >= COUNT_MAX && oldest !== undefined) known.delete(oldest);
    known.set(keyOf(place), { value, untilMs, isPersonal });
    return true;
  }

  return {
    headers(place) {
      const authorization = current(place);
      return authorization === undefined ? {} : { authorization: authorization.value };
    },
    isPersonal: (place) => current(place)?.isPersonal === true,
    async answer(place, response, { signal } = {}) {
      // After a redirect somebody else asks, who gets nothing.
      if (response.url.origin !== place.origin) return false;
      const key = keyOf(place);
      let work = pending.get(key);
      if (work === undefined) {
        known.delete(key);
        const started = startSharedWork(
          (stop) => authorize(place, response, stop),
          () => {
            if (pending.get(key) === started) pending.delete(key);
          },
        );
        work = started;
        pending.set(key, work);
      }
      return work.join(signal);
    },
  };
}

function keyOf({ origin, repository }: RegistryPlace): string {
  return `${origin}/${repository}`;
}
