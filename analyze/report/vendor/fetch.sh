#!/usr/bin/env bash
# Makes the vendored files anew from npm, at the versions and hashes of package-lock.json; needs node and npm.
#   fetch.sh          replaces them
#   fetch.sh --check  fails where they differ from what npm has
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
packages=$work/node_modules
mkdir "$work/out"
cp "$packages/vega/build/vega.min.js" "$packages/vega-lite/build/vega-lite.min.js" "$work/out"
# npm has the interpreter as a module only; a page without requests needs a script that stands alone.
(cd "$work" && "$packages/.bin/esbuild" "$packages/vega-interpreter/build/vega-interpreter.js" --bundle --minify --charset=ascii \
    --format=iife --global-name=vegaInterpreter --log-level=error --outfile="$work/out/vega-interpreter.min.js")
# A source map would be a request.
sed -i '/^\/\/# sourceMappingURL=/d' "$work"/out/*.js
node "$here/licences.mjs" "$work" >"$work/out/LICENCES.txt"

for file in "$work"/out/*; do
    name=$(basename "$file")
    if [ "${1:-}" = --check ]; then
        cmp "$file" "$here/$name" || { echo "$name is not what npm has: run $0" >&2; exit 1; }
    else
        cp "$file" "$here/$name"
    fi
done
