// Package access knows who may do what: people with their roles, their
// passwords, the sessions they are signed in with, and the one-time links by
// which somebody signs in first.
//
// It must not know of HTTP, cookies or pages, nor what a role is asked for: it
// says who somebody is, and whoever serves something decides. Of every secret it
// keeps a digest only.
package access

import (
	"errors"
	"slices"
	"time"
)

// Role is what somebody may do. The names are those of Microsoft Sentinel's
// roles; each may all that the one before it may.
type Role string

// The roles, from the least to the most.
const (
	Reader        Role = "Reader"        // looks at everything, runs queries
	Responder     Role = "Responder"     // works on incidents, keeps queries and bookmarks
	Contributor   Role = "Contributor"   // also changes what is collected and detected
	Administrator Role = "Administrator" // also decides who may do what
)

// Roles are all roles, from the least to the most.
var Roles = []Role{Reader, Responder, Contributor, Administrator}

// Known reports whether r is one of Roles.
func (r Role) Known() bool { return slices.Contains(Roles, r) }

// Person is somebody who can sign in.
type Person struct {
	ID       int64
	Name     string
	Role     Role
	Disabled bool
	// HasPassword is false until somebody who came by a link has chosen one.
	HasPassword bool
	Created     time.Time // UTC
	Seen        time.Time // the last sign-in, UTC; zero: never
}

// Session is a signed-in browser. Token is given out once and not kept.
type Session struct {
	Token   string
	Expires time.Time
	Person  Person
}

// How long secrets are good for.
const (
	// SessionTime is that of a session: a shift with its handover.
	SessionTime = 12 * time.Hour
	// LinkTime is that of a one-time link.
	LinkTime = 24 * time.Hour
)

// Bounds of what people choose.
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes; more would only make the hash slow
	MaxName     = 128 // bytes
)

// Errors that a caller tells apart.
var (
	// ErrRefused says no more than that: whether there is such a person is not
	// for everybody to know.
	ErrRefused = errors.New("name or password is wrong, or the link was used or is too old")
	// ErrTooMany refuses a further attempt for a while.
	ErrTooMany = errors.New("too many attempts failed; wait ten minutes")
	// ErrUnknown says that there is no such person or session.
	ErrUnknown = errors.New("no such person or session")
	// ErrInvalid wraps what is wrong with a name, a role or a password.
	ErrInvalid = errors.New("not valid")
	// ErrLastAdministrator keeps people from locking everybody out.
	ErrLastAdministrator = errors.New("somebody must stay administrator")
)
