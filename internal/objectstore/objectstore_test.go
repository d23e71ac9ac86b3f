package objectstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/storetest"
)

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	storetest.Run(t, objectstore.NewDirectory(durable.OS{}, dir), time.Time{})
	// A disk that is not mounted is not replaced by a folder on another.
	lost := objectstore.NewDirectory(durable.OS{}, dir+"/not-mounted")
	if err := lost.Create(t.Context(), "a", nil, time.Time{}); err == nil {
		t.Fatal("the folder of a disk was made")
	}
	if _, err := lost.Locking(t.Context()); err == nil {
		t.Fatal("a folder that is not there is well")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := objectstore.NewDirectory(durable.OS{}, dir).Create(ended, "b", nil, time.Time{}); err == nil {
		t.Fatal("written after the end")
	}
}

func TestLocations(t *testing.T) {
	for text, want := range map[string]string{
		"s3://bucket/some/prefix/":                          "s3://bucket/some/prefix",
		"s3://bucket?region=x&path_style=true&ca_file=ca":   "s3://bucket",
		"s3://bucket?endpoint=https://minio.example:9000/":  "s3://bucket?endpoint=https://minio.example:9000",
		"az://contoso/container/a/b":                        "az://contoso/container/a/b",
		"az://contoso/container?endpoint=https://x.example": "az://contoso/container?endpoint=https://x.example",
		"file:///mnt/second":                                "file:///mnt/second",
	} {
		l, err := objectstore.ParseLocation(text)
		if err != nil || l.String() != want {
			t.Errorf("%s: %s, %v; want %s", text, l, err, want)
		}
	}
	for text, want := range map[string]string{
		"s3:///prefix":                         "bucket is missing",
		"az://contoso":                         "container is missing",
		"file://host/dir":                      "not absolute",
		"gs://bucket":                          "no kind of store",
		"s3://key:hidden@bucket":               "credentials do not belong",
		"az://contoso/c?sig=hidden":            `parameter "sig"`,
		"s3://b?endpoint=minio:9000":           "no address",
		"s3://b?path_style=perhaps":            "neither true nor false",
		"s3://b?endpoint=https://u:hidden@x/y": "no address",
	} {
		_, err := objectstore.ParseLocation(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
