import { asStoreError, isStoreError, resolveHome } from "@store/layout";

import { type Command, parseArguments, USAGE } from "./command/parse-arguments.ts";
import { startDaemon } from "./daemon.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { startPeriodicSweeps } from "./gc/periodic-sweeps.ts";
import { describeError, escapeLine, formatLogLine, type Log } from "./log.ts";
import { openStore } from "./store/open-store.ts";
import { VERSION } from "./version.ts";

/** How long answers under way may take after the first signal to end. */
const GRACE_MS = 5_000;

/** Everything the daemon takes from the process it runs in. */
export interface Host {
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** For answers: what was asked for on the command line, and where the daemon listens. */
  readonly print: (text: string) => void;
  /** For errors and the log. */
  readonly complain: (text: string) => void;
  /** Aborts when the daemon is to end. */
  readonly signal: AbortSignal;
}

/** The daemon from start to end. Never throws. */
export async function run(host: Host): Promise<number> {
  try {
    const command = parseArguments(host.args);
    switch (command.kind) {
      case "help":
        host.print(USAGE);
        break;
      case "version":
        host.print(`${VERSION}\n`);
        break;
      case "serve":
        await serve(command, host);
    }
    return 0;
  } catch (thrown) {
    const error = asStoreError(thrown, "run the daemon");
    if (!isStoreError(error)) {
      host.complain(`stored: ${describeError(error)}\n`);
      return EXIT_CODES.internal;
    }
    host.complain(`stored: ${escapeLine(error.message)}\n`);
    if (error.hint !== undefined) host.complain(`hint: ${escapeLine(error.hint)}\n`);
    return EXIT_CODES[error.kind];
  }
}

async function serve(command: Command & { readonly kind: "serve" }, host: Host): Promise<void> {
  const { platform, signal } = host;
  const log: Log = (event) => host.complain(`${formatLogLine(event, Date.now())}\n`);
  await using store = await openStore(resolveHome(host, command.home), { platform });
  const { port: wanted, allowChanges, gcEveryMs: everyMs } = command;
  const daemon = await startDaemon({ ...store, version: VERSION, log, allowChanges, port: wanted });
  const sweeps =
    everyMs === undefined ? undefined : startPeriodicSweeps(store.collector, { everyMs, log });
  const { port, urls } = daemon;
  host.print(
    command.json
      ? `${JSON.stringify({ status: "listening", port, urls })}\n`
      : `stored listens on ${urls.join(" and ")}\n`,
  );
  await aborted(signal);
  await Promise.all([sweeps?.[Symbol.asyncDispose](), daemon.close({ graceMs: GRACE_MS })]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
