package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/tenantsim/audit"
)

// runBare lists everything and downloads it, eight blobs at a time, into
// nothing: what no collector written in Go can do without. With a folder to keep it
// in it is the floor.
func runBare(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("bare", flag.ContinueOnError)
	base := set.String("url", "", "URL of the server")
	caFile := set.String("ca", "", "file of its certificate authority")
	keep := set.String("keep", "", "folder to keep bodies and records in")
	if err := set.Parse(args); err != nil {
		return err
	}
	authority, err := os.ReadFile(*caFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("%s holds no certificate", *caFile)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.MaxIdleConnsPerHost = 8
	b := bare{base: *base, client: &http.Client{Transport: transport}, buffers: make(chan []byte, 8)}
	for range cap(b.buffers) {
		b.buffers <- make([]byte, 64<<10)
	}
	if *keep != "" {
		if b.floor, err = newFloor(*keep); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	now := time.Now().UTC()
	for _, contentType := range audit.ContentTypes() {
		links, err := b.list(ctx, contentType, now.Add(-23*time.Hour), now)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		for _, link := range links {
			group.Go(func() error { return b.drop(ctx, link) })
		}
	}
	err = group.Wait()
	if b.floor != nil {
		err = errors.Join(err, b.floor.close())
	}
	return err
}

type bare struct {
	base    string
	client  *http.Client
	buffers chan []byte
	floor   *floor // nil where everything is dropped
}

func (b *bare) list(ctx context.Context, contentType string, from, to time.Time) (links []string, err error) {
	const layout = "2006-01-02T15:04:05"
	query := url.Values{"contentType": {contentType}, "startTime": {from.Format(layout)}, "endTime": {to.Format(layout)}}
	page := b.base + "/api/v1.0/" + tenantID + "/activity/feed/subscriptions/content?" + query.Encode()
	for page != "" {
		response, err := b.get(ctx, page)
		if err != nil {
			return nil, err
		}
		var entries []struct{ ContentURI string }
		err = json.NewDecoder(response.Body).Decode(&entries)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return nil, fmt.Errorf("list %s: %w", contentType, err)
		}
		for _, e := range entries {
			links = append(links, e.ContentURI)
		}
		page = response.Header.Get("NextPageUri")
	}
	return links, nil
}

func (b *bare) get(ctx context.Context, link string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer token")
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("get %s: %s", link, response.Status), response.Body.Close())
	}
	return response, nil
}

func (b *bare) drop(ctx context.Context, link string) error {
	response, err := b.get(ctx, link)
	if err != nil {
		return err
	}
	buffer := <-b.buffers
	defer func() { b.buffers <- buffer }()
	if b.floor == nil {
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, buffer)
		return errors.Join(err, response.Body.Close())
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	return b.floor.take(body)
}
