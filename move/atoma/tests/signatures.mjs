// Writes signatures.move: keys of the Move tests and their signatures over every message that a test
// asks for. It encodes the messages by itself, so that the tests also prove the contracts' encoding.
//
//     node move/atoma/tests/signatures.mjs [--check]
//
// A test that needs another signature fails with `ENoSignature`: add its message below.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("signatures.move", import.meta.url);

// BLAKE2b with a digest of 32 bytes (RFC 7693), which Node's OpenSSL does not offer.
const MASK = (1n << 64n) - 1n;
const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8",
  "905724afe1bc683d", "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a",
  "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((row) => [...row].map((digit) => parseInt(digit, 16)));

function blake2b(bytes) {
  const h = [...IV];
  h[0] ^= 0x01010020n;
  const blocks = Math.max(1, Math.ceil(bytes.length / 128));
  const padded = Buffer.alloc(blocks * 128);
  bytes.copy(padded);
  for (let block = 0; block < blocks; block += 1) {
    const last = block === blocks - 1;
    const m = Array.from({ length: 16 }, (_, i) => padded.readBigUInt64LE(block * 128 + i * 8));
    const v = [...h, ...IV];
    v[12] ^= BigInt(last ? bytes.length : (block + 1) * 128);
    if (last) v[14] ^= MASK;
    const rotate = (x, n) => ((x >> n) | (x << (64n - n))) & MASK;
    const mix = (a, b, c, d, x, y) => {
      v[a] = (v[a] + v[b] + x) & MASK;
      v[d] = rotate(v[d] ^ v[a], 32n);
      v[c] = (v[c] + v[d]) & MASK;
      v[b] = rotate(v[b] ^ v[c], 24n);
      v[a] = (v[a] + v[b] + y) & MASK;
      v[d] = rotate(v[d] ^ v[a], 16n);
      v[c] = (v[c] + v[d]) & MASK;
      v[b] = rotate(v[b] ^ v[c], 63n);
    };
    for (let round = 0; round < 12; round += 1) {
      const s = SIGMA[round % 10].map((i) => m[i]);
      mix(0, 4, 8, 12, s[0], s[1]);
      mix(1, 5, 9, 13, s[2], s[3]);
      mix(2, 6, 10, 14, s[4], s[5]);
      mix(3, 7, 11, 15, s[6], s[7]);
      mix(0, 5, 10, 15, s[8], s[9]);
      mix(1, 6, 11, 12, s[10], s[11]);
      mix(2, 7, 8, 13, s[12], s[13]);
      mix(3, 4, 9, 14, s[14], s[15]);
    }
    for (let i = 0; i < 8; i += 1) h[i] ^= v[i] ^ v[i + 8];
  }
  const digest = Buffer.alloc(32);
  for (let i = 0; i < 4; i += 1) digest.writeBigUInt64LE(h[i], i * 8);
  return digest;
}

// BCS.
const u8 = (value) => Buffer.from([value]);
const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
// A number as `address`: 32 bytes, the largest first.
const word = (value) => Buffer.from(BigInt(value).toString(16).padStart(64, "0"), "hex");
// A vector of bytes below 128, or of two bytes of length.
const vector = (bytes) =>
  bytes.length < 128
    ? Buffer.concat([u8(bytes.length), bytes])
    : Buffer.concat([u8((bytes.length & 127) | 128), u8(bytes.length >> 7), bytes]);
const join = (...parts) => Buffer.concat(parts);
const domain = (name) => blake2b(Buffer.from(`atoma/${name}/1`));

// Ids, as the tests' transactions derive them: `world.move` has the same hints.
const id = (hint) => blake2b(join(u8(0xf1), u64(hint), Buffer.alloc(24), u64(0)));
const NETWORK = id(1001);
const NODE = id(1002);
const CHANNELS = [id(1003), id(1004)];
const MODEL = id(1010);
const ELSEWHERE = word(0xe15e);

// Keys: key `k` has the secret of 32 bytes `k + 1`.
const KEYS = 9;
const [PAYER, EPOCH_0] = [0, 1];
const STRANGER = 6;
const ATTESTORS = [7, 8];
const secret = (key) =>
  createPrivateKey({
    key: join(Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, key + 1)),
    format: "der",
    type: "pkcs8",
  });
const publicKey = (key) =>
  createPublicKey(secret(key)).export({ format: "der", type: "spki" }).subarray(-32);
const signerOf = (epoch) => EPOCH_0 + Math.min(epoch, 4);

// Messages.
const voucher = (channel, cumulative, network = NETWORK) =>
  join(domain("voucher"), network, channel, u64(cumulative));
const statement = (channel, epoch, earned, receipts, root = word(receipts), network = NETWORK) =>
  join(
    domain("statement"), network, channel, u64(epoch), u64(earned), u64(receipts),
    u64(receipts * 10), u64(receipts * 20), root,
  );
const MANIFEST = word(0x3a);
const reportData = (kind, epoch, signingKey, sealingKeys) =>
  blake2b(
    join(
      domain("report"), NETWORK, NODE, u8(kind), u64(epoch), vector(signingKey),
      blake2b(sealingKeys), MANIFEST, u64(7), word(0xd1),
    ),
  );
const verdict = (epoch, kind, grade, anchorMs) =>
  join(
    domain("verdict"), NETWORK, NODE, u64(epoch), u8(kind), vector(Buffer.alloc(48, 0x4d)),
    word(0xe1), reportData(kind, epoch, publicKey(signerOf(epoch)), Buffer.alloc(1248, 0x5e)),
    u64(grade), u64(anchorMs), u64(1),
  );
const bodyHash = (model, input, output) =>
  blake2b(
    join(
      word(0xc1), word(0xc2), u32(0), u8(1), model, MANIFEST, u64(0), u64(0),
      u64(input), u64(output), u64(1234),
    ),
  );
const receipt = (seq, fee, body) =>
  join(domain("receipt"), NETWORK, CHANNELS[0], u64(0), u64(seq), u64(fee), body);
const leaf = (message) => blake2b(join(u8(0), message));
const inner = (left, right) => blake2b(join(u8(1), left, right));
const root = (count, top) => blake2b(join(u8(2), u64(count), top));

// What the tests sign.
const MAX = 2n ** 64n - 1n;
const SIMULATED = 1n << 63n;
const MEASUREMENT = 2n;
const START_MS = 1_000_000;
const signed = [];
const by = (key, ...messages) => messages.forEach((message) => signed.push([key, message]));

for (const cumulative of [100, 400, 500, 900, 1000, 1500, 2000, 3000, 5000, 20000, MAX, 5, 660]) {
  by(PAYER, voucher(CHANNELS[0], cumulative));
}
for (let cumulative = 180; cumulative <= 221; cumulative += 1) {
  by(PAYER, voucher(CHANNELS[0], cumulative));
}
const EARNED = {
  0: [
    [0, 0], [100, 1], [400, 4], [500, 5], [900, 9], [1000, 10], [1500, 15], [2000, 20],
    [5000, 50], [20000, 200], [MAX, 1000], [5, 10], [1000, 0],
  ],
  1: [[500, 5], [900, 9], [1000, 10], [MAX, 1000]],
  2: [[500, 5], [1000, 10]],
  3: [[500, 5]],
  4: [[500, 5]],
};
for (const [epoch, states] of Object.entries(EARNED)) {
  for (const [earned, receipts] of states) {
    by(signerOf(Number(epoch)), statement(CHANNELS[0], epoch, earned, receipts));
  }
}
by(PAYER, voucher(CHANNELS[1], 1000), voucher(CHANNELS[0], 1000, ELSEWHERE));
by(EPOCH_0, statement(CHANNELS[1], 0, 1000, 10));
by(STRANGER, voucher(CHANNELS[0], 1000), statement(CHANNELS[0], 0, 1000, 10));
by(signerOf(1), statement(CHANNELS[0], 0, 1000, 10));

const verdicts = [
  ...[0, 1, 2, 3, 4].map((epoch) => verdict(epoch, 0, SIMULATED | MEASUREMENT, START_MS)),
  verdict(0, 0, SIMULATED, START_MS),
  ...[3, 7, SIMULATED | 1n, 64, 0].map((grade) => verdict(0, 1, grade, START_MS)),
  ...[2, SIMULATED | 1n].map((grade) => verdict(0, 0, grade, START_MS)),
  ...[99_999, 100_000, 1_060_000, 1_060_001, 1_000_001].map(
    (anchorMs) => verdict(0, 0, SIMULATED | MEASUREMENT, anchorMs),
  ),
];
for (const key of ATTESTORS) by(key, ...verdicts);
by(STRANGER, verdicts[0]);

const fair = bodyHash(MODEL, 10, 10);
const heads = [receipt(0, 80, fair), receipt(1, 500, fair), receipt(2, 80, fair)];
const leaves = heads.map(leaf);
const top = inner(inner(leaves[0], leaves[1]), leaves[2]);
by(EPOCH_0, ...heads, receipt(1, 80, fair), statement(CHANNELS[0], 0, 660, 3, root(3, top)));
by(STRANGER, heads[1]);
for (const body of [bodyHash(MODEL, 1n << 63n, 0), bodyHash(word(0x99), 1, 1)]) {
  by(EPOCH_0, statement(CHANNELS[0], 0, 5, 1, root(1, leaf(receipt(0, 5, body)))));
}

const found = new Map(
  signed.map(([key, message]) => [
    blake2b(join(u8(key), message)).toString("hex"),
    sign(null, message, secret(key)).toString("hex"),
  ]),
);

const lines = (items, quote) => [...items].map((item) => `    ${quote(item)},\n`).join("");
const bytes = (hex) => `x"${hex}"`;
const text = `/// Keys of the tests and their signatures, looked up by what they are over.
///
/// Key \`k\` is ed25519 with the secret of 32 bytes \`k + 1\`. The messages were encoded and signed by
/// other code than this package's, so that a signature found here also proves the encoding. Written by
/// \`signatures.mjs\`; nothing here is edited by hand.
#[test_only]
module atoma::signatures;

use sui::address;
use sui::hash::blake2b256;

/// The tests have no signature by this key over this message.
#[error(code = 0)]
const ENoSignature: vector<u8> = b"The tests have no signature by this key over this message";

/// Public key of each.
const KEYS: vector<vector<u8>> = vector[
${lines(Array.from({ length: KEYS }, (_, key) => publicKey(key).toString("hex")), bytes)}];

/// \`blake2b256(key index || message)\` of every signature.
const HASHES: vector<address> = vector[
${lines(found.keys(), (hex) => `@0x${hex}`)}];

/// The signatures, in the order of \`HASHES\`.
const SIGNATURES: vector<vector<u8>> = vector[
${lines(found.values(), bytes)}];

/// Public key \`key\`.
public fun public_key(key: u8): vector<u8> {
    let keys = KEYS;
    keys[key as u64]
}

/// Signature by \`key\` over \`message\`.
public fun sign(key: u8, message: vector<u8>): vector<u8> {
    let mut bytes = vector[key];
    bytes.append(message);
    let hash = address::from_bytes(blake2b256(&bytes));
    let hashes = HASHES;
    let (found, index) = hashes.index_of(&hash);
    assert!(found, ENoSignature);
    let signatures = SIGNATURES;
    signatures[index]
}
`;

if (process.argv[2] !== "--check") {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, "utf8") !== text) {
  console.error("move/atoma/tests/signatures.move is not what signatures.mjs writes: run it.");
  process.exitCode = 1;
}
