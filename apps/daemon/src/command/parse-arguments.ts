import { parseArgs } from "node:util";

import { StoreError } from "@store/layout";

/** Not in use by any program of this field; below the range systems hand out by themselves. */
export const DEFAULT_PORT = 11_777;

export const USAGE = `Usage: stored [options]

Serves this user's model store over HTTP on 127.0.0.1 and ::1 and nowhere else: read-only, unless
told to do more.

Options:
  --home <dir>   the store (default: MODELS_HOME, then the platform's place)
  --port <port>  default ${DEFAULT_PORT}; 0 takes a free one
  --allow-changes
                 let clients sweep and pin (any program of this machine can be one)
  --gc-every <duration>
                 sweep by itself: 6h, 24h, 7d; off by default
  --json         when ready, print one line of JSON that says where
  --version      print the version
  --help         print this text
`;

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | {
      readonly kind: "serve";
      readonly home: string | undefined;
      readonly port: number;
      readonly json: boolean;
      /** Whether clients may sweep and pin. */
      readonly allowChanges: boolean;
      /** Milliseconds between two sweeps of the daemon's own. */
      readonly gcEveryMs: number | undefined;
    };

/**
 * Reads the command line, without the program's own name.
 *
 * @throws StoreError `ERR_STORE_USAGE`
 */
export function parseArguments(args: readonly string[]): Command {
  const values = parseFlags(args);
  if (values.help === true) return { kind: "help" };
  if (values.version === true) return { kind: "version" };
  const { home, port, json = false } = values;
  if (home === "") throw usage("--home is empty");
  return {
    kind: "serve",
    home,
    port: port === undefined ? DEFAULT_PORT : parsePort(port),
    json,
    allowChanges: values["allow-changes"] ?? false,
    gcEveryMs: parseEvery(values["gc-every"] ?? "off"),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      strict: true,
      options: {
        home: { type: "string" },
        port: { type: "string" },
        json: { type: "boolean" },
        "allow-changes": { type: "boolean" },
        "gc-every": { type: "string" },
        version: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (error) {
    // A TypeError of parseArgs is about the user's text, not about a bug.
    if (!(error instanceof TypeError)) throw error;
    throw usage(error.message, error);
  }
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw usage(`--port is not a number from 0 to 65535: ${JSON.stringify(text.slice(0, 20))}`);
}

/** A sweep of a large store takes seconds; more often it would do nothing else. */
const EVERY_MS_MIN = 60_000;
/** What a timer can wait. */
const EVERY_MS_MAX = 2 ** 31 - 1;

const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function parseEvery(text: string): number | undefined {
  if (text === "off") return undefined;
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms >= EVERY_MS_MIN && ms <= EVERY_MS_MAX) return ms;
  throw usage(`--gc-every is neither off nor from 1m to 24d: ${JSON.stringify(text.slice(0, 20))}`);
}

function usage(message: string, cause?: unknown): StoreError {
  return new StoreError(message, {
    kind: "invalid",
    code: "ERR_STORE_USAGE",
    hint: "See stored --help. There is no way to listen on any other address.",
    cause,
  });
}
