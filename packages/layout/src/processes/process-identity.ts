/**
 * Who holds something: enough to tell, later and from another process, whether that process is
 * certainly gone. A process id alone never decides: ids are reused, and every container has its own.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Identity of the installation, where the system has one. */
  readonly machine: string | undefined;
  /** Identity of this run of the kernel, where the system has one. */
  readonly boot: string | undefined;
  /** Which set of process ids `pid` belongs to, where the system has such sets. */
  readonly pidNamespace: string | undefined;
  /** When the process started, in the system's own unit. */
  readonly startTime: string | undefined;
}

/** What can be learned about processes; injected, so that tests can end one. */
export interface ProcessTable {
  /** The process asking. */
  self(): Promise<ProcessIdentity>;
  /** Whether the process is certainly gone. `false` also means "cannot tell". */
  isDead(identity: ProcessIdentity): Promise<boolean>;
}

const textOrAbsent = (value: unknown): string | undefined =>
  typeof value === "string" && value.length <= 256 ? value : undefined;

/** An identity out of a decoded JSON value, or `undefined` for anything else. */
export function readProcessIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, host, machine, boot, pidNamespace, startTime } = value as Record<string, unknown>;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof host !== "string" || host.length > 256) return undefined;
  return {
    pid,
    host,
    machine: textOrAbsent(machine),
    boot: textOrAbsent(boot),
    pidNamespace: textOrAbsent(pidNamespace),
    startTime: textOrAbsent(startTime),
  };
}
