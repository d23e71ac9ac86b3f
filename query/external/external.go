// Package external reads the files that externaldata names: over https, from
// the hosts of a list alone, within bounds of size and time.
//
// A query by itself reaches nothing: without a list every address is refused,
// a redirect to another host is not followed, and what a file holds becomes
// rows before the engine sees the query. It knows no engine and no tables.
package external

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/bind"
)

// Config says what may be read.
type Config struct {
	// Hosts may be asked: names such as "raw.githubusercontent.com", or with a
	// port. None means that nothing is read.
	Hosts []string
	// MaxBytes bounds all files of one externaldata together, unpacked.
	MaxBytes int64
	// Timeout bounds reading one file.
	Timeout time.Duration
}

// DefaultConfig returns the bounds for a list of hosts. The rows become part of
// the query, of which the engine takes 8 MB.
func DefaultConfig(hosts []string) Config {
	return Config{Hosts: hosts, MaxBytes: 4 << 20, Timeout: 30 * time.Second}
}

// maxFiles is the most files of one externaldata, maxRedirects how often a host
// may send on to another of its addresses.
const (
	maxFiles     = 32
	maxRedirects = 5
)

// Reader reads files. It is safe for concurrent use.
type Reader struct {
	config Config
	hosts  map[string]bool
	client *http.Client
}

// New returns a reader over a transport; nil is http.DefaultTransport.
func New(config Config, transport http.RoundTripper) *Reader {
	r := &Reader{config: config, hosts: map[string]bool{}}
	for _, host := range config.Hosts {
		r.hosts[canonical(host)] = true
	}
	r.client = &http.Client{Transport: transport, CheckRedirect: r.redirect}
	return r
}

// canonical is a host as it is compared: in lower case, without the dot at the
// end and without the port of https.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ":443")
	return strings.TrimSuffix(host, ".")
}

// Refusal is why a file is not read, in words for the author of the query.
type Refusal struct{ Message, Help string }

// Error says why.
func (r *Refusal) Error() string { return r.Message }

// Remedy says what would help.
func (r *Refusal) Remedy() string { return r.Help }

func refuse(help, format string, args ...any) error {
	return &Refusal{Message: fmt.Sprintf(format, args...), Help: help}
}

// Read gives the rows of what externaldata names, file after file. A cell is
// nil, a string, or JSON. Errors never hold the part of an address behind the
// path, which may be a secret.
func (r *Reader) Read(ctx context.Context, asked bind.External) ([][]any, error) {
	if len(asked.Sources) == 0 || len(asked.Sources) > maxFiles {
		return nil, refuse("", "externaldata takes from 1 to %d addresses, not %d", maxFiles, len(asked.Sources))
	}
	left := r.config.MaxBytes
	var rows [][]any
	for _, source := range asked.Sources {
		address, err := r.check(source)
		if err != nil {
			return nil, err
		}
		body, err := r.fetch(ctx, address, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(body))
		more, err := decode(body, formatOf(asked.Format, address.Path), asked)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", shown(address), err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// check parses an address and refuses what the list does not name.
func (r *Reader) check(source string) (*url.URL, error) {
	address, err := url.Parse(source)
	if err != nil || address.Host == "" {
		return nil, refuse("write it as 'https://host/path'", "this is no address")
	}
	switch {
	case address.Scheme != "https":
		return nil, refuse("use an https address", "externaldata reads over https only, not %s", address.Scheme)
	case address.User != nil || strings.Contains(address.Path, ";"):
		return nil, refuse("import the file, or use an address that needs no key", "externaldata passes on no keys or passwords")
	case !r.hosts[canonical(address.Host)]:
		return nil, refuse("whoever runs Quoll can add the host to external_hosts in the configuration; or import the file, or name it as a watchlist",
			"externaldata may not read from %q", address.Host)
	}
	return address, nil
}

// redirect follows a host to another address of itself or of the list.
func (r *Reader) redirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refuse("", "%q sends on and on to other addresses", via[0].URL.Host)
	}
	if canonical(request.URL.Host) != canonical(via[0].URL.Host) {
		return refuse("use the address that it sends on to, if its host may be read from", "%q sends on to another host, %q", via[0].URL.Host, request.URL.Host)
	}
	_, err := r.check(request.URL.String())
	return err
}

// fetch reads a file of at most so many bytes, unpacked.
func (r *Reader) fetch(ctx context.Context, address *url.URL, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, refuse("", "the address cannot be asked for")
	}
	response, err := r.client.Do(request)
	if err != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			return nil, refusal
		}
		return nil, r.failed(ctx, address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, refuse("", "%s answers %s", shown(address), response.Status)
	}
	body, err := unpacked(io.LimitReader(response.Body, most+1), most)
	if err != nil {
		return nil, r.failed(ctx, address, err)
	}
	if int64(len(body)) > most {
		return nil, refuse("import it instead", "what externaldata names is larger than %d bytes, the most that a query may read", r.config.MaxBytes)
	}
	return body, nil
}

// failed words an error of the network without the address in full.
func (r *Reader) failed(ctx context.Context, address *url.URL, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return refuse("", "reading %s took longer than %s", shown(address), r.config.Timeout)
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("read %s: %w", shown(address), err)
}

// shown is an address without what may be a secret.
func shown(address *url.URL) string { return "https://" + address.Host + address.Path }
