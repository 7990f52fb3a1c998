// Move packages on disk: reading their files and the few lines of Move.toml this build needs.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** The packages of the protocol; each must exist. */
export const PROTOCOL_PACKAGES = ["usd", "atoma"];
/** Folders whose sub-folders are packages compiled for tests only; `*` is any one folder. */
const TEST_PACKAGE_FOLDERS = ["contracts-tests/move", "crates/*/tests/move"];

/** A failure whose message is for the person, without a stack trace. */
export class Failure extends Error {}

/** Path relative to the repository, with forward slashes; a path outside it stays as it is. */
export function repositoryPath(path) {
  const inside = relative(ROOT, path).split(sep).join("/");
  return inside.startsWith("..") ? path : inside;
}

/** All files under `folder` (Move.toml, *.move, README excluded), sorted, as relative path -> text. */
export function readPackage(folder, { tests = false } = {}) {
  const manifest = join(folder, "Move.toml");
  if (!existsSync(manifest)) throw new Failure(`${repositoryPath(folder)} is not a Move package: it has no Move.toml.`);
  const files = { "Move.toml": readFileSync(manifest, "utf8") };
  for (const top of tests ? ["sources", "tests"] : ["sources"]) {
    for (const path of listMoveFiles(join(folder, top))) {
      files[relative(folder, path).split(sep).join("/")] = readFileSync(path, "utf8");
    }
  }
  return files;
}

function listMoveFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".move"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** The package's name and its local dependencies (name and folder), in manifest order. */
export function readManifest(folder) {
  const text = readPackageManifest(folder);
  const name = /^\s*name\s*=\s*"([^"]+)"/m.exec(section(text, "package"))?.[1];
  if (!name) throw new Failure(`${repositoryPath(folder)}/Move.toml has no [package] name.`);
  const dependencies = [];
  for (const line of section(text, "dependencies").split("\n")) {
    const match = /^\s*([A-Za-z_][\w-]*)\s*=\s*\{(.*)\}/.exec(line);
    const local = match && /\blocal\s*=\s*"([^"]+)"/.exec(match[2])?.[1];
    if (local) dependencies.push({ name: match[1], folder: resolve(folder, local) });
  }
  return { name, dependencies };
}

function readPackageManifest(folder) {
  const path = join(folder, "Move.toml");
  if (!existsSync(path)) throw new Failure(`${repositoryPath(folder)} is not a Move package: it has no Move.toml.`);
  return readFileSync(path, "utf8");
}

/** The text between `[name]` and the next table header. */
export function section(toml, name) {
  const lines = toml.split("\n");
  const start = lines.findIndex((line) => line.trim() === `[${name}]`);
  if (start < 0) return "";
  const length = lines.slice(start + 1).findIndex((line) => line.trim().startsWith("["));
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The folder of every local dependency, direct or not, by the name it is depended on. */
export function localDependencies(folder) {
  const found = new Map();
  const visit = (path) => {
    for (const dependency of readManifest(path).dependencies) {
      const known = found.get(dependency.name);
      if (known !== undefined && known !== dependency.folder) {
        throw new Failure(`${repositoryPath(folder)} depends on two packages called ${dependency.name}.`);
      }
      if (known !== undefined) continue;
      found.set(dependency.name, dependency.folder);
      visit(dependency.folder);
    }
  };
  visit(folder);
  return found;
}

/** The package's folder and those of its local dependencies, the package first. */
export function folderClosure(folder) {
  return [...new Set([resolve(folder), ...localDependencies(folder).values()])];
}

/** Folders of the protocol's packages; a missing one is a failure. */
export function protocolPackages() {
  return PROTOCOL_PACKAGES.map((name) => {
    const folder = join(ROOT, "move", name);
    if (!existsSync(join(folder, "Move.toml"))) throw new Failure(`move/${name} is missing: the build needs this package.`);
    return { name, folder };
  });
}

/** Packages compiled for tests only; their names must be unique, because they name the output. */
export function testPackages() {
  const found = new Map();
  for (const pattern of TEST_PACKAGE_FOLDERS) {
    for (const parent of expand(pattern)) {
      for (const folder of subfolders(parent).filter((path) => existsSync(join(path, "Move.toml")))) {
        const name = basename(folder);
        if (found.has(name)) {
          throw new Failure(`two test packages are called ${name}: ${repositoryPath(found.get(name))} and ${repositoryPath(folder)}.`);
        }
        found.set(name, folder);
      }
    }
  }
  return [...found].map(([name, folder]) => ({ name, folder })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function expand(pattern) {
  const [before, after] = pattern.split("/*/");
  if (after === undefined) return [join(ROOT, pattern)].filter((path) => existsSync(path));
  return subfolders(join(ROOT, before)).map((path) => join(path, after)).filter((path) => existsSync(path));
}

function subfolders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().map((name) => join(folder, name)).filter((path) => statSync(path).isDirectory());
}
