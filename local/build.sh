#!/bin/sh
# Builds .aws-sam/build. `sam build` needs a python3.13 with pip; without one, wheels for it are downloaded instead.
set -eu
cd "$(dirname "$0")/.."

is_python313() {
    "$1" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

find_python313() { # on PATH, or where pyenv and uv keep theirs
    for candidate in python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
        "${XDG_DATA_HOME:-$HOME/.local/share}"/uv/python/cpython-3.13*/bin/python3.13; do
        if is_python313 "$candidate"; then command -v "$candidate" && return; fi
    done
    return 1
}

mkdir -p .aws-sam
if [ -z "${WITHOUT_PYTHON313:-}" ] && python=$(find_python313); then
    PATH="$(dirname "$python"):$PATH" .venv-sam/bin/sam build >.aws-sam/build.log 2>&1 || {
        cat .aws-sam/build.log >&2
        exit 1
    }
    # Lambda's /opt cannot be written: without bytecode in the layer, every cold start would compile it anew.
    "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash .aws-sam/build/SharedLayer >/dev/null
    echo "Built .aws-sam/build with sam and $("$python" -V)"
else
    .venv-sam/bin/python -m local.build
    echo "Built .aws-sam/build with wheels for python3.13, which is not on this machine"
fi
