// Package address says what of the URL of somebody else's server may be shown.
//
// It must not know who the server belongs to.
package address

import (
	"errors"
	"net/url"
)

// Shown is the scheme and the host of a URL, to be shown and written down: a name, a
// password, a path or a query may be what nobody else is to have. It is empty for what
// is no URL.
func Shown(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// WithoutURL takes the URL out of a client's error, which is shown, logged and archived.
func WithoutURL(err error) error {
	var whole *url.Error
	if errors.As(err, &whole) {
		return whole.Err
	}
	return err
}
