#!/bin/sh
# Sees to it that there is a Chromium for the tests of pages: the one that is there, else
# Debian's, else Playwright's own. The first argument is the environment's folder of programs.
set -eu
BIN=${1:-.venv/bin}

present() {
  [ -n "${MOLQ_CHROMIUM:-}" ] && return 0
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

present && exit 0
echo '==> installing Chromium for the tests of pages (once, about 100 MB)'
if command -v apt-get >/dev/null 2>&1 \
  && as_root apt-get update -qq >/dev/null 2>&1 \
  && as_root apt-get install -qq -y --no-install-recommends chromium >/dev/null 2>&1 \
  && present
then
  exit 0
fi
"$BIN/playwright" install --with-deps --only-shell chromium && exit 0
echo 'no Chromium could be installed: install one and set MOLQ_CHROMIUM to its path' >&2
exit 1
