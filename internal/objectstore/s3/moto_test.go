//go:build moto

package s3

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

// These tests run against moto's server, an S3 that others wrote: make test-s3.
var motoServer = flag.String("moto", "", "moto_server")

const motoPatience = time.Minute

// TestMoto is what every store has to do, in buckets with and without Object Lock,
// and that what is locked cannot be removed.
func TestMoto(t *testing.T) {
	address := startMoto(t)
	for bucket, locked := range map[string]bool{"plain": false, "locked": true} {
		location := objectstore.Location{Kind: objectstore.KindS3, Bucket: bucket, Prefix: "some/prefix", Endpoint: "http://" + address, Region: "us-east-1", PathStyle: true}
		store, err := New(Config{Location: location, Keys: func() (string, string, string, error) { return "key", "secret", "", nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{Region: "us-east-1", ObjectLocking: locked}); err != nil {
			t.Fatal(err)
		}
		until := time.Time{}
		if locked {
			until = time.Now().Add(time.Hour)
		}
		storetest.Run(t, store, until)
		if l, err := store.Locking(t.Context()); err != nil || l.Can != locked {
			t.Errorf("%s: %+v, %v", bucket, l, err)
		}
		if !locked {
			continue
		}
		found, err := store.client.StatObject(t.Context(), bucket, "some/prefix/head", minio.StatObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = store.client.RemoveObject(t.Context(), bucket, "some/prefix/head", minio.RemoveObjectOptions{VersionID: found.VersionID})
		if wrapped := wrap(t.Context(), "remove", err); !errors.Is(wrapped, fs.ErrPermission) {
			t.Errorf("a locked version was removed: %v", wrapped)
		}
	}
}

func startMoto(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	host, port, _ := net.SplitHostPort(address)
	listener.Close()
	process := exec.CommandContext(context.WithoutCancel(t.Context()), *motoServer, "-H", host, "-p", port)
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = process.Process.Kill(), process.Wait() }) // it has nothing to lose
	for end := time.Now().Add(motoPatience); ; time.Sleep(50 * time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
			return address
		}
		if time.Now().After(end) {
			t.Fatalf("moto does not answer: %v", err)
		}
	}
}
