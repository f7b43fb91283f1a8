import type { AbortOptions, StoreError } from "@store/layout";

import { basicAuthorization, type Credential } from "../../credentials/credential.ts";
import type { HttpClient, HttpRequest, HttpResponse } from "../../http/http-client.ts";
import { authRefused, authRequired, upstreamError } from "../../http/http-errors.ts";
import { readJson } from "../../http/read-body.ts";
import { statusError } from "../../http/status-error.ts";
import type { Challenge } from "./challenge.ts";

/** Tokens have some kilobytes. */
const TOKEN_BYTES_MAX = 256 * 1024;

/** What Docker's token specification says of an answer that does not say how long it holds. */
const LIFE_SECONDS = 60;
const LIFE_SECONDS_MAX = 24 * 3600;

export interface Token {
  readonly value: string;
  readonly lifeMs: number;
}

export interface TokenRequest extends AbortOptions {
  /** Checked: see `checkRealm`. */
  readonly realm: URL;
  readonly challenge: Challenge;
  readonly repository: string;
  readonly credential: Exclude<Credential, { kind: "bearer" }> | undefined;
}

/**
 * Asks a token service for the right to pull from one repository: anonymously, with a password or
 * with a refresh token (Docker's registry token specification), or with a signature, as Ollama's
 * registry wants it.
 *
 * @throws StoreError `ERR_STORE_AUTH_REQUIRED`, `ERR_STORE_AUTH_REFUSED`, `ERR_STORE_UPSTREAM_ERROR`
 */
export async function fetchToken(client: HttpClient, request: TokenRequest): Promise<Token> {
  const { realm, credential, signal } = request;
  return client.retrying(
    async () => {
      const response = await send(client, request);
      if (response.status === 200) {
        return decodeToken(await readJson(response, { bytesMax: TOKEN_BYTES_MAX }), realm);
      }
      await response.body.drain();
      throw tokenError(response, credential !== undefined);
    },
    { signal },
  );
}

function send(client: HttpClient, request: TokenRequest): Promise<HttpResponse> {
  const { credential, signal } = request;
  const get = (url: string, authorization?: string): Promise<HttpResponse> =>
    client.send(url, { headers: authorization === undefined ? {} : { authorization }, signal });
  switch (credential?.kind) {
    case "identity":
      return postRefresh(client, request, credential.token);
    case "password":
      return get(tokenUrl(request), basicAuthorization(credential.username, credential.password));
    case "signature": {
      const { url, authorization } = credential.sign(tokenUrl(request));
      return get(url, authorization);
    }
    case undefined:
      return get(tokenUrl(request));
  }
}

/** Only the right to pull is asked for, whatever the registry suggests. */
function scopesOf({ challenge, repository }: TokenRequest): readonly string[] {
  const suggested = challenge.parameters.get("scope") ?? "";
  const own = `repository:${repository}:pull`;
  return suggested === "" || suggested.startsWith("repository:") ? [own] : [own, suggested];
}

function tokenUrl(request: TokenRequest): string {
  const url = new URL(request.realm);
  const service = request.challenge.parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopesOf(request)) url.searchParams.append("scope", scope);
  return url.href;
}

function postRefresh(
  client: HttpClient,
  request: TokenRequest,
  refreshToken: string,
): Promise<HttpResponse> {
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: "store",
    service: request.challenge.parameters.get("service") ?? "",
    scope: scopesOf(request).join(" "),
  });
  const sent: HttpRequest = {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
    signal: request.signal,
  };
  return client.send(request.realm.href, sent);
}

function decodeToken(value: unknown, realm: URL): Token {
  const answer = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const token = [answer["token"], answer["access_token"]].find(
    (candidate) => typeof candidate === "string" && /^[\x21-\x7e]+$/.test(candidate),
  );
  if (typeof token !== "string") {
    throw upstreamError("the token service answers without a token", {
      url: realm,
      transient: false,
    });
  }
  const seconds = answer["expires_in"];
  const life =
    typeof seconds === "number" && seconds > 0 ? Math.min(seconds, LIFE_SECONDS_MAX) : LIFE_SECONDS;
  return { value: token, lifeMs: life * 1000 };
}

function tokenError(response: HttpResponse, authenticated: boolean): StoreError {
  if (![400, 401, 403].includes(response.status)) {
    return statusError(response, { authenticated });
  }
  return authenticated
    ? authRefused(response.url, {
        gated: false,
        message: "the token service refuses the credentials",
        hint: "Log in to the registry again, as with `docker login` or `ollama signin`.",
      })
    : authRequired(response.url, {
        gated: false,
        message: "the token service wants credentials",
        hint: "Log in to the registry, as with `docker login` or `ollama signin`.",
      });
}
