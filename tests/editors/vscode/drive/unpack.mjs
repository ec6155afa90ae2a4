// Unpacks files compressed with brotli. Arguments: the folder to put them in, and the files, named NAME.br.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const [folder, ...files] = process.argv.slice(2);
for (const file of files) {
  writeFileSync(join(folder, basename(file, ".br")), brotliDecompressSync(readFileSync(file)));
}
