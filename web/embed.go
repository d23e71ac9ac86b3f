// Package web holds the browser UI: TypeScript under src, built by Vite into
// dist, which this file embeds into the binary. It knows the JSON API of
// docs/api.md and nothing else of Quoll.
package web

import (
	"embed"
	"io/fs"
)

// dist holds only .gitkeep until the UI is built, so that the Go code builds on
// a machine without Node.
//
//go:embed all:dist
var dist embed.FS

// Files is the built UI with index.html at its root; without index.html when
// the UI was not built before the binary.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
