#!/usr/bin/env bash
# Makes the virtual environment with the pinned dependencies of requirements/NAME.lock.
# Nothing to do is the usual case and takes no time: the stamp holds the lock's and the project's checksum.
set -euo pipefail
name=${1:-dev}
venv=${VENV:-.venv}
python=${PYTHON:-python3}
lock=requirements/$name.lock
wanted=$(cat "$lock" pyproject.toml requirements/uv.txt | cksum)
stamp=$venv/.installed-$name
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

command -v "$python" >/dev/null || { echo "There is no $python: install Python 3.11 to 3.14, or name one with PYTHON=..." >&2; exit 2; }
"$python" - <<'PY' || exit 2
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    sys.exit(f"Python {sys.version.split()[0]} is too old or too new: shelfcast runs on 3.11 to 3.14. Name one with PYTHON=...")
PY

started=$(date +%s)
if [ ! -x "$venv/bin/python" ]; then
    echo "Making $venv with $("$python" --version) ..."
    "$python" -m venv "$venv" || { echo "python -m venv failed: on Debian and Ubuntu, apt-get install python3-venv." >&2; exit 2; }
fi
count=$(grep -c '^[a-zA-Z0-9].*==' "$lock")
echo "Installing $count pinned packages from $lock ..."
if "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt \
    && "$venv/bin/uv" pip install --python "$venv/bin/python" --require-hashes -r "$lock"; then
    "$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-deps -e .
else
    echo "uv could not do it here; pip takes a few minutes ..."
    "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes -r "$lock"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps -e .
fi
echo "$wanted" > "$stamp"
echo "$(( $(date +%s) - started ))" > "$venv/.install-seconds"
echo "Installed in $(cat "$venv/.install-seconds") s."
