/** Work that is done once for several callers, and stopped when the last of them has left. */
export interface SharedWork<T> {
  /** Waits for it; rejects with `signal.reason` as soon as the caller's signal aborts. */
  join(signal: AbortSignal | undefined): Promise<T>;
}

/** @param onEnd called when nobody is to join any more: the work ended, or was given up */
export function startSharedWork<T>(
  start: (signal: AbortSignal) => Promise<T>,
  onEnd: () => void,
): SharedWork<T> {
  const controller = new AbortController();
  const work = start(controller.signal);
  // Whoever waits gets the failure; if nobody does any more, nobody is to be told.
  work.then(onEnd, onEnd);
  let waiting = 0;
  return {
    async join(signal) {
      signal?.throwIfAborted();
      waiting += 1;
      try {
        return await unlessAborted(work, signal);
      } finally {
        waiting -= 1;
        if (waiting === 0 && signal?.aborted === true) {
          onEnd();
          controller.abort(signal.reason);
        }
      }
    },
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let leave = (): void => {};
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
