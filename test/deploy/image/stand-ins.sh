#!/usr/bin/env bash
# Stand-ins for the two bases of deploy/container/Containerfile, and for the images that deploy/compose/compose.yaml names besides ours, under their names
# and of Debian's packages, for a machine that reaches these and no registry of images. As root, with mmdebstrap and podman; the first argument is the node of node_modules. For trying only: production pulls the real ones.
set -euo pipefail

node=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
chmod 755 "$here"
deploy=$(dirname "$0")/../../../deploy
mapfile -t bases < <(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$deploy/container/Containerfile")

has() { podman image exists "$1"; }

if ! has "${bases[0]}"; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$here/build"
  install -D --mode 755 "$node" "$here/build/usr/local/bin/node"
  mkdir -p "$here/build/usr/local/lib/node_modules"
  cp -r "$(dirname "$(realpath "$(command -v npm)")")/.." "$here/build/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$here/build/usr/local/bin/npm"
  tar -C "$here/build" -c . | podman import --quiet - "${bases[0]}"
fi

if ! has "${bases[1]}"; then
  mkdir "$here/packages" "$here/base"
  (cd "$here/packages" && apt-get download -qq base-files netbase tzdata ca-certificates libc6 libssl3 libgcc-s1 libstdc++6 gcc-12-base) 2>/dev/null
  for package in "$here"/packages/*.deb; do dpkg-deb --extract "$package" "$here/base"; done
  mkdir -p "$here/base/etc/ssl/certs" "$here/base/home/nonroot"
  cat "$here"/base/usr/share/ca-certificates/mozilla/*.crt > "$here/base/etc/ssl/certs/ca-certificates.crt"
  # The real one has no program at all.
  rm -r "$here/base/usr/sbin"
  printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin > "$here/base/etc/passwd"
  printf '%s\n' root:x:0: nonroot:x:65532: > "$here/base/etc/group"
  chown 65532:65532 "$here/base/home/nonroot"
  tar -C "$here/base" -c . | podman import --quiet --change 'USER 65532' --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' - "${bases[1]}"
fi

mapfile -t stores < <(sed -n 's|^ *image: \(.*/.*\)|\1|p' "$deploy/compose/compose.yaml")
for image in "${stores[@]}"; do
  if has "$image"; then continue; fi
  if ! has localhost/sso-stores; then
    # No cluster is made while packages are unpacked.
    mmdebstrap --quiet --variant=minbase --include=postgresql,redis-server,nginx-light,curl bookworm "$here/stores" \
      --essential-hook='mkdir -p "$1/etc/postgresql-common" && echo create_main_cluster=false > "$1/etc/postgresql-common/createcluster.conf"'
    printf '%s\n' root:x:0:0:root:/root:/bin/bash postgres:x:999:999::/var/lib/postgresql:/bin/bash nginx:x:101:101::/nonexistent:/bin/false > "$here/stores/etc/passwd"
    install -d -o 999 -g 999 -m 1777 "$here/stores/var/lib/postgresql"
    install -d -o 999 -g 999 -m 3777 "$here/stores/run/postgresql"
    install -d -o 999 -g 999 "$here/stores/data"
    ln -sf /dev/stderr "$here/stores/var/log/nginx/error.log"
    tar -C "$here/stores" -c . | podman import --quiet - localhost/sso-stores
  fi
  name=${image##*/}
  podman build --quiet --format docker --target "${name%%:*}" --tag "$image" "$(dirname "$0")/stores"
done
