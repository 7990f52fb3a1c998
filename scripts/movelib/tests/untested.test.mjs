import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Workspace } from "./workspace.mjs";

let workspace;
before(() => {
  workspace = new Workspace();
});
after(() => workspace.dispose());

const SOURCE = `
#[error]
const EFirst: vector<u8> = b"never // mind";
const ESecond: u64 = 2; // const ECommented: u64 = 3;
const LIMIT: u64 = 4;
const EVERY: u64 = 5;
public struct Thing has drop {}
public use fun thing_size as Thing.size;
public fun called(): u64 { 1 }
public fun method(thing: &Thing) { let _ = thing; }
public fun thing_size(thing: &Thing): u64 { let _ = thing; 0 }
public fun imported() {}
entry fun entered() {}
public(package) fun inner() {}
fun hidden() {}
#[test_only]
public fun only_for_tests() {}
`;
const ALL = ["called", "method", "thing_size", "imported", "entered", "EFirst", "ESecond"];

function untested(tests, exemptions = "") {
  workspace.writePackage("p", "p", SOURCE);
  workspace.write("p/tests/p_tests.move", `#[test_only]\nmodule p::p_tests;\n${tests}`);
  workspace.write("p/untested.txt", exemptions);
  const { stdout, stderr, status } = workspace.move("untested", "p");
  const lines = stdout.split("\n").filter((line) => line.startsWith("p: ")).map((line) => line.slice(3));
  assert.equal(status, lines.length === 0 && !stderr ? 0 : 1);
  return { lines, stderr };
}

const without = (...names) => ALL.filter((name) => !names.includes(name)).map((name) => `p::${name} has no test`);

test("public functions and errors without a test are listed", () => {
  assert.deepEqual(untested("").lines, without());
  assert.deepEqual(untested("// p::called()\n#[test] fun called() {}").lines, without());
});

test("calls by module, by method, by alias and by import count", () => {
  assert.deepEqual(untested("use p::p;\n#[test] fun a() { p::called(); }").lines, without("called"));
  assert.deepEqual(untested("use p::p as q;\n#[test] fun a() { q::called(); q::entered() }").lines, without("called", "entered"));
  assert.deepEqual(untested("#[test] fun a() { thing.method(); thing.size(); }").lines, without("method", "thing_size"));
  assert.deepEqual(untested("use p::p::{Self, imported};\n#[test] fun a() { imported() }").lines, without("imported"));
  assert.deepEqual(untested("#[test] fun a() { other::called(); recalled() }").lines, without());
});

test("an error counts when an expected failure names it", () => {
  assert.deepEqual(untested("#[test, expected_failure(abort_code = p::EFirst)] fun a() { }").lines, without("EFirst"));
  assert.deepEqual(untested("#[test, expected_failure(abort_code = ::p::p::ESecond)] fun a() { }").lines, without("ESecond"));
  assert.deepEqual(untested("#[test, expected_failure(abort_code = other::EFirst)] fun a() { assert!(p::EFirst) }").lines, without());
});

test("an exemption needs a reason and must be needed", () => {
  assert.deepEqual(untested("", "# behind a native\np::entered: needs Nitro\n").lines, without("entered"));
  assert.match(untested("", "p::entered\n").stderr, /not of the form/);
  const stale = untested("use p::p;\n#[test] fun a() { p::called(); }", "p::called: no reason any more\np::gone: removed\n").lines;
  assert.deepEqual(stale.slice(-2), [
    "p::called is listed in untested.txt but does not exist, or has a test",
    "p::gone is listed in untested.txt but does not exist, or has a test",
  ]);
});
