//go:build moto

package s3

import (
	"errors"
	"flag"
	"io/fs"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/quoll/quoll/internal/objectstore/emulator"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

// These tests run against moto's server, an S3 that others wrote: make test-s3.
var motoServer = flag.String("moto", "", "moto_server")

// TestMoto is what every store has to do, in buckets with and without Object Lock,
// and that what is locked cannot be removed.
func TestMoto(t *testing.T) {
	location := emulator.Moto(t, *motoServer)
	for bucket, locked := range map[string]bool{"plain": false, "locked": true} {
		location.Bucket, location.Prefix = bucket, "some/prefix"
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
		storetest.RunMutable(t, store)
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
