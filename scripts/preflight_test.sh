#!/usr/bin/env bash
# Tests preflight.sh and the scripts that use it, with fake tools on PATH.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bash=$(command -v bash)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# fake NAME OUTPUT: a tool that prints OUTPUT whatever it is asked, and records that it was called.
fake() {
    printf '#!%s\necho "%s $*" >>"%s/called"\necho "%s"\n' "$bash" "$1" "$work" "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

# A machine with everything, on which every test then changes one thing.
good_machine() {
    rm -rf "${work:?}/bin" "$work/called"
    mkdir "$work/bin"
    fake rustc "rustc 1.95.0 (59807616e 2026-04-14)"
    fake cargo "cargo 1.95.0"
    fake cargo-fmt "rustfmt 1.9.0"
    fake cargo-clippy "clippy 0.1.95"
    fake node "v20.20.2"
    fake npm "11.0.0"
    fake python3 "Python 3.11.7"
    fake cc "cc 12"
    local tool
    for tool in dirname cmp cp cat awk getconf; do
        ln -s "$(command -v "$tool")" "$work/bin/$tool"
    done
}

# expect WHAT STATUS TEXT COMMAND...: the command's exit status, and a text it must print.
expect() {
    local what=$1 status=$2 text=$3 output actual=0
    shift 3
    output=$(PATH=$work/bin "$@" 2>&1) || actual=$?
    if [ "$actual" != "$status" ] || [[ $output != *"$text"* ]]; then
        printf 'FAILED: %s: exit %s, wanted %s and "%s", got:\n%s\n' "$what" "$actual" "$status" "$text" "$output"
        failures=$((failures + 1))
    fi
}

check() {
    expect "$1" "$2" "$3" "$bash" -c "source '$root/scripts/preflight.sh'; preflight rust rust_components node python cc; echo ready"
}

good_machine
check "a good machine" 0 "ready"

fake rustc "rustc 1.63.0"
check "old Rust" 1 "Rust 1.95: this is 1.63.0; run 'rustup update stable'"
fake rustc "rustc 2.0.0-nightly (abc 2027-01-01)"
check "newer Rust" 0 "ready"
rm "$work/bin/rustc"
check "no Rust" 1 "https://rustup.rs"

good_machine
fake node "v18.19.0"
check "old Node" 1 "Node.js 20: this is 18.19.0"
rm "$work/bin/node"
check "no Node" 1 "https://nodejs.org"

good_machine
rm "$work/bin/npm"
check "no npm" 1 "apt install npm"

good_machine
rm "$work/bin/cc"
check "no C compiler" 1 "a C compiler (cc)"

good_machine
rm "$work/bin/python3"
check "no Python" 1 "Python 3 with pip"
fake python3 "Python 3.7.3"
check "old Python" 1 "Python 3.9: this is 3.7.3"
# shellcheck disable=SC2016 # the fake expands it
printf '#!%s\n[ "$1" = --version ] && echo "Python 3.11.2"\n' "$bash" >"$work/bin/python3"
check "Python without pip" 1 "apt install python3-pip"

good_machine
rm "$work/bin/cargo-fmt"
check "no rustfmt" 1 "rustup component add rustfmt"

good_machine
rm "$work/bin/cc" "$work/bin/npm"
fake rustc "rustc 1.80.1"
check "three problems, first" 1 "Rust 1.95"
check "three problems, second" 1 "npm"
check "three problems, third" 1 "a C compiler (cc)"

# The scripts themselves, copied out of any git repository: what is missing stops them before they build.
mkdir -p "$work/copy/scripts/movelib"
cp "$root"/scripts/{up,test,move,*.sh} "$work/copy/scripts/"
cp "$root/scripts/movelib/package-lock.json" "$work/copy/scripts/movelib/"

good_machine
fake node "v18.19.0"
rm "$work/bin/cc"
for script in up test; do
    expect "scripts/$script, Node" 1 "Node.js 20: this is 18.19.0" "$bash" "$work/copy/scripts/$script"
    expect "scripts/$script, cc" 1 "a C compiler (cc)" "$bash" "$work/copy/scripts/$script"
done
expect "scripts/move" 1 "Node.js 20: this is 18.19.0" "$bash" "$work/copy/scripts/move" build
if grep -Eq '^cargo |^npm (ci|install)' "$work/called"; then
    printf 'FAILED: something was built although a tool is missing:\n%s\n' "$(cat "$work/called")"
    failures=$((failures + 1))
fi

# npm's failure is explained, and not taken for an installation by the next run.
good_machine
printf '#!%s\necho "npm error network" >&2\nexit 1\n' "$bash" >"$work/bin/npm"
expect "npm fails" 1 "npm error network" "$bash" "$work/copy/scripts/move" build
expect "npm fails again" 1 "package-lock.json" "$bash" "$work/copy/scripts/move" build

# npm works: installed once, then left alone while the lockfile stays the same.
fake npm "added 1 package"
mkdir "$work/copy/scripts/movelib/node_modules"
expect "first run installs" 0 "Installing the Move compiler" "$bash" "$work/copy/scripts/move" build
rm "$work/called"
expect "second run" 0 "" "$bash" "$work/copy/scripts/move" build
if grep -q '^npm ci' "$work/called"; then
    echo "FAILED: npm ran again although the lockfile is the same"
    failures=$((failures + 1))
fi

[ "$failures" = 0 ] || exit 1
echo "preflight: all checks passed"
