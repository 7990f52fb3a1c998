// A throwaway repository with the Move build in it, to run its commands on packages made for a test.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TOOL = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const PACKAGE_TIMEOUT_MS = 120_000;

export class Workspace {
  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "atoma-move-"));
    const tool = join(this.root, "scripts/movelib");
    mkdirSync(tool, { recursive: true });
    for (const name of readdirSync(TOOL).filter((name) => /\.(mjs|json)$/.test(name))) cpSync(join(TOOL, name), join(tool, name));
    symlinkSync(join(TOOL, "node_modules"), join(tool, "node_modules"));
    this.write("Cargo.toml", '[package]\nname = "w"\nedition = "2024"\n[lib]\npath = "lib.rs"\n[dependencies]\nmoverox-sui = "=0.4.0"\n');
    this.write("lib.rs", "");
    // The versions that the repository's own lockfile pins are already fetched.
    cpSync(join(TOOL, "../../Cargo.lock"), join(this.root, "Cargo.lock"));
    const locked = spawnSync("cargo", ["generate-lockfile", "--offline"], { cwd: this.root, encoding: "utf8" });
    if (locked.status !== 0) throw new Error(locked.stderr);
  }

  write(path, text) {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** A package with one module `name::name` of this body. */
  writePackage(folder, name, body, dependencies = "") {
    this.write(`${folder}/Move.toml`, `[package]\nname = "${name}"\nedition = "2024"\n\n[dependencies]\n${dependencies}\n[addresses]\n${name} = "0x0"\n`);
    this.write(`${folder}/sources/${name}.move`, `module ${name}::${name};\n${body}\n`);
  }

  remove(path) {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  /** Runs a command of scripts/move: `{ status, stdout, stderr }`. */
  move(...args) {
    return spawnSync(process.execPath, [join(this.root, "scripts/movelib/main.mjs"), ...args], {
      cwd: this.root,
      encoding: "utf8",
      timeout: PACKAGE_TIMEOUT_MS,
    });
  }

  dispose() {
    rmSync(this.root, { recursive: true, force: true });
  }
}
