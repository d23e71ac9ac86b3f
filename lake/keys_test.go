package lake

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"

	"github.com/quoll/quoll/schema"
)

// TestKeysOfADamagedFileAreAnError: whatever byte of what says where the columns are is
// damaged, there are keys or there is an error.
func TestKeysOfADamagedFileAreAnError(t *testing.T) {
	l := openLake(t, t.TempDir())
	var records []schema.Record
	for id := range 50 {
		records = append(records, auditRecord(id, 0, noon, false))
	}
	apply(t, l, Batch{Position: 1, Ingested: noon, Records: records})
	flush(t, l)
	f := l.tables[schema.UnifiedAuditLog].files.files[0]
	whole, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	sought := map[schema.Key]struct{}{records[49].Key: {}}
	if has, err := HasKeys(whole, sought); err != nil || !has {
		t.Fatalf("%v, %v", has, err)
	}
	footer := len(whole) - parquetTail - int(binary.LittleEndian.Uint32(whole[len(whole)-parquetTail:]))
	damagedFiles := 0
	for at := footer; at < len(whole); at++ {
		for _, bits := range []byte{0x04, 0x90} {
			b := append([]byte{}, whole...)
			b[at] ^= bits
			if _, err := HasKeys(b, sought); !errors.Is(err, ErrDamaged) {
				continue
			}
			if damagedFiles++; damagedFiles > 10 {
				continue
			}
			if err := os.WriteFile(f.Path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := l.files.readFileKeys(t.Context(), f.Path, 0, func(keyEntry) {}); err == nil {
				t.Errorf("byte %d: keys were read of a file that has none", at)
			}
		}
	}
	if damagedFiles == 0 {
		t.Error("no damage was beyond what the library finds by itself")
	}
}
