# What the tours share; they source it: shown commands whose exit code is checked, and a folder and an emulator that are gone at the end.
# shellcheck shell=bash

bold='' dim='' plain=''
if [[ -z ${NO_COLOR:-} && (-t 1 || -n ${FORCE_COLOR:-}) ]]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

step=0
say() {
    step=$((step + 1))
    printf '\n%s# %d. %s%s\n' "$dim" "$step" "$*" "$plain"
}

# expect CODE COMMAND...: shows the command, runs it, and stops the tour unless it exits with CODE.
expect() {
    local wanted=$1 code=0
    shift
    printf '%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@" || code=$?
    if [[ $code -ne $wanted ]]; then
        echo "The tour stops: the command above exited with $code, expected $wanted." >&2
        exit 1
    fi
    if [[ $wanted -ne 0 ]]; then
        printf '%s(exit code %d)%s\n' "$dim" "$code" "$plain"
    fi
}
run() { expect 0 "$@"; }

work=$(mktemp -d)
emulator=
finish() {
    if [[ -n $emulator ]]; then
        kill "$emulator" 2>/dev/null || true
        wait "$emulator" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
