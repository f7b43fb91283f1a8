/** Runs work one piece after the other, in call order. */
export interface SerialQueue {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createSerialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const result = last.then(work);
      // A failure belongs to the caller of that piece, not to the next one.
      last = result.catch(() => {});
      return result;
    },
  };
}
