# What the benches share: a sandbox, fresh folders, timed commands and medians. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

gantry=$PWD/build/release/apps/gantry/gantry
sandbox=$PWD/build/release/apps/sandbox/gantry-sandbox
skip_sync=$PWD/build/release/tests/libgantry_faults.so
# shellcheck disable=SC2034 # the scripts that source this one use it
runs=${RUNS:-7}
# On a disk, not in memory: files are what is measured.
scratch=$(mktemp -d "${BENCH_FOLDER:-$PWD/build}/bench.XXXXXX")
home=$scratch/private-home
results=$scratch/results
sandbox_pid=

finish() {
  if [[ -n $sandbox_pid ]]; then kill "$sandbox_pid" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT

# start_sandbox FLAG...: sets sandbox_url. On the port of the one before, if there was one.
start_sandbox() {
  local line=
  exec {lines}< <(exec "$sandbox" --port "${sandbox_port:-0}" "$@" 2>"$scratch/sandbox.log")
  sandbox_pid=$!
  until [[ ${line:-} == "listening on "* ]]; do
    if ! read -r -t 60 -u "$lines" line; then
      cat "$scratch/sandbox.log" >&2
      exit 1
    fi
  done
  sandbox_url=${line#listening on }
  sandbox_port=${sandbox_url##*:}
}

stop_sandbox() {
  kill "$sandbox_pid"
  while kill -0 "$sandbox_pid" 2>/dev/null; do sleep 0.05; done
  exec {lines}<&-
}

api() { curl -sS --noproxy '*' -H 'X-Figma-Token: figd_bench' "$sandbox_url/v1/$1"; }

# list_images FILE_KEY: a curl configuration that downloads each icon of the frame Icons, whose
# nodes the sandbox numbers 10:N, to N.svg.
list_images() {
  local key=$1 ids
  api "files/$key/components" | grep -o '"node_id":"10:[0-9]*"' | cut -d'"' -f4 >"$scratch/ids"
  split -l 100 "$scratch/ids" "$scratch/chunk."
  for chunk in "$scratch"/chunk.*; do
    ids=$(paste -sd, "$chunk")
    api "images/$key?format=svg&ids=$ids" | grep -o 'http://[^"]*'
  done | awk '{ printf "url = \"%s\"\noutput = \"%d.svg\"\n", $0, NR }'
}

# timed NAME FOLDER COMMAND...: runs the command in the empty FOLDER and keeps its seconds, CPU
# seconds and peak memory; then, apart, the seconds that bringing the files to the disk takes.
timed() {
  rm -rf "$2" "$home"
  timed_again "$@"
}

# The same, with what the last run has left in the folder and at home.
timed_again() {
  local name=$1 folder=$2 start end synced
  shift 2
  mkdir -p "$folder" "$home"
  sync -f "$folder"
  start=$EPOCHREALTIME
  if ! (cd "$folder" && exec /usr/bin/time -q -o "$scratch/cost" -f '%U %S %M' "$@") \
    >"$scratch/out" 2>&1; then
    tail -n 20 "$scratch/out" >&2
    printf '%s failed\n' "$name" >&2
    exit 1
  fi
  end=$EPOCHREALTIME
  sync -f "$folder"
  synced=$EPOCHREALTIME
  printf '%s %s %s %s %s %s\n' "$name" "$start" "$end" "$synced" "$(cat "$scratch/cost")" \
    "$(find "$folder" -type f | wc -l)" >>"$results"
}

# A home of its own, so that no run finds what another one kept, and no syncfs, which timed()
# measures for everybody.
environment() {
  printf '%s\n' env -u http_proxy -u https_proxy -u all_proxy HOME="$home" \
    FIGMA_PERSONAL_TOKEN=figd_bench FAULT_SKIP_SYNC=1 LD_PRELOAD="$skip_sync"
}

gantry_command() {
  environment
  printf '%s\n' "$gantry"
}

# Medians by name, in the order of first appearance; each column has its own median.
report() {
  awk '
    function median(name, column,   n, i, j, swap, list) {
      n = count[name]
      for (i = 1; i <= n; ++i) list[i] = value[name, column, i]
      for (i = 2; i <= n; ++i)
        for (j = i; j > 1 && list[j] < list[j - 1]; --j) {
          swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
        }
      return list[int((n + 1) / 2)]
    }
    {
      if (!($1 in count)) names[++total] = $1
      i = ++count[$1]
      value[$1, "wall", i] = $3 - $2
      value[$1, "sync", i] = $4 - $3
      value[$1, "cpu", i] = $5 + $6
      value[$1, "memory", i] = $7 / 1024
      files[$1] = $8
    }
    END {
      printf "%-12s %6s %8s %8s %8s %8s\n", "", "files", "wall s", "cpu s", "sync s", "peak MB"
      for (i = 1; i <= total; ++i) {
        name = names[i]
        printf "%-12s %6d %8.3f %8.2f %8.3f %8.1f\n", name, files[name], median(name, "wall"),
               median(name, "cpu"), median(name, "sync"), median(name, "memory")
      }
      if (total != 2) exit
      if (files[names[1]] != files[names[2]]) {
        print "these are not the same files: nothing is compared"
        exit 1
      }
      printf "%s takes %.2f times the wall time of %s\n", names[2],
             median(names[2], "wall") / median(names[1], "wall"), names[1]
    }' "$results"
}
