# shellcheck shell=bash
# Which database backup.sh and restore.sh mean. They read this file; it does nothing by itself.

fail() { echo "$(basename -- "$0" .sh): $*" >&2; exit 1; }

# Looked at before anything is done: a backup that fails at its end has taken its time in vain.
need() { command -v "$1" > /dev/null || fail "$1 is not installed: apt install $2, or what your system calls it"; }

if [ -z "${DATABASE_URL:-}" ]; then
  [ -n "${DATABASE_URL_FILE:-}" ] || fail "set DATABASE_URL or DATABASE_URL_FILE"
  [ -r "$DATABASE_URL_FILE" ] || fail "DATABASE_URL_FILE=$DATABASE_URL_FILE cannot be read"
fi
url=${DATABASE_URL:-$(cat -- "${DATABASE_URL_FILE:-}")}
need psql postgresql-client

# Not on a command line, which everybody on the machine may read.
if [[ $url =~ ^([a-z]+://[^:/@?]*):([^@/?]*)@(.*)$ ]]; then
  url=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
  password=${BASH_REMATCH[2]//\\/\\\\}
  printf -v PGPASSWORD '%b' "${password//%/\\x}"
  export PGPASSWORD
fi
