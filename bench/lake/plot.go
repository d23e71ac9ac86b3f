package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// The picture, in pixels: the chart, and the names to its right.
const (
	plotWidth, plotHeight = 860, 520
	plotLeft, plotRight   = 70, 260
	plotTop, plotBottom   = 34, 46
)

// plotStyle reads on light and on dark paper.
const plotStyle = `<style>
text{font:12px system-ui,sans-serif;fill:#24292f}.grid{stroke:#d0d7de}.line{fill:none;stroke-width:1.6}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}}
</style>
`

// plotColours are told apart on both.
var plotColours = []string{"#0969da", "#bc4c00", "#1a7f37", "#8250df", "#cf222e", "#9a6700", "#1b7c83", "#bf3989"}

// plot draws processor time of warm answers by records, both in powers of ten, as SVG.
func plot(all []grown, names []string) string {
	low, high := math.MaxFloat64, 0.0
	least, most := math.MaxFloat64, 0.0
	for _, g := range all {
		least, most = min(least, float64(g.records)), max(most, float64(g.records))
		for _, name := range names {
			v := max(ms(g.took[name].cpu), 0.1)
			low, high = min(low, v), max(high, v)
		}
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	least, most = math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	x := func(records int64) float64 {
		return plotLeft + (math.Log10(float64(records))-least)/max(most-least, 1)*(plotWidth-plotLeft-plotRight)
	}
	y := func(v float64) float64 {
		return plotHeight - plotBottom - (math.Log10(max(v, 0.1))-low)/max(high-low, 1)*(plotHeight-plotTop-plotBottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>Processor time of an answer by records</title>\n%s", plotWidth, plotHeight, plotStyle)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"18\">processor time of a warm answer, ms, by records in UnifiedAuditLog</text>\n", plotLeft)
	for e := low; e <= high; e++ {
		at := y(math.Pow(10, e))
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", plotLeft, plotWidth-plotRight, at, at, plotLeft-8, at+4, math.Pow(10, e))
	}
	for _, g := range all {
		at := x(g.records)
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.2g million</text>\n", at, at, plotTop, plotHeight-plotBottom, at, plotHeight-plotBottom+20, float64(g.records)/1e6)
	}
	last := all[len(all)-1]
	order := slices.Clone(names)
	slices.SortStableFunc(order, func(a, b string) int { return int(last.took[b].cpu - last.took[a].cpu) })
	labelled := float64(plotTop)
	for i, name := range order {
		colour := plotColours[i%len(plotColours)]
		dash := ""
		if i >= len(plotColours) {
			dash = " stroke-dasharray=\"5 3\""
		}
		var points []string
		for _, g := range all {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(g.records), y(ms(g.took[name].cpu))))
		}
		at := y(ms(last.took[name].cpu))
		labelled = max(labelled+15, at)
		fmt.Fprintf(&b, "<polyline class=\"line\" stroke=\"%s\"%s points=\"%s\"/><line stroke=\"%s\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\">%s</text>\n",
			colour, dash, strings.Join(points, " "), colour, plotWidth-plotRight+4, at, plotWidth-plotRight+16, labelled-4, plotWidth-plotRight+20, labelled, html.EscapeString(name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
