import type { AbortOptions } from "@store/layout";

export interface InspectOptions extends AbortOptions {
  /**
   * Largest header accepted, in bytes: it bounds the memory and the time that one file can take.
   * Defaults to 128 MiB for GGUF and to the reference's 100,000,000 for safetensors.
   */
  readonly headerSizeMax?: number | undefined;
}
