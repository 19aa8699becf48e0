#!/bin/sh
# Checks types. The folders are installed under other names (retrieval is scankin.retrieval), so the checker is shown
# the package as it is installed. $1: the mypy to run.
set -eu
mypy=$(realpath "$1") root=$PWD
mkdir -p build/types/scankin
for folder in retrieval models index_build api; do ln -sfn "$root/$folder" "build/types/scankin/$folder"; done
cd build/types
MYPYPATH=$PWD exec "$mypy" --config-file "$root/pyproject.toml" \
    -p scankin.retrieval -p scankin.models -p scankin.index_build -p scankin.api
