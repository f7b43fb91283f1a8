// Carries out one operation when it is told to, and says what it acknowledges as it does.
//
// It is held until the tracer has attached, so that the calls counted are the store's alone.

import { writeSync } from "node:fs";

import { nodeFs, openLayout } from "@store/layout";

import { loadXxh64 } from "../../../src/checksum/xxh64.ts";
import { findOperation } from "../operations.ts";

const [, , name = "", root = ""] = process.argv;
const operation = findOperation(name);
await loadXxh64();

/** At once, past every buffer: the next call may be the last. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

say("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
// Calls made at once are those of another thread, which the tracer counts by itself. A copy has none.
const fs = operation.prompt === true ? nodeFs : { ...nodeFs };
await operation.run(await openLayout(root, { fs }), say);
say("done");
process.exit(0);
