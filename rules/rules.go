// Package rules is the detection content that ships with Quoll: analytics
// rules in Sentinel's YAML form, each with samples that must fire and
// look-alikes that must not (<name>.test.yaml).
//
// It holds files only and must not know how a rule is read or run.
package rules

import "embed"

// Files holds <name>.yaml and <name>.test.yaml, at the top level.
//
//go:embed *.yaml
var Files embed.FS
