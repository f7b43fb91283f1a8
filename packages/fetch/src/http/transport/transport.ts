import type { Reach } from "../../policy/address-book.ts";
import type { AnswerFields } from "../answer-fields.ts";

/** One request as it goes out; redirects are the client's business. */
export interface TransportRequest {
  readonly url: URL;
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Where the connection may lead. */
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** A body as it comes in. */
export interface ChunkReader {
  /** The next bytes, `undefined` behind the last. */
  read(): Promise<Uint8Array | undefined>;
  /** Gives the rest up. */
  cancel(): Promise<void>;
}

export interface TransportAnswer {
  readonly status: number;
  readonly headers: AnswerFields;
  /** `undefined` where there is no body. */
  readonly chunks: ChunkReader | undefined;
}

/** Sends a request once, by whatever means. Rejects with the means' own errors. */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>;
