import { StoreError } from "@store/layout";

/** Enough to find the fault; a hostile document can have a million of them. */
const ISSUES_MAX = 10;

/** Where bytes came from, for messages: a path, a name, a digest. */
export interface Origin {
  readonly path?: string | undefined;
}

function at(origin: Origin): string {
  return origin.path === undefined ? "" : ` at ${origin.path}`;
}

/** `ERR_STORE_MANIFEST_INVALID`: the bytes are no document a name may lead to. */
export function manifestInvalid(
  issues: readonly string[],
  origin: Origin = {},
  cause?: unknown,
): StoreError {
  const shown = issues.slice(0, ISSUES_MAX);
  return new StoreError(`not a valid manifest${at(origin)}: ${shown.join("; ")}`, {
    kind: "corrupt",
    code: "ERR_STORE_MANIFEST_INVALID",
    hint: "Pull or link the model again, or remove the name.",
    detail: { ...origin, issues: shown },
    cause,
  });
}

/** `ERR_STORE_MANIFEST_TOO_LARGE`. */
export function manifestTooLarge(size: number, limit: number, origin: Origin = {}): StoreError {
  return new StoreError(
    `the manifest${at(origin)} has ${size} bytes, more than the ${limit} one may have`,
    {
      kind: "corrupt",
      code: "ERR_STORE_MANIFEST_TOO_LARGE",
      detail: { ...origin, size, limit },
    },
  );
}

/** `ERR_STORE_MANIFEST_VERSION_UNSUPPORTED`: a schema this code does not know, so does not guess at. */
export function manifestUnsupported(found: number | string, origin: Origin = {}): StoreError {
  return new StoreError(`the manifest${at(origin)} has schema version ${found}, unknown to us`, {
    kind: "unsupported",
    code: "ERR_STORE_MANIFEST_VERSION_UNSUPPORTED",
    hint: "Upgrade this program.",
    detail: { ...origin, found },
  });
}

/** `ERR_STORE_DIGEST_UNSUPPORTED`: a valid document over blobs that this store cannot hold. */
export function digestUnsupported(field: string, text: string, origin: Origin = {}): StoreError {
  const algorithm = text.slice(0, text.indexOf(":"));
  return new StoreError(
    `the manifest${at(origin)} names a blob by ${algorithm} (${field}), and this store knows SHA-256 only`,
    {
      kind: "unsupported",
      code: "ERR_STORE_DIGEST_UNSUPPORTED",
      hint: "Pull the model from where its blobs have SHA-256 digests; or remove the name, or move its file out of `manifests/`, since nothing is swept while it is there.",
      detail: { ...origin, field, digest: text },
    },
  );
}
