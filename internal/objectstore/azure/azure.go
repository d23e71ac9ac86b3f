// Package azure keeps objects as block blobs in a container of Azure Blob Storage.
// Where the container has version-level immutability, blobs are written with a
// locked time-based policy: nobody can shorten it, the account's owner included.
//
// It must not know what the bytes mean. Credentials, and addresses that hold
// signatures, are in none of its errors.
package azure

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/quoll/quoll/internal/objectstore"
)

// Config says which container, and as whom: with an account key, a shared access
// signature, an identity of Entra, or, with none of them, the identity that
// environment, workload or machine give, in this order. The functions are asked
// again for each call, so that what they read may change.
type Config struct {
	Location objectstore.Location
	Key, SAS func() (string, error)
	Identity azcore.TokenCredential
}

const (
	retries  = 3
	callTime = 5 * time.Minute
)

// Store is a container, or what is below a prefix in it.
type Store struct {
	cfg       Config
	address   string
	transport *http.Client

	mu     sync.Mutex
	client *container.Client
	secret string // that client was made with
}

// New returns the store of a container; nothing is sent before it is asked.
func New(cfg Config) (*Store, error) {
	transport, err := objectstore.Transport(cfg.Location.CAFile)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, transport: &http.Client{Transport: transport}}
	s.address = cfg.Location.Endpoint
	if s.address == "" {
		s.address = "https://" + cfg.Location.Account + ".blob.core.windows.net"
	}
	s.address = strings.TrimSuffix(s.address, "/") + "/" + cfg.Location.Bucket
	if cfg.Key == nil && cfg.SAS == nil && cfg.Identity == nil {
		s.cfg.Identity, err = surroundings(s.options().ClientOptions)
	}
	return s, err
}

// surroundings is the identity of the environment, of the workload or of the
// machine.
func surroundings(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	var sources []azcore.TokenCredential
	if c, err := azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: options}); err == nil {
		sources = append(sources, c)
	}
	if c, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: options}); err == nil {
		sources = append(sources, c)
	}
	c, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ClientOptions: options})
	if err != nil {
		return nil, err
	}
	return azidentity.NewChainedTokenCredential(append(sources, c), nil)
}

func (s *Store) options() *container.ClientOptions {
	return &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: s.transport, Telemetry: policy.TelemetryOptions{Disabled: true},
		Retry: policy.RetryOptions{MaxRetries: retries, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 5 * time.Second},
	}}
}

// in returns the client of the container, made anew when its secret has changed.
func (s *Store) in() (*container.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var secret string
	var err error
	switch {
	case s.cfg.Key != nil:
		secret, err = s.cfg.Key()
	case s.cfg.SAS != nil:
		secret, err = s.cfg.SAS()
	}
	if err != nil || s.client != nil && secret == s.secret {
		return s.client, err
	}
	s.client, s.secret = nil, secret
	switch {
	case s.cfg.Key != nil:
		var key *blob.SharedKeyCredential
		if key, err = blob.NewSharedKeyCredential(s.cfg.Location.Account, secret); err != nil {
			return nil, errors.New("the account key is none: it is no base64 text")
		}
		s.client, err = container.NewClientWithSharedKeyCredential(s.address, key, s.options())
	case s.cfg.SAS != nil:
		s.client, err = container.NewClientWithNoCredential(s.address+"?"+strings.TrimPrefix(secret, "?"), s.options())
	default:
		s.client, err = container.NewClient(s.address, s.cfg.Identity, s.options())
	}
	if err != nil {
		s.client = nil
		return nil, errors.New("the container's address or its credential cannot be used")
	}
	return s.client, nil
}

func (s *Store) key(name string) string {
	if s.cfg.Location.Prefix == "" {
		return name
	}
	return s.cfg.Location.Prefix + "/" + name
}

// Create writes a blob that must not be there; the error is fs.ErrExist if it is.
// With a time it is locked until then.
func (s *Store) Create(ctx context.Context, name string, data []byte, until time.Time) error {
	_, err := s.put(ctx, "create "+name, name, bytes.NewReader(data), until, absent())
	return err
}

// absent is the condition that there is no blob of the name.
func absent() *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
}

// Upload writes a blob that must not be there; the error is fs.ErrExist if it is.
// It is there whole or not at all. The size is what body has.
func (s *Store) Upload(ctx context.Context, name string, body io.ReadSeeker, _ int64) error {
	_, err := s.put(ctx, "create "+name, name, body, time.Time{}, absent())
	return err
}

// Swap replaces the blob that has that ETag, or makes it if etag is empty and there
// is none, and returns the new ETag. The error is objectstore.ErrChanged if there
// is another blob, or none.
func (s *Store) Swap(ctx context.Context, name string, data []byte, etag string) (string, error) {
	conditions := absent()
	if etag != "" {
		conditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: to.Ptr(azcore.ETag(etag))}}
	}
	made, err := s.put(ctx, "replace "+name, name, bytes.NewReader(data), time.Time{}, conditions)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("replace %s: %w", name, objectstore.ErrChanged)
	}
	return made, err
}

// Replace writes a blob, whether it is there or not. Where versions are kept, the
// one before stays, locked as it was.
func (s *Store) Replace(ctx context.Context, name string, data []byte, until time.Time) error {
	_, err := s.put(ctx, "replace "+name, name, bytes.NewReader(data), until, nil)
	return err
}

func (s *Store) put(ctx context.Context, operation, name string, data io.ReadSeeker, until time.Time, conditions *blob.AccessConditions) (etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	client, err := s.in()
	if err != nil {
		return "", wrap(ctx, operation, err)
	}
	sum := md5.New()
	if _, err := io.Copy(sum, data); err != nil {
		return "", wrap(ctx, operation, err)
	}
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return "", wrap(ctx, operation, err)
	}
	options := &blockblob.UploadOptions{AccessConditions: conditions, TransactionalValidation: blob.TransferValidationTypeMD5(sum.Sum(nil))}
	if !until.IsZero() {
		options.ImmutabilityPolicyMode = to.Ptr(blob.ImmutabilityPolicySettingLocked)
		options.ImmutabilityPolicyExpiryTime = to.Ptr(until.UTC().Truncate(time.Second))
	}
	made, err := client.NewBlockBlobClient(s.key(name)).Upload(ctx, streaming.NopCloser(data), options)
	if err == nil && made.ETag != nil {
		etag = string(*made.ETag)
	}
	return etag, wrap(ctx, operation, err)
}

// Stat says what there is of a blob; the error is fs.ErrNotExist where there is none.
func (s *Store) Stat(ctx context.Context, name string) (objectstore.Info, error) {
	client, err := s.in()
	if err != nil {
		return objectstore.Info{}, wrap(ctx, "look at "+name, err)
	}
	found, err := client.NewBlobClient(s.key(name)).GetProperties(ctx, nil)
	if err != nil {
		return objectstore.Info{}, wrap(ctx, "look at "+name, err)
	}
	info := objectstore.Info{Name: name}
	if found.ContentLength != nil {
		info.Size = *found.ContentLength
	}
	if found.ETag != nil {
		info.ETag = string(*found.ETag)
	}
	if found.LastModified != nil {
		info.Modified = found.LastModified.UTC()
	}
	return info, nil
}

// Remove removes a blob. That there is none is no error.
func (s *Store) Remove(ctx context.Context, name string) error {
	client, err := s.in()
	if err != nil {
		return wrap(ctx, "remove "+name, err)
	}
	_, err = client.NewBlobClient(s.key(name)).Delete(ctx, nil)
	if err = wrap(ctx, "remove "+name, err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Walk calls visit with every blob whose name begins with dir and a slash.
func (s *Store) Walk(ctx context.Context, dir string, visit func(objectstore.Info) error) error {
	client, err := s.in()
	if err != nil {
		return wrap(ctx, "list "+dir, err)
	}
	prefix := s.key(dir + "/")
	pager := client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return wrap(ctx, "list "+dir, err)
		}
		for _, b := range page.Segment.BlobItems {
			info, err := s.listed(dir, b)
			if err == nil {
				err = visit(info)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// listed is what a listing says of a blob.
func (s *Store) listed(dir string, b *container.BlobItem) (objectstore.Info, error) {
	if b.Name == nil || b.Properties == nil || b.Properties.ContentLength == nil {
		return objectstore.Info{}, &objectstore.Error{Operation: "list " + dir, Cause: errors.New("the answer names a blob without its size")}
	}
	info := objectstore.Info{Name: strings.TrimPrefix(*b.Name, s.key("")), Size: *b.Properties.ContentLength}
	if b.Properties.ETag != nil {
		info.ETag = string(*b.Properties.ETag)
	}
	if b.Properties.LastModified != nil {
		info.Modified = b.Properties.LastModified.UTC()
	}
	return info, nil
}

// Purge removes a blob for good, where versions are kept the version that is read: without
// its name it would become one of the past. There need be none.
func (s *Store) Purge(ctx context.Context, name string) error {
	operation := "remove " + name
	client, err := s.in()
	if err != nil {
		return wrap(ctx, operation, err)
	}
	b := client.NewBlobClient(s.key(name))
	found, err := b.GetProperties(ctx, nil)
	if errors.Is(wrap(ctx, operation, err), fs.ErrNotExist) {
		return nil
	}
	if err == nil && found.VersionID != nil {
		b, err = b.WithVersionID(*found.VersionID)
	}
	if err == nil {
		_, err = b.Delete(ctx, nil)
	}
	return wrap(ctx, operation, err)
}

// Open reads a blob from an offset on.
func (s *Store) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, objectstore.Info, error) {
	operation := "open " + name
	client, err := s.in()
	if err != nil {
		return nil, objectstore.Info{}, wrap(ctx, operation, err)
	}
	r, err := client.NewBlobClient(s.key(name)).DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: offset}})
	if err != nil {
		return nil, objectstore.Info{}, wrap(ctx, operation, err)
	}
	info := objectstore.Info{Name: name}
	if r.ContentLength != nil {
		info.Size = offset + *r.ContentLength
	}
	if r.ETag != nil {
		info.ETag = string(*r.ETag)
	}
	if r.LastModified != nil {
		info.Modified = r.LastModified.UTC()
	}
	return r.Body, info, nil
}

// List returns what lies directly in a folder, "." for the highest.
func (s *Store) List(ctx context.Context, dir string) ([]objectstore.Info, error) {
	client, err := s.in()
	if err != nil {
		return nil, wrap(ctx, "list "+dir, err)
	}
	prefix := s.key("")
	if dir != "." {
		prefix = s.key(dir + "/")
	}
	var all []objectstore.Info
	pager := client.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: &prefix})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, wrap(ctx, "list "+dir, err)
		}
		for _, p := range page.Segment.BlobPrefixes {
			if p.Name != nil {
				all = append(all, objectstore.Info{Name: strings.TrimSuffix(strings.TrimPrefix(*p.Name, s.key("")), "/"), Dir: true})
			}
		}
		for _, b := range page.Segment.BlobItems {
			info, err := s.listed(dir, b)
			if err != nil {
				return nil, err
			}
			all = append(all, info)
		}
	}
	return all, nil
}

// Locking asks whether the container has version-level immutability.
func (s *Store) Locking(ctx context.Context) (objectstore.Locking, error) {
	client, err := s.in()
	if err != nil {
		return objectstore.Locking{}, wrap(ctx, "look at the container", err)
	}
	found, err := client.GetProperties(ctx, nil)
	switch {
	case bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch, bloberror.AuthorizationFailure):
		return objectstore.Locking{
			Unknown: true, Found: "whether the container has version-level immutability cannot be told: its properties may not be read",
			Remedy: "Give the identity the role Storage Blob Data Contributor on the container, instead of a signature for blobs alone.",
		}, nil
	case err != nil:
		return objectstore.Locking{}, wrap(ctx, "look at the container", err)
	case found.IsImmutableStorageWithVersioningEnabled != nil && *found.IsImmutableStorageWithVersioningEnabled:
		return objectstore.Locking{Can: true, Found: "the container has version-level immutability"}, nil
	case found.HasImmutabilityPolicy != nil && *found.HasImmutabilityPolicy:
		return objectstore.Locking{
			Found:  "the container has an immutability policy of its own, and no version-level one: the head of a copy could not move on in it",
			Remedy: "Make a container with version-level immutability (az storage container-rm create --enable-vlw true) and name it.",
		}, nil
	}
	return objectstore.Locking{
		Found:  "the container has no version-level immutability: who has the rights can change and remove copies",
		Remedy: "Make a container with it (az storage container-rm create --enable-vlw true) and name it.",
	}, nil
}

// wrap takes out of the SDK's error what may be shown.
func wrap(ctx context.Context, operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	}
	var answered *azcore.ResponseError
	if !errors.As(err, &answered) {
		return &objectstore.Error{Operation: operation, Cause: objectstore.Plain(err)}
	}
	e := &objectstore.Error{Operation: operation, Status: answered.StatusCode, Code: answered.ErrorCode}
	switch bloberror.Code(answered.ErrorCode) {
	case bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.BlobImmutableDueToPolicy, "UnauthorizedBlobOverwrite":
		e.Cause = fs.ErrExist
	case bloberror.BlobNotFound:
		e.Cause = fs.ErrNotExist
	case bloberror.ContainerNotFound:
		e.Cause = errors.New("the container is not there")
	}
	return e
}
