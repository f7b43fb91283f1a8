import { defineConfig } from "rolldown";

// One file, so that a user downloads one thing and start-up reads one file.
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  resolve: { conditionNames: ["@store/source", "module", "node", "import", "default"] },
  transform: { target: "node20.19" },
  output: {
    file: "dist/store.js",
    format: "esm",
    codeSplitting: false,
    minify: { mangle: false, compress: true, codegen: false },
  },
});
