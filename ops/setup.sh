#!/bin/sh
# Makes what a checkout needs before Python can run: the environment, the front-end files, Chromium, the lock.
# Called by the Makefile only. Says nothing when there is nothing to do, one clear line when it cannot go on.
set -eu
cd "$(dirname "$0")/.."
VENV="$PWD/.venv"

fail() { echo "setup: $*" >&2; exit 2; }

fingerprint() {  # of everything the environment depends on; its path too, because scripts in it name it
    { echo "$PWD"; cat "$@"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1
}

usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3}; do
        if usable "$candidate"; then echo "$candidate"; return; fi
    done
    fail "no Python >= 3.11 with venv among: ${PYTHON:-python3, python3.11 to 3.14}." \
        "Install one (Debian: apt-get install python3-venv) or name it: make PYTHON=/path/to/python3.11"
}

environment() {
    wanted=$(fingerprint requirements.lock)
    if [ "$(cat "$VENV/stamp" 2>/dev/null)" != "$wanted" ]; then
        python=$(find_python)
        echo "setup: making the environment (.venv) from requirements.lock"
        "$python" -m venv --clear "$VENV"
        "$VENV/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock
        echo "$wanted" > "$VENV/stamp"
    fi
    [ -x "$VENV/bin/nightledger" ] || \
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
    front_end
}

front_end() {  # without npm this is tried, and said, at every start: the pages work without enhancements
    wanted=$(fingerprint package-lock.json ops/frontend.py)
    [ "$(cat "$VENV/front-end-stamp" 2>/dev/null)" = "$wanted" ] && [ -d web/static/vendor ] && return
    "$VENV/bin/python" -m ops.frontend
    if [ -d web/static/vendor ]; then echo "$wanted" > "$VENV/front-end-stamp"; fi
}

chromium() {  # browser tests skip without it on a laptop and fail when CI=true; so this never fails by itself
    command -v chromium >/dev/null 2>&1 && return
    command -v apt-get >/dev/null 2>&1 || { echo "setup: no Chromium and no apt here: browser tests will skip"; return; }
    if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else
        echo "setup: no Chromium and no right to install it: browser tests will skip (apt-get install chromium)"; return
    fi
    echo "setup: installing Chromium for the browser tests"
    { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium; } >/dev/null \
        || echo "setup: Chromium could not be installed: browser tests will skip"
}

lock() {  # pip-tools lives in a throw-away environment: it is no part of what we run
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    "$(find_python)" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "pip-tools>=7.4,<8"
    CUSTOM_COMPILE_COMMAND="make lock" "$tools/bin/pip-compile" --quiet --extra dev --generate-hashes --strip-extras \
        --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --output-file requirements.lock "$@" pyproject.toml
}

"$@"
