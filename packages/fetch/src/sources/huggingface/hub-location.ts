import { StoreError } from "@store/layout";
import { isFilePath } from "@store/manifest";

import { parseUrl, redactUrl } from "../../http/redact-url.ts";

/** A location on the hub, taken apart. */
export interface HubLocation {
  /** `org/repo`, or a lone `repo` as the hub's oldest models have it. */
  readonly repo: string;
  /** Branch, tag or commit; `main` if the location does not say. */
  readonly revision: string;
  /** One file. */
  readonly file?: string | undefined;
  /** All files below a folder. */
  readonly folder?: string | undefined;
  /** Quantisation or file name after `:`. */
  readonly tag?: string | undefined;
}

/** Hosts that all mean the hub. */
const hubHosts: ReadonlySet<string> = new Set(["hf.co", "huggingface.co", "www.huggingface.co"]);

const repoPart = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.)){0,95}$/;
const revisionMax = 255;

/** First segments of the hub's site that are no organisation. */
const notModels: ReadonlySet<string> = new Set(["datasets", "spaces", "kernels", "buckets"]);

/** Whether a location names the hub, by scheme or by host; it may still be malformed. */
export function isHubLocation(text: string, endpoint: URL): boolean {
  return splitLocation(text, endpoint) !== undefined;
}

/**
 * Reads a location on the hub: `hf.co/org/repo`, `hf://org/repo`, `https://huggingface.co/org/repo`,
 * each with `@revision`, a file path, or `:tag`; and the hub's own page addresses
 * (`…/resolve/REV/FILE`, `…/blob/REV/FILE`, `…/tree/REV/FOLDER`).
 *
 * @returns `undefined` for a location elsewhere
 * @throws StoreError `ERR_STORE_LOCATION_UNKNOWN` for one on the hub that cannot be read
 */
export function parseHubLocation(text: string, endpoint: URL): HubLocation | undefined {
  const split = splitLocation(text, endpoint);
  if (split === undefined) return undefined;
  const { path, isPage } = split;
  const kind = /^[^/]*/.exec(path)?.[0] ?? "";
  if (notModels.has(kind)) {
    throw new StoreError(
      `only models can be pulled from the hub, not ${kind}: ${redactUrl(text)}`,
      {
        kind: "unsupported",
        code: "ERR_STORE_LOCATION_UNSUPPORTED",
        hint: "Name a model: hf.co/org/repo. For the rest the hub has tools of its own.",
        detail: { location: redactUrl(text) },
      },
    );
  }
  const found = isPage ? (parsePage(path) ?? parseShort(decodePath(path))) : parseShort(path);
  if (found === undefined || !isSound(found)) throw notALocation(text);
  return found;
}

/** The part after the host, and whether page addresses (`/resolve/…`) may occur in it. */
function splitLocation(
  text: string,
  endpoint: URL,
): { readonly path: string; readonly isPage: boolean } | undefined {
  if (text.startsWith("hf://")) {
    return { path: text.slice("hf://".length).replace(/^models\//, ""), isPage: false };
  }
  const url = parseUrl(text);
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    const base = endpoint.pathname.replace(/\/$/, "");
    const isEndpoint = url.host === endpoint.host && url.pathname.startsWith(`${base}/`);
    if (!isEndpoint && !hubHosts.has(url.host)) return undefined;
    // The text itself, not the parsed path: `..` must not have been resolved away.
    const path = text.replace(/^[^:]*:\/*[^/]*/, "").replace(/[?#].*$/s, "");
    return { path: path.slice((isEndpoint ? base.length : 0) + 1), isPage: true };
  }
  const slash = text.indexOf("/");
  if (slash < 0 || !hubHosts.has(text.slice(0, slash).toLowerCase())) return undefined;
  return { path: text.slice(slash + 1), isPage: true };
}

const pagePattern =
  /^(?<repo>[^/@:]+(?:\/[^/@:]+)?)\/(?<kind>resolve|blob|raw|tree)\/(?<revision>[^/]+)(?:\/(?<path>.*))?$/;

function parsePage(path: string): HubLocation | undefined {
  const groups = pagePattern.exec(path)?.groups;
  if (groups === undefined) return undefined;
  const { repo = "", kind } = groups;
  const revision = decodePath(groups["revision"] ?? "");
  const rest = decodePath(groups["path"] ?? "").replace(/\/$/, "");
  if (kind === "tree") return { repo, revision, ...(rest === "" ? {} : { folder: rest }) };
  return { repo, revision, file: rest };
}

const shortPattern =
  /^(?<repo>[^/@:]+\/[^/@:]+|[^/@:]+(?=$|[@:]))(?:@(?<revision>refs\/(?:pr|convert)\/[^/:]+|[^/:]+))?(?:\/(?<file>.+)|:(?<tag>[^/]+))?\/?$/;

function parseShort(path: string): HubLocation | undefined {
  const groups = shortPattern.exec(path)?.groups;
  if (groups === undefined) return undefined;
  const { repo = "", revision = "main", file, tag } = groups;
  return {
    repo,
    revision: decodePath(revision),
    ...(file === undefined ? {} : { file: file.replace(/\/$/, "") }),
    ...(tag === undefined ? {} : { tag }),
  };
}

/** Decoded once, here: what comes out is checked and never decoded again. */
function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The only error of the call: a malformed escape, which then stands for itself.
    return text;
  }
}

function isSound({ repo, revision, file, folder, tag }: HubLocation): boolean {
  if (!repo.split("/").every((part) => repoPart.test(part))) return false;
  const path = file ?? folder;
  if (path !== undefined && !isFilePath(path)) return false;
  if (tag !== undefined && !/^[\x21-\x7e]{1,128}$/.test(tag)) return false;
  return (
    revision.length <= revisionMax &&
    revision
      .split("/")
      .every((part) => /^[\x21-\x7e]+$/.test(part) && part !== "." && part !== "..")
  );
}

function notALocation(text: string): StoreError {
  return new StoreError(`not a location on the hub: ${redactUrl(text)}`, {
    kind: "invalid",
    code: "ERR_STORE_LOCATION_UNKNOWN",
    hint: "Write hf.co/org/repo, with @revision, :QUANTISATION or /path/to/file where needed.",
    detail: { location: redactUrl(text) },
  });
}
