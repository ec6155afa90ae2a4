// Bundles the extension into dist/extension.js; with a folder as argument, also each file that does not
// need the editor as a module there, for the unit tests.
import { build } from "esbuild";

const common = { bundle: true, platform: "node", target: "node20", logLevel: "warning" };
await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  format: "cjs",
  external: ["vscode"],
  minify: true,
});

const units = process.argv[2];
if (units !== undefined) {
  const names = ["edits", "launch", "options", "serial", "shown", "statusText"];
  await build({
    ...common,
    entryPoints: names.map((name) => `src/${name}.ts`),
    outdir: units,
    outExtension: { ".js": ".mjs" },
    format: "esm",
  });
}
