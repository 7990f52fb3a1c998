// `scripts/move vectors`: turns the golden vectors of crates/protocol into unit tests of move/atoma.
//
// The format of the vectors is described beside them, in crates/protocol/vectors/README.md. A file or
// kind that this generator does not know is a failure, so that no vector is forgotten.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, repositoryPath, ROOT } from "./packages.mjs";

const VECTORS = join(ROOT, "crates/protocol/vectors");
const OUTPUT = join(ROOT, "move/atoma/tests/vectors_tests.move");
/** Formats that no contract computes. */
const NOT_IN_MOVE = ["commitments", "sealed"];
const GENERATORS = { fee: feeTest, keys: keyTest, merkle: merkleTest, statements: statementTest };

/** Writes the tests, or with `--check` fails unless they are current. */
export function vectors(flags) {
  const text = generate();
  if (existsSync(OUTPUT) && readFileSync(OUTPUT, "utf8") === text) return;
  if (flags.includes("--check")) {
    throw new Failure(`${repositoryPath(OUTPUT)} is not what the vectors give: run 'scripts/move vectors' and look at the difference.`);
  }
  writeFileSync(OUTPUT, text);
  console.log(`wrote ${repositoryPath(OUTPUT)}`);
}

function generate() {
  const names = new Set();
  const tests = listFiles().flatMap((file) => {
    const list = JSON.parse(readFileSync(join(VECTORS, `${file}.json`), "utf8"));
    return list.map((vector) => {
      const name = functionName(file, vector.name);
      if (names.has(name)) throw new Failure(`two vectors in ${file}.json are called '${vector.name}', or nearly.`);
      names.add(name);
      const { attribute, lines } = GENERATORS[file](reader(file, vector));
      return [`#[${["test", attribute].filter(Boolean).join(", ")}]`, `fun ${name}() {`, ...lines.map((line) => `    ${line}`), "}"].join("\n");
    });
  });
  return `${HEADER}\n${tests.join("\n\n")}\n${HELPERS}`;
}

function functionName(file, name) {
  const words = name.replaceAll(" + ", " plus ").replaceAll(" - ", " minus ").toLowerCase();
  return `${file}_${words}`.replace(/[^a-z0-9]+/g, "_").replace(/_$/, "");
}

function listFiles() {
  if (!existsSync(VECTORS)) throw new Failure(`${repositoryPath(VECTORS)} is missing: the golden vectors lie there.`);
  const files = readdirSync(VECTORS).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5)).sort();
  const unknown = files.filter((name) => !(name in GENERATORS) && !NOT_IN_MOVE.includes(name));
  const missing = Object.keys(GENERATORS).filter((name) => !files.includes(name));
  if (unknown.length) throw new Failure(`scripts/movelib/vectors.mjs does not know what to do with ${unknown.join(", ")}.json.`);
  if (missing.length) throw new Failure(`${repositoryPath(VECTORS)} has no ${missing.join(", ")}.json.`);
  return files.filter((name) => name in GENERATORS);
}

/** Typed access to a vector's fields, as Move literals. */
function reader(file, vector) {
  const fail = (field, wanted) => {
    throw new Failure(`${file}.json, '${vector.name}': ${field} is not ${wanted}, but ${JSON.stringify(vector[field])}.`);
  };
  const checked = (field, value, pattern, wanted) => (pattern.test(value) ? value : fail(field, wanted));
  const hex = (field, value) => checked(field, value, /^0x(?:[0-9a-f]{2})*$/, "bytes in hexadecimal").slice(2);
  const address = (field, value) => `@${checked(field, value, /^0x[0-9a-f]{64}$/, "32 bytes")}`;
  return {
    kind: vector.kind,
    expected: vector.expected,
    integer: (field) => checked(field, vector[field], /^(?:0|[1-9]\d{0,19})$/, "a number"),
    flag: (field) => checked(field, vector[field], /^(?:true|false)$/, "true or false"),
    bytes: (field) => `x"${hex(field, vector[field])}"`,
    address: (field) => address(field, vector[field]),
    id: (field) => `id(${address(field, vector[field])})`,
    addresses: (field) => `vector[${list(field).map((value) => address(field, value)).join(", ")}]`,
    byteStrings: (field) => `vector[${list(field).map((value) => `x"${hex(field, value)}"`).join(", ")}]`,
    length: (field) => list(field).length,
    oneOf: (field, values) => (values.includes(vector[field]) ? vector[field] : fail(field, `one of ${values.join(", ")}`)),
    fail,
  };
  function list(field) {
    return Array.isArray(vector[field]) ? vector[field] : fail(field, "a list");
  }
}

const FEE_ERRORS = { overflow: "EFeeTooLarge", price_too_large: "EPriceTooLarge", too_many_tokens: "ETooManyTokens" };

function feeTest(vector) {
  const call = `fee::of(${["input_tokens", "output_tokens", "input_price", "output_price"].map(vector.integer).join(", ")})`;
  const error = FEE_ERRORS[vector.expected];
  return error
    ? { attribute: `expected_failure(abort_code = fee::${error})`, lines: [`${call};`] }
    : { lines: [`assert_eq!(${call}, ${vector.integer("expected")});`] };
}

/** A contract refuses keys of small order itself; bytes that are no point verify nothing. */
function keyTest(vector) {
  const outcome = vector.oneOf("expected", ["valid", "invalid", "small_order_key", "not_a_key"]);
  const lines = [`let key = ${vector.bytes("public_key")};`];
  lines.push(`assert_eq!(message::is_usable_key(&key), ${outcome !== "small_order_key"});`);
  if (outcome !== "small_order_key") {
    lines.push(`let is_signed = message::is_signed(&${vector.bytes("message")}, &${vector.bytes("signature")}, &key);`);
    lines.push(`assert_eq!(is_signed, ${outcome === "valid"});`);
  }
  return { lines };
}

function merkleTest(vector) {
  if (vector.kind === "root") {
    const leaves = vector.length("leaves") ? vector.byteStrings("leaves") : "vector[]";
    return { lines: [`assert_eq!(root_of(${leaves}), ${vector.address("expected")});`] };
  }
  vector.oneOf("kind", ["proof"]);
  return {
    lines: [
      "let is_included = merkle::includes(",
      `    ${vector.address("root")},`,
      `    ${vector.integer("count")},`,
      `    ${vector.integer("index")},`,
      `    merkle::leaf(${vector.bytes("leaf")}),`,
      `    ${vector.length("siblings") ? vector.addresses("siblings") : "vector[]"},`,
      ");",
      `assert_eq!(is_included, ${vector.oneOf("expected", ["valid", "invalid"]) === "valid"});`,
    ],
  };
}

/** Arguments of the function in `atoma::message` that builds a kind's bytes, after the network. */
const SIGNED = {
  voucher: { channel: "id", cumulative: "integer" },
  statement: {
    channel: "id", key_epoch: "integer", earned: "integer", receipts: "integer", input_tokens: "integer", output_tokens: "integer",
    root: "address",
  },
  receipt: { account: "id", key_epoch: "integer", seq: "integer", fee: "integer", body_hash: "address" },
  promise: { sequencer: "id", seq: "integer", commitment: "address", node: "id", at_ms: "integer" },
  verdict: {
    node: "id", key_epoch: "integer", evidence_kind: "integer", measurement: "bytes", evidence_hash: "address", report_data: "address",
    grade: "integer", anchor_ms: "integer", attestor_set_version: "integer",
  },
};
const BODY = {
  request_commitment: "address", response_commitment: "address", part: "integer", last: "flag", model: "id", manifest_hash: "address",
  input_before: "integer", output_before: "integer", input_tokens: "integer", output_tokens: "integer", finished_at_ms: "integer",
};
const REPORT = {
  network: "id", node: "id", evidence_kind: "integer", key_epoch: "integer", signing_key: "bytes", sealing_keys_hash: "address",
  manifest_hash: "address", anchor_seq: "integer", anchor_digest: "address",
};

function statementTest(vector) {
  const call = (name, fields) => [`${name}(`, ...Object.entries(fields).map(([field, type]) => `    ${vector[type](field)},`), ")"];
  if (vector.kind === "receipt_body") {
    const lines = call("let body = receipt::new_body", BODY);
    return { lines: [...ended(lines, ";"), `assert_eq!(receipt::body_hash(&body), ${vector.address("expected")});`] };
  }
  if (vector.kind === "report") {
    const lines = call("let report_data = message::report_data", REPORT);
    return { lines: [...ended(lines, ";"), `assert_eq!(report_data, ${vector.address("expected")});`] };
  }
  const kind = vector.oneOf("kind", [...Object.keys(SIGNED), "receipt_body", "report"]);
  const fields = { network: "id", ...SIGNED[kind] };
  return {
    lines: [
      ...ended(call(`let message = message::${kind}`, fields), ";"),
      `assert_eq!(message, ${vector.bytes("message")});`,
      `let is_signed = message::is_signed(&message, &${vector.bytes("signature")}, &${vector.bytes("public_key")});`,
      `assert_eq!(is_signed, ${vector.oneOf("expected", ["valid", "invalid"]) === "valid"});`,
    ],
  };
}

function ended(lines, end) {
  return [...lines.slice(0, -1), lines.at(-1) + end];
}

const HEADER = `/// Golden vectors, the same that the Rust tests assert. Written by \`scripts/move vectors\` from
/// \`crates/protocol/vectors\`; not edited by hand.
#[test_only]
module atoma::vectors_tests;

use atoma::fee;
use atoma::merkle;
use atoma::message;
use atoma::receipt;
use std::unit_test::assert_eq;
use sui::address;
use sui::hash::blake2b256;
`;

const HELPERS = `
// === Helpers ===

fun id(address: address): ID {
    object::id_from_address(address)
}

/// Root over leaves given as bytes: level by level, an odd node moves up unchanged.
fun root_of(leaves: vector<vector<u8>>): address {
    let count = leaves.length();
    let mut level = leaves.map!(|bytes| merkle::leaf(bytes));
    while (level.length() > 1) {
        let mut above = vector[];
        let mut index = 0;
        while (index + 1 < level.length()) {
            let mut bytes = vector[1];
            bytes.append(level[index].to_bytes());
            bytes.append(level[index + 1].to_bytes());
            above.push_back(address::from_bytes(blake2b256(&bytes)));
            index = index + 2;
        };
        if (index < level.length()) above.push_back(level[index]);
        level = above;
    };
    merkle::root(count, if (count == 0) @0x0 else level[0])
}
`;
