#!/bin/sh
# autogen.sh - make ./configure in a checkout. A tarball has one already.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install
