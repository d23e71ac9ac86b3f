package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
)

// skew is how far a client's clock may be wrong.
const skew = 15 * time.Minute

// check verifies the signature of a request, as Amazon's Signature Version 4 has
// it, and that its body is what was signed.
func (s *Server) check(r *http.Request, body []byte) *refusal {
	denied := &refusal{http.StatusForbidden, "AccessDenied", "Access Denied"}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return denied
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(given, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 || scope[0] != s.cfg.Key {
		return &refusal{http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."}
	}
	if token := r.Header.Get("X-Amz-Security-Token"); token != s.cfg.Session {
		return &refusal{http.StatusForbidden, "InvalidToken", "The provided token is malformed or otherwise invalid."}
	}
	if !s.cfg.Expires.IsZero() && !s.cfg.Now().Before(s.cfg.Expires) {
		return &refusal{http.StatusBadRequest, "ExpiredToken", "The provided token has expired."}
	}
	if scope[2] != s.cfg.Region {
		return &refusal{http.StatusBadRequest, "AuthorizationHeaderMalformed", "The region '" + scope[2] + "' is wrong; expecting '" + s.cfg.Region + "'"}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || at.Format("20060102") != scope[1] {
		return denied
	}
	if wrong := s.cfg.Now().Sub(at); wrong > skew || wrong < -skew {
		return &refusal{http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."}
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	if hash != "UNSIGNED-PAYLOAD" && hash != sum256(body) {
		return &refusal{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."}
	}
	text := strings.Join([]string{"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), strings.Join(scope[1:], "/"), sum256([]byte(canonical(r, parts["SignedHeaders"], hash)))}, "\n")
	key := []byte("AWS4" + s.cfg.Secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(mac(key, text))), []byte(parts["Signature"])) {
		return &refusal{http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."}
	}
	return nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func canonical(r *http.Request, signed, hash string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, escape(r.URL.Path, true), canonicalQuery(r.URL.Query()))
	for name := range strings.SplitSeq(signed, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	fmt.Fprintf(&b, "\n%s\n%s", signed, hash)
	return b.String()
}

func canonicalQuery(values url.Values) string {
	var pairs []string
	for name, all := range values {
		for _, value := range all {
			pairs = append(pairs, escape(name, false)+"="+escape(value, false))
		}
	}
	sort.Strings(pairs)
	return strings.Join(pairs, "&")
}

// escape is Amazon's: all but letters, digits and -._~, and slashes in a path.
func escape(text string, isPath bool) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0, c == '/' && isPath:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
