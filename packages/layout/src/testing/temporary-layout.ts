import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Layout, openLayout, type OpenLayoutOptions } from "../root/layout.ts";

/** A layout in a directory of its own, gone when it is disposed. */
export interface TemporaryLayout extends AsyncDisposable {
  readonly layout: Layout;
  readonly root: string;
  /** Opens the same root again, as another program would. */
  reopen(options?: OpenLayoutOptions): Promise<Layout>;
}

export async function createTemporaryLayout(
  options: OpenLayoutOptions = {},
): Promise<TemporaryLayout> {
  const directory = await mkdtemp(join(tmpdir(), "store-layout-"));
  const root = join(directory, "models");
  return {
    layout: await openLayout(root, options),
    root,
    reopen: (more = {}) => openLayout(root, { ...options, ...more }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
