//go:build !linux

package heaplimit

// ForgetStart does nothing where pages are not given back.
func ForgetStart() (bytes int64, err error) { return 0, nil }
