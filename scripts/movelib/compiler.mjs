// The real Sui Move compiler and test VM (WASM), over packages on disk and the framework of framework.mjs.
import * as sui from "@zktx.io/sui-move-builder/full";
import { frameworkFiles } from "./framework.mjs";
import { Failure, localDependencies, readManifest, readPackage } from "./packages.mjs";

const color = Boolean(process.stderr.isTTY && !process.env.NO_COLOR);
const base = { network: "mainnet", ansiColor: color, lintFlag: "default" };
let ready;

/**
 * The address at which a local dependency is compiled into its dependents: the ASCII of its package
 * name, right-aligned in 32 bytes. Whoever publishes the dependent replaces it by the published id.
 */
export function placeholderAddress(name) {
  const bytes = Buffer.alloc(32);
  const ascii = Buffer.from(name, "ascii");
  if (ascii.length > 32) throw new Failure(`package name ${name} is longer than 32 bytes.`);
  ascii.copy(bytes, 32 - ascii.length);
  return `0x${bytes.toString("hex")}`;
}

/** Compiles the package in `folder`; throws the compiler's own text on an error. */
export async function compilePackage(folder) {
  return compile(readPackage(folder), fetcherFor(folder));
}

/** Compiles `move-stdlib` or `sui-framework` as a root package at its own address. */
export async function compileFramework(name) {
  const files = frameworkFiles(name);
  // As a root, the package called "Sui" is compiled at 0x0 and depends on itself; under another
  // name and unpublished it keeps the 0x2 of its manifest.
  files["Move.toml"] = files["Move.toml"].replace(/^name = "Sui"/m, 'name = "SuiFramework"');
  if (name === "sui-framework") files["Move.toml"] = files["Move.toml"].replace(/^published-at.*\n/m, "");
  return compile(files, fetcherFor(undefined), { silenceWarnings: true });
}

/** Compiles the package with its tests and runs them in the Sui VM: `{ passed, output }`. */
export async function runTests(folder) {
  await initialize();
  const result = await sui.testMovePackage({ ...base, files: readPackage(folder, { tests: true }), fetcher: fetcherFor(folder) });
  if ("error" in result) throw new Failure(result.error);
  return result;
}

async function compile(files, fetcher, options = {}) {
  await initialize();
  const result = await sui.dumpMovePackage({ ...base, ...options, files, fetcher });
  if ("error" in result) throw new Failure(result.error);
  return { modules: result.modules.map((text) => Buffer.from(text, "base64")), dependencies: result.dependencies, warnings: result.warnings };
}

function initialize() {
  ready ??= sui.initMovePackageBuilder();
  return ready;
}

/** Serves the framework in place of Sui's git repository, and local packages from disk. */
function fetcherFor(folder) {
  const locals = folder === undefined ? new Map() : localDependencies(folder);
  return {
    async fetch(_repository, _revision, subfolder) {
      const name = subfolder?.split("/").pop();
      if (name === "move-stdlib" || name === "sui-framework") return frameworkFiles(name);
      throw new Error(`only the Sui framework and local packages can be dependencies, not ${subfolder ?? _repository}`);
    },
    async fetchFile() {
      return null;
    },
    getResolvedSha() {
      return undefined;
    },
    async fetchLocal(path, { dependencyName }) {
      // By name, because the path of a dependency's dependency arrives without its leading "..".
      return folder === undefined ? frameworkFiles(path.split("/").pop()) : localDependency(locals.get(dependencyName));
    },
  };
}

/** A local dependency's files, with its address fixed at the placeholder. */
function localDependency(folder) {
  const files = readPackage(folder);
  const { name } = readManifest(folder);
  const address = placeholderAddress(name);
  files["Move.toml"] = files["Move.toml"]
    .replace(/^(\[package\]\s*)$/m, `$1\npublished-at = "${address}"`)
    .replace(new RegExp(`^(\\s*${name}\\s*=\\s*)"0x0"`, "m"), `$1"${address}"`);
  return files;
}
