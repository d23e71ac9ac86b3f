package objectstore

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// The kinds of stores.
const (
	KindDirectory = "file"
	KindS3        = "s3"
	KindAzure     = "az"
)

// Location says where a store is, without saying who comes.
type Location struct {
	Kind string
	// Dir is the folder of a directory.
	Dir string
	// Bucket is the bucket of S3, or the container of Azure; Account the storage
	// account; Prefix what all names begin with, without slashes at the ends.
	Bucket, Account, Prefix string
	// Endpoint is where the service answers, if not where its maker has it:
	// "https://minio.example:9000", "https://contoso.blob.core.usgovcloudapi.net".
	Endpoint string
	Region   string // of S3; empty: it is asked for
	// PathStyle: the bucket stands in the path and not in the name of the host.
	PathStyle bool
	// CAFile is a PEM file of certificate authorities trusted besides the system's.
	CAFile string
}

// IsLocation says whether a text is the address of a store, and no folder.
func IsLocation(text string) bool {
	return strings.Contains(text, "://")
}

// ParseLocation reads the address of a store:
//
//	s3://bucket/prefix?endpoint=https://minio.example:9000&region=ap-southeast-2&path_style=true&ca_file=ca.pem
//	az://account/container/prefix?endpoint=https://…&ca_file=ca.pem
//	file:///mnt/second/quoll
//
// All after the question mark is optional. Credentials have no place in it.
func ParseLocation(text string) (Location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Location{}, errors.New("it is no address; write it as s3://bucket/prefix, az://account/container/prefix or file:///folder")
	}
	if u.User != nil {
		return Location{}, errors.New("credentials do not belong into the address; give them in the environment or in files")
	}
	l := Location{Kind: u.Scheme, Prefix: strings.Trim(u.Path, "/")}
	if err := l.parameters(u.Query()); err != nil {
		return Location{}, err
	}
	switch u.Scheme {
	case KindDirectory:
		l.Dir, l.Prefix = filepath.FromSlash(u.Path), ""
		if u.Host != "" || !filepath.IsAbs(l.Dir) {
			return Location{}, errors.New("the folder is not absolute; write it as file:///mnt/second/quoll")
		}
	case KindS3:
		if l.Bucket = u.Host; l.Bucket == "" {
			return Location{}, errors.New("the bucket is missing; write it as s3://bucket/prefix")
		}
	case KindAzure:
		l.Account = u.Host
		l.Bucket, l.Prefix, _ = strings.Cut(l.Prefix, "/")
		if l.Account == "" || l.Bucket == "" {
			return Location{}, errors.New("the account or the container is missing; write it as az://account/container/prefix")
		}
	default:
		return Location{}, fmt.Errorf("%q is no kind of store; there are s3://, az:// and file://", u.Scheme)
	}
	return l, nil
}

func (l *Location) parameters(given url.Values) error {
	for name, values := range given {
		value := values[len(values)-1]
		switch name {
		case "endpoint":
			u, err := url.Parse(value)
			if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
				return errors.New("the endpoint is no address; write it as https://storage.example:9000")
			}
			l.Endpoint = strings.TrimSuffix(value, "/")
		case "region":
			l.Region = value
		case "path_style":
			on, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("path_style=%s is neither true nor false", value)
			}
			l.PathStyle = on
		case "ca_file":
			l.CAFile = value
		default:
			// A signature may be among them.
			return fmt.Errorf("the address has a parameter %q; there are endpoint, region, path_style and ca_file", name)
		}
	}
	return nil
}

// String is the place alone: what tells one store from another.
func (l Location) String() string {
	if l.Kind == KindDirectory {
		return "file://" + filepath.ToSlash(l.Dir)
	}
	parts := []string{l.Bucket, l.Prefix}
	if l.Kind == KindAzure {
		parts = []string{l.Account, l.Bucket, l.Prefix}
	}
	text := l.Kind + "://" + strings.TrimSuffix(strings.Join(parts, "/"), "/")
	if l.Endpoint != "" {
		text += "?endpoint=" + l.Endpoint
	}
	return text
}
