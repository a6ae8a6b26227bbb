#!/bin/sh
# Usage: with_npm.sh FOLDER_FOR_PACKAGES SCRIPT [ARGUMENT...]
# Runs a node script with the packages that the package.json beside it names. They are installed
# once, into a folder of the build tree; exit code 77 where they cannot be had.
set -eu
folder=$1
script=$2
shift 2
here=$(cd "$(dirname "$script")" && pwd)
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9
for file in "$here"/*.mjs "$here"/*.json; do
  cmp -s "$file" "$folder/${file##*/}" || cp "$file" "$folder"
done
if ! command -v npm >/dev/null 2>&1; then
  echo "skipped: npm is not installed"
  exit 77
fi
if ! cmp -s "$folder/package.json" "$folder/.installed"; then
  if ! timeout 300 npm install --prefix "$folder" --no-audit --no-fund --loglevel=error >&2; then
    echo "skipped: npm cannot install the packages"
    exit 77
  fi
  cp "$folder/package.json" "$folder/.installed"
fi
flock -u 9
exec node "$folder/${script##*/}" "$@"
