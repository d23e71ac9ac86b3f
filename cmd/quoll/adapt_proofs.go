package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/server"
)

// certificateSuffix ends the names of certificates; their lists of blobs have
// one more.
const certificateSuffix = ".certificate"

// countedFor is how long a count of certificates is good for: a day closes once.
const countedFor = time.Minute

// verificationFile is where the last verification of the archive is noted.
const verificationFile = "verification.json"

// proofs reads what a person would look at to see whether anything was changed:
// the checkpoint, the certificates, the last verification. What cannot be read
// is left out.
func (r *reporter) proofs(a *server.ArchiveStatus) {
	a.Recipients = strings.Fields(r.node.paths.recipients)
	a.Checkpoint = readCheckpoint(r.node.paths.archive)
	a.Certificates = r.certificates.count(filepath.Join(r.node.paths.data, "certificates"), time.Now())
	a.Verified = readVerification(r.node.paths.data)
	a.Drill = readDrill(r.node.paths.data)
	if last := readAgreement(r.node.paths.data); last != nil {
		a.Reconciliation = &last.Reconciliation
	}
	a.Witnesses = r.node.witnessStatus()
	a.Timestamps = r.node.stampStatus(time.Now())
	a.Copies = r.node.copyStatus(time.Now())
	a.RowFiles = r.node.rowFileStatus(time.Now())
	if a.Checkpoint != nil {
		a.Sealed = &a.Checkpoint.Time
	}
}

// readCheckpoint reads the first lines of the checkpoint. Its signature is for
// verifiers to check: they have the key from elsewhere.
func readCheckpoint(dir string) *server.Checkpoint {
	file := filepath.Join(dir, "checkpoint")
	text, err := os.ReadFile(file)
	info, statErr := os.Stat(file)
	lines := strings.SplitN(string(text), "\n", 4)
	if err != nil || statErr != nil || len(lines) < 4 {
		return nil
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil
	}
	return &server.Checkpoint{Origin: lines[0], Size: size, Root: lines[2], Time: info.ModTime().UTC()}
}

// noteVerification keeps the outcome of a verification for the status. Only who
// may write to the data directory can: the note is a reminder and no proof.
func noteVerification(data string, now time.Time, r *archive.Report, rooted bool) error {
	noted := server.Verification{Time: now.UTC(), Passed: r.OK(), Detail: fmt.Sprintf("%d payloads, %d leaves", r.Payloads, r.Size), Stamps: verifiedStamps(r, rooted)}
	if !r.OK() {
		noted.Detail = r.Problems[0].String()
	}
	text, err := json.Marshal(noted)
	if err != nil {
		return err
	}
	return durable.WriteFile(durable.OS{}, filepath.Join(data, verificationFile), append(text, '\n'), 0o640)
}

func readVerification(data string) *server.Verification {
	var noted server.Verification
	text, err := os.ReadFile(filepath.Join(data, verificationFile))
	if err != nil || json.Unmarshal(text, &noted) != nil {
		return nil
	}
	return &noted
}

// certificateCounter counts certificates by their names, seldom enough for
// browsers that ask every few seconds.
type certificateCounter struct {
	mu    sync.Mutex
	known *server.CertificateCount
	at    time.Time
}

func (c *certificateCounter) count(dir string, now time.Time) *server.CertificateCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || now.Sub(c.at) > countedFor {
		c.known, c.at = countCertificates(dir), now
	}
	return c.known
}

func countCertificates(dir string) *server.CertificateCount {
	count := &server.CertificateCount{}
	tenants, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return count
	}
	for _, tenant := range tenants {
		files, err := os.ReadDir(filepath.Join(dir, tenant.Name()))
		if err != nil {
			continue
		}
		before := count.Certificates
		for _, file := range files {
			name := file.Name()
			if !strings.HasSuffix(name, certificateSuffix) || len(name) < len(time.DateOnly) {
				continue
			}
			day := name[:len(time.DateOnly)]
			count.Certificates++
			count.Latest = max(count.Latest, day)
			if count.Earliest == "" || day < count.Earliest {
				count.Earliest = day
			}
		}
		if count.Certificates > before {
			count.Tenants++
		}
	}
	return count
}
