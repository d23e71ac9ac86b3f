// Package retention says how long rows are kept: rules by table, record type,
// user and priority, which of them wins for a row, what a hold keeps beyond it,
// and what past runs have removed.
//
// It is arithmetic on values alone. It must not know where rows lie, how they are
// removed, who places holds, or how rules are written down.
package retention
