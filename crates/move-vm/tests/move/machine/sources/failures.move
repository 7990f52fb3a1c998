/// Code that must be stopped, and where.
module machine::failures;

const ENope: u64 = 42;

public fun abort_deep(depth: u64) {
    if (depth == 0) abort ENope;
    abort_deep(depth - 1)
}

public fun forever() { loop {} }

public fun recurse(n: u64): u64 { 1 + recurse(n) }

public fun hoard() {
    let mut bytes = vector[0u8];
    loop { let again = bytes; bytes.append(again); }
}

public fun in_library() { std::u64::try_as_u8(1).destroy_none(); }

#[allow(unused_function)]
fun hidden(): u64 { 1 }
entry fun entered(x: u64): u64 { x + hidden() }

#[allow(unused_type_parameter)]
public fun grow<T>(n: u64) { if (n > 0) stop<vector<T>>(n - 1) }
#[allow(unused_type_parameter)]
public fun stop<T>(_n: u64) {}
#[allow(unused_type_parameter)]
public fun pass<T>(n: u64) { if (n > 0) pass<T>(n - 1) else stop<T>(n) }
