/** A process of its own: `run-operation.ts <root> <operation>`. */
import { openBlobStore, openLayout, openLeaseStore } from "@store/layout";

import { openManifestStore } from "../../src/index.ts";
import { operations } from "./operations.ts";

const [, , root = "", operation = ""] = process.argv;
const layout = await openLayout(root);
const blobs = openBlobStore(layout);
const manifests = openManifestStore(layout, { blobs, leases: openLeaseStore(layout) });
await operations[operation]?.run({ blobs, manifests });
