// Licence texts of the packages that the vendored files are made of, equal ones once, sorted: written to stdout.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/// Runs on the command line only; no part of the builds.
const NOT_BUNDLED = new Set(["yargs", "node-fetch", "commander"]);
const root = join(process.argv[2], "node_modules");
const manifest = (name) => JSON.parse(readFileSync(join(root, name, "package.json"), "utf8"));

/// The packages that a package is made of, itself included.
function closure(name, found) {
  if (NOT_BUNDLED.has(name) || name.startsWith("@types/") || found.has(name)) return found;
  found.add(name);
  Object.keys(manifest(name).dependencies ?? {}).forEach((needed) => closure(needed, found));
  return found;
}

/// The text of the package's licence file, else what its manifest says.
function licence(name) {
  const file = readdirSync(join(root, name)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(root, name, file), "utf8") : `Licence: ${manifest(name).license}`;
  return text.replace(/\r/g, "").replace(/[ \t]+$/gm, "").trim();
}

const direct = Object.keys(createRequire(import.meta.url)(join(process.argv[2], "package.json")).dependencies);
const names = [...direct.reduce((found, name) => closure(name, found), new Set())].sort();
const byText = new Map();
for (const name of names) {
  const text = licence(name);
  byText.set(text, [...(byText.get(text) ?? []), `${name} ${manifest(name).version}`]);
}
const blocks = [...byText].map(([text, packages]) => `${packages.join(", ")}\n\n${text}\n`);
process.stdout.write(blocks.join(`\n${"-".repeat(80)}\n\n`));
