#!/usr/bin/env bash
# The tour of trust: a change is planned on a branch, reviewed, applied exactly as reviewed, and watched ever after. Against a local emulator.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for program in reconciler git; do
    if ! command -v "$program" >/dev/null; then
        echo "$program is not on the PATH. \`make demo\` installs reconciler into .venv/bin." >&2
        exit 1
    fi
done

# shellcheck source=docs/examples/tour.sh
source "$root/docs/examples/tour.sh"

mkdir "$work/repository"
cp -R "$root/manifests/auto-annotation" "$root/docs/examples/edit_behind_our_back.py" "$work/repository"
cd "$work/repository"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init --quiet --initial-branch main
git config user.name Mia
git config user.email mia@example.com
commit() { git add --all auto-annotation && git commit --quiet --message "$*"; }
commit "The app as it is"

# Nothing of the caller's Clarifai account reaches the tour.
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(CLARIFAI|RECONCILER)_' || true)
export CLARIFAI_USER_ID=me-local
export CLARIFAI_PAT=demo-token

reconciler emulator --port 0 --database "$work/clarifai.db" --user-id "$CLARIFAI_USER_ID" --pat "$CLARIFAI_PAT" >"$work/emulator.log" 2>&1 &
emulator=$!
for _ in $(seq 300); do
    grep -q '^Clarifai emulator ready on ' "$work/emulator.log" && break
    kill -0 "$emulator" 2>/dev/null || break
    sleep 0.1
done
CLARIFAI_API_BASE=$(sed -n 's/^Clarifai emulator ready on \([^ ]*\).*/\1/p' "$work/emulator.log")
if [[ -z $CLARIFAI_API_BASE ]]; then
    echo "The emulator did not start:" >&2
    cat "$work/emulator.log" >&2
    exit 1
fi
export CLARIFAI_API_BASE
reconciler apply auto-annotation --auto-approve --quiet >/dev/null

# raise ID FROM TO: another threshold in the manifest of a model.
raise() {
    local file=auto-annotation/models.yaml
    sed -e "/name: *$1/,/^---/ s/value: $2/value: $3/" "$file" >"$work/raised" && cat "$work/raised" >"$file"
    git diff --quiet && { echo "The edit changed nothing in $file." >&2; exit 1; }
    return 0
}

# ---- the pull request

say "On a branch, a threshold is raised"
run git switch --quiet --create stricter
raise greater-than 0\\.5 0.6
commit "People are sure at 0.6"
run git --no-pager diff --unified=0 main -- auto-annotation

say "CI plans it with a token that can only read, keeps the plan, and writes what reviewers read"
run reconciler plan auto-annotation --out ../stricter.json --report markdown=../stricter.md
run head -n 12 ../stricter.md

say "Meanwhile a colleague plans another change of the same app"
run git switch --quiet --create looser main
raise less-than 0\\.5 0.4
commit "Doubt below 0.4"
run reconciler plan auto-annotation --out ../looser.json --quiet

# ---- the merge

say "The first is approved and merged. What is applied is the file that was reviewed, without asking"
run git switch --quiet main
run git merge --quiet --ff-only stricter
run reconciler show ../stricter.json --format gitlab
run reconciler apply ../stricter.json auto-annotation

say "The second was planned in a world that is gone: nothing is written, and what moved is named"
expect 5 reconciler apply ../looser.json

say "So it is planned again on top of main"
run git switch --quiet looser
run git -c core.editor=true rebase --quiet main
run reconciler plan auto-annotation --out ../looser.json --quiet

say "An edited plan is no plan"
sed -e 's/"value": 0\.4/"value": 0.1/' -e 's/"after": 0\.4/"after": 0.1/' ../looser.json >../edited.json
expect 5 reconciler apply ../edited.json
run reconciler apply ../looser.json --quiet
run git switch --quiet main
run git merge --quiet --ff-only looser

# ---- ever after

say "Every hour CI looks whether the app still is as it was applied"
run reconciler drift auto-annotation --since ../seen.json

say "Somebody edits the app in the browser"
run python edit_behind_our_back.py

say "The next look finds it, says that it is new, and tells the CI system in its own form"
expect 2 reconciler drift auto-annotation --since ../seen.json --report junit=../drift.xml
run grep '<failure' ../drift.xml

say "It may be borne with until a date, by somebody who answers for it: then it is told, and fails nothing"
cat >auto-annotation/reconciler.yaml <<'YAML'
drift:
  ignore:
  - {address: models/greater-than, path: description, owner: mia, until: 2099-12-31, reason: the team decides on Monday}
YAML
run reconciler drift auto-annotation
rm auto-annotation/reconciler.yaml

say "Or it is repaired"
run reconciler apply auto-annotation --auto-approve --quiet
run reconciler drift auto-annotation --since ../seen.json

printf '\n%sThe tour is over: planned, reviewed, applied as reviewed, refused when stale, watched, repaired.%s\n' "$bold" "$plain"
