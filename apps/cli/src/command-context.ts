import type { Host } from "./host.ts";
import type { Output } from "./output/output.ts";

/** What every command gets. */
export interface CommandContext {
  readonly host: Host;
  /** `--home`, as typed. */
  readonly home: string | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Does its work and answers the exit code; anything that fails is thrown. */
export type Command = (context: CommandContext) => Promise<number>;
