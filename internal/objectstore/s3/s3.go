// Package s3 keeps objects in a bucket of Amazon S3, or of what speaks its
// protocol. Where the bucket has Object Lock, objects are written with a retention
// in compliance mode: nobody can shorten it, the account's owner included.
//
// It must not know what the bytes mean. Credentials are in none of its errors.
package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/quoll/quoll/internal/objectstore"
)

// Config says which bucket, and as whom.
type Config struct {
	Location objectstore.Location
	// Keys returns an access key with its secret, and a session token or nothing.
	// It is asked again after a minute. Nil: what the environment, the file of
	// shared credentials or the role of the machine gives, in this order.
	Keys func() (id, secret, session string, err error)
}

const (
	amazon  = "https://s3.amazonaws.com"
	retries = 3
	// callTime bounds a call that sends an object.
	callTime = 5 * time.Minute
	keysLast = time.Minute
)

// Store is a bucket, or what is below a prefix in it.
type Store struct {
	bucket, prefix string
	client         *minio.Core
}

// New returns the store of a bucket; nothing is sent before it is asked.
func New(cfg Config) (*Store, error) {
	l := cfg.Location
	transport, err := objectstore.Transport(l.CAFile)
	if err != nil {
		return nil, err
	}
	endpoint := l.Endpoint
	if endpoint == "" {
		endpoint = amazon
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return nil, errors.New("the endpoint is no address")
	}
	lookup := minio.BucketLookupAuto
	if l.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(u.Host, &minio.Options{
		Creds: keys(cfg), Secure: u.Scheme == "https", Transport: transport, Region: l.Region, BucketLookup: lookup, MaxRetries: retries,
	})
	if err != nil {
		return nil, err
	}
	return &Store{bucket: l.Bucket, prefix: l.Prefix, client: client}, nil
}

func keys(cfg Config) *credentials.Credentials {
	if cfg.Keys != nil {
		return credentials.New(&provider{keys: cfg.Keys})
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
}

// provider gives the library what Config.Keys gives.
type provider struct {
	keys  func() (id, secret, session string, err error)
	until time.Time
}

func (p *provider) Retrieve() (credentials.Value, error) {
	id, secret, session, err := p.keys()
	if err != nil {
		return credentials.Value{}, err
	}
	p.until = time.Now().Add(keysLast)
	return credentials.Value{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session, SignerType: credentials.SignatureV4}, nil
}

func (p *provider) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return p.Retrieve()
}

func (p *provider) IsExpired() bool { return time.Now().After(p.until) }

func (s *Store) key(name string) string {
	if s.prefix == "" {
		return name
	}
	return s.prefix + "/" + name
}

// Create writes an object that must not be there; the error is fs.ErrExist if it
// is. With a time it is locked until then.
func (s *Store) Create(ctx context.Context, name string, data []byte, until time.Time) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	_, err := s.put(ctx, "create "+name, name, bytes.NewReader(data), int64(len(data)), until, options)
	return err
}

// Upload writes an object of size bytes that must not be there; the error is
// fs.ErrExist if it is. It is there whole or not at all.
func (s *Store) Upload(ctx context.Context, name string, body io.ReadSeeker, size int64) error {
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	_, err := s.put(ctx, "create "+name, name, body, size, time.Time{}, options)
	return err
}

// Swap replaces the object that has that ETag, or makes it if etag is empty and
// there is none, and returns the new ETag. The error is objectstore.ErrChanged if
// there is another object, or none.
func (s *Store) Swap(ctx context.Context, name string, data []byte, etag string) (string, error) {
	var options minio.PutObjectOptions
	if etag == "" {
		options.SetMatchETagExcept("*")
	} else {
		options.SetMatchETag(etag)
	}
	made, err := s.put(ctx, "replace "+name, name, bytes.NewReader(data), int64(len(data)), time.Time{}, options)
	var answered *objectstore.Error
	if errors.Is(err, fs.ErrExist) || errors.As(err, &answered) && answered.Code == "NoSuchKey" {
		err = fmt.Errorf("replace %s: %w", name, objectstore.ErrChanged)
	}
	return made, err
}

// Replace writes an object, whether it is there or not. Where versions are kept,
// the one before stays, locked as it was.
func (s *Store) Replace(ctx context.Context, name string, data []byte, until time.Time) error {
	_, err := s.put(ctx, "replace "+name, name, bytes.NewReader(data), int64(len(data)), until, minio.PutObjectOptions{})
	return err
}

func (s *Store) put(ctx context.Context, operation, name string, data io.ReadSeeker, size int64, until time.Time, options minio.PutObjectOptions) (etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	options.ContentType = "application/octet-stream"
	// One request, signed over the hash of its body: no part can be left behind.
	options.DisableContentSha256 = true
	if !until.IsZero() {
		options.Mode, options.RetainUntilDate = minio.Compliance, until.UTC().Truncate(time.Second)
	}
	body, weak := sha256.New(), md5.New() // Object Lock asks for MD5
	if _, err := io.Copy(io.MultiWriter(body, weak), data); err != nil {
		return "", wrap(ctx, operation, err)
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return "", wrap(ctx, operation, err)
	}
	made, err := s.client.PutObject(ctx, s.bucket, s.key(name), data, size,
		base64.StdEncoding.EncodeToString(weak.Sum(nil)), hex.EncodeToString(body.Sum(nil)), options)
	return made.ETag, wrap(ctx, operation, err)
}

// Stat says what there is of an object; the error is fs.ErrNotExist where there is
// none.
func (s *Store) Stat(ctx context.Context, name string) (objectstore.Info, error) {
	found, err := s.client.StatObject(ctx, s.bucket, s.key(name), minio.StatObjectOptions{})
	if err != nil {
		return objectstore.Info{}, wrap(ctx, "look at "+name, err)
	}
	return objectstore.Info{Name: name, Size: found.Size, ETag: found.ETag, Modified: found.LastModified}, nil
}

// Remove removes an object. That there is none is no error.
func (s *Store) Remove(ctx context.Context, name string) error {
	err := wrap(ctx, "remove "+name, s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Walk calls visit with every object whose name begins with dir and a slash.
func (s *Store) Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error {
	ctx, cancel := context.WithCancel(ctx) // ends the listing where we do
	defer cancel()
	for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.key(dir + "/"), Recursive: true}) {
		if o.Err != nil {
			return wrap(ctx, "list "+dir, o.Err)
		}
		info := objectstore.Info{Name: strings.TrimPrefix(o.Key, s.key("")), Size: o.Size, ETag: o.ETag, Modified: o.LastModified}
		if err := visit(info); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Purge removes an object for good, where versions are kept the version that is read: a
// marker over it would leave it there. There need be none.
func (s *Store) Purge(ctx context.Context, name string) error {
	operation := "remove " + name
	found, err := s.client.StatObject(ctx, s.bucket, s.key(name), minio.StatObjectOptions{})
	if errors.Is(wrap(ctx, operation, err), fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{VersionID: found.VersionID})
	}
	return wrap(ctx, operation, err)
}

// Open reads an object from an offset on.
func (s *Store) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, objectstore.Info, error) {
	operation := "open " + name
	var options minio.GetObjectOptions
	if offset > 0 {
		if err := options.SetRange(offset, 0); err != nil {
			return nil, objectstore.Info{}, wrap(ctx, operation, err)
		}
	}
	body, found, _, err := s.client.GetObject(ctx, s.bucket, s.key(name), options)
	if err != nil {
		return nil, objectstore.Info{}, wrap(ctx, operation, err)
	}
	return body, objectstore.Info{Name: name, Size: offset + found.Size, ETag: found.ETag, Modified: found.LastModified}, nil
}

// List returns what lies directly in a folder, "." for the highest.
func (s *Store) List(ctx context.Context, dir string) ([]objectstore.Info, error) {
	prefix := s.key("")
	if dir != "." {
		prefix = s.key(dir + "/")
	}
	ctx, cancel := context.WithCancel(ctx) // ends the listing where we do
	defer cancel()
	var all []objectstore.Info
	for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix}) {
		if o.Err != nil {
			return nil, wrap(ctx, "list "+dir, o.Err)
		}
		name := strings.TrimPrefix(o.Key, s.key(""))
		if strings.HasSuffix(name, "/") {
			all = append(all, objectstore.Info{Name: strings.TrimSuffix(name, "/"), Dir: true})
			continue
		}
		all = append(all, objectstore.Info{Name: name, Size: o.Size, ETag: o.ETag, Modified: o.LastModified})
	}
	return all, ctx.Err()
}

// Locking asks whether the bucket has Object Lock.
func (s *Store) Locking(ctx context.Context) (objectstore.Locking, error) {
	enabled, mode, _, _, err := s.client.GetObjectLockConfig(ctx, s.bucket)
	none := objectstore.Locking{
		Found:  "the bucket has no Object Lock: who has the rights can change and remove copies",
		Remedy: "Make a bucket with Object Lock (aws s3api create-bucket --object-lock-enabled-for-bucket) and name it, or switch it on for this one (versioning first).",
	}
	wrapped := wrap(ctx, "look at the bucket's Object Lock", err)
	var answered *objectstore.Error
	switch errors.As(wrapped, &answered); {
	case err == nil && enabled != "Enabled":
		return none, nil
	case err == nil && mode != nil:
		return objectstore.Locking{Can: true, Found: "the bucket has Object Lock, and a retention of its own (" + string(*mode) + ") for what comes without one"}, nil
	case err == nil:
		return objectstore.Locking{Can: true, Found: "the bucket has Object Lock"}, nil
	case answered != nil && answered.Code == "ObjectLockConfigurationNotFoundError":
		return none, nil
	case answered != nil && (answered.Status == http.StatusForbidden || answered.Status == http.StatusNotImplemented) && answered.Code != "InvalidAccessKeyId" && answered.Code != "SignatureDoesNotMatch" && answered.Code != "ExpiredToken":
		return objectstore.Locking{
			Unknown: true, Found: "whether the bucket has Object Lock cannot be told: HTTP " + http.StatusText(answered.Status),
			Remedy: "Give the identity s3:GetBucketObjectLockConfiguration.",
		}, nil
	}
	return objectstore.Locking{}, wrapped
}

// wrap takes out of the library's error what may be shown.
func wrap(ctx context.Context, operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	}
	var answered minio.ErrorResponse
	if !errors.As(err, &answered) {
		return &objectstore.Error{Operation: operation, Cause: objectstore.Plain(err)}
	}
	e := &objectstore.Error{Operation: operation, Status: answered.StatusCode, Code: answered.Code}
	switch answered.Code {
	case "PreconditionFailed":
		e.Cause = fs.ErrExist
	case "NoSuchKey":
		e.Cause = fs.ErrNotExist
	case "RequestTimeTooSkewed":
		e.Cause = errors.New("this machine's clock is wrong")
	case "InvalidRequest", "AccessDenied", "NoSuchBucket":
		e.Cause = errors.New(answered.Message)
	}
	return e
}
