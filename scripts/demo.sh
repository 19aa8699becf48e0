#!/bin/sh
# What `make demo` does: a cohort, a casebook, an index, one question. Run by make, which installs first.
# $1 folder to work in, $2 folder of real data (may be empty), $3 importer, $4 scan to ask about.
set -eu
demo=$1 data=$2 from=$3 query=$4
SCANKIN_KEY_FILE=$PWD/$demo/index.key
export SCANKIN_KEY_FILE
rm -rf "$demo/casebook" "$demo/store"
mkdir -p "$demo"
if [ -z "$data" ]; then
    rm -rf "$demo/cohort" "$demo/cohort-truth" "$demo/new"
    echo "== 1. Constructing 120 patients. Their films are drawn by a program: NONE OF THEM IS REAL."
    scankin-index construct "$demo/cohort" --patients 120 --seed 1 --new-patient "$demo/new"
    data=$demo/cohort from=nccid query=$demo/new/new-patient.dcm settings="--settings $demo/cohort-truth/settings.toml"
else
    settings=
    echo "== 1. Using the data in $data."
fi
echo "== 2. Reading it into a casebook."
# shellcheck disable=SC2086 # empty, or an option and its value
scankin-index ingest --from "$from" "$data" "$demo/casebook" $settings
echo "== 3. Building the index."
scankin-index build "$demo/casebook" "$demo/store" --encoder scankin_cxr
scankin-index verify "$demo/store"
echo "== 4. Asking: whom does $query look like, and what became of them?"
scankin search "$query" --index "$demo/store" -k 10
cat <<'END'

== Next
The service:       make serve            then  curl -F file=@demo/new/new-patient.dcm http://127.0.0.1:8000/v1/similar
With real data:    git clone https://github.com/ieee8023/covid-chestxray-dataset
                   make demo DATA=covid-chestxray-dataset
or:                git clone https://github.com/ml-workgroup/covid-19-image-repository
                   make demo DATA=covid-19-image-repository
Your own DICOM:    make demo DATA=folder QUERY=new.dcm     (docs/importers.md: what may lie beside the files)
END
