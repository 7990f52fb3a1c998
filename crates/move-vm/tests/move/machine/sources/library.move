/// Natives of the standard library and of the framework.
module machine::library;

public fun hashes(data: vector<u8>): (vector<u8>, vector<u8>, vector<u8>, vector<u8>) {
    let blake = sui::hash::blake2b256(&data);
    let keccak = sui::hash::keccak256(&data);
    (std::hash::sha2_256(data), std::hash::sha3_256(data), blake, keccak)
}

public fun hmac(key: vector<u8>, data: vector<u8>): vector<u8> { sui::hmac::hmac_sha3_256(&key, &data) }

public fun ed25519(signature: vector<u8>, key: vector<u8>, message: vector<u8>): bool {
    sui::ed25519::ed25519_verify(&signature, &key, &message)
}

public fun encode<T>(value: T): (vector<u8>, T) { (std::bcs::to_bytes(&value), value) }

public fun text(): (bool, u64, vector<u8>) {
    let text = b"grüße, welt".to_string();
    let at = text.index_of(&b"welt".to_string());
    (b"\xff".try_to_string().is_none(), at, *text.substring(0, 4).as_bytes())
}

public fun addresses(a: address): (u256, address, address) {
    let number = a.to_u256();
    (number, sui::address::from_u256(number + 1), sui::address::from_bytes(std::bcs::to_bytes(&a)))
}

public fun bad_address(): address { sui::address::from_bytes(b"short") }

public fun unknown(g1: vector<u8>): bool { sui::bls12381::bls12381_min_pk_verify(&g1, &g1, &g1) }

public fun sorted(mut values: vector<u64>): vector<u64> {
    let mut i = 1;
    while (i < values.length()) {
        let mut j = i;
        while (j > 0 && values[j - 1] > values[j]) { values.swap(j - 1, j); j = j - 1; };
        i = i + 1;
    };
    values
}
