// Package silence raises an alarm when something that used to be heard is heard
// no more: all of a tenant, a content type, a record type or an operation.
//
// It learns from counts of records by the hour, which it keeps for eight weeks
// in the state. docs/completeness.md explains the model in full; in short, a
// series is silent when, at what is usual for those hours of the week, at the
// present activity of everything around it, hearing nothing for so long has a
// probability below 1 in 10,000 a week, and when it has been quiet for one and a half
// times as long as ever in that time.
//
// The package must not know where records are kept or how they are collected:
// it is handed counts (Counter), and how far each source was collected.
package silence
