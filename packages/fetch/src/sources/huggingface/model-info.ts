import { type Digest, digestFromHex, type StoreError } from "@store/layout";
import * as z from "zod";

import { upstreamError } from "../../http/http-errors.ts";

/** One file as the hub lists it. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Of LFS files. */
  readonly digest: Digest | undefined;
  /** Git's name of the bytes; of an LFS file it names the pointer and says nothing here. */
  readonly gitSha1: string | undefined;
  /** What the hub's scanners say of it, if they found anything: `unsafe`, `suspicious`, … */
  readonly scan: string | undefined;
}

/** What the hub says about one revision of a repository. */
export interface HubModel {
  /** The repository's name as the hub spells it now. */
  readonly repo: string;
  /** 40 hex digits. */
  readonly commit: string;
  readonly license: string | undefined;
  readonly files: readonly HubFile[];
}

/** Files in one repository; the largest public ones have some ten thousand. */
const FILE_COUNT_MAX = 100_000;

/** Largest file size taken for real: what one file can have on ext4. */
const FILE_BYTES_MAX = 16 * 2 ** 40;

const size = z.number().int().min(0).max(FILE_BYTES_MAX);
const sha1 = z.string().regex(/^[0-9a-f]{40}$/);

const sibling = z.object({
  rfilename: z.string(),
  size: size.nullish(),
  blobId: sha1.nullish(),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size }).nullish(),
});

const modelInfo = z.object({
  id: z.string().max(256),
  sha: sha1,
  siblings: z.array(sibling).max(FILE_COUNT_MAX),
  tags: z.array(z.string()).nullish().catch(undefined),
  cardData: z
    .object({ license: z.union([z.string(), z.array(z.string())]).nullish() })
    .nullish()
    .catch(undefined),
  securityRepoStatus: z
    .object({ filesWithIssues: z.array(z.object({ path: z.string(), level: z.string() })) })
    .nullish()
    .catch(undefined),
});

/**
 * Reads the answer of
 * `GET /api/models/{repo}/revision/{revision}?blobs=true&securityStatus=true`.
 *
 * @throws StoreError `ERR_STORE_UPSTREAM_ERROR` for anything that is not such an answer
 */
export function decodeModelInfo(value: unknown, url: URL): HubModel {
  const result = modelInfo.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where =
      issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
    throw unexpected(url, `${issue?.message ?? "another document"}${where}`);
  }
  const { id, sha, siblings, tags, cardData, securityRepoStatus } = result.data;
  const scans = new Map(
    (securityRepoStatus?.filesWithIssues ?? []).map(({ path, level }) => [path, level]),
  );
  return {
    repo: id,
    commit: sha,
    license: licenseOf(cardData?.license, tags),
    files: siblings.map((entry) => ({
      ...decodeFile(entry, url),
      scan: scans.get(entry.rfilename),
    })),
  };
}

function decodeFile(entry: z.infer<typeof sibling>, url: URL): Omit<HubFile, "scan"> {
  const { rfilename: path, lfs, blobId } = entry;
  if (lfs !== null && lfs !== undefined) {
    return { path, size: lfs.size, digest: digestFromHex(lfs.sha256), gitSha1: undefined };
  }
  if (entry.size === null || entry.size === undefined || blobId === null || blobId === undefined) {
    throw unexpected(url, `no size and hash for ${JSON.stringify(path.slice(0, 100))}`);
  }
  return { path, size: entry.size, digest: undefined, gitSha1: blobId };
}

/** Longest licence taken over: an SPDX expression, not a text. */
const LICENSE_CHARS_MAX = 100;

function licenseOf(
  card: string | readonly string[] | null | undefined,
  tags: readonly string[] | null | undefined,
): string | undefined {
  const fromCard = typeof card === "string" ? card : card?.[0];
  const license = fromCard ?? tags?.find((tag) => tag.startsWith("license:"))?.slice(8);
  return license === undefined || !/^[\x20-\x7e]+$/.test(license)
    ? undefined
    : license.slice(0, LICENSE_CHARS_MAX);
}

function unexpected(url: URL, what: string): StoreError {
  return upstreamError(`not the answer of a hub: ${what}`, {
    url,
    transient: false,
    hint: "Check the endpoint: a proxy or another service may be answering.",
  });
}
