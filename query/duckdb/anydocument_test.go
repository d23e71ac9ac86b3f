package duckdb

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/plan"
)

// strangeAddress is one of few addresses, some of which are parts of others.
func strangeAddress(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	v4 := fmt.Sprintf("10.%s.0.%d", pick("0", "00", "1"), 1+r.IntN(4))
	mail := pick("ann", "b.ann", "c.b.ann", "o'ann", "x-ann", "q+ann", "ünn", "K_ann") + pick("", "1") + "@" + pick("a.example", "b-c.example", "a", "é.example", "K.example")
	return pick(v4, v4, v4+":443", v4+".9", "9."+v4, v4+"/24", v4+"%eth0", "::ffff:"+v4, "fe80::1:2:a", "fe80:0:0:1:2:a:b:c", "2001:db8::1", mail, mail, strings.ToUpper(mail), mail+"/"+v4)
}

// strangelyAround puts something beside an address by which it is one no more, or still is.
func strangelyAround(r *rand.Rand, address string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	beside := func() string {
		return pick("", "", "é", "K", "x", "1", ".", ":", "/", "ı", "İ", "K", " ", "-", "@", "'", "%", "९", "😀", "7.", ":7")
	}
	return beside() + address + beside()
}

// strangeDocument writes texts into a document with escapes of all kinds, some of it not valid.
func strangeDocument(r *rand.Rand, texts ...string) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	junk := func() string {
		return pick("", "", "", `\n`, `\"`, `\\`, `\/`, `\b`, `\u0000`, `\u001f`, `\u001F`, `\u2028`, `\ud83d\ude00`, `\u0130`, `\u212a`, "/")
	}
	escapes := []int{3, 30, 1 << 20}[r.IntN(3)] // one in so many characters
	var all []string
	for _, text := range texts {
		written := junk()
		for _, c := range text {
			switch {
			case c == '/' && r.IntN(2) == 0:
				written += `\/`
			case c < 0x10000 && r.IntN(escapes) == 0:
				written += fmt.Sprintf(pick(`\u%04x`, `\u%04X`), c)
			default:
				written += string(c)
			}
		}
		all = append(all, `"`+written+junk()+`"`)
	}
	space := pick("", "", " ", "\n\t")
	document := "{" + all[0] + ":1.50e3" + space + "}"
	switch r.IntN(8) {
	case 0:
		document = all[0]
	case 1:
		document = pick("null", "1.5", "true", `""`, "[]")
	case 2, 3, 4:
		document = "[" + space + strings.Join(all, space+","+space) + "]"
	}
	document = pick("", "", "", " ") + document
	at := r.IntN(len(document) + 1)
	switch r.IntN(20) {
	case 0:
		document = document[:at]
	case 1:
		document = document[:at] + pick(`\ud800`, `\udc00`, `\ud800\u0041`, `\x`, `\`, "\x01", "\x7f", `\u005c`, `\u0022`, "\ufeff", "1e400", "/**/", ",", "\x00") + document[at:]
	}
	return strings.ToValidUTF8(document, "?")
}

// Of each document that is JSON it is known whether it has an address, and what is known of
// others is true too.
func TestAddressesInDocumentsAreThoseTheEngineFinds(t *testing.T) {
	e := openEngine(t, DefaultConfig(), nil)
	r := rand.New(rand.NewPCG(7, 26))
	for _, operator := range []string{"has", "has_cs"} {
		found, unknown := 0, 0
		for range 40 {
			var values []string
			var args []any
			var documents, needles []string
			for len(documents) < 100 {
				needle := strangeAddress(r)
				document := strangeDocument(r, strangelyAround(r, needle), strangelyAround(r, strangeAddress(r)))
				if r.IntN(4) == 0 {
					needle = strangelyAround(r, needle)
				}
				if !plan.WithinString(needle) {
					continue
				}
				documents, needles = append(documents, document), append(needles, needle)
				values, args = append(values, "(?::BIGINT, ?::VARCHAR, ?::VARCHAR)"), append(args, len(values), document, needle)
			}
			rows, err := e.db.Query(fmt.Sprintf(`SELECT i, json_valid(d), quoll_%s(coalesce(json_extract_string(CASE WHEN json_valid(d) THEN d END, '$'), ''), n) FROM (VALUES %s) t(i, d, n)`,
				operator, strings.Join(values, ", ")), args...)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var i int
				var valid, want bool
				if err := rows.Scan(&i, &valid, &want); err != nil {
					t.Fatal(err)
				}
				got, known := inDocument(operator, needles[i])([]byte(documents[i]))
				if known && got != want || valid && !known {
					t.Errorf("%q %s %q: %v, known %v, want %v", documents[i], operator, needles[i], got, known, want)
				}
				if want {
					found++
				}
				if !known {
					unknown++
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
		if found < 500 || unknown > 400 {
			t.Errorf("%s: of 4000 documents %d have it, and of %d nobody knows", operator, found, unknown)
		}
	}
}
