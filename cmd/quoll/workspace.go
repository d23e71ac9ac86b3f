package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/quoll/quoll/internal/durable"
)

// workspaceFile says which workspace a data directory is, and where its
// archive is, for commands that are given the directory alone.
const workspaceFile = "workspace.json"

type workspace struct {
	// WorkspaceID is the GUID in the column TenantId of every row.
	WorkspaceID string `json:"workspaceId"`
	// DataDir is where the directory was when this was written: a copy of it elsewhere must
	// not write to the archive and the tables of the one that it was copied from.
	DataDir       string `json:"dataDir,omitempty"`
	ArchiveDir    string `json:"archiveDir"`
	ArchiveOrigin string `json:"archiveOrigin"`
	// ArchiveRecipients are whom the archive is encrypted to, with spaces between;
	// ArchiveIdentities is the file that opens it. Empty: not encrypted.
	ArchiveRecipients string `json:"archiveRecipients,omitempty"`
	ArchiveIdentities string `json:"archiveIdentities,omitempty"`
	// ArchiveStampRoots are the files with the root certificates of the authorities that
	// stamp the archive's checkpoints, one a line; empty: none does.
	ArchiveStampRoots string `json:"archiveStampRoots,omitempty"`
	// ArchiveMinimum is how long payloads are kept at least; empty: for ever.
	ArchiveMinimum string `json:"archiveMinimum,omitempty"`
	// ArchiveRowHashes: of row files the archive keeps hashes alone.
	ArchiveRowHashes bool `json:"archiveRowHashes,omitempty"`
	// LakeStore is lake.store of the configuration, whose relative paths are relative to
	// LakeStoreDir; empty: the tables are on the disk. It has no secrets.
	LakeStore    string `json:"lakeStore,omitempty"`
	LakeStoreDir string `json:"lakeStoreDir,omitempty"`
}

// readWorkspace returns what a data directory says of itself; the zero value
// when it says nothing yet.
func readWorkspace(data string) (workspace, error) {
	var w workspace
	path := filepath.Join(data, workspaceFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return w, fmt.Errorf("read workspace: %w", err)
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return w, fmt.Errorf("read workspace %s: %w", path, err)
	}
	if _, err := uuid.Parse(w.WorkspaceID); err != nil {
		return w, fmt.Errorf("read workspace %s: workspaceId %q is no GUID", path, w.WorkspaceID)
	}
	return w, nil
}

// openWorkspace makes the data directory say what it is and where its archive
// is, and returns its GUID, which is made at first use and stays.
func openWorkspace(p paths) (string, error) {
	known, err := readWorkspace(p.data)
	if err != nil {
		return "", err
	}
	if p.elsewhere != nil { // until somebody says so
		return known.WorkspaceID, nil
	}
	w := workspace{
		WorkspaceID: known.WorkspaceID, DataDir: p.data, ArchiveDir: p.archive, ArchiveOrigin: p.origin, ArchiveRecipients: p.recipients, ArchiveIdentities: p.identities,
		ArchiveStampRoots: p.stampRoots, ArchiveMinimum: p.minimum, ArchiveRowHashes: p.rowHashes, LakeStore: p.store, LakeStoreDir: p.storeDir,
	}
	if w.WorkspaceID == "" {
		w.WorkspaceID = uuid.NewString()
	}
	if w == known {
		return w.WorkspaceID, nil
	}
	text, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.data, workspaceFile)
	if err := durable.WriteFile(durable.OS{}, path, append(text, '\n'), 0o640); err != nil {
		return "", fmt.Errorf("write workspace %s: %w", path, err)
	}
	return w.WorkspaceID, nil
}
