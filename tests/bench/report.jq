# SPDX-License-Identifier: GPL-2.0-or-later
#
# report.jq - samples -> the report: for each plot and x, the median, the spread and the ratios
#
# input:  samples, one object a line: {plot, series, x, y}; plots is of plots.jq
# output: [{name, title, x, unit, better, ours, points: [{x, series: {NAME: {median, min, max, n}},
#           ratios: {PEER: ours / peer}}]}], in the order of plots.jq

include "plots";

def median: sort | if length % 2 == 1 then .[length / 2 | floor]
  else (.[length / 2 - 1] + .[length / 2]) / 2 end;

def point($ours):
  {x: .[0].x,
   series: (group_by(.series)
     | map({key: .[0].series,
            value: (map(.y) | {median: median, min: min, max: max, n: length})})
     | from_entries)}
  | .series as $s
  | .ratios = (if $s[$ours] == null then {} else
      ($s | to_entries | map(select(.key != $ours and .value.median > 0)
        | {key, value: ($s[$ours].median / .value.median)}) | from_entries) end);

[inputs] | group_by(.plot) | map({key: .[0].plot, value: .}) | from_entries as $samples
| ($samples | keys - (plots | map(.name))) as $unknown
| if $unknown != [] then error("plots.jq does not know: \($unknown | join(", "))") else . end
| [plots[] | select($samples[.name])
   | .ours as $ours
   | . + {points: ($samples[.name] | group_by(.x) | map(point($ours)))}]
