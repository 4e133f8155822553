#!/bin/sh
# The deployable folder, `dist`: small, and for the Linux that Functions run on, whatever this machine is.
set -eu
cd "$(dirname "$0")/.."

for tool in cargo cargo-zigbuild; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing. Rust comes from https://rustup.rs, the rest with: pip install cargo-zigbuild ziglang" >&2
        exit 1
    fi
done
cargo stage dist --portable
# azd reads this in the folder that it packages.
cp .funcignore dist/.funcignore
