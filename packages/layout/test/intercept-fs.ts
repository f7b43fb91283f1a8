import type { FsFile, FsPort } from "@store/layout";

type Call = (...args: readonly unknown[]) => Promise<unknown>;

/** A port that tells of every call before it is made, those on open files included. */
export function interceptFs(
  base: FsPort,
  before: (operation: string, path: string) => Promise<void>,
): FsPort {
  const port: Record<string, Call> = {};
  for (const [operation, call] of Object.entries(base) as [string, Call][]) {
    // Nobody can wait in a call that blocks, so there are none.
    if (typeof call !== "function") continue;
    port[operation] = async (...args) => {
      const path = String(args[0]);
      await before(operation, path);
      const result = await call(...args);
      return operation === "open" ? interceptFile(result as FsFile, path, before) : result;
    };
  }
  return port as unknown as FsPort;
}

function interceptFile(
  base: FsFile,
  path: string,
  before: (operation: string, path: string) => Promise<void>,
): FsFile {
  const file: Record<string, unknown> = { alignment: base.alignment };
  for (const [operation, call] of Object.entries(base) as [string, unknown][]) {
    if (typeof call !== "function") continue;
    file[operation] = async (...args: readonly unknown[]) => {
      await before(`file.${operation}`, path);
      return (call as Call)(...args);
    };
  }
  return file as unknown as FsFile;
}
