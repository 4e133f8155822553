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
# On another machine than one of this kind, Rust needs the standard library of the target.
if command -v rustup >/dev/null; then
    rustup --quiet target add x86_64-unknown-linux-gnu
fi
cargo stage dist --portable
