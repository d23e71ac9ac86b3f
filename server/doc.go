// Package server is Quoll's HTTP face: it serves the browser UI and the JSON
// API under /api/v1 that the UI and scripts use.
//
// It declares the interfaces it needs (Services lists them) and the shapes that
// travel; cmd/quoll joins them to the packages that do the work. It must not know how a query is compiled or run,
// where rows are kept, how an incident is built, or what a collector is: it
// turns requests into calls of those interfaces and their answers into JSON.
//
// The surface is closed by default. It listens on loopback unless a bearer
// token is configured, answers only to host names it was told of (DNS
// rebinding), refuses state-changing requests from other origins (CSRF), and
// bounds the size and time of every request. docs/api.md is the reference.
package server
