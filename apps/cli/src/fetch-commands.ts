import type { InspectFlags } from "./commands/inspect.ts";
import type { PullFlags } from "./commands/pull.ts";
import type { RepairFlags } from "./commands/repair.ts";
import type { Choose, Parser } from "./program.ts";

const LOCATION =
  "hf.co/ORG/REPO[:TAG], with @REVISION or /FILE where needed; ollama://MODEL:TAG; " +
  "HOST/REPOSITORY:TAG of an OCI registry; an https URL; a path: ./DIR";

/** The commands that ask other machines. */
export function addFetching(program: Parser, choose: Choose): void {
  const pull = program
    .command("pull")
    .description("fetch a model, verified, and record its name; run it again to resume")
    .argument("<location>", LOCATION)
    .option("--as <name>", "record it under this name instead of the one its source suggests")
    .option("--digest <digest>", "the SHA-256 that a model of one file must have")
    .option("--connections <count>", "the most connections per file")
    .option("--limit-rate <size>", "bytes per second, for all files together")
    .option("--dry-run", "only say what would be fetched, and what it would take")
    .option(
      "--mirror <location>",
      "where else the files are, if it fails; may be repeated",
      collect,
    )
    .option("--allow-host <host>", "take models from such hosts only; may be repeated", collect)
    .option("--allow-license <id>", "take models of such licences only; may be repeated", collect)
    .option("--max-size <size>", "take nothing larger")
    .option("--allow-pickle", "take files that can run code when they are loaded")
    .option("--allow-unsafe", "take files that the source's own scan warns of");
  addSelection(addSourceOptions(pull)).action((location: string, flags: PullFlags) => {
    choose(async () => {
      const { pullModel } = await import("./commands/pull.ts");
      return (context) => pullModel(context, location, flags);
    });
  });
  const inspect = program
    .command("inspect")
    .description("say what a model is without fetching it: its files and their headers")
    .argument("<location>", LOCATION);
  addSelection(addSourceOptions(inspect)).action((location: string, flags: InspectFlags) => {
    choose(async () => {
      const { inspectLocation } = await import("./commands/inspect.ts");
      return (context) => inspectLocation(context, location, flags);
    });
  });
  addRepair(program, choose);
}

function addRepair(program: Parser, choose: Choose): void {
  const repair = program
    .command("repair")
    .description("check blobs, and fetch again what is wrong with them")
    .argument("<what...>", "names that `store list` shows, or digests")
    .option("--from <location>", "a place that has the bytes; may be repeated", collect)
    .option("--connections <count>", "the most connections per blob")
    .option("--limit-rate <size>", "bytes per second");
  addSourceOptions(repair).action((what: readonly string[], flags: RepairFlags) => {
    choose(async () => {
      const { repairBlobs } = await import("./commands/repair.ts");
      return (context) => repairBlobs(context, what, flags);
    });
  });
}

/** What a command takes that takes files of a model. */
function addSelection(command: Parser): Parser {
  return command
    .option("--include <glob>", "take only files that match; may be repeated", collect)
    .option("--exclude <glob>", "leave out files that match; may be repeated", collect);
}

/** What any command takes that asks a source. */
function addSourceOptions(command: Parser): Parser {
  return command
    .option("--token-stdin", "read the hub's access token from standard input")
    .option("--token-host <host>", "a further host that may issue the registry's tokens")
    .option("--ca-file <file>", "trust the issuers of certificates in this file as well")
    .option("--offline", "refuse to use the network");
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
