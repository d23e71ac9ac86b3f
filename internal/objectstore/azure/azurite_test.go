//go:build azurite

package azure

import (
	"flag"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/quoll/quoll/internal/objectstore/emulator"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

// These tests run against Azurite, Microsoft's emulator: make test-azurite.
var azuriteDir = flag.String("azurite", "", "folder with node_modules/azurite")

// TestAzurite is what every store has to do, against Azurite over TLS: signatures
// with an account key, conditions, listings and ranges are judged by Microsoft's
// own code.
func TestAzurite(t *testing.T) {
	location := emulator.Azurite(t, *azuriteDir, accountKey)
	location.Bucket, location.Prefix = "archive", "some/prefix"
	key, err := blob.NewSharedKeyCredential(location.Account, accountKey)
	if err != nil {
		t.Fatal(err)
	}
	store, err := New(Config{Location: location, Key: func() (string, error) { return accountKey, nil }})
	if err != nil {
		t.Fatal(err)
	}
	owner, err := container.NewClientWithSharedKeyCredential(store.address, key, store.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, store, time.Time{})
	storetest.RunMutable(t, store)
	if l, err := store.Locking(t.Context()); err != nil || l.Can {
		t.Errorf("Azurite has no version-level immutability: %+v, %v", l, err)
	}
}
