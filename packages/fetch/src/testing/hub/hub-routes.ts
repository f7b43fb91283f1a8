import type { IncomingMessage, ServerResponse } from "node:http";

import type { PreparedFile, PreparedRepository } from "./prepared-repository.ts";
import { serveFile, type ServeFileContext } from "./serve-file.ts";

export interface HubContext extends ServeFileContext {
  readonly repositories: ReadonlyMap<string, PreparedRepository>;
  readonly token: string | undefined;
  /** Origin of the second server. */
  readonly cdn: string;
}

const routes =
  /^\/(?:api\/models\/(?<api>[^/]+\/[^/]+)(?:\/(?<kind>revision|tree|refs)(?:\/(?<rev>[^/]+))?)?|(?<repo>[^/]+\/[^/]+)\/resolve\/(?<at>[^/]+)\/(?<path>.+))$/;

/** Answers as the hub's own server: information, listings, and where files are. */
export async function answerHub(
  request: IncomingMessage,
  response: ServerResponse,
  context: HubContext,
): Promise<void> {
  const [path = "", query] = (request.url ?? "").split("?");
  const groups = routes.exec(path)?.groups;
  const limited = context.faults.takeRateLimit();
  if (limited !== undefined) {
    response.writeHead(429, limited).end();
    return;
  }
  if (groups === undefined) return refuse(response, 404, "", "not found");
  const repository = context.repositories.get(groups["api"] ?? groups["repo"] ?? "");
  if (repository === undefined || (repository.private && !isAllowed(request, context))) {
    return refuse(response, 401, "RepoNotFound", "not found");
  }
  const revision = decodeURIComponent(groups["rev"] ?? groups["at"] ?? "main");
  if (groups["kind"] === "refs") return sendJson(response, refsOf(repository));
  if (![...repository.revisions, repository.commit].includes(revision)) {
    return refuse(response, 404, "RevisionNotFound", `no revision ${revision}`);
  }
  response.setHeader("x-repo-commit", repository.commit);
  if (groups["api"] !== undefined) {
    if (groups["kind"] === "tree") return sendJson(response, treeOf(repository));
    const status = new URLSearchParams(query).get("securityStatus") === "true";
    return sendJson(response, { ...infoOf(repository), ...(status ? scanOf(repository) : {}) });
  }
  if (repository.gated && !isAllowed(request, context)) {
    const status = request.headers.authorization === undefined ? 401 : 403;
    return refuse(response, status, "GatedRepo", "access is restricted");
  }
  const wanted = decodeURIComponent(groups["path"] ?? "");
  const file = repository.files.find((candidate) => candidate.path === wanted);
  if (file === undefined) return refuse(response, 404, "EntryNotFound", `no ${wanted}`);
  await sendFile(file, request, response, context);
}

/** Answers as the second server: LFS files by their SHA-256, to whoever has the signature. */
export async function answerCdn(
  request: IncomingMessage,
  response: ServerResponse,
  context: HubContext,
): Promise<void> {
  const sha256 = /^\/lfs\/([0-9a-f]{64})\?signature=secret$/.exec(request.url ?? "")?.[1];
  const file = [...context.repositories.values()]
    .flatMap(({ files }) => files)
    .find((candidate) => candidate.sha256 === sha256);
  if (sha256 === undefined || file === undefined)
    return refuse(response, 403, "", "no such object");
  const refused = context.faults.takeRefusal("cdn");
  if (refused !== undefined) return refuse(response, refused, "", "refused");
  response.setHeader("etag", `"${sha256}"`);
  await serveFile(file, request, response, context);
}

async function sendFile(
  file: PreparedFile,
  request: IncomingMessage,
  response: ServerResponse,
  context: HubContext,
): Promise<void> {
  const refused = context.faults.takeRefusal("hub");
  if (refused !== undefined) return refuse(response, refused, "", "refused");
  if (file.sha256 === undefined) {
    response.setHeader("etag", `"${file.oid}"`);
    return serveFile(file, request, response, context);
  }
  response.writeHead(302, {
    location: `${context.cdn}/lfs/${file.sha256}?signature=secret`,
    "x-linked-size": file.size,
    "x-linked-etag": `"${file.sha256}"`,
    "accept-ranges": "bytes",
  });
  response.end("Found.");
}

function isAllowed(request: IncomingMessage, { token }: HubContext): boolean {
  return token !== undefined && request.headers.authorization === `Bearer ${token}`;
}

function infoOf(repository: PreparedRepository): object {
  const { name, commit, license, gated, files } = repository;
  return {
    id: name,
    modelId: name,
    sha: commit,
    private: repository.private,
    gated: gated ? "manual" : false,
    tags: license === undefined ? [] : [`license:${license}`],
    ...(license === undefined ? {} : { cardData: { license } }),
    siblings: files.map(({ path, size, oid, sha256, pointerSize }) => ({
      rfilename: path,
      size,
      blobId: oid,
      ...(sha256 === undefined ? {} : { lfs: { sha256, size, pointerSize } }),
    })),
  };
}

/** The hub says so only if it is asked. */
function scanOf({ scan }: PreparedRepository): object {
  const filesWithIssues = Object.entries(scan).map(([path, level]) => ({ path, level }));
  return { securityRepoStatus: { scansDone: true, filesWithIssues } };
}

function treeOf({ files }: PreparedRepository): readonly object[] {
  return files.map(({ path, size, oid, sha256, pointerSize }) => ({
    type: "file",
    path,
    size,
    oid,
    ...(sha256 === undefined ? {} : { lfs: { oid: sha256, size, pointerSize } }),
  }));
}

function refsOf({ revisions, commit }: PreparedRepository): object {
  const branches = revisions.map((name) => ({
    name,
    ref: `refs/heads/${name}`,
    targetCommit: commit,
  }));
  return { branches, tags: [], converts: [] };
}

function sendJson(response: ServerResponse, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.setHeader("content-length", bytes.length);
  response.writeHead(200).end(bytes);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {
    "content-type": "text/html",
    ...(code === "" ? {} : { "x-error-code": code }),
    "x-error-message": message,
  });
  response.end(`<html>${message}</html>`);
}
