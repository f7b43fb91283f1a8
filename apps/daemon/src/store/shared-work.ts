/** Work that several callers wait for, done once. */
export interface SharedWork<K, T> {
  /**
   * Joins the work under way for a key, or starts it. A caller that aborts leaves with its own
   * reason; the work is aborted when the last one has left.
   */
  join(key: K, signal: AbortSignal, start: (shared: AbortSignal) => Promise<T>): Promise<T>;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

export function createSharedWork<K, T>(): SharedWork<K, T> {
  const running = new Map<K, Running<T>>();

  function begin(key: K, start: (shared: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const result = start(abort.signal);
    const job: Running<T> = { result, abort, waiting: 0 };
    const forget = (): void => {
      if (running.get(key) === job) running.delete(key);
    };
    result.then(forget, forget);
    running.set(key, job);
    return job;
  }

  return {
    async join(key, signal, start) {
      signal.throwIfAborted();
      const job = running.get(key) ?? begin(key, start);
      job.waiting += 1;
      let leave: (() => void) | undefined;
      const left = new Promise<never>((_resolve, reject) => {
        leave = () => reject(signal.reason as Error);
        signal.addEventListener("abort", leave, { once: true });
      });
      try {
        return await Promise.race([job.result, left]);
      } finally {
        if (leave !== undefined) signal.removeEventListener("abort", leave);
        job.waiting -= 1;
        if (job.waiting === 0) {
          // The next caller starts afresh instead of joining what is being given up.
          if (running.get(key) === job) running.delete(key);
          job.abort.abort();
        }
      }
    },
  };
}
