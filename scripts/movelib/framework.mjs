// The Sui framework's Move source, taken from the crate `moverox-sui` that Cargo.lock pins.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure, readPackage, ROOT } from "./packages.mjs";

const CRATE = "moverox-sui";
const METADATA_LIMIT_BYTES = 256 * 1024 * 1024;
let located;
let offline = false;

/** `name version checksum` of the framework crate in Cargo.lock; changes when the framework does. */
export function frameworkIdentity() {
  const block = readFileSync(join(ROOT, "Cargo.lock"), "utf8")
    .split("[[package]]")
    .find((entry) => entry.includes(`name = "${CRATE}"`));
  const field = (name) => new RegExp(`^${name} = "([^"]+)"`, "m").exec(block ?? "")?.[1];
  if (!field("checksum")) throw new Failure(`Cargo.lock names no ${CRATE}: the framework source comes from that crate.`);
  return `${CRATE} ${field("version")} ${field("checksum")}`;
}

/** Files of `move-stdlib` or `sui-framework`, as relative path -> text. */
export function frameworkFiles(name) {
  return readPackage(join(locate(), "move", name));
}

/** From now on, fails rather than fetch the crate. */
export function forbidNetwork() {
  offline = true;
}

function locate() {
  located ??= findCrate(["--offline"]) ?? fetchCrate();
  return located;
}

function fetchCrate() {
  if (offline) throw new Failure("the Sui framework source is not fetched yet: run `scripts/move build`.");
  return findCrate([]);
}

/** Asks cargo where the crate's source is; offline first, so that a fetched workspace needs no network. */
function findCrate(flags) {
  const quiet = flags.includes("--offline");
  const platform = ["--filter-platform", hostPlatform()];
  const result = spawnSync("cargo", ["metadata", "--locked", "--format-version", "1", ...platform, ...flags], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: METADATA_LIMIT_BYTES,
    stdio: ["ignore", "pipe", quiet ? "ignore" : "inherit"],
  });
  if (result.error) throw new Failure(`cargo could not be run (${result.error.message}): install Rust from https://rustup.rs.`);
  if (result.status !== 0) {
    if (quiet) return undefined;
    throw new Failure("cargo metadata failed (its message is above): it locates the Sui framework source.");
  }
  const found = JSON.parse(result.stdout).packages.find((entry) => entry.name === CRATE);
  if (!found) throw new Failure(`no crate of the workspace depends on ${CRATE}, which carries the Sui framework source.`);
  return dirname(found.manifest_path);
}

/** The platform this machine builds for, so that crates of other platforms need not be fetched. */
function hostPlatform() {
  const result = spawnSync("rustc", ["-vV"], { cwd: ROOT, encoding: "utf8" });
  const host = /^host: (.+)$/m.exec(result.stdout ?? "")?.[1];
  if (!host) throw new Failure("rustc could not be run: install Rust from https://rustup.rs.");
  return host;
}
