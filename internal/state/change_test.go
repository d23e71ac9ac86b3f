package state

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestAChangeThatFailsLeavesNothing(t *testing.T) {
	ctx, db := t.Context(), open(t, filepath.Join(t.TempDir(), "state.db"))
	if _, err := db.ExecContext(ctx, `CREATE TABLE kept (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	add := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO kept VALUES (1)`)
		return err
	}
	refused := errors.New("refused")
	if err := Change(ctx, db, func(tx *sql.Tx) error { return errors.Join(add(tx), refused) }); !errors.Is(err, refused) {
		t.Fatalf("the error is %v", err)
	}
	if err := Change(ctx, db, add); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM kept`).Scan(&n); err != nil || n != 1 {
		t.Fatalf("%d rows, %v; one change was made and one taken back", n, err)
	}
}

func TestTimesComeBackAsTheyWere(t *testing.T) {
	at := time.Date(2026, 3, 10, 4, 5, 6, 7000, time.UTC)
	for _, want := range []time.Time{{}, at, time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)} {
		if got := FromMicros(Micros(want)); !got.Equal(want) {
			t.Errorf("%s came back as %s", want, got)
		}
		if got := FromNullMicros(NullMicros(want)); !got.Equal(want) {
			t.Errorf("%s came back as %s through null", want, got)
		}
	}
	if NullMicros(time.Time{}).Valid {
		t.Error("the zero time is not null")
	}
}
