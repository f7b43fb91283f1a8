import type { Socket } from "node:net";

/** The open connections of all listeners of a daemon. */
export interface Connections {
  /** Takes a new connection in, or drops it. */
  add(socket: Socket): void;
  /**
   * Says that a request has begun; `done` settles when its answer has ended, in whichever way.
   *
   * Answers to requests that were sent ahead wait for one another here, before any work is done for
   * them: otherwise one packet full of requests opens a thousand files.
   *
   * @returns when it is this request's turn; `false` if the connection is to be left alone
   */
  begin(socket: Socket, done: Promise<void>): Promise<boolean>;
  /** Whether some answer is being made for the connection. */
  isBusy(socket: Socket): boolean;
  /** From now on connections end with the answer they are busy with; idle ones end at once. */
  drain(): void;
  /** Ends every connection, whatever it is doing. */
  cut(): void;
}

interface State {
  /** Requests begun whose answer has not ended. */
  pending: number;
  /** Ends with the answer to the last request begun. */
  last: Promise<void>;
}

export function createConnections(limits: {
  readonly connectionsMax: number;
  readonly pipelinedMax: number;
}): Connections {
  // In order of the time since which they are idle: whoever gets idle goes to the end.
  const open = new Map<Socket, State>();
  let draining = false;

  function makeRoom(): boolean {
    if (open.size < limits.connectionsMax) return true;
    for (const [socket, { pending }] of open) {
      if (pending > 0) continue;
      open.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  function finish(socket: Socket, state: State): void {
    state.pending -= 1;
    if (state.pending > 0 || !open.delete(socket)) return;
    open.set(socket, state);
    if (draining) socket.destroySoon();
  }

  return {
    add(socket) {
      if (draining || !makeRoom()) {
        socket.destroy();
        return;
      }
      open.set(socket, { pending: 0, last: Promise.resolve() });
      socket.once("close", () => open.delete(socket));
    },
    async begin(socket, done) {
      const state = open.get(socket);
      if (state === undefined) return false;
      if (state.pending > limits.pipelinedMax) {
        socket.destroy();
        return false;
      }
      const before = state.last;
      state.pending += 1;
      state.last = done.then(() => finish(socket, state));
      await before;
      return !socket.destroyed;
    },
    isBusy: (socket) => (open.get(socket)?.pending ?? 0) > 0,
    drain() {
      draining = true;
      for (const [socket, { pending }] of open) if (pending === 0) socket.destroy();
    },
    cut() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
