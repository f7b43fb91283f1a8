/** A name of the v1 convention: one file `manifests/<name>.json`, one blob. */
export interface FlatName {
  readonly kind: "flat";
  readonly name: string;
}

/** A full reference as Ollama writes it: `host[:port]/namespace/model:tag`, any number of blobs. */
export interface RefName {
  readonly kind: "ref";
  /** With the port, if there is one. */
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

/**
 * What a manifest is found under. Case is kept and never significant: see `foldName`.
 *
 * `parseName` makes one from text. One that was built by hand is checked again before it becomes a
 * path, so a wrong part is an error and never a way out of the store.
 */
export type Name = FlatName | RefName;

/** The parts a reference may leave out where the caller allows it. */
export interface RefDefaults {
  readonly host: string;
  readonly namespace: string;
  readonly tag: string;
}

/** What Ollama fills in: `llama3.2` is `registry.ollama.ai/library/llama3.2:latest`. */
export const REF_DEFAULTS: RefDefaults = {
  host: "registry.ollama.ai",
  namespace: "library",
  tag: "latest",
};
