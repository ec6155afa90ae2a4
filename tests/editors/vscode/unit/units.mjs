// The extension's modules that need no editor, as the bundler wrote them.
import { pathToFileURL } from "node:url";

export const load = (name) => import(pathToFileURL(`${process.env.DG_LSP_UNITS}/${name}.mjs`).href);
