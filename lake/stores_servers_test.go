//go:build stores

package lake

import (
	"context"
	"encoding/base64"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/azure"
	"github.com/quoll/quoll/internal/objectstore/emulator"
	"github.com/quoll/quoll/internal/objectstore/s3"
	"github.com/quoll/quoll/internal/objectstore/s3/s3test"
	"github.com/quoll/quoll/tenantsim/storage"
)

// Stores that speak a protocol: make test-s3 and make test-azurite run all tests of
// this package with their tables in them.
var (
	motoServer = flag.String("moto", "", "moto_server")
	azuriteDir = flag.String("azurite", "", "folder with node_modules/azurite")
)

const lakeBucket = "lake"

var accountKey = base64.StdEncoding.EncodeToString([]byte("a key of the tests"))

func init() {
	openers["s3"] = func(t testing.TB) mutable {
		server := httptest.NewServer(s3test.New(s3test.Config{Bucket: lakeBucket, Region: "us-east-1", Key: "key", Secret: "secret"}))
		t.Cleanup(server.Close)
		return inS3(t, objectstore.Location{Kind: objectstore.KindS3, Endpoint: server.URL, Region: "us-east-1", PathStyle: true})
	}
	openers["azure"] = func(t testing.TB) mutable {
		account := storage.New(storage.DefaultConfig())
		account.AddContainer(lakeBucket)
		server := httptest.NewServer(account)
		t.Cleanup(server.Close)
		return inAzure(t, objectstore.Location{Kind: objectstore.KindAzure, Account: "contoso", Endpoint: server.URL})
	}
	openers["moto"] = func(t testing.TB) mutable {
		location := emulator.Moto(t, *motoServer)
		owner, err := minio.New(location.Endpoint[len("http://"):], &minio.Options{Creds: credentials.NewStaticV4("key", "secret", ""), Region: location.Region})
		if err == nil {
			err = owner.MakeBucket(context.Background(), lakeBucket, minio.MakeBucketOptions{Region: location.Region})
		}
		if err != nil {
			t.Fatal(err)
		}
		return inS3(t, location)
	}
	openers["azurite"] = func(t testing.TB) mutable {
		location := emulator.Azurite(t, *azuriteDir, accountKey)
		transport, err := objectstore.Transport(location.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		key, err := blob.NewSharedKeyCredential(location.Account, accountKey)
		if err != nil {
			t.Fatal(err)
		}
		options := &container.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: transport}}}
		owner, err := container.NewClientWithSharedKeyCredential(location.Endpoint+"/"+lakeBucket, key, options)
		if err == nil {
			_, err = owner.Create(context.Background(), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		return inAzure(t, location)
	}
}

func inS3(t testing.TB, location objectstore.Location) mutable {
	location.Bucket, location.Prefix = lakeBucket, "some/prefix"
	store, err := s3.New(s3.Config{Location: location, Keys: func() (string, string, string, error) { return "key", "secret", "", nil }})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func inAzure(t testing.TB, location objectstore.Location) mutable {
	location.Bucket, location.Prefix = lakeBucket, "some/prefix"
	store, err := azure.New(azure.Config{Location: location, Key: func() (string, error) { return accountKey, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
