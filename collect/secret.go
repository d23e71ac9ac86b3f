package collect

import (
	"fmt"
	"log/slog"
)

// hidden is all that is ever printed of a Secret.
const hidden = "[secret]"

// Secret is a password, key or token. However it is printed, logged or
// marshalled, only "[secret]" appears; Reveal is the one way to its text.
//
// The text is behind a pointer because fmt reads unexported fields of a
// surrounding struct without asking for their methods.
type Secret struct{ text *string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text. Call it only where the secret leaves for its owner.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Format implements fmt.Formatter for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return hidden }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler, and with it JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
