/// Integer semantics at their edges.
module machine::numbers;

public fun add_u8(a: u8, b: u8): u8 { a + b }
public fun sub_u16(a: u16, b: u16): u16 { a - b }
public fun mul_u32(a: u32, b: u32): u32 { a * b }
public fun div_u64(a: u64, b: u64): u64 { a / b }
public fun mod_u128(a: u128, b: u128): u128 { a % b }
public fun add_u256(a: u256, b: u256): u256 { a + b }
public fun mul_u256(a: u256, b: u256): u256 { a * b }
public fun div_u256(a: u256, b: u256): u256 { a / b }
public fun mod_u256(a: u256, b: u256): u256 { a % b }
public fun to_u8(a: u64): u8 { a as u8 }
public fun to_u128(a: u256): u128 { a as u128 }
public fun to_u256(a: u8): u256 { a as u256 }
public fun shl_u8(a: u8, bits: u8): u8 { a << bits }
public fun shr_u128(a: u128, bits: u8): u128 { a >> bits }
public fun shl_u256(a: u256, bits: u8): u256 { a << bits }
public fun bits(a: u64, b: u64): (u64, u64, u64) { (a & b, a | b, a ^ b) }
public fun less(a: u256, b: u256): bool { a < b }
public fun constants(): (u16, u32, u128, u256, vector<u64>, address) {
    (65535, 4294967295, 340282366920938463463374607431768211455,
     115792089237316195423570985008687907853269984665640564039457584007913129639935,
     vector[1, 2, 3], @0xCAFE)
}

public fun fib(n: u64): u64 { if (n < 2) n else fib(n - 1) + fib(n - 2) }

public fun sum_to(n: u64): u64 {
    let mut i = 0;
    let mut sum = 0;
    while (i < n) { i = i + 1; sum = sum + i; };
    sum
}
