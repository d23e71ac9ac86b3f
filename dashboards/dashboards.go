// Package dashboards is the dashboards that ship with Quoll, in the form that
// docs/dashboards.md describes.
//
// It holds files only and must not know how a dashboard is read or a query run.
package dashboards

import "embed"

// Files holds <name>.yaml, at the top level.
//
//go:embed *.yaml
var Files embed.FS
