# shellcheck shell=bash
# Sourced: limits cargo's jobs to what memory allows, unless CARGO_BUILD_JOBS says otherwise.

readonly KIB_PER_JOB=$((2 * 1024 * 1024))

memory_kib() {
    if [ -r /proc/meminfo ]; then
        awk '/^MemTotal:/ { print $2 }' /proc/meminfo
    else
        echo $(($(sysctl -n hw.memsize) / 1024))
    fi
}

cpu_count() {
    getconf _NPROCESSORS_ONLN
}

if [ -z "${CARGO_BUILD_JOBS:-}" ]; then
    CARGO_BUILD_JOBS=$(($(memory_kib) / KIB_PER_JOB))
    ((CARGO_BUILD_JOBS < $(cpu_count))) || CARGO_BUILD_JOBS=$(cpu_count)
    ((CARGO_BUILD_JOBS >= 1)) || CARGO_BUILD_JOBS=1
    export CARGO_BUILD_JOBS
fi
