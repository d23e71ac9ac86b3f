package main

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
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
func plot(all []grown) string {
	asked := map[string]bool{}
	for _, g := range all {
		for name := range g.took {
			asked[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(asked))
	low, high := math.MaxFloat64, 0.0
	least, most := math.MaxFloat64, 0.0
	for _, g := range all {
		least, most = min(least, float64(g.records)), max(most, float64(g.records))
		for _, took := range g.took {
			v := max(ms(took.cpu), 0.1)
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
	// latest is what a question took of the largest lake that was asked it.
	latest := func(name string) (at float64, value time.Duration) {
		for _, g := range all {
			if t, ok := g.took[name]; ok {
				at, value = x(g.records), t.cpu
			}
		}
		return at, value
	}
	slices.SortStableFunc(names, func(a, b string) int {
		_, first := latest(a)
		_, second := latest(b)
		return cmp.Compare(second, first)
	})
	labelled := float64(plotTop)
	for i, name := range names {
		colour := plotColours[i%len(plotColours)]
		dash := ""
		if i >= len(plotColours) {
			dash = " stroke-dasharray=\"5 3\""
		}
		var points []string
		for _, g := range all {
			if t, ok := g.took[name]; ok {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(g.records), y(ms(t.cpu))))
			}
		}
		end, value := latest(name)
		at := y(ms(value))
		labelled = max(labelled+15, at)
		fmt.Fprintf(&b, "<polyline class=\"line\" stroke=\"%s\"%s points=\"%s\"/><line stroke=\"%s\" stroke-width=\"0.6\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\">%s</text>\n",
			colour, dash, strings.Join(points, " "), colour, end, at, plotWidth-plotRight+16, labelled-4, plotWidth-plotRight+20, labelled, html.EscapeString(name))
	}
	b.WriteString("</svg>\n")
	return b.String()
}
