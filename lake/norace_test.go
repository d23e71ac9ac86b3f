//go:build !race

package lake

// crashSeeds is how many seeds of FuzzCrashes a test run tries.
const crashSeeds = 3
