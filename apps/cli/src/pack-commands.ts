import type { PackFlags } from "./commands/pack.ts";
import type { RepackFlags } from "./commands/repack.ts";
import type { Choose, Parser } from "./program.ts";

/** The commands about packs. */
export function addPacks(program: Parser, choose: Choose): void {
  program
    .command("pack")
    .description("move small blobs from files of their own into compressed packs")
    .argument("[what...]", "names or digests (default: all small blobs)")
    .option("--max-size <size>", "largest blob to move, up to 4MiB")
    .option("--dry-run", "only say what would be moved")
    .action((what: readonly string[], flags: PackFlags) => {
      choose(async () => {
        const { packStore } = await import("./commands/pack.ts");
        return (context) => packStore(context, what, flags);
      });
    });
  program
    .command("unpack")
    .description("give packed blobs files of their own again")
    .argument("[what...]", "names or digests")
    .option("--all", "everything that packs hold")
    .action((what: readonly string[], flags: { all?: boolean }) => {
      choose(async () => {
        const { unpackStore } = await import("./commands/unpack.ts");
        return (context) => unpackStore(context, what, flags);
      });
    });
  program
    .command("repack")
    .description("rewrite packs that hold little of use, and merge small ones")
    .option("--min-live <percent>", "rewrite packs of which less than this is needed (default: 50)")
    .option("--dry-run", "print the plan and change nothing")
    .action((flags: RepackFlags) => {
      choose(async () => {
        const { repackStore } = await import("./commands/repack.ts");
        return (context) => repackStore(context, flags);
      });
    });
  program
    .command("debug")
    .description("describe a file of the store for people, in whatever state it is")
    .argument("<kind>", "pack")
    .argument("<file>", "pack-<id>.dat, or an id of this store")
    .action((kind: string, file: string) => {
      choose(async () => {
        const { debugFile } = await import("./commands/debug.ts");
        return (context) => debugFile(context, kind, file);
      });
    });
}
