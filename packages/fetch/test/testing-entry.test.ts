import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, it } from "vitest";

it("the servers of the testing entry start without vitest", async () => {
  const entry = JSON.stringify(join(import.meta.dirname, "../src/testing/index.ts"));
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (/^vitest(\\/|$)/.test(specifier)) throw new Error("loads " + specifier);
        return next(specifier, context);
      },
    });
    const { createFakeRegistry } = await import(${entry});
    const registry = await createFakeRegistry();
    console.log((await fetch(registry.origin + "/v2/x/manifests/y")).status);
    await registry.close();
  `;
  const args = ["--conditions=@store/source", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toBe("404\n");
});
