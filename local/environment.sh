#!/bin/sh
# Makes or refreshes an environment from the lock: environment.sh FOLDER LOCK [PROJECT], or adds another lock's packages
# to what it has: environment.sh FOLDER LOCK --beside
# Needs Python 3.11 or newer with pip. uv installs; where it cannot be had or cannot reach the index, pip does.
set -eu
cd "$(dirname "$0")/.."
folder=$1 lock=$2 project=${3:-} from_lock=sync
if [ "$project" = --beside ]; then project= from_lock="install --requirement"; fi
uv_version=0.13.8
export PIP_DISABLE_PIP_VERSION_CHECK=1

is_python() { # is_python PROGRAM BELOW: whether it runs and is 3.11 or newer, and older than 3.BELOW
    "$1" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $2))" >/dev/null 2>&1
}

find_python() { # the versions that the tests run on come first
    for below in 14 99; do
        for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
            if is_python "$candidate" "$below"; then command -v "$candidate" && return; fi
        done
    done
    echo "Python 3.11 or newer is needed, python3 here is $(python3 -V 2>&1 || true): make PYTHON=/path/to/python" >&2
    return 1
}

make_venv() {
    python=$(find_python)
    echo "Making $folder with $("$python" -V)" >&2
    rm -rf "$folder"
    # Some systems ship Python without ensurepip: then the machine's pip reaches into the environment.
    "$python" -m venv "$folder" >/dev/null 2>&1 || "$python" -m venv --clear --without-pip "$folder"
    echo "$python" >"$folder/made-with"
}

pip() {
    if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
        "$folder/bin/python" -m pip --quiet "$@"
    else
        "$(cat "$folder/made-with")" -m pip --quiet --python "$folder/bin/python" "$@"
    fi
}

have_uv() {
    "$folder/bin/uv" --version 2>/dev/null | grep -q "^uv $uv_version" || pip install "uv==$uv_version" 2>/dev/null
}

is_python "$folder/bin/python" 99 || make_venv
echo "Installing $lock" >&2 # standard output is the target's own: make event is piped into sam
# shellcheck disable=SC2086  # $from_lock is words
if have_uv && "$folder/bin/uv" pip $from_lock "$lock" --quiet --require-hashes --python "$folder/bin/python" 2>/dev/null; then
    install="$folder/bin/uv pip install --quiet --python $folder/bin/python"
else
    pip install --no-deps --require-hashes --requirement "$lock" # the lock is whole; older pips stumble over extras in it
    install="pip install"
fi
if [ -n "$project" ]; then # the lock's own setuptools builds, so nothing unpinned is fetched
    $install --no-deps --no-build-isolation --editable "$project"
fi
touch "$folder/ready"
