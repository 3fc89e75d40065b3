#!/bin/sh
# Prints a Python that can make the environment: $PYTHON where set, else the newest of those the course is tested on.
# "python3" comes after the numbered names, so that a newer, untested Python is taken only where there is nothing else.
if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3.13 python3.12 python3.11 python3 python
fi
without_venv=""
for candidate in "$@"; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            exit 0
        fi
        without_venv="$candidate"
    fi
done
if [ -n "$without_venv" ]; then
    echo "crmlab: $without_venv lacks the modules venv and ensurepip." >&2
    echo "On Debian or Ubuntu: sudo apt install python3-venv" >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "crmlab: PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
else
    echo "crmlab: no Python 3.11 or newer was found (looked for: $*)." >&2
    echo "Install one, or name it: make lab PYTHON=/path/to/python3.12" >&2
fi
exit 1
