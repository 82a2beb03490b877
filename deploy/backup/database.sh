# shellcheck shell=bash
# Which database backup.sh and restore.sh mean. They read this file; it does nothing by itself.

fail() { echo "$(basename -- "$0" .sh): $*" >&2; exit 1; }

url=${DATABASE_URL:-$(cat -- "${DATABASE_URL_FILE:?set DATABASE_URL or DATABASE_URL_FILE}")}

# Not on a command line, which everybody on the machine may read.
if [[ $url =~ ^([a-z]+://[^:/@?]*):([^@/?]*)@(.*)$ ]]; then
  url=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
  password=${BASH_REMATCH[2]//\\/\\\\}
  printf -v PGPASSWORD '%b' "${password//%/\\x}"
  export PGPASSWORD
fi
