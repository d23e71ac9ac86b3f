package blobexport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	azcontainer "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
)

// storageResource is what tokens for Azure Storage are asked for, in every cloud.
const storageResource = "https://storage.azure.com"

// AzureConfig says which storage account is read, and as whom: exactly one of an
// account key, a shared access signature and an application.
type AzureConfig struct {
	// URL is "https://contoso.blob.core.windows.net".
	URL string
	// Key is an account key, SAS a shared access signature ("sv=…&sig=…") with the
	// rights read and list. With a file they are what it held when the
	// configuration was read, and a change of it counts from the next look on.
	Key, SAS         collect.Secret
	KeyFile, SASFile string
	// Application has the role Storage Blob Data Reader.
	Application *entra.Application
	// Containers are read instead of asking for all: for rights to some alone.
	Containers []string
	// CAFile is a PEM file of certificate authorities trusted besides the system's.
	// HTTPClient replaces the whole client; CAFile is then ignored.
	CAFile     string
	HTTPClient *http.Client
}

// Validate reports what is wrong.
func (c *AzureConfig) Validate() error {
	ways := 0
	for _, given := range []bool{!c.Key.Empty(), !c.SAS.Empty(), c.Application != nil} {
		if given {
			ways++
		}
	}
	parsed, err := url.Parse(c.URL)
	switch {
	case err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.RawQuery != "":
		return fmt.Errorf("the account %q is not of the form https://contoso.blob.core.windows.net", c.URL)
	case ways != 1:
		return errors.New("give one of an account key, a shared access signature and an application")
	}
	_, err = c.transport()
	return err
}

func (c *AzureConfig) transport() (*http.Client, error) {
	if c.HTTPClient != nil {
		return c.HTTPClient, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificate authorities: no PEM certificate in %s", c.CAFile)
		}
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: time.Minute, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 4}
	return &http.Client{Transport: transport, Timeout: 5 * time.Minute}, nil
}

// Azure is a Store in an Azure Storage account.
type Azure struct {
	cfg    AzureConfig
	http   *http.Client
	tokens *entra.Tokens // nil without an application
	now    func() time.Time

	mu     sync.Mutex
	client *service.Client
	secret string // that client was made with
}

var _ Store = (*Azure)(nil)

// NewAzure returns the store of an account; nothing is sent before it is asked.
func NewAzure(cfg AzureConfig, now func() time.Time) (*Azure, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	transport, err := cfg.transport()
	if err != nil {
		return nil, err
	}
	a := &Azure{cfg: cfg, http: transport, now: now}
	if cfg.Application != nil {
		a.tokens = entra.NewTokens(*cfg.Application, transport, now)
	}
	return a, nil
}

// GetToken implements azcore.TokenCredential. Tokens keep themselves; the SDK is
// told to ask again soon.
func (a *Azure) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := a.tokens.Token(ctx, storageResource)
	return azcore.AccessToken{Token: token, ExpiresOn: a.now().Add(2 * time.Minute)}, err
}

// service returns the client, made anew when the secret's file has changed.
func (a *Azure) service() (*service.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	secret, err := a.read()
	if err != nil {
		return nil, err
	}
	if a.client != nil && secret == a.secret {
		return a.client, nil
	}
	options := &service.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: a.http, Telemetry: policy.TelemetryOptions{Disabled: true},
		Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: 200 * time.Millisecond, MaxRetryDelay: 2 * time.Second},
	}}
	base := strings.TrimSuffix(a.cfg.URL, "/") + "/"
	switch {
	case a.tokens != nil:
		a.client, err = service.NewClient(base, a, options)
	case !a.cfg.SAS.Empty():
		a.client, err = service.NewClientWithNoCredential(base+"?"+strings.TrimPrefix(secret, "?"), options)
	default:
		var key *service.SharedKeyCredential
		if key, err = service.NewSharedKeyCredential(a.account(), secret); err == nil {
			a.client, err = service.NewClientWithSharedKeyCredential(base, key, options)
		}
	}
	if err != nil {
		a.client = nil
		return nil, errors.New("the account key is none: it is no base64 text, or the account's address is wrong")
	}
	a.secret = secret
	return a.client, nil
}

// account is the name of the account: the first label of its host.
func (a *Azure) account() string {
	parsed, err := url.Parse(a.cfg.URL)
	if err != nil {
		return ""
	}
	if path := strings.Trim(parsed.Path, "/"); path != "" { // as emulators have it
		return path
	}
	name, _, _ := strings.Cut(parsed.Hostname(), ".")
	return name
}

func (a *Azure) read() (string, error) {
	file, secret := a.cfg.KeyFile, a.cfg.Key
	if !a.cfg.SAS.Empty() {
		file, secret = a.cfg.SASFile, a.cfg.SAS
	}
	if file == "" || a.tokens != nil {
		return secret.Reveal(), nil
	}
	read, err := collect.ReadSecretFile(file)
	return read.Reveal(), err
}

// Containers implements Store.
func (a *Azure) Containers(ctx context.Context, prefix string) ([]string, error) {
	client, err := a.service()
	if err != nil {
		return nil, &StoreError{Operation: "sign in", Cause: err}
	}
	if len(a.cfg.Containers) > 0 {
		return a.cfg.Containers, nil
	}
	var names []string
	for pager := client.NewListContainersPager(&service.ListContainersOptions{Prefix: &prefix}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, storeError(ctx, "list containers", err)
		}
		for _, c := range page.ContainerItems {
			if c.Name != nil {
				names = append(names, *c.Name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// List implements Store.
func (a *Azure) List(ctx context.Context, name, prefix string) ([]Blob, error) {
	client, err := a.service()
	if err != nil {
		return nil, &StoreError{Operation: "sign in", Cause: err}
	}
	var blobs []Blob
	options := &azcontainer.ListBlobsFlatOptions{Prefix: &prefix}
	for pager := client.NewContainerClient(name).NewListBlobsFlatPager(options); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, storeError(ctx, "list "+name, err)
		}
		for _, item := range page.Segment.BlobItems {
			p := item.Properties
			if item.Name == nil || p == nil || p.ContentLength == nil || p.LastModified == nil {
				return nil, &StoreError{Operation: "list " + name, Cause: errors.New("the answer names a blob without its size or its time")}
			}
			b := Blob{Name: *item.Name, Size: *p.ContentLength, Modified: p.LastModified.UTC()}
			if p.ETag != nil {
				b.ETag = string(*p.ETag)
			}
			blobs = append(blobs, b)
		}
	}
	slices.SortFunc(blobs, func(x, y Blob) int { return strings.Compare(x.Name, y.Name) })
	return blobs, nil
}

// ReadAt implements Store: one request, whose answer is of one state of the blob.
func (a *Azure) ReadAt(ctx context.Context, containerName, name string, p []byte, offset int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	client, err := a.service()
	if err != nil {
		return 0, &StoreError{Operation: "sign in", Cause: err}
	}
	operation := fmt.Sprintf("read %s/%s at %d", containerName, name, offset)
	response, err := client.NewContainerClient(containerName).NewBlobClient(name).DownloadStream(ctx,
		&azblob.DownloadStreamOptions{Range: azblob.HTTPRange{Offset: offset, Count: int64(len(p))}})
	if bloberror.HasCode(err, bloberror.InvalidRange) {
		return 0, io.EOF
	}
	if err != nil {
		return 0, storeError(ctx, operation, err)
	}
	// If the connection breaks, the rest is asked for with If-Match, so that it is
	// of the same state.
	body := response.NewRetryReader(ctx, &azblob.RetryReaderOptions{MaxRetries: 2})
	n, err := io.ReadFull(body, p)
	err = errors.Join(ended(err), body.Close())
	if err != nil && !errors.Is(err, io.EOF) {
		return n, storeError(ctx, operation, err)
	}
	return n, err
}

// ended makes a short read the end of the blob, as io.ReaderAt has it.
func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// StoreError is what an account answered instead of what was asked for.
type StoreError struct {
	Operation string
	Status    int    // HTTP; 0 when no answer came
	Code      string // Azure Storage's ("AuthorizationPermissionMismatch"); may be empty
	Cause     error  // nil when Status says it all
}

func (e *StoreError) Error() string {
	text := e.Operation
	if e.Status != 0 {
		text += fmt.Sprintf(": HTTP %d %s", e.Status, e.Code)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// refuses says whether it is the credential that the account does not take.
func (e *StoreError) refuses() bool {
	return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized || e.Code == string(bloberror.InvalidAuthenticationInfo)
}

func (e *StoreError) Unwrap() error { return e.Cause }

// storeError takes out of the SDK's error what may be shown: addresses hold
// signatures.
func storeError(ctx context.Context, operation string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var answered *azcore.ResponseError
	if errors.As(err, &answered) {
		e := &StoreError{Operation: operation, Status: answered.StatusCode, Code: answered.ErrorCode}
		if bloberror.HasCode(err, bloberror.ContainerNotFound, bloberror.BlobNotFound, bloberror.ContainerBeingDeleted) {
			e.Cause = fs.ErrNotExist
		}
		return e
	}
	var refused *entra.Failure
	if errors.As(err, &refused) {
		return &StoreError{Operation: operation, Cause: refused}
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return &StoreError{Operation: operation, Cause: err}
}
