#!/usr/bin/env bash
# What `make run` shows: a conversation on a terminal, a demonstration that needs no answers
# anywhere else (CI, a pipe).   usage: first_run.sh PROGRAM
set -euo pipefail
if [ -t 0 ] && [ -t 1 ]; then
  exec "$1" chat
fi
exec "$1" demo
