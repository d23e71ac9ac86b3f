//go:build azurite

package blobexport

import (
	"bytes"
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/objectstore/emulator"
	"github.com/quoll/quoll/simulate/directory"
)

// These tests run against Azurite, Microsoft's emulator: make test-azurite.
var azuriteDir = flag.String("azurite", "", "folder with node_modules/azurite")

// azurite is an emulator at work, and a client of it that may do everything.
type azurite struct {
	t       *testing.T
	url, ca string
	key     *service.SharedKeyCredential
	owner   *service.Client
}

func startAzurite(t *testing.T) *azurite {
	t.Helper()
	location := emulator.Azurite(t, *azuriteDir, accountKey)
	a := &azurite{t: t, url: location.Endpoint, ca: location.CAFile}
	var err error
	if a.key, err = service.NewSharedKeyCredential(location.Account, accountKey); err != nil {
		t.Fatal(err)
	}
	transport, err := (&AzureConfig{CAFile: a.ca}).transport()
	if err != nil {
		t.Fatal(err)
	}
	if a.owner, err = service.NewClientWithSharedKeyCredential(a.url+"/", a.key, &service.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: transport}}); err != nil {
		t.Fatal(err)
	}
	return a
}

// add appends to a blob as the export does, and makes container and blob if need be.
func (a *azurite) add(name, text string) {
	a.t.Helper()
	inside := a.owner.NewContainerClient(container)
	_, _ = inside.Create(a.t.Context(), nil) // there already, mostly
	blob := inside.NewAppendBlobClient(name)
	if _, err := blob.GetProperties(a.t.Context(), nil); err != nil {
		a.make(blob)
	}
	body := streaming.NopCloser(io.NewSectionReader(strings.NewReader(text), 0, int64(len(text))))
	if _, err := blob.AppendBlock(a.t.Context(), body, nil); err != nil {
		a.t.Fatal(err)
	}
}

func (a *azurite) make(blob *appendblob.Client) {
	a.t.Helper()
	if _, err := blob.Create(a.t.Context(), nil); err != nil {
		a.t.Fatal(err)
	}
}

func (a *azurite) rig(sign func(*AzureConfig)) *azureRig {
	a.t.Helper()
	r := &azureRig{rig: newRig(a.t)}
	r.azure = AzureConfig{URL: a.url, CAFile: a.ca}
	sign(&r.azure)
	r.connect()
	return r
}

func byKey(c *AzureConfig) { c.Key = collect.NewSecret(accountKey) }

// TestAzuriteAsItGrows reads append blobs as they grow, in pieces of lines that end
// in CR LF, through restarts, and one that is made anew.
func TestAzuriteAsItGrows(t *testing.T) {
	a := startAzurite(t)
	r := a.rig(byKey)
	r.poll() // no container yet
	lines := bytes.Repeat([]byte("{\"a\":\"\xc3\xa9\"}\r\n"), 5000)
	whole := string(lines)
	a.add(hour(8), whole[:len(whole)-7])
	r.poll()
	r.want(hour(8), whole[:len(whole)-len("{\"a\":\"é\"}\r\n")])
	a.add(hour(8), whole[len(whole)-7:])
	a.add(hour(9), "{\"b\":1}\r\n")
	r.connect() // after a restart
	r.poll()
	r.poll()
	r.want(hour(8), whole)
	r.want(hour(9), "{\"b\":1}\r\n")
	journalled := len(r.sink.payloads)
	r.poll()
	if len(r.sink.payloads) != journalled {
		t.Error("what was read is read again")
	}
	blob := a.owner.NewContainerClient(container).NewAppendBlobClient(hour(9))
	if _, err := blob.Delete(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	a.add(hour(9), "{\"c\":1}\r\n")
	r.poll()
	r.want(hour(9), "{\"b\":1}\r\n{\"c\":1}\r\n")
}

// TestWaysToSignInToAzurite reads with each kind of credential, and says what is
// wrong with one that is not taken.
func TestWaysToSignInToAzurite(t *testing.T) {
	a := startAzurite(t)
	a.add(hour(8), "one\r\n")
	signature := func(p sas.AccountPermissions, ends time.Duration) collect.Secret {
		t.Helper()
		address, err := a.owner.GetSASURL(sas.AccountResourceTypes{Service: true, Container: true, Object: true}, p, time.Now().Add(ends), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(address, "?")
		return collect.NewSecret(query)
	}
	var application *entra.Application
	application, a.ca = directory.Start(t, a.ca)
	for name, sign := range map[string]func(*AzureConfig){
		"key":         byKey,
		"signature":   func(c *AzureConfig) { c.SAS = signature(sas.AccountPermissions{Read: true, List: true}, time.Hour) },
		"application": func(c *AzureConfig) { c.Application = application },
	} {
		t.Run(name, func(t *testing.T) {
			r := a.rig(sign)
			r.poll()
			r.want(hour(8), "one\r\n")
		})
	}
	for name, c := range map[string]struct {
		sign func(*AzureConfig)
		code string
	}{
		"another key":              {func(c *AzureConfig) { c.Key = collect.NewSecret("b3RoZXI=") }, "InvalidAuthenticationInfo"},
		"a signature that ended":   {func(c *AzureConfig) { c.SAS = signature(sas.AccountPermissions{Read: true, List: true}, -time.Minute) }, "AuthorizationFailure"},
		"a signature without list": {func(c *AzureConfig) { c.SAS = signature(sas.AccountPermissions{Read: true}, time.Hour) }, "AuthorizationPermissionMismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			r := a.rig(c.sign)
			err := r.c.poll(t.Context())
			p := problem(err, time.Now())
			if p == nil || p.Code != c.code || !blocked(err) || strings.Contains(p.Detail, "sig=") {
				t.Errorf("problem %+v of %v", p, err)
			}
		})
	}
}
