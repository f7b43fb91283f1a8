import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { diskBytes, readGgufHead } from "./disk.ts";
import { prove } from "./expect.ts";
import type { Hub } from "./hub-process.ts";
import { interruptPull } from "./interrupt-pull.ts";
import { formatSize, say, showOutput, showStep } from "./screen.ts";
import type { Shell } from "./shell.ts";

const MIB = 1024 ** 2;
const GGUF = "hf.co/demo/tiny-llama-gguf/tiny-llama-f16.gguf";
const SHARDED = "hf.co/demo/sharded-llama";
/** What the models are called once they are here. */
const NAME = "tiny-llama-f16";
const SECOND = "assistant";
const SHARDED_NAME = "hf.co/demo/sharded-llama:main";

/** From an empty store to an empty store, step by step. */
export async function tellStory(shell: Shell, hub: Hub): Promise<void> {
  say(`One store for all models of this machine. This one is in ${shell.home};`);
  say(`a small hub on this machine (${hub.endpoint}) stands in for huggingface.co.`);
  await pullKillAndResume(shell, hub);
  await pullSharded(shell);
  await look(shell);
  await open(shell);
  await renameAndSweep(shell);
  await removeAll(shell);
}

async function pullKillAndResume(shell: Shell, hub: Hub): Promise<void> {
  showStep("Pull a model, and pull the plug half way");
  await hub.setSpeed(48 * MIB);
  const cut = await interruptPull(shell, GGUF, { share: 0.6 });
  prove(cut.ended.signal === "SIGKILL", "the process was killed; it had no chance to tidy up");
  const names = await shell.ask("list", "--quiet");
  prove(JSON.stringify(names) === '{"names":[]}', "the store shows no half model");

  showStep("Run the same command again");
  await hub.setSpeed(undefined);
  const servedBefore = await hub.served();
  await shell.store("pull", GGUF);
  const fetched = (await hub.served()) - servedBefore;
  const saved = cut.size - fetched;
  prove(
    saved > 0 && fetched > 0,
    `${formatSize(saved)} of ${formatSize(cut.size)} were not fetched again; the hub sent ${formatSize(fetched)}`,
    `${fetched} bytes fetched`,
  );
  await shell.store("pull", GGUF);
  const again = (await hub.served()) - servedBefore - fetched;
  prove(again === 0, "what is here already is not fetched at all", `${again} bytes`);
}

async function pullSharded(shell: Shell): Promise<void> {
  showStep("Pull a model of several files");
  await shell.store("pull", SHARDED);
}

async function look(shell: Shell): Promise<void> {
  showStep("See what is here");
  const list = await shell.store("list");
  for (const name of [NAME, SHARDED_NAME]) prove(list.includes(name), `${name} is in the list`);
  const shown = await shell.store("show", NAME);
  for (const fact of ["llama", "F16", "8192 tokens", "apache-2.0"]) {
    prove(shown.includes(fact), `its header says ${fact}`);
  }
  const verified = await shell.store("verify");
  prove(verified.startsWith("all is well"), "every byte is what its name promises");
}

async function open(shell: Shell): Promise<void> {
  showStep("Hand the models to a runtime");
  const path = (await shell.store("path", NAME)).trimEnd();
  const { magic, version, tensorCount, size } = await readGgufHead(path);
  prove(
    magic === "GGUF" && version === 3 && size >= 256 * MIB,
    `opened it: ${magic} version ${version}, ${tensorCount} tensors, ${formatSize(size)}`,
    `${magic} ${version} ${size}`,
  );
  const before = await diskBytes(shell.home);
  const directory = (await shell.store("path", SHARDED_NAME)).trimEnd();
  const files = (await readdir(directory)).toSorted();
  showOutput(files.map((name) => `    ${name}`).join("\n"));
  const growth = (await diskBytes(shell.home)) - before;
  prove(
    files.includes("config.json") && files.includes("model-00003-of-00003.safetensors"),
    "a directory with all files under their names",
    files.join(", "),
  );
  prove(growth < MIB, "which are further names of the same bytes: no copy was made", `${growth}`);
}

async function renameAndSweep(shell: Shell): Promise<void> {
  showStep("Give the model a second name, and remove the first");
  const blobs = join(shell.home, "blobs");
  const before = await diskBytes(blobs);
  await shell.store("tag", NAME, SECOND);
  await shell.store("rm", NAME);
  await shell.store("gc", "--dry-run");
  await shell.store("gc");
  prove((await diskBytes(blobs)) === before, "garbage collection took nothing that a name needs");
  const path = (await shell.store("path", SECOND)).trimEnd();
  const { magic } = await readGgufHead(path);
  prove(magic === "GGUF", `${SECOND} opens as before`, magic);
}

async function removeAll(shell: Shell): Promise<void> {
  showStep("Remove the last names, and free the space");
  const before = await diskBytes(shell.home);
  await shell.store("rm", SECOND, SHARDED_NAME);
  const kept = await diskBytes(shell.home);
  prove(kept > 256 * MIB, "removing names freed nothing yet", `${kept} bytes left`);
  await shell.store("gc", "--dry-run");
  await shell.store("gc");
  const after = await diskBytes(shell.home);
  prove(after < MIB, `${formatSize(before - after)} are free again`, `${after} bytes left`);
  const list = await shell.store("list", "--quiet");
  prove(list === "", "the store is empty");
}
