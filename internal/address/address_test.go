package address

import (
	"errors"
	"net/http"
	"testing"
)

func TestNothingBehindTheHostIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:secret@tsa.example:8443/secret?key=secret#secret": "https://tsa.example:8443",
		"http://witness.example": "http://witness.example",
		"https://[secret":        "",
	} {
		if got := Shown(text); got != want {
			t.Errorf("%s is shown as %q, want %q", text, got, want)
		}
	}
	_, err := http.Get("nowhere://secret")
	if got := WithoutURL(err); got == nil || got == err || errors.Unwrap(err) != got {
		t.Errorf("%v of %v", got, err)
	}
	if plain := errors.New("plain"); WithoutURL(plain) != plain {
		t.Error("another error is changed")
	}
}
