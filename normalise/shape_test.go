package normalise

import (
	"fmt"
	"testing"
)

// A shape is known again by its names, and it is that which comparing them gives; of
// many there is a bound.
func TestShapesAreKnownAgain(t *testing.T) {
	p := newAuditPlan("w")
	w := newWorker()
	shapeOf := func(text string) *shape {
		_, object, invalid := w.parse(text)
		if invalid != "" {
			t.Fatal(text, invalid)
		}
		return w.shape(object, p).shape
	}
	first := shapeOf(`{"Id":"1","Operation":"a","CreationTime":"b"}`)
	if again := shapeOf(`{"Id":"2","Operation":{"Id":1},"CreationTime":"c"}`); again != first {
		t.Error("another shape for the same names")
	}
	if spaced := shapeOf(`{"Id" : "1","Operation":"a","CreationTime":"b"}`); spaced != first {
		t.Error("another shape where there is white space")
	}
	if other := shapeOf(`{"Operation":"a","Id":"1","CreationTime":"b"}`); other == first || other.id != 1 || first.id != 0 {
		t.Errorf("the Id is member %d and %d", first.id, other.id)
	}
	for i := range 2 * maxShapes {
		s := shapeOf(fmt.Sprintf(`{"A%d":1,"Id":"x","B%d":2}`, i%100, i))
		if s.id != 1 || len(s.names) != 3 || s.names[2] != fmt.Sprint("B", i) {
			t.Fatalf("shape %d: %v", i, s.names)
		}
		if w.shapes.named > maxShapes {
			t.Fatalf("%d shapes", w.shapes.named)
		}
	}
	if again := shapeOf(`{"Id":"1","Operation":"a","CreationTime":"b"}`); again.id != 0 || again.time != 2 {
		t.Errorf("the first shape became %+v", again)
	}
}
