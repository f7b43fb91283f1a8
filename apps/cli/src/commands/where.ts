import { ifPresent, openLayout, resolveHome } from "@store/layout";

import type { CommandContext } from "../command-context.ts";

/** `store where`: the directory all other commands work on. */
export async function printHome(context: CommandContext): Promise<number> {
  const { fs, paths, readOnly } = await openLayout(resolveHome(context.host, context.home));
  const exists = (await ifPresent(fs.stat(paths.root))) !== undefined;
  context.output.answer({
    json: { home: paths.root, exists, writable: readOnly === undefined },
    text: `${paths.root}\n`,
  });
  return 0;
}
