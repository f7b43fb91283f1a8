import { setMaxListeners } from "node:events";

/** An abort signal of our own that also follows a caller's. */
export interface AbortLink {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Stops following the caller's signal, so that a long-lived one does not collect listeners. */
  close(): void;
}

export function linkAbort(outer: AbortSignal | undefined): AbortLink {
  const controller = new AbortController();
  // One listener per connection: more than ten are no leak here.
  setMaxListeners(0, controller.signal);
  const follow = (): void => controller.abort(outer?.reason);
  if (outer?.aborted === true) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    close: () => outer?.removeEventListener("abort", follow),
  };
}
