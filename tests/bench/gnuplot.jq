# SPDX-License-Identifier: GPL-2.0-or-later
#
# gnuplot.jq - the gnuplot script of the plot named $plot, data included
#
# A plot over numbers has lines with the spread as error bars, one over names has boxes.

def series: [.points[].series | keys[]] | unique;
def quoted: "'" + gsub("'"; "''") + "'";


.[] | select(.name == $plot)
| . as $p | series as $all
| all(.points[]; .x | type == "number") as $numeric
| "set terminal svg size 800,500 background 'white'",
  "set title \(.title | quoted)",
  "set ylabel \(.unit | quoted)",
  "set xlabel \(.x | quoted)",
  "set key outside below",
  "set grid ytics",
  "set yrange [0:*]",
  (if $numeric then "set logscale x 2" else
    "set style fill solid 0.6", "set style data histograms",
    "set style histogram errorbars gap 1", "set xtics rotate by -20" end),
  (if $numeric then
    "plot " + ($all | to_entries | map("'-' using 1:2:3:4 with yerrorlines title \(.value | quoted)") | join(", "))
  else
    "plot " + ($all | to_entries | map("'-' using 2:3:4:xtic(1) title \(.value | quoted)") | join(", "))
  end),
  ($all[] as $s
   | ($p.points[] | . as $point
      | ($point.series[$s] // if $numeric then empty else {median: "NaN", min: "NaN", max: "NaN"} end)
      | "\($point.x | if type == "string" then tojson else . end) \(.median) \(.min) \(.max)"),
     "e")
