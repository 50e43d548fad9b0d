#!/bin/sh
# sam build for python3.13; where that Python is not on this machine, .venv-sam's Python downloads its wheels.
set -eu
cd "$(dirname "$0")/.."
