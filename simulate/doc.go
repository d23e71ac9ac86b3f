// Package simulate lives through the whole river in virtual time: a simulated
// tenant on bad days, the collector, the journal, the normaliser and the lake,
// on a machine whose disk fails and whose power is cut. It holds one property
// over thousands of seeds: the rows that can be seen are the records that the
// tenant produced, each once, and the ledger's account of what was truly lost
// is exact.
//
// It has no code outside of its tests and nothing imports it.
package simulate
