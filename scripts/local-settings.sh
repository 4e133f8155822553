#!/bin/sh
# Makes dist/local.settings.json for `func start`, from the example and from what azd knows of the deployment:
#
#   azd env get-values | scripts/local-settings.sh
#
# A managed identity is out of reach here: an app registration and its secret are for you to add.
set -eu
cd "$(dirname "$0")/.."

settings=dist/local.settings.json
if [ -e "$settings" ]; then
    echo "$settings is there, and left as it is; remove it to have it made anew" >&2
    exit 1
fi
mkdir -p dist
fresh=$(mktemp)
trap 'rm -f "$fresh" "$fresh.next"' EXIT
cp local.settings.example.json "$fresh"
while IFS='=' read -r name value; do
    # Of NAME="value" lines, those whose names are settings. What would not fit between quotes is left out.
    value=$(printf '%s' "$value" | sed 's/^"//; s/"$//')
    case "$name$value" in
    *[\\\"\&\|]*) continue ;;
    esac
    sed "s|^\(    \"$name\": \)\"[^\"]*\"|\1\"$value\"|" "$fresh" >"$fresh.next"
    mv "$fresh.next" "$fresh"
done
mv "$fresh" "$settings"
chmod 600 "$settings"
echo "$settings: made; it is not committed, and not packaged"
