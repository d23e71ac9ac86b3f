//go:build azurite

package azure

import (
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
	"github.com/quoll/quoll/tenantsim/certificate"
)

// These tests run against Azurite, Microsoft's emulator: make test-azurite.
var azuriteDir = flag.String("azurite", "", "folder with node_modules/azurite")

const azuritePatience = time.Minute

// TestAzurite is what every store has to do, against Azurite over TLS: signatures
// with an account key, conditions, listings and ranges are judged by Microsoft's
// own code.
func TestAzurite(t *testing.T) {
	location := startAzurite(t)
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
	if l, err := store.Locking(t.Context()); err != nil || l.Can {
		t.Errorf("Azurite has no version-level immutability: %+v, %v", l, err)
	}
}

func startAzurite(t *testing.T) objectstore.Location {
	t.Helper()
	dir := t.TempDir()
	files, err := certificate.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	host, port, _ := net.SplitHostPort(address)
	listener.Close()
	process := exec.CommandContext(context.WithoutCancel(t.Context()), "node", filepath.Join(*azuriteDir, "node_modules/azurite/dist/src/blob/main.js"), "--blobHost", host, "--blobPort", port,
		"--location", filepath.Join(dir, "data"), "--cert", files.Certificate, "--key", files.Key, "--skipApiVersionCheck", "--disableTelemetry", "--silent")
	process.Env = append(os.Environ(), "AZURITE_ACCOUNTS=quoll:"+accountKey)
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = process.Process.Kill(), process.Wait() }) // it has nothing to lose
	for end := time.Now().Add(azuritePatience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("Azurite does not answer: %v", err)
		}
	}
	return objectstore.Location{Kind: objectstore.KindAzure, Account: "quoll", Bucket: "archive", Prefix: "some/prefix", Endpoint: "https://" + address + "/quoll", CAFile: files.Authority}
}
