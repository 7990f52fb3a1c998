//! `keys.json`: what ed25519 keys and signatures are good, at the edges where implementations differ.

use atoma_protocol::keys::{KeyError, PublicKey, Signature};
use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use sha2_for_hkdf::{Digest, Sha512};

use super::{Vector, hex};

const MESSAGE: &[u8] = b"atoma edge case";

/// The order of the prime subgroup, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Points of small order that some encoding off by the field's prime stands for: `y`, and its sign.
const NON_CANONICAL_SMALL_ORDER: [(&str, u8, bool); 5] = [
    ("y = p, positive", 0xed, false),
    ("y = p, negative", 0xed, true),
    ("y = p + 1, positive", 0xee, false),
    ("y = p + 1, negative", 0xee, true),
    ("y = p - 1, negative", 0xec, true),
];

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = rfc8032();
    vectors.extend(changed());
    vectors.extend(torsion());
    vectors.extend(small_order());
    vectors.extend(other_keys());
    vectors
}

fn scalar(byte: u8) -> Scalar {
    Scalar::from_bytes_mod_order([byte; 32])
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash: [u8; 64] = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize()
        .into();
    Scalar::from_bytes_mod_order_wide(&hash)
}

/// A signature that satisfies the equation up to torsion: `s = r + k a` for key `a B + T1` and
/// `R = r B + T2`, with `R` encoded as given.
fn sign(key: &[u8; 32], secret: Scalar, r: Scalar, r_bytes: [u8; 32], message: &[u8]) -> [u8; 64] {
    let s = r + challenge(&r_bytes, key, message) * secret;
    join(r_bytes, s.to_bytes())
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    signature
}

fn bytes(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn base(scalar: Scalar) -> EdwardsPoint {
    ED25519_BASEPOINT_POINT * scalar
}

fn check(name: impl ToString, key: [u8; 32], message: &[u8], signature: [u8; 64]) -> Vector {
    let expected = match PublicKey::new(key) {
        Err(KeyError::SmallOrder) => "small_order_key",
        Err(_) => "not_a_key",
        Ok(key) => match key.verify(message, &Signature::new(signature)) {
            Ok(()) => "valid",
            Err(_) => "invalid",
        },
    };
    vec![
        ("name", name.into()),
        ("public_key", hex(key)),
        ("message", hex(message)),
        ("signature", hex(signature)),
        ("expected", expected.into()),
    ]
}

/// The first three tests of RFC 8032, section 7.1.
fn rfc8032() -> Vec<Vector> {
    let cases = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    let decode = |text| hex::decode(text).expect("hexadecimal");
    cases
        .into_iter()
        .zip(1..)
        .map(|((key, message, signature), number)| {
            let key = decode(key).try_into().expect("32 bytes");
            let signature = decode(signature).try_into().expect("64 bytes");
            check(
                format!("RFC 8032 test {number}"),
                key,
                &decode(message),
                signature,
            )
        })
        .collect()
}

/// A good signature with one thing changed.
fn changed() -> Vec<Vector> {
    let (secret, r) = (scalar(0x21), scalar(0x22));
    let key = bytes(base(secret));
    let r_bytes = bytes(base(r));
    let good = sign(&key, secret, r, r_bytes, MESSAGE);
    let s: [u8; 32] = good[32..].try_into().expect("32 bytes");
    // The same s modulo the order: accepted by no strict verifier.
    let malleable = join(r_bytes, add(s, ORDER));
    let mut high = good;
    high[63] |= 0xe0;
    let mut flipped = good;
    flipped[0] ^= 1;
    vec![
        check("signature by a plain key", key, MESSAGE, good),
        check("another message", key, b"another message", good),
        check("s plus the group order", key, MESSAGE, malleable),
        check("s with its highest bits set", key, MESSAGE, high),
        check("R changed", key, MESSAGE, flipped),
        check("all zeros", key, MESSAGE, [0; 64]),
    ]
}

fn add(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|index| {
        let sum = u16::from(left[index]) + u16::from(right[index]) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    })
}

/// Keys and `R` with a component of small order: good by ZIP-215, refused by cofactorless verifiers.
fn torsion() -> Vec<Vector> {
    let (secret, r) = (scalar(0x31), scalar(0x32));
    let mut vectors = Vec::new();
    for (index, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let (plain, mixed) = (base(secret), base(secret) + torsion);
        let r_mixed = bytes(base(r) + torsion);
        let signature = sign(&bytes(mixed), secret, r, bytes(base(r)), MESSAGE);
        vectors.push(check(
            format!("key with torsion component {index}"),
            bytes(mixed),
            MESSAGE,
            signature,
        ));
        let signature = sign(&bytes(plain), secret, r, r_mixed, MESSAGE);
        vectors.push(check(
            format!("R with torsion component {index}"),
            bytes(plain),
            MESSAGE,
            signature,
        ));
    }
    let key = bytes(base(secret));
    for (index, torsion) in EIGHT_TORSION.iter().enumerate() {
        let signature = sign(&key, secret, Scalar::ZERO, bytes(*torsion), MESSAGE);
        vectors.push(check(
            format!("R is point {index} of small order"),
            key,
            MESSAGE,
            signature,
        ));
    }
    for (name, low, negative) in NON_CANONICAL_SMALL_ORDER {
        let r_bytes = non_canonical(low, negative);
        let signature = sign(&key, secret, Scalar::ZERO, r_bytes, MESSAGE);
        vectors.push(check(
            format!("R not canonical, {name}"),
            key,
            MESSAGE,
            signature,
        ));
    }
    vectors
}

/// Little-endian bytes `low ff .. ff 7f`, with or without the sign bit.
fn non_canonical(low: u8, negative: bool) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = low;
    bytes[31] = if negative { 0xff } else { 0x7f };
    bytes
}

/// Keys of small order, each with a signature that ZIP-215 alone would accept for any message.
fn small_order() -> Vec<Vector> {
    let canonical = EIGHT_TORSION.iter().enumerate().map(|(index, point)| {
        (
            format!("key is point {index} of small order"),
            bytes(*point),
        )
    });
    let others = NON_CANONICAL_SMALL_ORDER
        .iter()
        .map(|(name, low, negative)| {
            let key = non_canonical(*low, *negative);
            (format!("key of small order, not canonical, {name}"), key)
        });
    let mut minus_identity = [0; 32];
    (minus_identity[0], minus_identity[31]) = (1, 0x80);
    canonical
        .chain(others)
        .chain([("key is the identity with a sign".to_owned(), minus_identity)])
        .map(|(name, key)| {
            let signature = join(bytes(EIGHT_TORSION[0]), [0; 32]);
            check(name, key, MESSAGE, signature)
        })
        .collect()
}

/// Encodings off by the prime that are of large order, and bytes that are no point.
fn other_keys() -> Vec<Vector> {
    (0xef..=0xff)
        .map(|low| non_canonical(low, false))
        .chain([{
            let mut bytes = [0; 32];
            bytes[0] = 2;
            bytes
        }])
        .map(|key| {
            let point = CompressedEdwardsY(key).decompress().is_some();
            let kind = if point { "of large order" } else { "no point" };
            let name = format!("key {kind}, first byte {:02x}", key[0]);
            check(name, key, MESSAGE, join(bytes(base(scalar(1))), [0; 32]))
        })
        .collect()
}
