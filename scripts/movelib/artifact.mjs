// What the build writes: target/move/NAME.bcs (bytecode) and NAME.stamp (what it was made from).
//
// NAME.bcs is the BCS of
//   struct Package { format: u8 = 1, name: String, dependencies: Vec<[u8; 32]>, modules: Vec<Module> }
//   struct Module { name: String, bytes: Vec<u8> }
// with modules in the compiler's order. NAME.stamp is text, one input a line:
//   folder PATH SHA256      PATH relative to the repository; hash of its inputs, see hashFiles
//   framework NAME VERSION CHECKSUM
// crates/contracts reads both formats.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { frameworkIdentity } from "./framework.mjs";
import { folderClosure, readPackage, repositoryPath, ROOT } from "./packages.mjs";

export const OUTPUT = join(ROOT, "target/move");
const FORMAT = 1;
const TOOL = join(ROOT, "scripts/movelib");

/** The stamp of a package compiled from `folder`, or of the framework if there is none. */
export function stampFor(folder) {
  const folders = folder === undefined ? [] : folderClosure(folder);
  return [
    `folder ${repositoryPath(TOOL)} ${hashFiles(toolFiles())}`,
    `framework ${frameworkIdentity()}`,
    ...folders.map((path) => `folder ${repositoryPath(path)} ${hashFiles(readPackage(path))}`),
    "",
  ].join("\n");
}

/** SHA-256 over `path NUL length NUL bytes` of every file, in path order. */
function hashFiles(files) {
  const hash = createHash("sha256");
  for (const path of Object.keys(files).sort()) {
    const bytes = Buffer.from(files[path]);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** The build's own code and the lockfile that pins the compiler. */
function toolFiles() {
  const names = readdirSync(TOOL).filter((name) => name.endsWith(".mjs") || name === "package-lock.json");
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(TOOL, name), "utf8")]));
}

export function isCurrent(output, stamp) {
  const path = `${output}.stamp`;
  return existsSync(`${output}.bcs`) && existsSync(path) && readFileSync(path, "utf8") === stamp;
}

/** Writes bytecode, then stamp; each appears whole or not at all. */
export function writeArtifact(output, stamp, compiled, name) {
  mkdirSync(dirname(output), { recursive: true });
  replaceFile(`${output}.bcs`, encodePackage(name, compiled));
  replaceFile(`${output}.stamp`, stamp);
}

function replaceFile(path, bytes) {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
}

/** Removes outputs of packages that no longer exist. */
export function removeOthers(folder, names) {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder)) {
    const name = /^(.*)\.(bcs|stamp)$/.exec(file)?.[1];
    if (name !== undefined && !names.includes(name)) rmSync(join(folder, file));
  }
}

function encodePackage(name, { modules, dependencies }) {
  return Buffer.concat([
    Buffer.from([FORMAT]),
    encodeBytes(Buffer.from(name)),
    encodeLength(dependencies.length),
    ...dependencies.map((id) => Buffer.from(id.replace(/^0x/, "").padStart(64, "0"), "hex")),
    encodeLength(modules.length),
    ...modules.flatMap((bytes) => [encodeBytes(Buffer.from(moduleName(bytes))), encodeBytes(bytes)]),
  ]);
}

function encodeBytes(bytes) {
  return Buffer.concat([encodeLength(bytes.length), bytes]);
}

function encodeLength(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) + 0x80);
  return Buffer.from([...bytes, value]);
}

const TABLE_MODULE_HANDLES = 1;
const TABLE_IDENTIFIERS = 7;

/** The name a compiled module gives itself: self handle -> module handle -> identifier. */
function moduleName(bytes) {
  const reader = { bytes, at: 8 }; // after magic and version
  const tables = new Map();
  for (let left = readLength(reader); left > 0; left--) {
    const kind = bytes[reader.at++];
    tables.set(kind, { offset: readLength(reader), length: readLength(reader) });
  }
  const contents = reader.at;
  reader.at = contents + Math.max(...[...tables.values()].map(({ offset, length }) => offset + length));
  const self = readLength(reader);
  reader.at = contents + tables.get(TABLE_MODULE_HANDLES).offset;
  let name = 0;
  for (let index = 0; index <= self; index++) {
    readLength(reader); // address
    name = readLength(reader);
  }
  reader.at = contents + tables.get(TABLE_IDENTIFIERS).offset;
  for (; name > 0; name--) {
    const length = readLength(reader);
    reader.at += length;
  }
  const length = readLength(reader);
  return bytes.subarray(reader.at, reader.at + length).toString();
}

function readLength(reader) {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new Error("the compiler's output is not a Move module");
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
