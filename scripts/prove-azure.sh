#!/bin/sh
# Proves a deployment: everything new in Azure, the assumptions asked of it, a copy made and compared, everything gone
# again. Exit code 0 only if every step went as it should. It costs what `azd up` costs, for about half an hour.
#
#   scripts/prove-azure.sh <region> [<package> <executable>]
#
# <package> is graph-mirror-function-app.zip and <executable> the command line, as a release has them; without them, both are
# built.
# Needs azd, signed in; AZURE_SUBSCRIPTION_ID; and AZURE_PRINCIPAL_ID, the object id of who is signed in. That one needs
# what docs/deploy.md says under "Before", and the permissions of Microsoft Graph that docs/permissions.md lists, because
# the command line copies as who is signed in. REPORT names the file of the report, assumptions.md without it.
set -eu
cd "$(dirname "$0")/.."

usage="usage: AZURE_SUBSCRIPTION_ID=<id> AZURE_PRINCIPAL_ID=<id> $0 <region> [<package> <executable>]"
region=${1:?$usage}
package=${2:-}
executable=${3:-}
: "${AZURE_SUBSCRIPTION_ID:?$usage}" "${AZURE_PRINCIPAL_ID:?$usage}"
report=${REPORT:-assumptions.md}

work=$(mktemp -d)
environment=
# Whatever happened: what was created goes, and the names of the environment with it.
ended() {
    code=$?
    trap - EXIT
    if [ -n "$environment" ]; then
        azd down --environment "$environment" --force --purge --no-prompt ||
            { echo "take it down by hand: azd down --environment $environment --force --purge" >&2 && code=1; }
    fi
    rm -rf "$work"
    exit "$code"
}
trap ended EXIT
trap 'exit 1' INT TERM

if [ -z "$package" ]; then
    cargo build --locked -p graph-mirror
    executable=target/debug/graph-mirror
fi
# Files of a workflow lose the right to be run.
mirror=$work/graph-mirror
cp "${executable:?$usage}" "$mirror"
chmod +x "$mirror"

fresh=prove-$(date -u +%m%d%H%M%S)
azd env new "$fresh" --location "$region" --subscription "$AZURE_SUBSCRIPTION_ID" --no-prompt
environment=$fresh
azd env set --environment "$environment" WRITER_PRINCIPAL_IDS "[\"$AZURE_PRINCIPAL_ID\"]"
azd env set --environment "$environment" GRANT_GRAPH_PERMISSIONS false
if [ -n "$package" ]; then
    azd provision --environment "$environment" --no-prompt
    azd deploy mirror --environment "$environment" --from-package "$package" --no-prompt
else
    azd up --environment "$environment" --no-prompt
fi
value() { azd env get-value --environment "$environment" "$1"; }

# The handler under the host of Azure: the one function that asks for no key. A cold start may take a while.
url=$(value MIRROR_URL)
tries=30
until [ "$(curl --silent --max-time 20 -X POST -d '' "$url/api/notifications?validationToken=proof")" = proof ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "the function app does not answer" >&2
        exit 1
    fi
    sleep 10
done
echo "✓ the handler answers under the host of Azure"

AZURE_TENANT_ID=$(value AZURE_TENANT_ID)
COSMOS_ENDPOINT=$(value COSMOS_ENDPOINT)
COSMOS_DATABASE=$(value COSMOS_DATABASE)
GRAPH_CREDENTIAL=azure-developer-cli
export AZURE_TENANT_ID COSMOS_ENDPOINT COSMOS_DATABASE GRAPH_CREDENTIAL
# Whatever is set for the one that deploys names no identity of the command line.
unset AZURE_CLIENT_ID

# A role on data may take minutes to be known to Cosmos DB.
tries=20
until "$mirror" doctor >"$work/doctor"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        cat "$work/doctor" >&2
        exit 1
    fi
    sleep 30
done
echo "✓ doctor has no finding"
"$mirror" doctor --prove --report "$report"
echo "✓ no assumption is refuted: $report"
"$mirror" sync users groups devices
for resource in users groups devices; do
    "$mirror" verify "$resource"
done
echo "The copy equals the tenant, in Azure."
