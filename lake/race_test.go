//go:build race

package lake

// crashSeeds is how many seeds of FuzzCrashes a test run tries. The race
// detector makes them ten times as slow and finds nothing in them that
// TestReadersSeeWholeBatches does not meet.
const crashSeeds = 1
