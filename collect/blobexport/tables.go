package blobexport

import (
	"regexp"
	"strings"
)

var tenantFolder = regexp.MustCompile(`(?i)(?:^|/)tenantId=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/`)

// tenantOf returns the tenant that a blob's path names, in lower case, or
// nothing.
func tenantOf(name string) string {
	match := tenantFolder.FindStringSubmatch(name)
	if match == nil {
		return ""
	}
	return strings.ToLower(match[1])
}
