// The hub of the demo, in a process of its own: it makes two models and serves them on loopback.
//
// It is spoken to in lines. `faults {…}` sets what goes wrong from now on, `served` asks how many
// bytes of files went out. Each line is answered with one line of JSON; the end of its standard
// input is the end of the hub, so it never outlives the demo.

import { join } from "node:path";
import { createInterface } from "node:readline";

import { createFakeHub } from "../../packages/fetch/src/testing/hub/create-fake-hub.ts";
import type { FakeFile } from "../../packages/fetch/src/testing/hub/fake-hub.ts";
import type { FakeHubFaults } from "../../packages/fetch/src/testing/hub/fake-hub-faults.ts";
import { writeGguf } from "../../packages/fetch/src/testing/models/generate-gguf.ts";
import { writeSafetensors } from "../../packages/fetch/src/testing/models/generate-safetensors.ts";

const MIB = 1024 ** 2;
const GGUF_BYTES = 256 * MIB;
const SHARDED_BYTES = 48 * MIB;
const SHARD_COUNT = 3;

/** What the hub says first. */
export interface HubReady {
  readonly endpoint: string;
}

export async function serveHub(directory: string): Promise<void> {
  // Ctrl-C goes to the whole group; the demo still needs its hub to end in order.
  process.on("SIGINT", () => {});
  const gguf = join(directory, "tiny-llama-f16.gguf");
  await writeGguf(gguf, {
    sizeBytes: GGUF_BYTES,
    name: "Tiny Llama",
    license: "apache-2.0",
    contextLength: 8192,
  });
  const sharded = join(directory, "sharded");
  const paths = await writeSafetensors(sharded, {
    sizeBytes: SHARDED_BYTES,
    shardCount: SHARD_COUNT,
  });
  const files: Record<string, FakeFile> = {};
  for (const path of paths) files[path] = { file: join(sharded, path) };
  await using hub = await createFakeHub({
    repositories: {
      "demo/tiny-llama-gguf": {
        files: { "tiny-llama-f16.gguf": { file: gguf } },
        license: "apache-2.0",
      },
      "demo/sharded-llama": { files, license: "mit" },
    },
  });
  answer({ endpoint: hub.endpoint } satisfies HubReady);
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb = "", ...rest] = line.split(" ");
    if (verb === "faults") hub.setFaults(JSON.parse(rest.join(" ")) as FakeHubFaults);
    answer({ served: hub.bytesServed });
  }
}

function answer(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
