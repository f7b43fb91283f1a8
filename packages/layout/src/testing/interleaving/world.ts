import { createHash } from "node:crypto";

import type { FsFile, FsPort, FsStat } from "../../fs/fs-port.ts";
import type { ProcessIdentity, ProcessTable } from "../../processes/process-identity.ts";
import { FsStopped } from "../faulty-fs.ts";
import { type Access, accessOf, isPrivate } from "./access.ts";
import { type CanonicalNames, createCanonicalNames } from "./canonical-names.ts";
import { createModelDisk, type ModelDisk, type Node, statOf } from "./model-disk.ts";

/** One call of one process, waiting to be let through. */
export interface Step {
  /** With the names of this run replaced by canonical ones. */
  readonly text: string;
  /** Whether it may change what others see. */
  readonly writes: boolean;
  /** What it touches, in the present state of the disk. */
  access(): Access;
}

export interface SimulatedProcess {
  readonly index: number;
  readonly name: string;
  readonly fs: FsPort;
  readonly processes: ProcessTable;
}

/** What a world asks before it carries out a step: resolves when the step's turn has come. */
export type Gate = (process: number, step: Step) => Promise<void>;

/** One disk and the processes that use it. */
export interface World {
  readonly disk: ModelDisk;
  readonly names: CanonicalNames;
  start(index: number, name: string): SimulatedProcess;
  /** From now on every step of the process fails, and others can learn that it is gone. */
  end(index: number): void;
  isDead(index: number): boolean;
  /** What the process has been told so far: equal numbers, equal answers. */
  history(index: number): number;
  /** Equal for equal states of the disk, whatever happened before. */
  describe(): string;
}

export interface WorldOptions {
  readonly gate: Gate;
  /** Told of steps that cannot matter to any other process; they are not held up. */
  readonly passing: (process: number, text: string) => void;
  /** Starts from a copy of this disk. */
  readonly disk?: ModelDisk;
  /** Files of partials are shared between processes: their every access counts. */
  readonly sharedPartials: boolean;
}

export function createWorld(options: WorldOptions): World {
  const disk = options.disk?.copy() ?? createModelDisk();
  const names = createCanonicalNames();
  const dead = new Set<number>();
  const histories = new Map<number, number>();
  /** The last step each process has asked for. */
  const asked = new Map<number, Promise<unknown>>();
  let described: { readonly version: number; readonly text: string } | undefined;

  /** What a process asks for at once is done in the order it asked. */
  function step<R>(...of: Parameters<typeof takeStep<R>>): Promise<R> {
    const [index] = of;
    const before = asked.get(index);
    const mine = before === undefined ? takeStep(...of) : before.then(() => takeStep(...of));
    const settled: Promise<unknown> = mine
      .catch(() => {})
      .then(() => asked.get(index) === settled && asked.delete(index));
    asked.set(index, settled);
    return mine;
  }

  async function takeStep<R>(
    index: number,
    operation: string,
    paths: readonly string[],
    act: () => R,
    more: { readonly node?: Node; readonly show?: (result: R) => string } = {},
  ): Promise<R> {
    if (dead.has(index)) throw new FsStopped(operation);
    const text = `${operation} ${paths.join(" ")}`;
    if (isPrivate(index, operation, paths, options.sharedPartials)) options.passing(index, text);
    else {
      await options.gate(index, {
        text,
        writes: !/^(lstat|stat|readdir|entries|read|fstat|fsync|open-read|isDead)\b/.test(text),
        access: () => accessOf(disk, operation, paths, more.node),
      });
    }
    if (dead.has(index)) throw new FsStopped(operation);
    disk.setMaker(index);
    try {
      const result = act();
      remember(index, `${text} = ${more.show?.(result) ?? ""}`);
      return result;
    } catch (error) {
      remember(index, `${text} ! ${(error as { code?: string }).code}`);
      throw error;
    }
  }
  function remember(index: number, what: string): void {
    histories.set(index, names.number(`${histories.get(index) ?? 0} ${what}`));
  }

  const showStat = (stat: FsStat, path: string): string => {
    // Only a partial's link count is ever looked at.
    const links = path.includes("/.partial-") ? stat.links : "";
    return `${stat.kind} ${stat.size} ${stat.mode} ${stat.inode} ${links}`;
  };
  const showNames = (found: readonly string[]): string =>
    found.filter((name) => !name.startsWith(".tmp-")).join(" ");

  function openFile(index: number, path: string, node: Node): FsFile {
    const on =
      <A extends readonly unknown[], R>(operation: string, act: (...args: A) => R) =>
      (...args: A): Promise<R> =>
        step(index, operation, [path], () => act(...args), { node });
    return {
      alignment: 1,
      read: (buffer, position) =>
        step(index, "read", [path], () => disk.read(node, buffer, position), {
          node,
          show: (count) => `${position} ${names.number(latin1(buffer.subarray(0, count)))}`,
        }),
      write: on("write", (buffer: Uint8Array, position: number) =>
        disk.write(node, names.replaceIn(index, buffer), position),
      ),
      truncate: on("truncate", (size: number) => disk.truncate(node, size)),
      chmod: on("fchmod", (mode: number) => disk.chmod(node, mode)),
      stat: () =>
        step(index, "fstat", [path], () => statOf(node), { node, show: (s) => showStat(s, path) }),
      sync: on("fsync", () => {}),
      datasync: on("fsync", () => {}),
      close: on("close", () => {}),
    };
  }

  function createPort(index: number): FsPort {
    const named = (path: string): string => names.replacePath(index, path);
    const one =
      <R>(operation: string, act: (path: string) => R, show?: (result: R) => string) =>
      (path: string): Promise<R> => {
        const at = named(path);
        return step(index, operation, [at], () => act(at), show === undefined ? {} : { show });
      };
    const two = (operation: string, act: (from: string, to: string) => void) => {
      return (from: string, to: string): Promise<void> => {
        const [source, target] = [named(from), named(to)];
        return step(index, operation, [source, target], () => act(source, target));
      };
    };
    const lstat = async (path: string): Promise<FsStat> => {
      const at = named(path);
      return step(index, "lstat", [at], () => disk.lstat(at), { show: (s) => showStat(s, at) });
    };
    const unsupported = async (): Promise<never> => {
      throw Object.assign(new Error("the model has no such call"), { code: "ENOSYS", errno: -38 });
    };
    return {
      async open(path, mode, openOptions) {
        const at = named(path);
        const { permissions = 0o666 } = openOptions ?? {};
        const show = (node: Node): string => `${node.kind} ${node.inode}`;
        const act = (): Node => disk.open(at, mode, permissions);
        return openFile(index, at, await step(index, `open-${mode}`, [at], act, { show }));
      },
      mkdir: one("mkdir", (path) => disk.mkdir(path)),
      rmdir: one("rmdir", (path) => disk.rmdir(path)),
      readdir: one("readdir", (path) => disk.readdir(path), showNames),
      async entries(path) {
        const at = named(path);
        const act = (): readonly string[] => disk.readdir(at);
        const found = await step(index, "readdir", [at], act, { show: showNames });
        return found.map((name) => {
          const kind = disk.find(`${at}/${name}`)?.kind ?? "other";
          return { name, kind };
        });
      },
      lstat,
      stat: lstat,
      realpath: async (path) => named(path),
      link: two("link", (from, to) => disk.link(from, to)),
      symlink: unsupported,
      rename: two("rename", (from, to) => disk.rename(from, to)),
      unlink: one("unlink", (path) => disk.unlink(path)),
      chmod: (path, mode) => one("chmod", (at) => disk.chmod(disk.open(at, "read", 0), mode))(path),
      utimes: unsupported,
      copyFile: unsupported,
      syncDirectory: one("fsync-directory", (path) => void disk.lstat(path)),
      freeBytes: async () => 1e15,
    };
  }

  const identity = (index: number): ProcessIdentity => ({
    pid: index + 1,
    host: "model",
    machine: "model",
    boot: "model",
    pidNamespace: "model",
    startTime: "0",
  });

  return {
    disk,
    names,
    start: (index, name) => ({
      index,
      name,
      fs: createPort(index),
      processes: {
        self: async () => identity(index),
        isDead: (other) =>
          step(index, "isDead", [`process:${other.pid - 1}`], () => dead.has(other.pid - 1), {
            show: String,
          }),
      },
    }),
    end: (index) => void dead.add(index),
    isDead: (index) => dead.has(index),
    history: (index) => histories.get(index) ?? 0,
    describe() {
      if (described?.version === disk.version) return described.text;
      const hash = createHash("sha1");
      for (const { path, node } of disk.walk()) {
        const content = node.kind === "file" ? `${node.mode} ${names.content(node.bytes)}` : "";
        hash.update(`${path} ${node.inode} ${content}\n`);
      }
      described = { version: disk.version, text: hash.digest("latin1") };
      return described.text;
    },
  };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
