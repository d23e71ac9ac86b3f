// Package feed speaks the Office 365 Management Activity API, and as much of
// Microsoft Entra as a client needs to get a token for it: the protocol a
// collector meets, with its rules, error codes and bad days.
//
// It must not know what the records say, nor who asks. Rules follow Microsoft's
// reference of the API; where measurements differ from it (earlier content
// listed at the first subscription, AF20024), the measurements win.
package feed
