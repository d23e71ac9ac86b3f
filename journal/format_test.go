package journal

import (
	"bytes"
	"testing"

	"github.com/quoll/quoll/model"
)

// FuzzMetadata decodes arbitrary metadata: no panic, and what is taken encodes to
// something that decodes to the same.
func FuzzMetadata(f *testing.F) {
	f.Add(encodeMetadata(&model.Payload{Tenant: "t", Source: model.SourceFile, Format: model.FormatAuditLines, Name: "n\xff", Offset: -5, Line: 7}))
	f.Add([]byte{tagReceived, 2, 1, 1})
	f.Add([]byte{tagName, 200, 'x'})
	f.Add([]byte{99, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second model.Payload
		if decodeMetadata(data, &first) != nil {
			return
		}
		encoded := encodeMetadata(&first)
		if err := decodeMetadata(encoded, &second); err != nil {
			t.Fatalf("%+v is encoded to what cannot be decoded: %v", first, err)
		}
		if !first.Received.Equal(second.Received) || first.Name != second.Name || first.Offset != second.Offset ||
			first.Line != second.Line || first.Tenant != second.Tenant || first.Source != second.Source {
			t.Fatalf("%+v becomes %+v", first, second)
		}
		if again := encodeMetadata(&second); !bytes.Equal(encoded, again) {
			t.Fatal("two encodings of the same")
		}
	})
}
