#!/bin/sh
# Usage: run.sh FOLDER_FOR_NODE_MODULES SCRIPT [ARGUMENT...]
# Runs a script of this folder with its npm packages; exit code 77 where they cannot be had.
set -eu
folder=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9
for file in "$here"/*.mjs "$here/package.json"; do
  cmp -s "$file" "$folder/${file##*/}" || cp "$file" "$folder"
done
if ! command -v npm >/dev/null 2>&1; then
  echo "skipped: npm is not installed"
  exit 77
fi
if ! cmp -s "$folder/package.json" "$folder/.installed"; then
  if ! npm install --prefix "$folder" --no-audit --no-fund --loglevel=error; then
    echo "skipped: npm cannot install the packages"
    exit 77
  fi
  cp "$folder/package.json" "$folder/.installed"
fi
flock -u 9
script=$1
shift
exec node "$folder/$script" "$@"
