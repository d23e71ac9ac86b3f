package config

import (
	"errors"
	"fmt"
	"net/url"
)

// CheckAddress refuses what is no http or https address, and one that holds a name or a
// password: addresses are shown, logged and archived. What is wrong is not repeated, as a
// password or a key may be in it however it is written.
func CheckAddress(text, example string) error {
	u, err := url.Parse(text)
	switch {
	case err == nil && u.User != nil:
		return errors.New("a name or password does not belong into the address; leave it out, and let who answers there know this machine by its address")
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return nil
	}
	return fmt.Errorf("it is no http or https address; write it as %s, without a name or password", example)
}
