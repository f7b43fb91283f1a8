import { Command as Parser, CommanderError } from "commander";

import type { Command } from "./command-context.ts";
import type { GcFlags } from "./commands/gc.ts";
import type { PinFlags } from "./commands/pin.ts";
import type { VerifyFlags } from "./commands/verify.ts";
import { addFetching } from "./fetch-commands.ts";
import { addPacks } from "./pack-commands.ts";
import { VERSION } from "./version.ts";

/** What a command line asks for. */
export type ParsedArguments =
  /** Help or the version: to be printed, and that is all. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "mistake"; readonly message: string; readonly hint: string }
  | {
      readonly kind: "command";
      readonly home: string | undefined;
      /** Loads the command and nothing before that, so that help and mistakes cost no start-up. */
      readonly load: () => Promise<Command>;
    };

/** Reads a command line. Loads nothing of the store, so that this costs no start-up. */
export async function parseArguments(args: readonly string[]): Promise<ParsedArguments> {
  let text = "";
  let chosen: (() => Promise<Command>) | undefined;
  const program = createProgram((load) => {
    chosen = load;
  });
  eachCommand(program, (command) => {
    command.exitOverride();
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
      // Mistakes are thrown, and told once, by whoever catches them.
      writeErr: () => {},
    });
    command.configureHelp({ showGlobalOptions: command !== program });
  });
  try {
    if (args.length === 0) program.help();
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return asMistake(error);
  }
  if (chosen === undefined) return { kind: "text", text };
  return { kind: "command", home: program.opts<{ home?: string }>().home, load: chosen };
}

export type { Parser };

export type Choose = (load: () => Promise<Command>) => void;

function createProgram(choose: Choose): Parser {
  const program = new Parser("store")
    .description("One shared, verified, content-addressed model store for this machine")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .option("--home <directory>", "the store to work on (default: $MODELS_HOME, or the user's own)")
    .option("--json", "print JSON instead of text")
    .addHelpText("after", "\nExit codes and all options are described in docs/cli.md.");
  addFetching(program, choose);
  addAdd(program, choose);
  addReaders(program, choose);
  addPath(program, choose);
  addNames(program, choose);
  addCare(program, choose);
  addGc(program, choose);
  addPins(program, choose);
  addPacks(program, choose);
  return program;
}

function addAdd(program: Parser, choose: Choose): void {
  program
    .command("add")
    .description("take a file of this machine into the store and give it a name")
    .argument("<file>", "the file; it stays where it is")
    .option("--as <name>", "the name (default: the file's own without its ending)")
    .option("--link", "share the file itself instead of copying it; it must not be changed again")
    .option("--force", "replace what the name holds now")
    .action((file: string, flags: { as?: string; link?: boolean; force?: boolean }) => {
      choose(async () => {
        const { addFile } = await import("./commands/add.ts");
        return (context) => addFile(context, file, flags);
      });
    });
}

function addReaders(program: Parser, choose: Choose): void {
  program
    .command("list")
    .alias("ls")
    .description("list the models of the store")
    .option("-q, --quiet", "print names only")
    .action((flags: { quiet?: boolean }) => {
      choose(async () => {
        const { listModels } = await import("./commands/list.ts");
        return (context) => listModels(context, flags);
      });
    });
  program
    .command("show")
    .description("say what a model is: its files, and what their headers tell")
    .argument("<name>", "a name that `store list` shows")
    .action((name: string) => {
      choose(async () => {
        const { showModel } = await import("./commands/show.ts");
        return (context) => showModel(context, name);
      });
    });
  program
    .command("diff")
    .description("say which files and bytes a model has that another has not")
    .argument("<name>", "a name that `store list` shows")
    .argument("<other>", "another one")
    .action((name: string, other: string) => {
      choose(async () => {
        const { diffModels } = await import("./commands/diff.ts");
        return (context) => diffModels(context, name, other);
      });
    });
  program
    .command("where")
    .description("print the directory of the store")
    .action(() => {
      choose(async () => (await import("./commands/where.ts")).printHome);
    });
}

function addPath(program: Parser, choose: Choose): void {
  program
    .command("path")
    .description("verify a model and print the file or directory a runtime can open")
    .argument("<name>", "a name that `store list` shows")
    .argument("[file]", "one of its files, as `store show` lists them")
    .action((name: string, file: string | undefined) => {
      choose(async () => {
        const { printPath } = await import("./commands/path.ts");
        return (context) => printPath(context, name, file);
      });
    });
}

function addNames(program: Parser, choose: Choose): void {
  program
    .command("tag")
    .description("give a model a further name")
    .argument("<name>", "the name it has")
    .argument("<new>", "the name it gets as well")
    .option("--force", "replace what the new name holds now")
    .action((name: string, added: string, flags: { force?: boolean }) => {
      choose(async () => {
        const { tagModel } = await import("./commands/tag.ts");
        return (context) => tagModel(context, name, added, flags);
      });
    });
  program
    .command("rm")
    .description("remove names; `store gc` frees what no other name needs")
    .argument("<names...>", "names that `store list` shows")
    .action((names: readonly string[]) => {
      choose(async () => {
        const { removeNames } = await import("./commands/rm.ts");
        return (context) => removeNames(context, names);
      });
    });
}

function addCare(program: Parser, choose: Choose): void {
  program
    .command("verify")
    .description("check every byte, name and pack")
    .argument("[name]", "only what this name needs")
    .option("--fast", "compare checksums of chunks instead of SHA-256 where there are any")
    .option("--part <i/n>", "only one of n parts of the blobs, to spread a check over n days")
    .option("--repair", "move wrong bytes to quarantine, to be pulled anew, and mend packs")
    .option("--budget <duration>", "begin no further blob after so long")
    .action((name: string | undefined, flags: VerifyFlags) => {
      choose(async () => {
        const { verifyStore } = await import("./commands/verify.ts");
        return (context) => verifyStore(context, name, flags);
      });
    });
}

function addGc(program: Parser, choose: Choose): void {
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
}

function addPins(program: Parser, choose: Choose): void {
  program
    .command("pin")
    .description("keep what a name leads to, or a blob, whatever becomes of its names")
    .argument("<what>", "a name that `store list` shows, or a digest")
    .option("--reason <text>", "why, for whoever lists the pins")
    .option("--until <when>", "when it ends: 12h, 30d, 2030-12-31 (default: never)")
    .action((what: string, flags: PinFlags) => {
      choose(async () => {
        const { keepPinned } = await import("./commands/pin.ts");
        return (context) => keepPinned(context, what, flags);
      });
    });
  program
    .command("unpin")
    .description("end a pin; `store gc` then frees what nothing else needs")
    .argument("<what>", "what `store pins` shows")
    .action((what: string) => {
      choose(async () => {
        const { endPin } = await import("./commands/unpin.ts");
        return (context) => endPin(context, what);
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

function eachCommand(program: Parser, visit: (command: Parser) => void): void {
  visit(program);
  for (const command of program.commands) visit(command);
}

/** Commander says `error: what\n(Did you mean that?)`. */
function asMistake(error: CommanderError): ParsedArguments {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const hint =
    suggestion?.replaceAll(/^\(|\)$/g, "") ??
    "`store --help` lists the commands and `store help COMMAND` their options.";
  return { kind: "mistake", message, hint };
}
