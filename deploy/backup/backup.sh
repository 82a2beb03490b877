#!/usr/bin/env bash
# Writes a backup of the database: backup.sh <folder>
#
#   DATABASE_URL or DATABASE_URL_FILE   the database, as the sign-on has it; a role that may read everything is enough
#   BACKUP_RECIPIENTS                   a file of public keys for age; then the backup can be read by their owners alone
#   KEYRING or KEYRING_FILE             as the sign-on has it, to make sure that it is not kept in the same place
#
# The keyring is not in it, and belongs elsewhere: a backup with its keyring is every citizen's data in clear, and a backup whose
# keyring is lost is nothing. docs/operasi/backup.md says the rest.
set -euo pipefail
umask 077

# shellcheck source=database.sh
. "$(dirname -- "$(realpath -- "$0")")/database.sh"

[ $# -eq 1 ] || fail "usage: backup.sh <folder>"
folder=$(realpath -- "$1")
[ -d "$folder" ] || fail "there is no folder $1"

keyring=${KEYRING:-${KEYRING_FILE:-}}
case $keyring in
  '' | '{'*) ;;
  *) case $(realpath -m -- "$keyring") in "$folder"/*) fail "the keyring lies in $folder: keep it where no backup is" ;; esac ;;
esac

if [ -n "${BACKUP_RECIPIENTS:-}" ]; then
  need age age
  [ -r "$BACKUP_RECIPIENTS" ] || fail "BACKUP_RECIPIENTS=$BACKUP_RECIPIENTS cannot be read"
fi

# An older pg_dump does not know a newer server.
server=$(psql --no-psqlrc --tuples-only --no-align --command 'show server_version_num' "$url")
client=$(pg_dump --version | sed -E 's/.* ([0-9]+)[.a-z].*/\1/')
[ "$client" -ge $((server / 10000)) ] || fail "pg_dump is of version $client and the server of $((server / 10000)): install postgresql-client-$((server / 10000))"

name=sso-$(date --utc +%Y%m%dT%H%M%SZ).dump
part=$folder/.$name.part
trap 'rm -f -- "$part" "$part.age"' EXIT

# What runs by itself within minutes is left out. Sessions that have ended since would be alive again after a restore.
pg_dump --format=custom --no-owner --no-privileges --lock-wait-timeout=60000 \
  --exclude-table-data=protocol_state --exclude-table-data=counters --file="$part" "$url"

# What cannot be read back is no backup.
contents=$(pg_restore --list "$part")
[[ $contents == *'TABLE DATA public accounts '* ]] || fail "the dump holds no accounts"
if [ -n "${BACKUP_RECIPIENTS:-}" ]; then
  age --encrypt --recipients-file "$BACKUP_RECIPIENTS" --output "$part.age" "$part"
  mv -- "$part.age" "$part"
  name=$name.age
fi
(cd "$folder" && mv -- "$part" "$name" && sha256sum -- "$name" > "$name.sha256")
echo "$folder/$name"
