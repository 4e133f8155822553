#!/bin/sh
# Grants an identity exactly the application permissions of Microsoft Graph that the mirrored resources need
# (infra/resources.json), and names those that it has besides. May be run again.
#
#   scripts/grant-graph-permissions.sh <object id of the identity>
#   scripts/grant-graph-permissions.sh --from-azd      after `azd provision`; grants only if
#                                                      GRANT_GRAPH_PERMISSIONS is true in the azd environment
#
# Needs the Azure CLI, signed in as somebody who may grant them: "Privileged Role Administrator". AZURE_CLOUD (global,
# usgov, usgov-dod, china) says where Graph is. infra/graph/permissions.bicep does the same.
set -eu
cd "$(dirname "$0")/.."

case ${AZURE_CLOUD:-global} in
usgov) graph=https://graph.microsoft.us ;;
usgov-dod) graph=https://dod-graph.microsoft.us ;;
china) graph=https://microsoftgraph.chinacloudapi.cn ;;
*) graph=https://graph.microsoft.com ;;
esac
usage="usage: $0 <object id of the identity> | --from-azd"
needs=infra/resources.json

# The app roles, a line each: <id> <name>.
roles=$(tr -d ' \n' <"$needs" | sed 's/.*"appRoles":\[//' | tr '{' '\n' |
    sed -n 's/.*"name":"\([A-Za-z.]*\)","id":"\([0-9a-f-]*\)".*/\2 \1/p')

if [ $# -ne 1 ]; then
    echo "$usage" >&2
    exit 2
fi
if [ "$1" = --from-azd ]; then
    principal=${MIRROR_PRINCIPAL_ID:?is not in the environment: this is for azd, after it has provisioned}
    if [ "${GRANT_GRAPH_PERMISSIONS:-false}" != true ]; then
        echo "Nothing is mirrored before the identity $principal has these permissions of Microsoft Graph:"
        echo "$roles" | sed 's/^[^ ]* /  /'
        echo "Somebody who is Privileged Role Administrator grants them with:"
        echo "  scripts/grant-graph-permissions.sh $principal"
        exit 0
    fi
else
    principal=$1
fi
case $principal in
*[!0-9a-fA-F-]* | "")
    echo "\`$principal\` is no object id; $usage" >&2
    exit 2
    ;;
esac

resource=$(az rest --method GET --query id --output tsv \
    --uri "$graph/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?\$select=id")
if [ -z "$resource" ]; then
    echo "Microsoft Graph does not say what it is called in this tenant" >&2
    exit 1
fi
assignments=$graph/v1.0/servicePrincipals/$principal/appRoleAssignments
granted() {
    az rest --method GET --uri "$assignments" --query "value[?resourceId=='$resource'].appRoleId" --output tsv
}
# An identity that was just made is not known everywhere yet.
has=$(granted || { sleep "${RETRY_SECONDS:-20}" && granted; } || { sleep "${RETRY_SECONDS:-20}" && granted; })

echo "$roles" | while read -r id name; do
    if echo "$has" | grep -q "$id"; then
        echo "$name: is granted"
    else
        az rest --method POST --uri "$assignments" --headers Content-Type=application/json --output none \
            --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$id\"}"
        echo "$name: granted now; tokens that the platform already has may not show it for a while"
    fi
done
for id in $has; do
    if ! echo "$roles" | grep -q "$id"; then
        echo "app role $id: is granted too, though nothing here needs it"
    fi
done
