package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// CheckAddress refuses what is no http or https address, and one that holds a name or a
// password: addresses are shown, logged and archived. A text with an @ is not repeated,
// as a password may be in it however it is written.
func CheckAddress(text, example string) error {
	u, err := url.Parse(text)
	switch {
	case err == nil && u.User != nil:
		return errors.New("a name or password does not belong into the address; leave it out, and let who answers there know this machine by its address")
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return nil
	case strings.Contains(text, "@"):
		return fmt.Errorf("it is no address, and holds an @; write it as %s, without a name or password", example)
	default:
		return fmt.Errorf("%q is no address; write it as %s", text, example)
	}
}
