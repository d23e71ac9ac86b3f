package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
)

// erasedContent is the content type of the payload that has the keys of the records
// that an erasure took: with it, a machine that is restored from the archive alone
// does not take such a record when it comes again.
const erasedContent = "ErasedKeys"

// erasedKeys is such a payload.
type erasedKeys struct {
	Sequence int      `json:"sequence"` // of the certificate
	Keys     []string `json:"keys"`     // in hexadecimal
}

// payload words it. Like a certificate it holds no records.
func (e erasedKeys) payload(at time.Time) (model.Payload, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return model.Payload{}, fmt.Errorf("write keys of erased records: %w", err)
	}
	return model.Payload{Source: model.SourceLedger, Format: model.FormatCertificate, ContentType: erasedContent, Name: fmt.Sprintf("erasure-%d.keys", e.Sequence), Received: at, Body: body}, nil
}

// takeErased remembers what was erased, of payloads that are restored.
func (r *restored) takeErased(p *model.Payload, leaf *archive.PayloadLeaf) error {
	if p.Source != model.SourceLedger || p.ContentType != erasedContent || len(p.Body) == 0 { // disposed of since
		return nil
	}
	var e erasedKeys
	if err := json.Unmarshal(p.Body, &e); err != nil {
		return fmt.Errorf("restore: keys of erased records at journal position %d: %w", leaf.Position, err)
	}
	r.erased = append(r.erased, e)
	return nil
}

// keepOut writes the tombstones of what was erased beside a lake that is to be built.
func (r *restored) keepOut(config lake.Config, at time.Time) error {
	for _, e := range r.erased {
		keys, err := parseKeys(e.Keys)
		err = errors.Join(err, lake.KeepOut(config, e.Sequence, at, keys))
		if err != nil {
			return fmt.Errorf("restore: keep out what was erased: %w", err)
		}
	}
	return nil
}
