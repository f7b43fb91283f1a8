import type { AbortOptions } from "@store/layout";

/** A bounded amount of something that is taken and given back. */
export interface Quota {
  /**
   * Waits for its turn, and until so much is free; more than there is at all counts as all of it.
   * Answers what gives it back, once.
   */
  take(amount: number, options?: AbortOptions): Promise<() => void>;
}

interface Waiting {
  readonly amount: number;
  go(): void;
}

export function createQuota(total: number): Quota {
  let free = total;
  const waiting: Waiting[] = [];

  function letIn(): void {
    for (let [first] = waiting; first !== undefined && first.amount <= free; [first] = waiting) {
      waiting.shift();
      free -= first.amount;
      first.go();
    }
  }

  function giverBack(amount: number): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      free += amount;
      letIn();
    };
  }

  return {
    async take(wanted, { signal } = {}) {
      signal?.throwIfAborted();
      const amount = Math.min(wanted, total);
      if (waiting.length === 0 && amount <= free) {
        free -= amount;
        return giverBack(amount);
      }
      await new Promise<void>((resolve, reject) => {
        function leave(): void {
          waiting.splice(waiting.indexOf(place), 1);
          letIn();
          reject(signal?.reason);
        }
        const place: Waiting = {
          amount,
          go() {
            signal?.removeEventListener("abort", leave);
            resolve();
          },
        };
        signal?.addEventListener("abort", leave, { once: true });
        waiting.push(place);
      });
      return giverBack(amount);
    },
  };
}
