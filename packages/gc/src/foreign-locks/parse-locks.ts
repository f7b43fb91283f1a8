/** A lock on a whole file or a part of one, as the kernel lists it. */
export interface FileLock {
  /** `undefined` where the holder is in another process namespace. */
  readonly pid: number | undefined;
  /** `major:minor` in hexadecimal, at least two digits each. */
  readonly device: string;
  readonly inode: number;
}

/**
 * `1: FLOCK  ADVISORY  WRITE 24070 fe:00:2335342 0 EOF`. A line with `->` after its number is a
 * process that waits for the lock, not one that holds it.
 */
const LOCK = /^\d+: \S+ +\S+ +\S+ +(-?\d+) ([0-9a-f]{2,}:[0-9a-f]{2,}):(\d+) /gm;

/** The held locks of `/proc/locks`, see proc_locks(5): flock's, and the other kinds too. */
export function parseFileLocks(text: string): readonly FileLock[] {
  return [...text.matchAll(LOCK)].map(([, pid, device = "", inode]) => {
    const holder = Number(pid);
    return { pid: holder > 0 ? holder : undefined, device, inode: Number(inode) };
  });
}

/** The device number of a `stat` as `/proc/locks` writes it; the bits are glibc's `gnu_dev_major`. */
export function splitDevice(device: number): string {
  const bits = BigInt(device);
  const major = ((bits >> 8n) & 0xfffn) | ((bits >> 32n) & ~0xfffn);
  const minor = (bits & 0xffn) | ((bits >> 12n) & ~0xffn);
  return formatDevice(major, minor);
}

/**
 * The device of the mount that a path lies on, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)):
 * `27 1 254:0 / / rw …`, with the mount point in the fifth field and spaces in it as `\040`.
 *
 * @param path absolute, without links
 */
export function mountDeviceOf(mountinfo: string, path: string): string {
  let [device, longest] = ["", -1];
  for (const line of mountinfo.split("\n")) {
    const [, , numbers = "", , place = ""] = line.split(" ");
    const point = place.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCodePoint(Number.parseInt(octal, 8)),
    );
    const covers = path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`);
    // Of two mounts at one place the later one hides the other.
    if (numbers === "" || !covers || point.length < longest) continue;
    const [major = "", minor = ""] = numbers.split(":");
    device = formatDevice(BigInt(major), BigInt(minor));
    longest = point.length;
  }
  return device;
}

function formatDevice(major: bigint, minor: bigint): string {
  return `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")}`;
}
