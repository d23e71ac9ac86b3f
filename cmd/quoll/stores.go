package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/copies"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/objectstore"
	"github.com/quoll/quoll/internal/objectstore/azure"
	"github.com/quoll/quoll/internal/objectstore/s3"
	"github.com/quoll/quoll/lake"
)

// objectStore is what all kinds of stores do.
type objectStore interface {
	copies.Store
	objectstore.Readable
}

// openStore returns a store; nothing is sent before it is asked.
func openStore(c config.ObjectStore) (objectStore, error) {
	switch c.Location.Kind {
	case objectstore.KindS3:
		return s3.New(s3.Config{Location: c.Location, Keys: c.Keys})
	case objectstore.KindAzure:
		account := azure.Config{Location: c.Location, Key: c.AccountKey, SAS: c.SAS}
		if c.Application != nil {
			transport, err := entraTransport(c.Location.CAFile)
			if err != nil {
				return nil, err
			}
			account.Identity = &storageTokens{entra.NewTokens(*c.Application, transport, clock.System().Now), clock.System()}
		}
		return azure.New(account)
	default:
		return objectstore.NewDirectory(durable.OS{}, c.Location.Dir), nil
	}
}

// lakeStore is the object store of the lake, nil where that is on the disk.
func (p paths) lakeStore() (*lake.Store, error) {
	if p.store == "" {
		return nil, nil
	}
	c, err := config.ReadLakeStore(p.store, p.storeDir, os.Getenv)
	if err != nil {
		return nil, err
	}
	store, err := openStore(c.ObjectStore)
	if err != nil {
		return nil, fmt.Errorf("lake.store: %w", err)
	}
	objects, ok := store.(lake.Objects)
	if !ok {
		return nil, fmt.Errorf("lake.store: %s is no object store", c.Location)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	return &lake.Store{Objects: objects, URI: icebergURI(c.Location), CacheBytes: c.CacheBytes, Random: rand.Float64, Host: host}, nil
}

// lakeConfig is the configuration of the lake for commands that know the data
// directory alone.
func (p paths) lakeConfig() (lake.Config, error) {
	config := lake.DefaultConfig(p.lake())
	var err error
	config.Store, err = p.lakeStore()
	return config, err
}

// icebergURI is a store in the words of Iceberg's metadata: how other engines name it.
func icebergURI(l objectstore.Location) string {
	place := "s3://" + l.Bucket
	if l.Kind == objectstore.KindAzure {
		suffix := "core.windows.net"
		if u, err := url.Parse(l.Endpoint); err == nil {
			if _, rest, ok := strings.Cut(u.Hostname(), ".blob."); ok { // another cloud
				suffix = rest
			}
		}
		place = "abfss://" + l.Bucket + "@" + l.Account + ".dfs." + suffix
	}
	return strings.TrimSuffix(place+"/"+l.Prefix, "/")
}

// storageTokens gives Azure's client the tokens of an application.
type storageTokens struct {
	tokens *entra.Tokens
	clock  clock.Clock
}

// GetToken implements azcore.TokenCredential. Tokens keep themselves; the client is
// told to ask again soon.
func (s *storageTokens) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.tokens.Token(ctx, "https://storage.azure.com")
	return azcore.AccessToken{Token: token, ExpiresOn: s.clock.Now().Add(2 * time.Minute)}, err
}

// openArchiveFS opens an archive, or a copy of one, in a folder or in a store that
// is named by its address. Credentials are the environment's.
func openArchiveFS(ctx context.Context, place string) (fs.FS, io.Closer, error) {
	if !objectstore.IsLocation(place) {
		root, err := os.OpenRoot(place) // so that no link leads out of the folder
		if err != nil {
			return nil, nil, fmt.Errorf("open archive: %w", err)
		}
		return root.FS(), root, nil
	}
	location, err := objectstore.ParseLocation(place)
	if err != nil {
		return nil, nil, usageError(fmt.Errorf("--archive: %w", err))
	}
	store, err := openStore(fromEnvironment(location, os.Getenv))
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", location, err)
	}
	return objectstore.NewFS(ctx, store, clock.System(), rand.Float64), io.NopCloser(nil), nil
}

// fromEnvironment takes what the tools of Amazon and Microsoft take from the
// environment. Without keys there, the libraries look further.
func fromEnvironment(l objectstore.Location, getenv func(string) string) config.ObjectStore {
	c := config.ObjectStore{Location: l}
	given := func(name string) func() (string, error) {
		if getenv(name) == "" {
			return nil
		}
		return func() (string, error) { return getenv(name), nil }
	}
	switch l.Kind {
	case objectstore.KindS3:
		c.Location.Endpoint = cmp.Or(l.Endpoint, getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"))
		c.Location.Region = cmp.Or(l.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"))
		c.Location.CAFile = cmp.Or(l.CAFile, getenv("AWS_CA_BUNDLE"))
	case objectstore.KindAzure:
		if c.AccountKey = given("AZURE_STORAGE_KEY"); c.AccountKey == nil {
			c.SAS = given("AZURE_STORAGE_SAS_TOKEN")
		}
	}
	return c
}

// openProverOf opens an archive, or a copy, for making proofs.
func openProverOf(ctx context.Context, place, key string, identities archive.Identities) (*archive.Prover, error) {
	if !objectstore.IsLocation(place) {
		return archive.OpenProver(place, key, identities)
	}
	fsys, _, err := openArchiveFS(ctx, place)
	if err != nil {
		return nil, err
	}
	return archive.NewProver(fsys, key, identities)
}
