import { createHash } from "node:crypto";

import { type Digest, digestBytes } from "@store/layout";

import type { PreparedFile } from "../hub/prepared-repository.ts";
import type { FakeLayer, FakeManifest, FakeModel } from "./fake-registry.ts";

const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";
const EMPTY_CONFIG: FakeLayer = {
  mediaType: "application/vnd.oci.empty.v1+json",
  bytes: new TextEncoder().encode("{}"),
};

interface KeptManifest extends FakeManifest {
  readonly mediaType: string;
}

/** What a fake registry holds, and the tokens it gave. */
export interface RegistryState {
  addModel(repository: string, tag: string, model: FakeModel): FakeManifest;
  addManifest(
    repository: string,
    tag: string,
    document: object | Uint8Array,
    mediaType: string,
  ): FakeManifest;
  findManifest(repository: string, reference: string): KeptManifest | undefined;
  findBlob(repository: string, digest: string): PreparedFile | undefined;
  /** A blob of any repository: the second server knows none of them. */
  findStored(digest: string): PreparedFile | undefined;
  issueToken(repository: string): string;
  acceptsToken(token: string, repository: string): boolean;
  revokeTokens(): void;
}

export function createRegistryState(): RegistryState {
  const manifests = new Map<string, KeptManifest>();
  const blobs = new Map<string, PreparedFile>();
  const tokens = new Map<string, string>();
  let tokenCount = 0;

  function addBlob(repository: string, { bytes, mediaType, annotations }: FakeLayer): object {
    const digest = digestBytes(bytes);
    const file = {
      path: digest,
      size: bytes.length,
      sha256: undefined,
      oid: createHash("sha1").update(bytes).digest("hex"),
      pointerSize: 0,
      read: async (start: number, end: number) => bytes.subarray(start, end),
    };
    blobs.set(`${repository}@${digest}`, file);
    blobs.set(digest, file);
    return { mediaType, digest, size: bytes.length, ...(annotations ? { annotations } : {}) };
  }

  const state: RegistryState = {
    addModel(repository, tag, { config = EMPTY_CONFIG, layers, mediaType = OCI_IMAGE, ...rest }) {
      const document = {
        schemaVersion: 2,
        mediaType,
        config: addBlob(repository, config),
        layers: layers.map((layer) => addBlob(repository, layer)),
        ...rest,
      };
      return state.addManifest(repository, tag, document, mediaType);
    },
    addManifest(repository, tag, document, mediaType) {
      const bytes =
        document instanceof Uint8Array
          ? document
          : new TextEncoder().encode(JSON.stringify(document));
      const digest: Digest = digestBytes(bytes);
      for (const reference of [tag, digest]) {
        manifests.set(`${repository}:${reference}`, { digest, bytes, mediaType });
      }
      return { digest, bytes };
    },
    findManifest: (repository, reference) => manifests.get(`${repository}:${reference}`),
    findBlob: (repository, digest) => blobs.get(`${repository}@${digest}`),
    findStored: (digest) => blobs.get(digest),
    issueToken(repository) {
      tokenCount += 1;
      const token = `token-${tokenCount}`;
      tokens.set(token, repository);
      return token;
    },
    acceptsToken: (token, repository) => tokens.get(token) === repository,
    revokeTokens: () => tokens.clear(),
  };
  return state;
}
