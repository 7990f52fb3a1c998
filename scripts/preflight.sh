# shellcheck shell=bash
# Sourced by the scripts next to it: finds missing or outdated tools and names each with its fix.
#
#   source "$root/scripts/preflight.sh"
#   preflight rust node python cc

readonly MIN_RUST=1.95
readonly MIN_NODE=20
readonly MIN_PYTHON=3.9

# Checks every tool asked for and reports all problems at once; exits 1 if there was one.
preflight() {
    local tool problems=0
    for tool in "$@"; do
        "preflight_$tool" || problems=1
    done
    [ "$problems" = 0 ] || exit 1
}

preflight_problem() {
    printf 'missing: %s\n' "$*" >&2
    return 1
}

# version_at_least HAVE WANT, compared number by number.
version_at_least() {
    local IFS=. i
    local -a have want
    read -ra have <<<"${1%%[^0-9.]*}"
    read -ra want <<<"$2"
    for ((i = 0; i < ${#want[@]}; i++)); do
        ((10#${have[i]:-0} > 10#${want[i]})) && return 0
        ((10#${have[i]:-0} < 10#${want[i]})) && return 1
    done
    return 0
}

preflight_rust() {
    local version
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        preflight_problem "Rust: install it from https://rustup.rs (version $MIN_RUST or newer)."
        return
    fi
    version=$(rustc --version 2>&1) || {
        preflight_problem "a working Rust: 'rustc --version' failed with: $version"
        return
    }
    version=${version#rustc }
    version_at_least "$version" "$MIN_RUST" ||
        preflight_problem "Rust $MIN_RUST: this is ${version%% *}; run 'rustup update stable', or install from https://rustup.rs."
}

preflight_rust_components() {
    local problems=0
    command -v cargo-fmt >/dev/null || preflight_problem "rustfmt: run 'rustup component add rustfmt'." || problems=1
    command -v cargo-clippy >/dev/null || preflight_problem "clippy: run 'rustup component add clippy'." || problems=1
    return "$problems"
}

preflight_node() {
    local version
    if ! command -v node >/dev/null; then
        preflight_problem "Node.js: install version $MIN_NODE or newer from https://nodejs.org."
        return
    fi
    version=$(node --version 2>&1)
    version=${version#v}
    version_at_least "$version" "$MIN_NODE" || {
        preflight_problem "Node.js $MIN_NODE: this is $version; install a newer one from https://nodejs.org."
        return
    }
    command -v npm >/dev/null ||
        preflight_problem "npm: it comes with Node.js from https://nodejs.org; on Debian or Ubuntu also 'apt install npm'."
}

preflight_python() {
    local version
    if ! command -v python3 >/dev/null; then
        preflight_problem "Python 3 with pip: install it from https://www.python.org, or 'apt install python3-pip'."
        return
    fi
    version=$(python3 --version 2>&1)
    version=${version#Python }
    version_at_least "$version" "$MIN_PYTHON" || {
        preflight_problem "Python $MIN_PYTHON: this is $version; install a newer one from https://www.python.org."
        return
    }
    python3 -m pip --version >/dev/null 2>&1 ||
        preflight_problem "pip for Python 3: 'python3 -m ensurepip', or 'apt install python3-pip'."
}

preflight_cc() {
    command -v cc >/dev/null ||
        preflight_problem "a C compiler (cc): 'apt install gcc libc6-dev', 'dnf install gcc' or 'xcode-select --install'."
}
