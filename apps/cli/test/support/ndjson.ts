import type { ChildProcess } from "node:child_process";

/** Lines of JSON, each an object with a kind. */
export function ndjson(text: string): readonly { readonly kind: string }[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly kind: string });
}

/** Waits until the events a pull prints say that so many bytes have arrived. */
export async function untilProgress(child: ChildProcess, bytes: number): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const lines = text.slice(0, text.lastIndexOf("\n") + 1);
      for (const event of ndjson(lines)) {
        if ("received" in event && Number(event.received) >= bytes) resolve();
      }
      text = text.slice(lines.length);
    });
    child.on("exit", () => {
      reject(new Error(`the pull ended before ${bytes} bytes had arrived`));
    });
  });
}
