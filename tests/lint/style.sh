# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# style.sh TOP - what C files look like, and what the modules may not call
#
# The rules that a regular expression can see; each is a row: files, a pattern that no line may match (of
# lines with their strings emptied and their comments cut), and the sentence.
set -u
cd "$1" || exit 2

all='*.[ch]' ours='drivers/*.[ch]'
rules=(
  "$all|[[:blank:]]+\$|no line ends with blanks"
  "$all|^ {8}|lines are indented with tabs"
  "$all| +	|no blank stands before a tab"
  "$all|(^|[^[:alnum:]_])(if|for|while|switch)\(|a keyword and its parenthesis have a blank between them"
  "$all|^#[[:space:]]*if 0|nothing is switched off by #if 0"
  "$all|(^|[^[:alnum:]_])sizeof [^(]|sizeof has parentheses"
  "$ours|(^|[^[:alnum:]_])(strcpy|strcat|sprintf|vsprintf|gets|alloca)\(|no copy without a limit"
  "drivers/*.c|^extern |what another file has is declared in its header"
  "$ours|(^|[^[:alnum:]_])(BUG|BUG_ON|panic)\(|a module never stops the kernel"
  "$ours|(^|[^[:alnum:]_])printk\(|messages go through pr_, dev_ or netdev_"
  "$ours|(^|[^[:alnum:]_])(strncpy|strlcpy|simple_strto[a-z]*)\(|a call that the kernel deprecates is not used"
  "$ours|(^|[^m] )volatile |no object is volatile"
  "$ours|(^|[^[:alnum:]_])(mdelay|yield)\(|nothing spins for milliseconds"
  "$ours|(^|[^[:alnum:]_])k[mz]alloc\(sizeof\(struct|memory is sized by the pointer that gets it"
  "$ours|(^|[^[:alnum:]_])k[mz]alloc\([^,]*[^>] \* |a product is allocated by kcalloc or kmalloc_array"
  "$ours|(^|[^[:alnum:]_])in_(atomic|interrupt|irq|softirq)\(|no code asks in which context it runs"
)

# FILE:LINE:TEXT of every line, strings emptied, comments of one line and bodies of longer ones cut.
lines() {
  git ls-files -co --exclude-standard -- "$1" | while read -r file; do [ ! -e "$file" ] || echo "$file"; done |
    xargs awk '
      FNR == 1 { inside = 0 }
      {
        text = $0
        gsub(/\\["\\]/, "", text); gsub(/"[^"]*"/, "\"\"", text); gsub(/\/\*([^*]|\*[^\/])*\*\//, "", text)
        if (inside) { if (text !~ /\*\//) next; sub(/.*\*\//, "", text); inside = 0 }
        if (text ~ /\/\*/) { sub(/[[:blank:]]*\/\*.*/, "", text); inside = 1 }
        if (FNR > 1) sub(/(^|[[:blank:]]+)\/\/.*/, "", text)
        else sub(/\/\/.*/, "", text)
        if (text == $0 || text !~ /[[:blank:]]$/) print FILENAME ":" FNR ":" text
      }'
}

verdict() { # SENTENCE OFFENDERS
  if [ -z "$2" ]; then echo "ok - $1"; else
    echo "not ok - $1"
    printf '%s\n' "$2" | head -n 20 | sed 's/^/# /'
  fi
}

echo 1..$((${#rules[@]} + 2))
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
lines "$all" >"$dir/all"
lines "$ours" >"$dir/ours"
grep '^[^:]*\.c:' "$dir/ours" >"$dir/ours.c"
for rule in "${rules[@]}"; do
  files=${rule%%|*} rule=${rule#*|}
  pattern=${rule%|*} sentence=${rule##*|}
  case $files in "$all") from=all ;; "$ours") from=ours ;; *) from=ours.c ;; esac
  verdict "$sentence" "$(sed -E 's/^([^:]*:[0-9]*):/\1\x01/' "$dir/$from" | awk -F '\001' -v pattern="$pattern" \
    '$2 ~ pattern { print $1 ": " $2 }')"
done
verdict "no file is longer than 900 lines" "$(git ls-files -co --exclude-standard -- "$all" |
  xargs wc -l | awk '$1 > 900 && $2 != "total" { print $2 ": " $1 " lines" }')"
# A function's body ends where a line begins with its brace.
verdict "no function of the modules is longer than 75 lines" "$(git ls-files -co --exclude-standard -- 'drivers/*.c' |
  xargs awk '/^{/ { start = FNR } /^}/ && start { if (FNR - start > 75) print FILENAME ":" start ": " FNR - start " lines"; start = 0 }')"
