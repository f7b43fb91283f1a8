/**
 * A process of its own: `run-operation.ts <root> <operation>`. It is held until a tracer has attached.
 */
import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";

import { openManifestStore } from "../../src/index.ts";
import { operations } from "./operations.ts";

const [, , root = "", operation = ""] = process.argv;
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const manifests = openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });
await operations[operation]?.run({ blobs, manifests });
process.exit(0);
