import type { ProcessIdentity, ProcessTable } from "@store/layout";

/** Processes that live inside one test: each has its own table, and any of them can be ended. */
export interface SimulatedMachine {
  /** A new living process. */
  start(): { readonly processes: ProcessTable; end(): void };
  /** Ends them all. */
  reboot(): void;
}

export function createSimulatedMachine(): SimulatedMachine {
  const dead = new Set<number>();
  let next = 1;
  let boots = 1;
  return {
    reboot() {
      for (let pid = 1; pid < next; pid += 1) dead.add(pid);
      boots += 1;
    },
    start() {
      const pid = next;
      next += 1;
      const identity: ProcessIdentity = {
        pid,
        host: "simulated",
        machine: "simulated",
        boot: `simulated ${boots}`,
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
