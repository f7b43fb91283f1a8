import type { IncomingMessage, ServerResponse } from "node:http";

import { serveFile, type ServeFileContext } from "../hub/serve-file.ts";
import type { FakeRegistryAuth, FakeRegistryOptions } from "./fake-registry.ts";
import { isSigned } from "./is-signed.ts";
import type { RegistryState } from "./registry-state.ts";

export interface RegistryContext extends ServeFileContext {
  readonly state: RegistryState;
  readonly options: FakeRegistryOptions;
  /** Origin of the registry. */
  readonly origin: string;
  /** Origin of the second server. */
  readonly storage: string;
}

const routes = /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;

/** Answers as a registry: manifests, blobs, and its own token service at `/token`. */
export async function answerRegistry(
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
  context: RegistryContext,
): Promise<void> {
  const { state, options } = context;
  const [path = "", query = ""] = (request.url ?? "").split("?");
  if (path === "/token") return answerToken(request, { query, body }, response, context);
  const groups = routes.exec(path)?.groups;
  if (groups === undefined) return refuse(response, 404, "NAME_UNKNOWN");
  const { repository = "", kind, reference = "" } = groups;
  const limited = context.faults.takeRateLimit();
  if (limited !== undefined) {
    for (const [name, value] of Object.entries(limited)) response.setHeader(name, value);
    return refuse(response, 429, "TOOMANYREQUESTS");
  }
  if (!isAllowed(request, repository, context)) {
    response.setHeader("www-authenticate", challengeOf(repository, context));
    return refuse(response, 401, "UNAUTHORIZED");
  }
  if (kind === "manifests") {
    const manifest = state.findManifest(repository, reference);
    if (manifest === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN");
    response.setHeader("content-type", manifest.mediaType);
    response.setHeader("docker-content-digest", manifest.digest);
    response.setHeader("content-length", manifest.bytes.length);
    response.writeHead(200).end(request.method === "HEAD" ? undefined : manifest.bytes);
    return;
  }
  const file = state.findBlob(repository, reference);
  if (file === undefined) return refuse(response, 404, "BLOB_UNKNOWN");
  const refused = context.faults.takeRefusal("hub");
  if (refused !== undefined) return refuse(response, refused, "UNKNOWN");
  if (options.blobs === "same") {
    response.setHeader("docker-content-digest", reference);
    return serveFile(file, request, response, context);
  }
  const location = `${context.storage}/blob/${reference}?signature=secret`;
  response.writeHead(307, { location, "content-type": "text/html" });
  response.end("Temporary Redirect");
}

/** Answers as the second server: blobs by their digest, to whoever has the signature. */
export async function answerStorage(
  request: IncomingMessage,
  response: ServerResponse,
  context: RegistryContext,
): Promise<void> {
  const digest = /^\/blob\/([^/?]+)\?signature=secret$/.exec(request.url ?? "")?.[1];
  const file = digest === undefined ? undefined : context.state.findStored(digest);
  if (file === undefined) return refuse(response, 403, "DENIED");
  const refused = context.faults.takeRefusal("cdn");
  if (refused !== undefined) return refuse(response, refused, "UNKNOWN");
  await serveFile(file, request, response, context);
}

function challengeOf(repository: string, { options, origin }: RegistryContext): string {
  if (options.auth?.kind === "basic") return 'Basic realm="fake"';
  const realm = options.realm ?? `${origin}/token`;
  return `Bearer realm="${realm}",service="fake",scope="repository:${repository}:pull,push"`;
}

function isAllowed(
  { headers }: IncomingMessage,
  repository: string,
  { options: { auth }, state }: RegistryContext,
): boolean {
  if (auth === undefined) return true;
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  if (auth.kind === "basic") return scheme === "Basic" && value === passwordOf(auth);
  return scheme === "Bearer" && state.acceptsToken(value, repository);
}

function passwordOf({
  username,
  password,
}: Extract<FakeRegistryAuth, { kind: "basic" | "token" }>) {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

function answerToken(
  { headers, method, url = "" }: IncomingMessage,
  { query, body }: { readonly query: string; readonly body: string },
  response: ServerResponse,
  { options: { auth, tokenLifeSeconds = 300 }, state, origin }: RegistryContext,
): void {
  const asked = new URLSearchParams(method === "POST" ? body : query);
  const scopes = asked.getAll("scope").flatMap((scope) => scope.split(" "));
  const repository = /^repository:(.+):pull$/.exec(scopes[0] ?? "")?.[1];
  if (repository === undefined || asked.get("service") !== "fake") {
    return refuse(response, 400, "UNSUPPORTED");
  }
  if (auth?.kind === "token") {
    const isRefresh = method === "POST" && asked.get("grant_type") === "refresh_token";
    const isKnown = isRefresh
      ? auth.refreshToken !== undefined && asked.get("refresh_token") === auth.refreshToken
      : headers.authorization === `Basic ${passwordOf(auth)}`;
    if (!isKnown) return refuse(response, 401, "UNAUTHORIZED");
  }
  if (auth?.kind === "signature" && !isSigned(`${origin}${url}`, headers.authorization, auth)) {
    return refuse(response, 401, "UNAUTHORIZED");
  }
  const key = method === "POST" ? "access_token" : "token";
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify({ [key]: state.issueToken(repository), expires_in: tokenLifeSeconds }),
  );
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.setHeader("content-type", "application/json");
  response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: code }] }));
}
