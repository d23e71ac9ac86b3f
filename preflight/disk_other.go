//go:build !linux && !darwin

package preflight

import "errors"

var errUnknown = errors.New("quoll cannot ask this system")

func freeBytes(string) (uint64, error) { return 0, errUnknown }

func sameDevice(string, string) (bool, error) { return false, errUnknown }
