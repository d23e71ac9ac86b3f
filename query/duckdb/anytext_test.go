package duckdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/schema"
)

// addresses are few, so that rows have them in several columns, and begin and end alike.
func addresses(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	v4 := fmt.Sprintf("10.0.%d.%d", r.IntN(2), 1+r.IntN(12))
	mail := pick("ann", "bob.ann", "o'bob", "eve") + fmt.Sprint(pick("", "1", "22")) + "@" + pick("a.example", "b.example", "a-b.example")
	return pick(v4, v4, v4+":443", v4+":51001", "fe80::1:"+pick("1", "2")+":"+pick("a", "b"), "[fe80::1:2:a]:51001", mail, mail)
}

// around puts an address where it is found, and where it only looks like it.
func around(r *rand.Rand, address string) string {
	switch r.IntN(12) {
	case 0:
		return "é" + address // no term begins here
	case 1:
		return address + "K"
	case 2:
		return "x" + address + "7"
	case 3:
		return address + ".9 and 1." + address
	case 4:
		return "from " + address + ", " + addresses(r)
	}
	return address
}

// addressed are addresses in short columns and in documents, of which some say the same.
func addressed(r *rand.Rand) map[string]func(n int) schema.Value {
	var address, client, user string
	escape := func(text string) string {
		switch r.IntN(40) {
		case 0:
			return fmt.Sprintf(`\u%04x`, text[0]) + text[1:]
		case 1:
			return `\n` + text
		case 2:
			return text + `\"`
		case 3:
			return `\/` + text
		}
		return text
	}
	return map[string]func(n int) schema.Value{
		"UserId": func(int) schema.Value {
			user = around(r, addresses(r))
			return schema.String(user)
		},
		"ClientIP": func(int) schema.Value {
			address = addresses(r)
			if client = around(r, address); r.IntN(3) == 0 {
				client = ""
			}
			return schema.String(client)
		},
		"Operation": func(n int) schema.Value { return schema.String(fmt.Sprint("op", n%5)) },
		"ObjectId": func(n int) schema.Value {
			if r.IntN(200) > 0 {
				return schema.String(fmt.Sprint("https://example/", n%50))
			}
			return schema.String("https://example/" + around(r, addresses(r)))
		},
		"AppAccessContext": func(int) schema.Value {
			if r.IntN(100) > 0 {
				return schema.Null()
			}
			return schema.Dynamic(`["` + addresses(r) + `", 10.5, null]`)
		},
		"Record": func(n int) schema.Value {
			other := "nobody"
			switch r.IntN(100) {
			case 0:
				other = escape(around(r, addresses(r)))
			case 1, 2, 3: // what its home has in something longer
				other = address
			}
			return schema.Dynamic(fmt.Sprintf(`{"ClientIPAddress": %q, "User":%q, "n":%d, "Other":"%s"}`, client, user, n, other))
		},
	}
}

// Rows with an address in any column that the lake counts are those that an engine counts
// which leaves nothing out.
func TestAddressesInAnyColumnAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 11))
	l, dir := textLake(t, r, addressed(r))
	queries := 400
	if testing.Short() {
		queries = 100
	}
	done, some := countedAsByAnEngine(t, l, dir, queries, func() string { return addressQuestion(r) })
	if done < queries/2 || some < queries/2 {
		t.Errorf("of %d queries %d were counted, and %d had rows", queries, done, some)
	}
}

// addressQuestion asks for rows with an address in any column, and counts them.
func addressQuestion(r *rand.Rand) string {
	address := addresses(r)
	if r.IntN(6) == 0 {
		address = around(r, address)
	}
	text := fmt.Sprintf("search in (UnifiedAuditLog) %q", address)
	switch r.IntN(11) {
	case 0:
		for range 1 + r.IntN(4) {
			text += fmt.Sprintf(" or %q", addresses(r))
		}
		if r.IntN(3) == 0 {
			text = fmt.Sprintf("%s or Operation == 'op2' or (%q and not(Operation == 'op1'))", text, addresses(r))
		}
	case 1:
		text += " and Operation == 'op3'"
	case 2:
		text = fmt.Sprintf("UnifiedAuditLog | where Operation != 'op1' and * has %q", address)
	case 3:
		text = strings.Replace(text, "in (", "kind=case_sensitive in (", 1)
	case 4:
		text = fmt.Sprintf("UnifiedAuditLog | where Record has %[1]q or ClientIP has %[1]q or UserId has %[1]q", address)
	case 6:
		text = fmt.Sprintf("search in (UnifiedAuditLog, OfficeActivity, EmailEvents) %q", address)
	case 7:
		text = fmt.Sprintf("search %q and not(Operation == 'op2')", address)
	case 8: // a column twice, and not the other home
		text = fmt.Sprintf("UnifiedAuditLog | where ClientIP has %[1]q or Record has %[1]q or ClientIP has %[1]q", address)
	case 9:
		text = fmt.Sprintf("UnifiedAuditLog | where * has_any (%q, %q, %q)", address, addresses(r), addresses(r))
		if r.IntN(2) == 0 {
			text += fmt.Sprintf(" or Record has %q or ClientIP has_any (%q, 'none')", addresses(r), address)
		}
	case 5:
		text = fmt.Sprintf("UnifiedAuditLog | where Record has %[1]q or ClientIP has %[1]q", address)
	}
	return text + []string{" | count", " | summarize n = count() by Operation", " | summarize n = count() by bin(TimeGenerated, 1d)"}[r.IntN(3)]
}

// A file of which nobody knows where addresses are is gone through beside others that say it.
func TestFilesWithoutHomesAreCountedToo(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 12))
	l, dir := textLake(t, r, addressed(r))
	files, err := filepath.Glob(filepath.Join(dir, "*", schema.UnifiedAuditLog, "*", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	forgotten := 0
	for _, path := range files {
		if forgotten < 2 && forgetHomes(t, path) {
			forgotten++
		}
	}
	queries := 150
	if testing.Short() {
		queries = 60
	}
	done, some := countedAsByAnEngine(t, l, dir, queries, func() string { return addressQuestion(r) })
	if forgotten != 2 || done < queries/2 || some < queries/2 {
		t.Errorf("of %d queries %d were counted, and %d had rows; %d of %d files say no more where addresses are", queries, done, some, forgotten, len(files))
	}
}

// forgetHomes has the filters of a file say that its homes were others; false if it has none.
func forgetHomes(t *testing.T, path string) bool {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.LastIndex(body, []byte("QTERMS04"))
	if end < 0 {
		return false
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	tail, sum := body[end-40:end-4], body[end-4:end]
	for directory := range 4096 {
		covered := body[end-40-directory : end-4]
		if crc32.Checksum(covered, table) != binary.LittleEndian.Uint32(sum) {
			continue
		}
		tail[30] ^= 1 // of the hash of their names
		binary.LittleEndian.PutUint32(sum, crc32.Checksum(covered, table))
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return true
	}
	t.Fatalf("the filters of %s have another form", path)
	return false
}
