import type { Command } from "./command-context.ts";
import type { Host } from "./host.ts";
import { createOutput } from "./output/output.ts";
import { parseArguments } from "./program.ts";

/** The command line from arguments to exit code. Never throws. */
export async function run(host: Host): Promise<number> {
  // Known before anything is parsed, so that a mistake in the arguments is told in the same form.
  const end = host.args.indexOf("--");
  const json = host.args.slice(0, end < 0 ? undefined : end).includes("--json");
  const output = createOutput(host, { json });
  try {
    const parsed = await parseArguments(host.args);
    if (parsed.kind === "text") {
      output.plain(parsed.text);
      return 0;
    }
    if (parsed.kind === "mistake") {
      const { usageError } = await import("./errors/usage-error.ts");
      throw usageError(parsed.message, parsed.hint);
    }
    const command: Command = await parsed.load();
    return await command({ host, home: parsed.home, output, signal: host.signal });
  } catch (error) {
    // Whatever broke because the user ended the command, that is why it ended.
    const reason: unknown = host.signal.aborted ? host.signal.reason : error;
    const { reportError } = await import("./errors/report-error.ts");
    const debug = (host.env["STORE_DEBUG"] ?? "") !== "";
    const report = reportError(reason, { json, debug });
    output.complain(report.text);
    return report.exitCode;
  }
}
