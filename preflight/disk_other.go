//go:build !linux && !darwin

package preflight

import "errors"

var errUnknown = errors.New("quoll cannot ask this system")

// DiskSpace is not known here.
func DiskSpace(string) (free, size uint64, err error) { return 0, 0, errUnknown }

func sameDevice(string, string) (bool, error) { return false, errUnknown }
