import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Workspace } from "./workspace.mjs";

let workspace;
before(() => {
  workspace = new Workspace();
});
after(() => workspace.dispose());

const output = (name) => readFileSync(join(workspace.root, "target/move", `${name}.bcs`));
const built = (result) => {
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.split("\n").filter(Boolean).map((line) => /^compiled (\S+):/.exec(line)?.[1] ?? line);
};

test("a protocol package that is missing is an error", () => {
  workspace.writePackage("move/usd", "usd", "public fun one(): u64 { 1 }");
  const result = workspace.move("build");
  assert.equal(result.status, 1);
  assert.equal(result.stderr.trim(), "move/atoma is missing: the build needs this package.");
});

test("everything is compiled once", () => {
  workspace.writePackage("move/atoma", "atoma", "public fun two(): u64 { 2 }");
  workspace.writePackage("crates/x/tests/move/attack", "attack", "public fun f(): u64 { atoma::atoma::two() }", 'atoma = { local = "../../../../../move/atoma" }');
  assert.deepEqual(built(workspace.move("build")), ["move-stdlib", "sui-framework", "move/usd", "move/atoma", "crates/x/tests/move/attack"]);
  assert.deepEqual(built(workspace.move("build")), []);
});

test("a change compiles the package and what depends on it, to the same bytes if it is undone", () => {
  const [usd, atoma, attack] = [output("usd"), output("atoma"), output("tests/attack")];
  workspace.writePackage("move/atoma", "atoma", "public fun two(): u64 { 2 }\npublic fun three(): u64 { 3 }");
  assert.deepEqual(built(workspace.move("build")), ["move/atoma", "crates/x/tests/move/attack"]);
  assert.notDeepEqual(output("atoma"), atoma);
  assert.deepEqual(output("usd"), usd);
  workspace.writePackage("move/atoma", "atoma", "public fun two(): u64 { 2 }");
  assert.deepEqual(built(workspace.move("build")), ["move/atoma", "crates/x/tests/move/attack"]);
  assert.deepEqual([output("atoma"), output("tests/attack")], [atoma, attack]);
});

test("a new file counts, a unit test does not", () => {
  workspace.write("move/usd/tests/usd_tests.move", "#[test_only]\nmodule usd::usd_tests;\n#[test]\nfun one() { assert!(usd::usd::one() == 1) }");
  assert.deepEqual(built(workspace.move("build")), []);
  workspace.write("move/usd/sources/deep/more.move", "module usd::more;\npublic fun more(): u64 { 1 }");
  assert.deepEqual(built(workspace.move("build")), ["move/usd"]);
});

test("an error and a warning are printed as the compiler prints them, and fail the build", () => {
  workspace.write("move/usd/sources/deep/more.move", "module usd::more;\npublic fun more(): u64 { missing() }");
  const error = workspace.move("build");
  assert.equal(error.status, 1);
  assert.match(error.stderr, /error\[E03005\]: unbound unscoped name\n.*sources\/deep\/more\.move:2:26/);
  workspace.write("move/usd/sources/deep/more.move", "module usd::more;\npublic fun more(): u64 { let x = 1; 2 }");
  const warning = workspace.move("build");
  assert.equal(warning.status, 1);
  assert.match(warning.stderr, /warning\[W09002\]: unused variable/);
  assert.match(warning.stderr, /move\/usd: warnings fail the build/);
  assert.equal(workspace.move("check", "move/usd").status, 1);
  workspace.remove("move/usd/sources/deep");
  assert.deepEqual(built(workspace.move("build")), ["move/usd"]);
});

test("test packages have unique names, and leave nothing behind when they go", () => {
  workspace.writePackage("contracts-tests/move/attack", "attack", "public fun f(): u64 { 0 }");
  const result = workspace.move("build");
  assert.equal(result.status, 1);
  assert.match(result.stderr, /two test packages are called attack/);
  workspace.remove("contracts-tests");
  workspace.remove("crates");
  assert.deepEqual(built(workspace.move("build")), []);
  assert.ok(!existsSync(join(workspace.root, "target/move/tests/attack.bcs")));
});

test("unit tests must exist and pass", () => {
  const none = workspace.move("test", "move/atoma");
  assert.equal(none.status, 1);
  assert.match(none.stderr, /move\/atoma has no tests/);
  const passing = workspace.move("test", "move/usd");
  assert.equal(passing.status, 0, passing.stderr);
  assert.match(passing.stdout, /\[ PASS {4}\] usd::usd_tests::one/);
  workspace.write("move/usd/tests/usd_tests.move", "#[test_only]\nmodule usd::usd_tests;\n#[test]\nfun one() { abort 7 }");
  const failing = workspace.move("test", "move/usd");
  assert.equal(failing.status, 1);
  assert.match(failing.stdout, /aborted with code 7/);
});
