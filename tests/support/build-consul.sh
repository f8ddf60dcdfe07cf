#!/usr/bin/env bash
# Builds a current Consul from the Go module proxy: build-consul.sh DIRECTORY leaves DIRECTORY/consul there. For tests alone.
set -euo pipefail

version=v1.14.11
target=$(mkdir -p "$1" && cd "$1" && pwd)
[ -x "$target/consul" ] && exit 0

work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
export GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0

source=$(go mod download -json "github.com/hashicorp/consul@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -R "$source" "$work/consul"
chmod -R u+w "$work/consul"
cd "$work/consul"
# The modules that live inside its repository are not part of the published one; the versions that go.mod requires are.
sed -i '/^replace .* => \.\//d' go.mod
go build -trimpath -ldflags='-s -w' -o "$work/built" .
"$work/built" version
# In one step, so that whoever finds the file finds all of it.
cp "$work/built" "$target/consul.$$"
mv "$target/consul.$$" "$target/consul"
