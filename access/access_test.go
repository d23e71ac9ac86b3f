package access

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

const good = "correct horse battery"

type rig struct {
	*Store
	db  *sql.DB
	now time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r := &rig{db: db, now: time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)}
	if r.Store, err = Open(t.Context(), db, func() time.Time { return r.now }, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return r
}

// first signs the first administrator in by the link, and sets the password.
func (r *rig) first(t *testing.T) Session {
	t.Helper()
	link, err := r.FirstLink(t.Context())
	if err != nil || link == "" {
		t.Fatalf("first link %q: %v", link, err)
	}
	session, err := r.Redeem(t.Context(), link)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetPassword(t.Context(), session.Person.ID, session.Token, "", good); err != nil {
		t.Fatal(err)
	}
	return session
}

func TestFirstLinkWorksOnceAndNotForever(t *testing.T) {
	r := newRig(t)
	old, err := r.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Redeem(t.Context(), old); !errors.Is(err, ErrRefused) {
		t.Errorf("a link that a newer one replaced: %v", err)
	}
	session, err := r.Redeem(t.Context(), link)
	if err != nil || session.Person.Name != FirstName || session.Person.Role != Administrator || session.Person.HasPassword {
		t.Fatalf("got %+v, %v", session.Person, err)
	}
	if _, err := r.Redeem(t.Context(), link); !errors.Is(err, ErrRefused) {
		t.Errorf("a used link: %v", err)
	}
	// Without a password the next start must let somebody in again.
	late, err := r.FirstLink(t.Context())
	if err != nil || late == "" {
		t.Fatalf("link %q, %v", late, err)
	}
	r.now = r.now.Add(LinkTime)
	if _, err := r.Redeem(t.Context(), late); !errors.Is(err, ErrRefused) {
		t.Errorf("an old link: %v", err)
	}
	r.first(t)
	if link, err := r.FirstLink(t.Context()); link != "" || err != nil {
		t.Errorf("with an administrator who has a password: link %q, %v", link, err)
	}
}

func TestSessionEnds(t *testing.T) {
	r := newRig(t)
	first := r.first(t)
	session, err := r.SignIn(t.Context(), "Administrator", good) // names have no case
	if err != nil {
		t.Fatal(err)
	}
	who := func(token string) error { _, err := r.Who(t.Context(), token); return err }
	if who(session.Token) != nil || who(first.Token) != nil || !errors.Is(who("other"), ErrUnknown) {
		t.Fatalf("sessions: %v, %v", who(session.Token), who(first.Token))
	}
	// Another password ends the other sessions, and wants the present one.
	if err := r.SetPassword(t.Context(), session.Person.ID, session.Token, "wrong", good+"!"); !errors.Is(err, ErrRefused) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := r.SetPassword(t.Context(), session.Person.ID, session.Token, good, good+"!"); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(who(first.Token), ErrUnknown) || who(session.Token) != nil {
		t.Error("a new password must end the other sessions, and them alone")
	}
	if err := r.SignOut(t.Context(), session.Token); err != nil || !errors.Is(who(session.Token), ErrUnknown) {
		t.Errorf("signed out: %v, %v", err, who(session.Token))
	}
	if session, err = r.SignIn(t.Context(), FirstName, good+"!"); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(SessionTime)
	if !errors.Is(who(session.Token), ErrUnknown) {
		t.Error("a session outlives its time")
	}
}

func TestGuessingStops(t *testing.T) {
	r := newRig(t)
	r.first(t)
	for range maxAttempts {
		if _, err := r.SignIn(t.Context(), FirstName, "guess"); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	for _, name := range []string{FirstName, strings.ToUpper(FirstName)} {
		if _, err := r.SignIn(t.Context(), name, good); !errors.Is(err, ErrTooMany) {
			t.Errorf("%s after too many: %v", name, err)
		}
	}
	r.now = r.now.Add(attemptsWithin)
	if _, err := r.SignIn(t.Context(), FirstName, good); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestPeople(t *testing.T) {
	r := newRig(t)
	admin := r.first(t).Person
	link, err := r.Link(t.Context(), "ines.okafor", Responder)
	if err != nil {
		t.Fatal(err)
	}
	ines, err := r.Redeem(t.Context(), link)
	if err != nil || ines.Person.Role != Responder {
		t.Fatalf("%+v, %v", ines.Person, err)
	}
	yes, reader := true, Reader
	if p, err := r.Change(t.Context(), ines.Person.ID, Change{Role: &reader}); err != nil || p.Role != Reader {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := r.Change(t.Context(), ines.Person.ID, Change{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Who(t.Context(), ines.Token); !errors.Is(err, ErrUnknown) {
		t.Errorf("a disabled person's session: %v", err)
	}
	for _, c := range []Change{{Role: &reader}, {Disabled: &yes}} {
		if _, err := r.Change(t.Context(), admin.ID, c); !errors.Is(err, ErrLastAdministrator) {
			t.Errorf("the last administrator: %v", err)
		}
	}
	if _, err := r.Link(t.Context(), FirstName, Reader); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("a link that takes the last administrator's role: %v", err)
	}
	if _, err := r.Change(t.Context(), 99, Change{Role: &reader}); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	people, err := r.People(t.Context())
	if err != nil || len(people) != 2 || people[0].Name != FirstName || !people[0].HasPassword || people[0].Role != Administrator || !people[1].Disabled {
		t.Errorf("%+v, %v", people, err)
	}
	for _, bad := range []struct {
		name string
		role Role
	}{{"", Reader}, {" ", Reader}, {strings.Repeat("x", MaxName+1), Reader}, {"x", "Owner"}} {
		if _, err := r.Link(t.Context(), bad.name, bad.role); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q, %q: %v", bad.name, bad.role, err)
		}
	}
}

func TestPasswords(t *testing.T) {
	h := newHasher(rand.Reader)
	phc, err := h.hash(good)
	if err != nil {
		t.Fatal(err)
	}
	// Where nobody is compared, that takes as long: it is read to its end and as costly.
	if start, _, _ := strings.Cut(phc, ",p="); !strings.HasPrefix(h.nobody, start) || len(h.nobody) != len(phc) {
		t.Errorf("nobody is %q, somebody %q", h.nobody, phc)
	}
	for _, c := range []struct {
		phc, password string
		want          bool
	}{
		{phc, good, true}, {phc, good + " ", false}, {phc, "", false}, {"", good, false}, {"plain", "plain", false},
		{strings.Replace(phc, "t=2", "t=0", 1), good, false}, {strings.Replace(phc, "argon2id", "argon2i", 1), good, false}, {phc[:strings.LastIndex(phc, "$")+1], good, false},
	} {
		if got := h.matches(c.phc, c.password); got != c.want {
			t.Errorf("%q matches %q: %v", c.password, c.phc, got)
		}
	}
	for _, bad := range []string{"", "short", "aaaaaaaaaaaaaaaa", "Administrator", strings.Repeat("long ", 60)} {
		if err := checkPassword(FirstName, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestNoSecretIsKept: who reads the file can sign in as nobody.
func TestNoSecretIsKept(t *testing.T) {
	r := newRig(t)
	session := r.first(t)
	link, err := r.Link(t.Context(), "ines", Reader)
	if err != nil {
		t.Fatal(err)
	}
	kept := dump(t.Context(), t, r.db)
	for _, secret := range []string{session.Token, link, good} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is in the database", secret)
		}
	}
	if !strings.Contains(kept, "$argon2id$") {
		t.Error("the dump does not reach the passwords")
	}
}

func dump(ctx context.Context, t *testing.T, db *sql.DB) string {
	t.Helper()
	var all strings.Builder
	for _, query := range []string{"SELECT password FROM access_person", "SELECT digest FROM access_session", "SELECT digest FROM access_link"} {
		rows, err := db.QueryContext(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text []byte
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
