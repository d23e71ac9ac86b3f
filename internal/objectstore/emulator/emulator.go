// Package emulator starts the object stores that others wrote, for tests: Azurite,
// Microsoft's emulator of Azure Storage, and moto's S3. Neither is downloaded here:
// make test-azurite and make test-s3 do that and say where they are.
//
// It must not know what is kept in them.
package emulator

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/loopback"
	"github.com/quoll/quoll/internal/objectstore"
)

// patience is how long one of them may take to answer.
const patience = time.Minute

// AzureAccount is the account that Azurite has.
const AzureAccount = "quoll"

// Azurite starts the one in dir/node_modules over TLS, with an account of that key,
// and returns where it answers; the container is the caller's to name and to make.
func Azurite(t testing.TB, dir, key string) objectstore.Location {
	t.Helper()
	own := t.TempDir()
	files, err := loopback.Write(own)
	if err != nil {
		t.Fatal(err)
	}
	address, host, port := free(t)
	start(t, address, []string{"AZURITE_ACCOUNTS=" + AzureAccount + ":" + key}, "node", filepath.Join(dir, "node_modules/azurite/dist/src/blob/main.js"),
		"--blobHost", host, "--blobPort", port, "--location", filepath.Join(own, "data"), "--cert", files.Certificate, "--key", files.Key,
		"--oauth", "basic", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
	return objectstore.Location{Kind: objectstore.KindAzure, Account: AzureAccount, Endpoint: "https://" + address + "/" + AzureAccount, CAFile: files.Authority}
}

// Moto starts moto_server and returns where it answers; the bucket is the caller's
// to name and to make. It takes any keys.
func Moto(t testing.TB, program string) objectstore.Location {
	t.Helper()
	address, host, port := free(t)
	start(t, address, nil, program, "-H", host, "-p", port)
	return objectstore.Location{Kind: objectstore.KindS3, Endpoint: "http://" + address, Region: "us-east-1", PathStyle: true}
}

// free is an address on loopback that nobody listens at.
func free(t testing.TB) (address, host, port string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address = listener.Addr().String()
	if host, port, err = net.SplitHostPort(address); err != nil {
		t.Fatal(err)
	}
	return address, host, port
}

// start runs a server until the test ends, and waits until it answers.
func start(t testing.TB, address string, env []string, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(context.Background(), program, args...)
	process.Env, process.Stdout, process.Stderr = append(os.Environ(), env...), log, log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = process.Process.Kill(), process.Wait() // it has nothing to lose
		log.Close()
	})
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("%s does not answer: %v\n%s", program, err, text)
		}
	}
}
