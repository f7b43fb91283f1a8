import { createHash } from "node:crypto";
import { link, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { digestFile } from "@store/layout";

import type { NginxOptions } from "./nginx.ts";

const COMMIT = "1".repeat(40);

/**
 * Makes nginx answer as a hub with one repository does, for clients of both kinds: those that ask
 * for everything at once, and those that ask for each path, in a body only a proxied request has.
 */
export const hubConfiguration: NginxOptions = {
  http: String.raw`map $request_body $asked_path { "~\"paths\":\[\"(?<asked>[^\"]+)" $asked; }`,
  server: `
    default_type application/octet-stream;
    location ~ ^/api/models/[^/]+/[^/]+/revision/ { try_files /hub/info.json =404; default_type application/json; }
    location ~ ^/api/models/[^/]+/[^/]+/tree/ { try_files /hub/tree.json =404; default_type application/json; }
    location ~ ^/api/models/[^/]+/[^/]+/paths-info/ {
      proxy_pass http://$server_addr:$server_port/hub/path;
      proxy_method GET; proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_set_header X-Asked $asked_path;
    }
    location = /hub/path { try_files /hub/paths/$http_x_asked =404; default_type application/json; }
    location ~ ^/[^/]+/[^/]+/resolve/[^/]+/(.+)$ { try_files /hub/files/$1 =404; }`,
};

export interface HubSiteFile {
  readonly path: string;
  /** Bytes of a small file. */
  readonly bytes?: Uint8Array;
  /** A large file on disk, kept as the hub keeps such files, with a SHA-256. */
  readonly lfs?: string;
}

/** Writes the files of a repository, and what a hub says of them, below the directory of a server. */
export async function writeHubSite(
  www: string,
  repo: string,
  files: readonly HubSiteFile[],
): Promise<void> {
  const hub = join(www, "hub");
  const entries = [];
  for (const file of files) {
    const entry = await describe(file);
    entries.push(entry);
    const path = join(hub, "files", file.path);
    await mkdir(dirname(path), { recursive: true });
    if (file.lfs === undefined) await writeFile(path, file.bytes ?? "");
    else await link(file.lfs, path);
    const answer = join(hub, "paths", file.path);
    await mkdir(dirname(answer), { recursive: true });
    await writeFile(answer, JSON.stringify([entry]));
  }
  await writeFile(join(hub, "tree.json"), JSON.stringify(entries));
  const siblings = entries.map(({ path, oid, size, lfs }) => ({
    rfilename: path,
    blobId: oid,
    size,
    ...(lfs === undefined ? {} : { lfs: { sha256: lfs.oid, size } }),
  }));
  const lastModified = new Date(0).toISOString();
  await writeFile(
    join(hub, "info.json"),
    JSON.stringify({ _id: repo, id: repo, sha: COMMIT, lastModified, siblings }),
  );
}

async function describe({ path, bytes = new Uint8Array(0), lfs }: HubSiteFile): Promise<{
  readonly type: "file";
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number };
}> {
  if (lfs === undefined) {
    const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    return { type: "file", path, oid, size: bytes.length };
  }
  const { size } = await stat(lfs);
  const oid = (await digestFile(lfs)).slice("sha256:".length);
  return {
    type: "file",
    path,
    oid: createHash("sha1").update(oid).digest("hex"),
    size,
    lfs: { oid, size },
  };
}
