import type { ProcessIdentity, ProcessTable } from "@store/layout";

/** Processes that live inside one test: each has its own table, and any of them can be ended. */
export interface SimulatedMachine {
  /** A new living process. */
  start(): { readonly processes: ProcessTable; end(): void };
}

export function createSimulatedMachine(): SimulatedMachine {
  const dead = new Set<number>();
  let next = 1;
  return {
    start() {
      const pid = next;
      next += 1;
      const identity: ProcessIdentity = {
        pid,
        host: "simulated",
        machine: "simulated",
        boot: "simulated",
        pidNamespace: "simulated",
        startTime: String(pid),
      };
      return {
        processes: {
          self: async () => identity,
          isDead: async (other) => other.host === "simulated" && dead.has(other.pid),
        },
        end: () => void dead.add(pid),
      };
    },
  };
}
