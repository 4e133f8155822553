#!/bin/sh
# Proves the handler under the real Functions host: Core Tools and Azurite. Microsoft Graph, Entra and Cosmos DB are the
# offline world of the demo. Exit code 0 only if every step went as it should.
#
#   npm install --global azure-functions-core-tools@4 azurite
#   scripts/prove-host.sh
#
# It proves: the start, an HTTP function, a timer by its schedule and by hand, a queue output and the message that comes
# of it, a handler that is killed, and at the end that the copy equals the tenant. docs/host.md has the statements.
set -eu
cd "$(dirname "$0")/.."

for tool in azurite cargo curl func; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing: npm install --global azure-functions-core-tools@4 azurite" >&2
        exit 1
    fi
done
if [ ! -d /proc/self ]; then
    echo "this needs Linux: the handler is found by its executable in /proc" >&2
    exit 1
fi

work=$(mktemp -d)
mirror=$work/app/graph-mirror
children=
# The processes that the host has made of the handler.
handlers() {
    for process in /proc/[0-9]*; do
        if [ "$(readlink "$process/exe" || true)" = "$mirror" ]; then
            echo "${process#/proc/}"
        fi
    done
}
ended() {
    code=$?
    trap - EXIT
    for child in $children $(handlers); do
        kill "$child" 2>/dev/null || true
    done
    wait
    if [ "$code" -ne 0 ] && [ -s "$work/func.log" ]; then
        echo "the last lines of the host:" >&2
        tail -60 "$work/func.log" >&2
    fi
    rm -rf "$work"
    exit "$code"
}
trap ended EXIT
trap 'exit 1' INT TERM

# Tries a command once a second, so often, until it succeeds.
within() {
    tries=$1
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "not within its time: $*" >&2
            return 1
        fi
        sleep 1
    done
}
said() { grep -qF -- "$2" "$work/$1"; }
# The status of a request, and its body in $work/body.
request() { curl --silent --show-error --output "$work/body" --write-out '%{http_code}' -H 'content-type: application/json' "$@"; }
answers() { [ "$(request "$@")" = 200 ]; }
tracking() { answers "$host/api/status/users" && grep -qE '"state": ?"tracking"' "$work/body"; }
refreshed() { answers -X POST -d '' "$host/api/refresh/users"; }
same() {
    if [ "$1" != "$2" ]; then
        echo "wanted $2, got $1" >&2
        return 1
    fi
}
done_step() { echo "✓ $*"; }

cargo stage "$work/app"
printf '%s' '{"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","AzureWebJobsStorage":"UseDevelopmentStorage=true"}}' \
    >"$work/app/local.settings.json"
# Every minute, so that a schedule need not be waited for longer.
sed 's/"schedule": "[^"]*"/"schedule": "0 * * * * *"/' functions/sync_devices/function.json >"$work/app/sync_devices/function.json"

cargo demo --users 250 --keep --env "$work/settings" >"$work/demo.log" 2>&1 &
children=$!
azurite --silent --location "$work/azurite" --skipApiVersionCheck >"$work/azurite.log" 2>&1 &
children="$children $!"
within 600 said demo.log "The world lives until"
. "$work/settings"
curl --silent --fail --output "$work/body" -X POST "$WORLD/pause"
done_step "the demo, under the stand-in"

"$mirror" checkpoint reset users
export SYNC_BUDGET_SECONDS=0 # one page for each turn: what is left goes through the queue
host=http://127.0.0.1:7171
(cd "$work/app" && exec func start --port 7171) >"$work/func.log" 2>&1 &
children="$! $children"
within 300 answers "$host/api/status"
done_step "Core Tools $(func --version) started the handler, and an HTTP function answers"

status=$(request -X POST -d '{"input":""}' "$host/admin/functions/sync_users")
same "$status" 202
within 60 said func.log "Executed 'Functions.sync_users' (Succeeded"
done_step "a timer ran by hand"
within 120 said func.log "Executed 'Functions.continue_sync' (Succeeded"
within 120 tracking
done_step "what was left went through the queue"

within 150 said func.log "Executed 'Functions.sync_devices' (Succeeded"
done_step "a timer fired by its schedule"

curl --silent --fail --output "$work/body" -X PATCH -d '{"jobTitle":"Pilot"}' "$WORLD/users/any"
within 60 refreshed
done_step "a change arrived by refresh"

status=$(request -X POST -d '' "$host/api/notifications?validationToken=a%20token")
same "$status $(cat "$work/body")" "200 a token"
done_step "the validation token of a subscription came back as text"

handler=$(handlers)
kill -KILL ${handler:?the host runs no handler}
curl --silent --fail --output "$work/body" -X PATCH -d '{"jobTitle":"Navigator"}' "$WORLD/users/any"
within 60 refreshed
done_step "the host restarted a handler that was killed"

for resource in users groups devices; do
    "$mirror" verify "$resource"
done
echo "The copy equals the tenant, under the real host."
