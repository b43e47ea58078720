# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# static.sh TOP - clang-tidy and cppcheck find nothing that tests/lint/exceptions does not explain
#
# clang-tidy looks at each source of host, lib, agent and cli; what it said of a source is kept in
# build/cache/tidy under the checksum of the preprocessed text, so that only what changed is looked at
# again.  cppcheck looks at the same sources; the modules have sparse and W=1 (drivers.sh).
set -u
cd "$1" || exit 2
cache=$1/build/cache/tidy exceptions=tests/lint/exceptions
mkdir -p "$cache"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

checks='-*,clang-analyzer-*,bugprone-*'
read -ra flags <<<"-std=gnu11 -DHAVE_CONFIG_H -D_GNU_SOURCE -DPKGLIBDIR=\"\" -DPKGLIBEXECDIR=\"\" -I. -Iinclude -Ibuild/check -Ibuild/check/lib -Ibuild/check/agent \
  $(pkg-config --cflags glib-2.0 gio-2.0 gio-unix-2.0 json-c libevent_core libtirpc libnl-route-3.0)"

tidy_one() {
  local file=$1 key
  # What does not even preprocess is a fault of the flags here, and said.
  key=$({ printf '%s\n' "$checks" && clang -E -P "${flags[@]}" "$file"; } 2>&1 | sha256sum | cut -d ' ' -f 1)
  if [ ! -e "$cache/$key" ]; then
    clang-tidy --quiet --checks="$checks" "$file" -- "${flags[@]}" 2>/dev/null | grep -E '(warning|error): .*\[' |
      sed -E "s|^$PWD/||; s|:([0-9]+):[0-9]+: |:\1: |" >"$cache/$key.$$"
    mv "$cache/$key.$$" "$cache/$key"
  fi
  sed 's/^/clang-tidy /' "$cache/$key"
  touch "$cache/$key"
}
export -f tidy_one
export checks cache

# Prints what no row of the exceptions explains; rows that explain nothing go to $out/unused.
judge() {
  awk -v unused="$out/unused" '
    FNR == NR {
      if ($0 ~ /^#/ || !NF) next
      n++; tool[n] = $1; rule[n] = $2; path[n] = $3
      next
    }
    {
      match($0, /\[[a-zA-Z0-9_.,-]+\]$/); name = substr($0, RSTART + 1, RLENGTH - 2); file = $2; sub(/:.*/, "", file)
      for (i = 1; i <= n; i++)
        if (tool[i] == $1 && name ~ ("^" rule[i]) && file ~ ("^" path[i])) { used[i]++; next }
      print
    }
    END { for (i = 1; i <= n; i++) if (!used[i]) print tool[i], rule[i], path[i] >unused }' "$exceptions" "$1"
}

mapfile -t sources < <(git ls-files 'host/*.c' 'lib/*.c' 'agent/*.c' 'cli/*.c')
printf '%s\n' "${sources[@]}" | FLAGS=$(declare -p flags) xargs -P "$(nproc)" -I{} bash -c 'eval "$FLAGS"; tidy_one {}' >"$out/all"
# What nobody asked for in a month is of sources that are gone.
find "$cache" -type f -mtime +30 -delete
cppcheck --quiet -j "$(nproc)" --enable=warning,performance,portability --std=c11 --library=posix,gnu,bsd \
  --include=/usr/include/x86_64-linux-gnu/sys/queue.h -D__GNUC__=12 -D__linux__ -I include -I . --suppress=missingInclude \
  --template='cppcheck {file}:{line}: {message} [{id}]' --template-location='' "${sources[@]}" >>"$out/all" 2>&1

touch "$out/unused"
bad=$(judge "$out/all")
echo 1..2
if [ -z "$bad" ]; then echo "ok - clang-tidy and cppcheck find nothing in ${#sources[@]} sources"; else
  echo "not ok - clang-tidy and cppcheck find nothing; what is wrong of them goes to $exceptions"
  printf '%s\n' "$bad" | head -n 60 | sed 's/^/# /'
fi
if [ ! -s "$out/unused" ]; then echo "ok - each row of the exceptions is needed"; else
  echo "not ok - each row of the exceptions is needed"
  sed 's/^/# /' "$out/unused"
fi
