# SPDX-License-Identifier: GPL-2.0-or-later
#
# table.jq - the report as text: a plot a block, a point a line, ratios first

def pad($n): tostring | . + (" " * ([$n - length, 0] | max));
def round3: if . == null then "-"
  elif . >= 100 then (. * 10 | round / 10 | tostring)
  else (. * 1000 | round / 1000 | tostring) end;
def cell: "\(.median | round3) [\(.min | round3) .. \(.max | round3)]";

def block:
  .ours as $ours
  | ([.points[].ratios | keys[]] | unique) as $peers
  | ([.points[].series | keys[]] | unique | (. - (. - [$ours])) + (. - [$ours])) as $series
  | "\(.title) (\(.unit), \(.better) is better; median [least .. most])",
    ("  " + (.x | pad(22)) + ($peers | map("vs \(.)" | pad(18)) | join("")) + ($series | map(pad(30)) | join(""))),
    (.points[] | . as $p
     | "  " + (.x | pad(22))
       + ($peers | map($p.ratios[.] | if . == null then "-" else "\(round3)x" end | pad(18)) | join(""))
       + ($series | map($p.series[.] | if . == null then "-" else cell end | pad(30)) | join(""))),
    "";

.[] | block | sub(" +$"; "")
