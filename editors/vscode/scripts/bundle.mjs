// Bundles the extension into dist/extension.js, the licences of what is in it into dist/licenses.txt; with a folder as argument, also each file that does not
// need the editor as a module there, for the unit tests.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, platform: "node", target: "node20", logLevel: "warning" };
const { metafile } = await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  format: "cjs",
  external: ["vscode"],
  minify: true,
  metafile: true,
});
writeFileSync("dist/licenses.txt", Object.keys(metafile.inputs).map(packageOf).filter(isFirst).map(licence).join("\n"));

const units = process.argv[2];
if (units !== undefined) {
  const names = ["edits", "hunks", "launch", "options", "remembered", "serial", "settled", "shown", "statusText", "unasked"];
  await build({
    ...common,
    entryPoints: names.map((name) => `src/${name}.ts`),
    outdir: units,
    outExtension: { ".js": ".mjs" },
    format: "esm",
  });
}

/** The folder of the package that a bundled file is from; undefined for a file of ours. */
function packageOf(file) {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function isFirst(folder, index, folders) {
  return folder !== undefined && folders.indexOf(folder) === index;
}

function licence(folder) {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return `# ${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8")}`;
}
