package parquetpages

import "testing"

// Room for texts is that of one dictionary until Release, and holds none of them after it.
func TestRoomForTextsIsLent(t *testing.T) {
	decoder, err := NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	f := &File{decoder: decoder}
	for range 100 {
		a, b := f.textRoom(3), f.textRoom(5)
		if cap(a) < 3 || cap(b) < 5 || &a[:1][0] == &b[:1][0] {
			t.Fatalf("room for %d and %d", cap(a), cap(b))
		}
		a, b = append(a, []byte("a")), append(b, []byte("b"))
		if large := f.textRoom(maxLentTexts + 1); cap(large) <= maxLentTexts || len(f.lentTexts) != 2 {
			t.Fatalf("%d are lent, and room for %d", len(f.lentTexts), cap(large))
		}
		f.Release()
		if a[0] != nil || b[0] != nil || f.lentTexts != nil {
			t.Fatal("texts are held")
		}
	}
}
