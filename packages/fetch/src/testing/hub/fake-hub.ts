import type { FakeHubFaults } from "./fake-hub-faults.ts";

/** Bytes of a file of a fake repository: in memory, made on demand, or on disk. */
export type FakeFile =
  | Uint8Array
  | string
  | {
      readonly size: number;
      /** The bytes `[start, end)`, the same ones at every call. */
      read(start: number, end: number): Uint8Array | Promise<Uint8Array>;
      /** Whether it is kept as an LFS file; by default the ending of its name decides. */
      readonly lfs?: boolean;
    }
  | { readonly file: string; readonly lfs?: boolean };

export interface FakeRepository {
  readonly files: Readonly<Record<string, FakeFile>>;
  /** Names that lead to the one commit; `["main"]` by default. */
  readonly revisions?: readonly string[];
  /** 40 hex digits; made from the contents by default. */
  readonly commit?: string;
  readonly license?: string;
  /** What the hub's scanners say of files, by path: `unsafe`, `suspicious`, `caution`, … */
  readonly scan?: Readonly<Record<string, string>>;
  /** Shown to everybody; its files are answered only to the right token. */
  readonly gated?: boolean;
  /** Not there for anybody without the right token. */
  readonly private?: boolean;
}

export interface FakeHubOptions {
  readonly repositories: Readonly<Record<string, FakeRepository>>;
  /** The token that opens gated and private repositories. */
  readonly token?: string;
  readonly faults?: FakeHubFaults;
}

export interface FakeHubRequest {
  /** Which of the two servers was asked. */
  readonly server: "hub" | "cdn";
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A small hub on the loopback interface, with a second origin that serves the large files. */
export interface FakeHub extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: what a client uses as its endpoint. */
  readonly endpoint: string;
  /** Origin of the second server. */
  readonly cdn: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly FakeHubRequest[];
  /** Body bytes of files handed to sockets so far, on both servers. */
  readonly bytesServed: number;
  /** Replaces the faults for requests to come. */
  setFaults(faults: FakeHubFaults): void;
  /** Replaces or adds a repository. */
  setRepository(name: string, repository: FakeRepository): Promise<void>;
  close(): Promise<void>;
}
