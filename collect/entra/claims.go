package entra

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Claims are what an access token says of itself.
type Claims struct {
	Tenant   string   `json:"tid"`
	App      string   `json:"appid"`
	Audience string   `json:"aud"`
	Roles    []string `json:"roles"` // application permissions with consent
	Expires  int64    `json:"exp"`   // seconds since 1970
}

// ReadClaims reads the claims of an access token without checking its
// signature: they are for telling a person what was granted, and decide
// nothing. Microsoft calls tokens opaque to clients; one that cannot be read is
// an error here and no fault elsewhere.
func ReadClaims(token string) (Claims, error) {
	var c Claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, errors.New("the access token is not a JSON web token")
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return c, fmt.Errorf("the access token cannot be decoded: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("the access token cannot be read: %w", err)
	}
	return c, nil
}
