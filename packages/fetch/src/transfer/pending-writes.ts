/** Writes that run behind the reads. */
export interface PendingWrites {
  /** The first failure of any, as soon as there is one. */
  readonly failure: { readonly error: unknown } | undefined;
  add(write: Promise<void>): void;
  /**
   * Resolves when all have ended.
   *
   * @throws the first failure
   */
  ended(): Promise<void>;
}

export function createPendingWrites(): PendingWrites {
  const writes = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  return {
    get failure() {
      return failure;
    },
    add(write) {
      const ended = write
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => writes.delete(ended));
      writes.add(ended);
    },
    async ended() {
      while (writes.size > 0) await Promise.all(writes);
      if (failure !== undefined) throw failure.error;
    },
  };
}
