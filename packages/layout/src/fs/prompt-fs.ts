import {
  chmodSync,
  closeSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";

import { blockingFs, readAt, toStat } from "./blocking-fs.ts";
import type { FsFile, FsPort, OpenMode } from "./fs-port.ts";
import { openFlags } from "./open-flags.ts";

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

/** So long calls follow each other before everybody else gets a turn. */
const BURST_MS = 5;

/**
 * Makes calls at once, in the order in which they are asked for; when they have held the event loop
 * for long enough, it goes on before the next one.
 */
function createTurns(): <R>(call: () => R) => Promise<R> {
  const waiting: (() => void)[] = [];
  let sinceMs = 0;

  const isOver = (): boolean => performance.now() - sinceMs >= BURST_MS;

  function begin(): void {
    sinceMs = performance.now();
    let served = 0;
    while (served < waiting.length && (served === 0 || !isOver())) waiting[served++]?.();
    waiting.splice(0, served);
    if (waiting.length > 0) setImmediate(begin);
  }

  return async (call) => {
    if (waiting.length === 0 && !isOver()) return call();
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(begin);
      waiting.push(() => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
    });
  };
}

/**
 * The same file system, for bursts of small files: a call that only touches the kernel's memory is
 * made at once, since handing it to a thread and back costs several times the call itself. What may
 * wait for the disk, a sync, goes to a thread as ever.
 */
export function createPromptFs(base: FsPort): FsPort {
  const inTurn = createTurns();

  function now<A extends readonly unknown[], R>(
    call: (...args: A) => R,
  ): (...args: A) => Promise<R> {
    return (...args) => inTurn(() => call(...args));
  }

  function toFile(descriptor: number): FsFile {
    return {
      alignment: 1,
      read: now((buffer: Uint8Array, position: number) =>
        readAt(descriptor, buffer, buffer.length, position),
      ),
      write: now((buffer: Uint8Array, position: number) =>
        writeSync(descriptor, buffer, 0, buffer.length, position),
      ),
      truncate: now((size: number) => ftruncateSync(descriptor, size)),
      chmod: now((mode: number) => fchmodSync(descriptor, mode)),
      stat: now(() => toStat(fstatSync(descriptor))),
      sync: () => syncAll(descriptor),
      datasync: () => syncData(descriptor),
      close: now(() => closeSync(descriptor)),
    };
  }

  const open = now((path: string, mode: OpenMode, permissions: number = 0o666) =>
    toFile(openSync(path, openFlags[mode], permissions)),
  );

  return {
    ...base,
    together: (calls) => inTurn(() => calls(blockingFs)),
    open: (path, mode, options) =>
      options?.direct === true
        ? base.open(path, mode, options)
        : open(path, mode, options?.permissions),
    mkdir: now((path: string): void => {
      mkdirSync(path);
    }),
    rmdir: now((path: string) => rmdirSync(path)),
    lstat: now((path: string) => toStat(lstatSync(path))),
    stat: now((path: string) => toStat(statSync(path))),
    link: now((existing: string, path: string) => linkSync(existing, path)),
    rename: now((from: string, to: string) => renameSync(from, to)),
    unlink: now((path: string) => unlinkSync(path)),
    chmod: now((path: string, mode: number) => chmodSync(path, mode)),
    async syncDirectory(path) {
      // Windows can neither open nor sync a directory.
      if (process.platform === "win32") return;
      const descriptor = openSync(path, "r");
      try {
        await syncAll(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}
