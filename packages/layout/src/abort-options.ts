/** Options of everything that waits. */
export interface AbortOptions {
  /** When it aborts, the call rejects with `signal.reason`, untouched. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of everything slow. */
export interface ProgressOptions<E> {
  readonly onProgress?: ((event: E) => void) | undefined;
}
