import type { Digest } from "@store/layout";

import type { FakeHubFaults } from "../hub/fake-hub-faults.ts";

/** How a fake registry wants to be asked. */
export type FakeRegistryAuth =
  /** A bearer token, which its service gives to anybody. */
  | { readonly kind: "anonymous" }
  /** A bearer token for a password, or for a refresh token. */
  | {
      readonly kind: "token";
      readonly username: string;
      readonly password: string;
      readonly refreshToken?: string;
    }
  /** A bearer token for a request signed with an Ed25519 key, as Ollama's registry wants it. */
  | {
      readonly kind: "signature";
      /** Base64, as OpenSSH's `authorized_keys` have it. */
      readonly publicKey: string;
    }
  /** The password itself. */
  | { readonly kind: "basic"; readonly username: string; readonly password: string };

export interface FakeRegistryOptions {
  /** Open to everybody by default. */
  readonly auth?: FakeRegistryAuth;
  /** Sends for tokens to this URL instead of its own. */
  readonly realm?: string;
  /** Seconds a token holds; 300 by default. */
  readonly tokenLifeSeconds?: number;
  /**
   * Where the bytes of blobs are: `redirect` (default) on a second origin, by a 307 with a signed
   * URL; `same` on the registry itself.
   */
  readonly blobs?: "redirect" | "same";
  /** Faults of blobs; `flip.path` is a digest. */
  readonly faults?: FakeHubFaults;
}

export interface FakeRegistryRequest {
  /** Which of the two servers was asked. */
  readonly server: "registry" | "storage";
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A file of a model to be put into a registry. */
export interface FakeLayer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a registry holds under a tag. */
export interface FakeManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface FakeModel {
  /** `{}` with OCI's empty media type by default. */
  readonly config?: FakeLayer;
  readonly layers: readonly FakeLayer[];
  /** OCI's by default. */
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A small registry on the loopback interface, with a second origin that serves the blobs. */
export interface FakeRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>`: the host part of a location. */
  readonly host: string;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Origin of the second server. */
  readonly storage: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly FakeRegistryRequest[];
  /** Body bytes of blobs handed to sockets so far. */
  readonly bytesServed: number;
  /** Puts blobs and their manifest under a tag of a repository. */
  addModel(repository: string, tag: string, model: FakeModel): FakeManifest;
  /** Puts a document, as it is, under a tag. */
  addManifest(
    repository: string,
    tag: string,
    document: object | Uint8Array,
    mediaType: string,
  ): FakeManifest;
  /** Makes every token given out so far void. */
  revokeTokens(): void;
  /** Replaces the faults for requests to come. */
  setFaults(faults: FakeHubFaults): void;
  close(): Promise<void>;
}
