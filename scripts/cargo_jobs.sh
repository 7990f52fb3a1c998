# shellcheck shell=bash
# Sourced: limits cargo's jobs where memory allows fewer than there are processors, unless
# CARGO_BUILD_JOBS says otherwise. Linking many crates at once can take 2 GiB a job.

readonly KIB_PER_JOB=$((2 * 1024 * 1024))

memory_kib() {
    local kib limit=/sys/fs/cgroup/memory.max
    if [ -r /proc/meminfo ]; then
        kib=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
    else
        kib=$(($(sysctl -n hw.memsize) / 1024))
    fi
    # A container may have less than its host.
    if [ -r "$limit" ] && [ "$(cat "$limit")" != max ] && (($(cat "$limit") / 1024 < kib)); then
        kib=$(($(cat "$limit") / 1024))
    fi
    echo "$kib"
}

limit_cargo_jobs() {
    local jobs
    jobs=$(($(memory_kib) / KIB_PER_JOB))
    if [ -z "${CARGO_BUILD_JOBS:-}" ] && ((jobs < $(getconf _NPROCESSORS_ONLN))); then
        export CARGO_BUILD_JOBS=$((jobs > 1 ? jobs : 1))
    fi
}

limit_cargo_jobs
