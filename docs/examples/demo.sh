#!/usr/bin/env bash
# The tour that `make demo` runs: one app from nothing to nothing, against a local emulator: an edit of ours, one behind our back, two pictures.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if ! command -v reconciler >/dev/null; then
    echo "reconciler is not on the PATH: run \`make demo\`, which installs it." >&2
    exit 1
fi

# shellcheck source=docs/examples/tour.sh
source "$root/docs/examples/tour.sh"

cp -R "$root/manifests/auto-annotation" "$root/docs/examples/edit_behind_our_back.py" "$work"
cd "$work"

# Nothing of the caller's Clarifai account reaches the tour.
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(CLARIFAI|RECONCILER)_' || true)
export CLARIFAI_USER_ID=me-local
export CLARIFAI_PAT=demo-token

say "A local Clarifai: a real gRPC server over SQLite"
printf '%s$ reconciler emulator --port 0 --database clarifai.db &%s\n' "$bold" "$plain"
reconciler emulator --port 0 --database clarifai.db --user-id "$CLARIFAI_USER_ID" --pat "$CLARIFAI_PAT" >emulator.log 2>&1 &
emulator=$!
for _ in $(seq 300); do
    grep -q '^Clarifai emulator ready on ' emulator.log && break
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
done
if ! grep '^Clarifai emulator ready on ' emulator.log; then
    echo "The emulator did not start:" >&2
    cat emulator.log >&2
    exit 1
fi
CLARIFAI_API_BASE=$(sed -n 's/^Clarifai emulator ready on \([^ ]*\).*/\1/p' emulator.log)
export CLARIFAI_API_BASE
printf '%s$ export CLARIFAI_API_BASE=%s CLARIFAI_USER_ID=%s%s\n' "$bold" "$CLARIFAI_API_BASE" "$CLARIFAI_USER_ID" "$plain"

# ---- from nothing to the whole system

say "Are the manifests right? Nothing is asked of the service"
run reconciler validate auto-annotation

say "What would be created?"
expect 2 reconciler plan auto-annotation --detailed-exitcode

say "Create it"
run reconciler apply auto-annotation --auto-approve

say "Plan again: nothing to do"
run reconciler plan auto-annotation --detailed-exitcode

# ---- an edit of ours

say "We raise a threshold from 0.5 to 0.6"
file=$(grep -rlE '^ *name: *greater-than *$|[{ ]name: *greater-than *[,}]' auto-annotation)
cp "$file" before.yaml
sed -e '/name: *greater-than/,/^---/ s/value: 0\.5/value: 0.6/' before.yaml >"$file"
diff -u --label before --label after before.yaml "$file" && { echo "The edit changed nothing in $file." >&2; exit 1; }

say "A parameter lives in a model version: the plan shows the new version and who follows it"
expect 2 reconciler plan auto-annotation --detailed-exitcode
run reconciler apply auto-annotation --auto-approve
run reconciler plan auto-annotation --detailed-exitcode

# ---- an edit behind our back

say "Another client changes the live model, without telling us"
run python edit_behind_our_back.py

say "The drift is seen, shown and repaired"
expect 2 reconciler drift auto-annotation
expect 2 reconciler plan auto-annotation --detailed-exitcode
run reconciler apply auto-annotation --auto-approve
run reconciler drift auto-annotation

# ---- what it is for

say "Two pictures: the app's default workflow looks at them and writes what it sees"
run reconciler inputs add auto-annotation/pictures/astronaut.jpg auto-annotation/pictures/cat.jpg --id-from-name --app-id people-app

say "What it is sure of is SUCCESS, the rest is PENDING and waits for a human"
run reconciler annotations list --app-id people-app

say "No manifest speaks of them, so they are left alone: the plan is still empty"
run reconciler plan auto-annotation --detailed-exitcode

# ---- and back to nothing

say "An app that holds pictures is not deleted, whatever the flags: they may exist nowhere else"
expect 4 reconciler destroy auto-annotation --delete-app "$CLARIFAI_USER_ID/people-app" --auto-approve

say "What we made goes; the app stays with its pictures, and what was said of them can still be looked at"
run reconciler destroy auto-annotation --auto-approve
run reconciler annotations list --app-id people-app --status success

printf '\n%sThe tour is over: created, edited, drifted, repaired, used, removed.%s\n' "$bold" "$plain"
