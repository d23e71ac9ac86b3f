package access

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestATokenIsShownOnceAndWorksUntilItEndsOrIsRevoked(t *testing.T) {
	r := newRig(t)
	made, secret, err := r.NewToken(t.Context(), "siem", Reader, "ines", r.now.Add(24*time.Hour))
	if err != nil || !strings.HasPrefix(secret, "quoll_") || len(secret) < 40 {
		t.Fatalf("token %+v %q: %v", made, secret, err)
	}
	var kept []byte
	if err := r.db.QueryRow("SELECT digest FROM access_token").Scan(&kept); err != nil || bytes.Contains(kept, []byte(secret)) || len(kept) != 32 {
		t.Errorf("kept %x: %v", kept, err)
	}
	if found, err := r.Bearer(t.Context(), secret); err != nil || found.Name != "siem" || found.Role != Reader {
		t.Errorf("found %+v: %v", found, err)
	}
	if all, err := r.Tokens(t.Context()); err != nil || len(all) != 1 || !all[0].Used.Equal(r.now) || all[0].Author != "ines" {
		t.Errorf("listed %+v: %v", all, err)
	}
	for _, wrong := range []string{"", "quoll_", secret[:len(secret)-1], strings.TrimPrefix(secret, "quoll_")} {
		if _, err := r.Bearer(t.Context(), wrong); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	r.now = r.now.Add(25 * time.Hour)
	if _, err := r.Bearer(t.Context(), secret); !errors.Is(err, ErrUnknown) {
		t.Errorf("after its end: %v", err)
	}

	lasting, secret, err := r.NewToken(t.Context(), "backup", Administrator, "ines", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	r.now = r.now.AddDate(5, 0, 0)
	if _, err := r.Bearer(t.Context(), secret); err != nil {
		t.Errorf("one without end: %v", err)
	}
	if gone, err := r.Revoke(t.Context(), lasting.ID); err != nil || gone.Name != "backup" {
		t.Errorf("revoked %+v: %v", gone, err)
	}
	if _, err := r.Bearer(t.Context(), secret); !errors.Is(err, ErrUnknown) {
		t.Errorf("after it was revoked: %v", err)
	}
	if _, err := r.Revoke(t.Context(), lasting.ID); !errors.Is(err, ErrUnknown) {
		t.Errorf("revoked twice: %v", err)
	}
}

func TestATokenThatMakesNoSenseIsRefused(t *testing.T) {
	r := newRig(t)
	if _, _, err := r.NewToken(t.Context(), "siem", Reader, "ines", time.Time{}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"no name":      second(r.NewToken(t.Context(), " ", Reader, "ines", time.Time{})),
		"the same":     second(r.NewToken(t.Context(), "SIEM", Reader, "ines", time.Time{})),
		"no role":      second(r.NewToken(t.Context(), "x", "Owner", "ines", time.Time{})),
		"over already": second(r.NewToken(t.Context(), "x", Reader, "ines", r.now)),
	} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ Token, _ string, err error) error { return err }
