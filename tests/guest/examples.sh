#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# examples.sh PAGE NAME - prints a complete program of a manual page
#
# It is the literal block whose first line begins with "/* NAME.c:".  No such block is an error.
set -eu
awk -v start="/* $2.c:" '
  /^\.Bd -literal/ { first = 1; next }
  /^\.Ed/ { found = found + inside; inside = first = 0; next }
  first { first = 0; inside = index($0, start) == 1 }
  inside { gsub(/\\e/, "\\"); print }
  END { exit found != 1 }
' "$1"
