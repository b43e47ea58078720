# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# licence.sh TOP - every file says its licence, and the one that its folder has
set -u
cd "$1" || exit 2

wanted() {
  case $1 in
    LICENSES/* | tests/fuzz/corpus/* | tests/wire/*.bin | *.md | .gitignore) echo - ;;
    include/vmci_sockets.h | include/vmci_kernel.h | include/uapi/*.h | lib/vmt.h | lib/libvmt.h) echo MIT ;;
    drivers/Makefrag.am) echo GPL-2.0-or-later ;;
    drivers/* | tests/guest/vmcitest/* | tests/guest/benchvmci/*) echo GPL-2.0-only ;;
    *) echo GPL-2.0-or-later ;;
  esac
}

echo 1..2
files=0 bad=''
while read -r file; do
  [ -f "$file" ] && [ -s "$file" ] || continue
  want=$(wanted "$file")
  [ "$want" != - ] || continue
  files=$((files + 1))
  got=$(head -n 3 "$file" | sed -n 's/.*SPDX-License-Identifier: \([^ ]*\( WITH [^ ]*\)\{0,1\}\).*/\1/p')
  case $got in
    "$want") ;;
    *) bad+="# $file: '$got', not $want"$'\n' ;;
  esac
done < <(git ls-files -co --exclude-standard)
if [ -z "$bad" ]; then echo "ok - $files files name the licence of their folder"; else
  echo "not ok - files name the licence of their folder"
  printf '%s' "$bad"
fi
missing=''
for id in GPL-2.0-only GPL-2.0-or-later MIT; do [ -s "LICENSES/$id.txt" ] || missing+=" $id"; done
[ -z "$missing" ] && echo "ok - the text of each licence is there" || echo "not ok - missing texts:$missing"
