#!/bin/sh
# Set up the virtual environment: `sh tools/set_up.sh FOLDER PYTHON EXTRA`, where PYTHON may be empty and EXTRA is one of
#   book  what builds the site (no TensorFlow)
#   test  everything that runs chapters and tests
#   lab   the same and JupyterLab
# Does nothing when nothing has changed since; starts afresh where a set-up was interrupted.
set -eu

venv=$1 python=$2 extra=$3
case $extra in
book) extras=book ;;
test) extras=book,chapters,test ;;
lab) extras=book,chapters,test,lab ;;
esac

stamp=$venv/set-up-$extra
wanted=$(cat requirements.txt pyproject.toml | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c "" 2>/dev/null; then
    exit 0
fi

fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
if [ -z "$python" ]; then
    for candidate in python3 python python3.13 python3.12 python3.11; do
        if "$candidate" -c "$fits" 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
if [ -z "$python" ] || ! "$python" -c "$fits" 2>/dev/null; then
    echo "The course needs Python 3.11, 3.12 or 3.13 with its venv module (found ${python:-none}):" \
        "install one, or name it with 'make PYTHON=/path/to/python'." >&2
    exit 1
fi

# A half-finished set-up leaves this mark, and packages that may be broken.
mark=$venv/interrupted
if [ -f "$mark" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    echo "Making a virtual environment in $venv"
    mkdir -p "$venv"
    touch "$mark"
    "$python" -m venv "$venv"
fi
touch "$mark"
echo "Installing packages, once: the course's $extras (a few minutes)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint requirements.txt --editable ".[$extras]"
rm "$mark"
for part in $(echo "$extras" | tr ',' ' '); do
    case $part in book | test | lab) echo "$wanted" >"$venv/set-up-$part" ;; esac
done
