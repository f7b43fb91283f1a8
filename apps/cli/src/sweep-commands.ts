import type { Command as Parser } from "commander";

import type { Command } from "./command-context.ts";
import type { GcFlags } from "./commands/gc.ts";
import type { PinFlags } from "./commands/pin.ts";

/** The commands that decide what stays and what goes. */
export function addSweeping(program: Parser, choose: (load: () => Promise<Command>) => void): void {
  program
    .command("gc")
    .description("delete what no name needs any more")
    .option("--dry-run", "print the plan and change nothing")
    .option("--allow-empty", "delete although there is not one name left")
    .option("--min-age <duration>", "how long a blob must have been without a name (default: 24h)")
    .option("--partial-age <duration>", "how long a transfer must have rested (default: 7d)")
    .option("--quarantine-age <duration>", "how long wrong bytes are kept (default: 30d)")
    .option("--quarantine-max <size>", "of wrong bytes, keep the youngest so many (default: 64GiB)")
    .option("--litter-age <duration>", "how old what dead programs left must be (default: 1d)")
    .option("--pack-live <share>", "rewrite packs needed for no more than this (default: 50%)")
    .action((flags: GcFlags) => {
      choose(async () => {
        const { sweepStore } = await import("./commands/gc.ts");
        return (context) => sweepStore(context, flags);
      });
    });
  program
    .command("pin")
    .description("keep what a name leads to, or a blob, whatever becomes of its names")
    .argument("<what>", "a name that `store list` shows, or a digest")
    .option("--reason <text>", "why, for whoever lists the pins")
    .option("--until <when>", "when it ends: 12h, 30d, 2030-12-31 (default: never)")
    .action((what: string, flags: PinFlags) => {
      choose(async () => {
        const { pinBlobs } = await import("./commands/pin.ts");
        return (context) => pinBlobs(context, what, flags);
      });
    });
  program
    .command("unpin")
    .description("end a pin; `store gc` then frees what nothing else needs")
    .argument("<what>", "what `store pins` shows")
    .action((what: string) => {
      choose(async () => {
        const { unpinBlobs } = await import("./commands/unpin.ts");
        return (context) => unpinBlobs(context, what);
      });
    });
  program
    .command("pins")
    .description("list what is pinned")
    .action(() => {
      choose(async () => (await import("./commands/pins.ts")).listPins);
    });
  program
    .command("why")
    .description("say what keeps a blob, or why it will go")
    .argument("<what>", "a digest, or a name that `store list` shows")
    .action((what: string) => {
      choose(async () => {
        const { explainBlobs } = await import("./commands/why.ts");
        return (context) => explainBlobs(context, what);
      });
    });
}
