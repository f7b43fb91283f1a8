// Carries out one operation on a store, in a process of its own that a tracer may kill. It is held
// until the tracer has attached.

import { openLayout } from "@store/layout";

import { findOperation } from "./operations.ts";

const [, , root = "", name = ""] = process.argv;
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
await findOperation(name).run(await openLayout(root));
process.exit(0);
