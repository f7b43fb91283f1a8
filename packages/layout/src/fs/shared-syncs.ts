/** More would make everybody wait for more commits of the file system, and leave less to share. */
const AT_ONCE = 2;

interface Asked {
  readonly path: string;
  readonly done: Promise<void>;
  begin(): void;
}

/**
 * Puts syncs of one directory together: one that has not begun when it is asked for covers all that
 * was done before, so everybody who asks meanwhile waits for the same one.
 */
export function createSharedSyncs(
  sync: (path: string) => Promise<void>,
): (path: string) => Promise<void> {
  const waiting = new Map<string, Asked>();
  let running = 0;

  function ask(path: string): Asked {
    let begin = (): void => {};
    const turn = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const asked = { path, begin, done: turn.then(() => sync(path)).finally(end) };
    waiting.set(path, asked);
    return asked;
  }

  function end(): void {
    running -= 1;
    beginNext();
  }

  function beginNext(): void {
    for (const { path, begin } of waiting.values()) {
      if (running === AT_ONCE) return;
      running += 1;
      waiting.delete(path);
      begin();
    }
  }

  return (path) => {
    const { done } = waiting.get(path) ?? ask(path);
    beginNext();
    return done;
  };
}
