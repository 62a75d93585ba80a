#!/bin/sh
# Renew requirements.txt: the newest versions that the extras and constraints of pyproject.toml allow.
set -eu
{
    echo "# The whole tree of packages, locked for Python 3.11 to 3.13 on Linux, macOS and Windows."
    echo "# Renewed by \`make lock\`, from the extras and the constraints in pyproject.toml. Do not edit."
    uv pip compile --quiet --no-header --upgrade --universal --python-version 3.11 --all-extras pyproject.toml
} >requirements.new
mv requirements.new requirements.txt
