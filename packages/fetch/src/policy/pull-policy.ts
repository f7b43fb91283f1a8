import type { ResolvedModel, SourceFile } from "../source.ts";

/** A model that was resolved and is about to be fetched. */
export interface PolicySubject {
  readonly model: ResolvedModel;
  /** The files that are wanted of it. */
  readonly files: readonly SourceFile[];
}

/**
 * Whether a model may be fetched: returns if so, throws if not.
 *
 * @throws StoreError `ERR_STORE_POLICY_REFUSED`
 */
export type PullPolicy = (subject: PolicySubject) => void | Promise<void>;

/** The rules that `createPolicy` knows. What is left out allows everything, but for the last two. */
export interface PolicyRules {
  /** Hosts models may come from: `huggingface.co`, or `*.example.com` for those below one. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Licences as the source writes them (`mit`, `apache-2.0`); case does not count. */
  readonly allowedLicenses?: readonly string[] | undefined;
  /** Most bytes of all files together; a size that nobody knows is too large. */
  readonly bytesMax?: number | undefined;
  /** Takes files that run code when they are loaded, although the location does not name them. */
  readonly allowPickle?: boolean | undefined;
  /** Takes files that the source's own scan found unsafe or suspicious. */
  readonly allowUnsafe?: boolean | undefined;
}
