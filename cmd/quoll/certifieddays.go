package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/server"
)

// maxDays bounds the certificates that are told of.
const maxDays = 400

// certifiedDays reads the certificates that are kept, the latest day first. One
// that cannot be read, or is not this key's, is left out.
func (k *archiveKeeper) certifiedDays() []server.CertifiedDay {
	days := []server.CertifiedDay{}
	key, err := os.ReadFile(k.node.paths.verifier())
	if err != nil {
		return days
	}
	files, err := filepath.Glob(filepath.Join(k.node.paths.data, "certificates", "*", "*"+certificateSuffix))
	if err != nil {
		return days
	}
	// A name begins with the day.
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(filepath.Base(b), filepath.Base(a)) })
	for _, file := range files[:min(len(files), maxDays)] {
		signed, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c, err := archive.OpenCertificate(signed, strings.TrimSpace(string(key)))
		if err != nil {
			continue
		}
		days = append(days, server.CertifiedDay{
			TenantID: c.Tenant, TenantName: k.names.name(c.Tenant), ContentType: c.ContentType, Day: c.Day.Format(time.DateOnly), Sequence: c.Sequence,
			Listed: c.Listed, Fetched: c.Fetched, Expired: c.Expired, Gaps: int64(len(c.Gaps)),
		})
	}
	return days
}
