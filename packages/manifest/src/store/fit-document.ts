import { decodeManifest } from "../document/decode-manifest.ts";
import type { Document } from "../document/document.ts";
import { filesOf } from "../document/files-of.ts";
import type { ImageIndex, ImageManifest } from "../linked/linked-manifest.ts";
import { encodeModelPack } from "../linked/encode-model-pack.ts";
import { DOCKER_AI_PREFIX, OLLAMA_PREFIX } from "../linked/media-types.ts";
import type { FlatName, Name, RefName } from "../name/name.ts";
import { encodeV1 } from "../v1/encode-v1.ts";
import { formatProducedAt } from "../v1/produced-at.ts";
import type { V1Manifest } from "../v1/v1-manifest.ts";
import type { StoredManifest } from "./manifest-store.ts";
import type { Publication } from "./publish-manifest.ts";
import type { StoreContext } from "./store-context.ts";
import { nameMismatch, nameUnfit } from "./store-errors.ts";

/** Layers that a runner adds to weights that can do without them. */
const RUNNER_LAYERS: readonly string[] = [OLLAMA_PREFIX, DOCKER_AI_PREFIX];

/**
 * Whether a document may stand under a name as it is: a v1 manifest under the flat name it gives
 * itself, any other under a reference.
 *
 * @throws StoreError `ERR_STORE_NAME_UNFIT`, `ERR_STORE_MANIFEST_NAME_MISMATCH`
 */
export function checkFit(name: Name, document: Document, path: string): void {
  if (name.kind === "ref") {
    if (document.kind === "v1") throw nameUnfit(name, "a v1 manifest has a flat name");
    return;
  }
  if (document.kind !== "v1") throw nameUnfit(name, "a flat name holds a v1 manifest of one blob");
  if (document.name !== name.name) throw nameMismatch(path, document.name, name.name);
}

/**
 * What one name holds, as the other name has to express it.
 *
 * @throws StoreError `ERR_STORE_NAME_UNFIT`
 */
export function refit(
  context: Pick<StoreContext, "layout" | "producedBy">,
  stored: StoredManifest,
  to: Name,
): Publication {
  const { document, bytes } = stored;
  if (to.kind === "flat") {
    const manifest =
      document.kind === "v1"
        ? { ...document, name: to.name }
        : flatten(context, stored.name, document, to);
    return { name: to, document: manifest, bytes: encodeV1(manifest) };
  }
  return document.kind === "v1" ? wrap(document, to) : { name: to, document, bytes };
}

/** The one blob of a v1 manifest as an artifact of one file. */
function wrap(manifest: V1Manifest, to: RefName): Publication {
  const { license, source, format, name } = manifest;
  const pack = encodeModelPack(filesOf(manifest), {
    name,
    format,
    licenses: license === undefined ? undefined : [license],
    revision: source.revision || undefined,
  });
  const document = decodeManifest(pack.bytes);
  return { name: to, document, bytes: pack.bytes, companions: [pack.config] };
}

/**
 * The weights of an image manifest as a v1 manifest. Only where they can do without the rest: an
 * index or several weights cannot, nor can weights that come with configuration files, unless it
 * is a runner's own layer (a template, parameters) beside a file that carries its own.
 */
function flatten(
  { layout, producedBy }: Pick<StoreContext, "layout" | "producedBy">,
  from: Name,
  document: ImageManifest | ImageIndex,
  to: FlatName,
): V1Manifest {
  const files = filesOf(document);
  const [weights, ...more] = files.filter(({ role }) => role === "weights");
  if (weights === undefined || more.length > 0) {
    throw nameUnfit(
      to,
      `it has ${more.length === 0 ? "no" : "several"} files of weights, and a flat name one blob`,
    );
  }
  const needed = files.find(
    ({ role, mediaType }) =>
      role !== "weights" &&
      role !== "doc" &&
      !RUNNER_LAYERS.some((prefix) => mediaType.startsWith(prefix)),
  );
  if (needed !== undefined)
    throw nameUnfit(to, `it has ${needed.path} too, and a flat name one blob`);
  return {
    kind: "v1",
    name: to.name,
    format: /\.([A-Za-z0-9]+)$/.exec(weights.path)?.[1]?.toLowerCase() ?? "unknown",
    blob: weights.digest,
    size: weights.size,
    license: undefined,
    source: {
      registry: from.kind === "ref" ? from.host : "",
      repo: from.kind === "ref" ? `${from.namespace}/${from.model}` : "",
      revision: from.kind === "ref" ? from.tag : "",
      filename: weights.path,
    },
    producedBy,
    producedAt: formatProducedAt(layout.now()),
  };
}
