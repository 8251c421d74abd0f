#!/bin/sh
# Set up everything that `make demo` and `make test` need: virtual environment, packages, a browser, the embedded model.
# Usage: scripts/setup.sh PYTHON VENV. Safe to run again; each step is skipped when it is done already.
set -eu
PYTHON=$1
VENV=$2
cd "$(dirname "$0")/.."

step() { printf 'setup  %s\n' "$1" >&2; }
fail() { printf 'setup  error: %s\n       %s\n' "$1" "$2" >&2; exit 2; }

apt_install() { # apt_install REASON PACKAGE...
    reason=$1; shift
    command -v apt-get >/dev/null || fail "$reason" "Install $* with your system's package manager, then run make again."
    if [ "$(id -u)" = 0 ]; then sudo=""; elif command -v sudo >/dev/null; then sudo=sudo; else
        fail "$reason" "As root: apt-get install $*. Then run make again."
    fi
    step "installing $* ($reason)"
    $sudo apt-get -qq update >/dev/null || fail "the package lists cannot be read" "Check the network, then run make again."
    DEBIAN_FRONTEND=noninteractive $sudo apt-get -qq install -y --no-install-recommends "$@" >/dev/null ||
        fail "$* could not be installed" "Install it by hand, then run make again."
}

command -v "$PYTHON" >/dev/null || apt_install "no Python here" python3 python3-venv
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old" "Install Python 3.11 or newer and run: make PYTHON=python3.11"

if [ ! -x "$VENV/bin/python" ]; then
    step "making the virtual environment $VENV"
    "$PYTHON" -m venv "$VENV" 2>/dev/null || {
        rm -rf "$VENV"
        apt_install "Python has no venv module" python3-venv
        "$PYTHON" -m venv "$VENV" || fail "no virtual environment could be made in $VENV" "Check that the folder is writable."
    }
fi

stamp=$VENV/.installed
wanted=$(cat pyproject.toml constraints.txt | cksum)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    step "installing Python packages (about 1.5 GB; a minute or more)"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check 'pip>=25.1' || fail "pip could not be updated" "Check the network, then run make again."
    # torch first and by its exact version: otherwise a newer build with gigabytes of GPU libraries may be chosen.
    "$VENV/bin/pip" install --quiet "$(grep '^torch==' constraints.txt)" || fail "torch could not be installed" "Check the network and the free disk space, then run make again."
    "$VENV/bin/pip" install --quiet --constraint constraints.txt --editable . --group dev || fail "the packages could not be installed" "Check the network and the free disk space, then run make again."
    printf '%s' "$wanted" >"$stamp"
fi

if ! "$VENV/bin/python" -c 'from browser.launch import find_browser; find_browser()' 2>/dev/null; then
    apt_install "no Chrome or Chromium found" chromium
fi
command -v curl >/dev/null || apt_install "the demo's app is seeded with curl" curl ca-certificates
# The newcomer's test types into a terminal. Without tmux that test alone is skipped, so nothing fails here.
command -v tmux >/dev/null || (apt_install "a test types into a terminal" tmux) || step "no tmux: one test will be skipped"

"$VENV/bin/apprentice" setup >/dev/null || exit $?
step "ready"
