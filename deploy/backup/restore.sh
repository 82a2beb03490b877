#!/usr/bin/env bash
# Puts a backup into an empty database: restore.sh [--drill] <file>
#
#   DATABASE_URL or DATABASE_URL_FILE   the empty database, by its owner
#   BACKUP_IDENTITY                     for an encrypted backup (….age), the file of the private key
#
#   --drill                             a copy to try something on, beside the real one: what waited to be sent is dropped, or real
#                                       people and services would hear from the copy
#
# All of it or nothing: one transaction. docs/operasi/backup.md says what to do before and after.
set -euo pipefail
umask 077

# shellcheck source=database.sh
. "$(dirname -- "$(realpath -- "$0")")/database.sh"

drill=
if [ "${1:-}" = --drill ]; then
  drill=yes
  shift
fi
[ $# -eq 1 ] || fail "usage: restore.sh [--drill] <file>"
file=$(realpath -- "$1")
[ -f "$file" ] || fail "there is no file $1"

[ -f "$file.sha256" ] || fail "there is no $file.sha256 to check the backup by"
(cd "$(dirname -- "$file")" && sha256sum --check --status -- "$(basename -- "$file").sha256") || fail "the file is not the one that was written: its sum differs"

case $file in
  *.age)
    need age age
    [ -n "${BACKUP_IDENTITY:-}" ] || fail "set BACKUP_IDENTITY: the file of the private key that opens $(basename -- "$file")"
    [ -r "$BACKUP_IDENTITY" ] || fail "BACKUP_IDENTITY=$BACKUP_IDENTITY cannot be read"
    ;;
esac

tables=$(psql --no-psqlrc --tuples-only --no-align --command "select count(*) from pg_tables where schemaname = 'public'" "$url")
[ "$tables" -eq 0 ] || fail "the database is not empty ($tables tables): make a new one"

restore() { pg_restore --single-transaction --exit-on-error --no-owner --no-privileges --dbname="$url" "$@"; }
case $file in
  *.age) age --decrypt --identity "$BACKUP_IDENTITY" "$file" | restore ;;
  *) restore "$file" ;;
esac
if [ -n "$drill" ]; then
  ask() { psql --no-psqlrc --tuples-only --no-align --command "$1" "$url"; }
  messages=$(ask "with gone as (delete from messages where state in ('queued', 'sending') returning 1) select count(*) from gone")
  notices=$(ask "with gone as (delete from logout_notices where state = 'pending' returning 1) select count(*) from gone")
  echo "dropped, for a drill: $messages messages and $notices logout notices that waited"
fi
# An owner who is not the administrator would hear of every table of the system that it may not analyse.
psql --no-psqlrc --quiet --command "set client_min_messages = error" --command analyze "$url"
echo "restored: $(psql --no-psqlrc --tuples-only --no-align --command 'select count(*) from accounts' "$url") accounts"
