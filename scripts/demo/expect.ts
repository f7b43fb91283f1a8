import { showProof } from "./screen.ts";

/** A claim of the demo: shown if it holds, the end of the demo if it does not. */
export function prove(holds: boolean, claim: string, seen = ""): void {
  if (!holds) throw new Error(`not so: ${claim}${seen === "" ? "" : `; seen: ${seen}`}`);
  showProof(claim);
}
