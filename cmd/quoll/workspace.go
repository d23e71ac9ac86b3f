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

// workspaceFile says which workspace a data directory is: the GUID in the
// column TenantId of every row.
const workspaceFile = "workspace.json"

type workspace struct {
	WorkspaceID string `json:"workspaceId"`
}

// workspaceID returns the GUID of a data directory, making one at first use.
func workspaceID(data string) (string, error) {
	path := filepath.Join(data, workspaceFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newWorkspace(path)
	}
	if err != nil {
		return "", fmt.Errorf("read workspace: %w", err)
	}
	var w workspace
	if err := json.Unmarshal(text, &w); err != nil {
		return "", fmt.Errorf("read workspace %s: %w", path, err)
	}
	if _, err := uuid.Parse(w.WorkspaceID); err != nil {
		return "", fmt.Errorf("read workspace %s: workspaceId %q is no GUID", path, w.WorkspaceID)
	}
	return w.WorkspaceID, nil
}

func newWorkspace(path string) (string, error) {
	w := workspace{WorkspaceID: uuid.NewString()}
	text, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return "", err
	}
	if err := durable.WriteFile(durable.OS{}, path, append(text, '\n'), 0o640); err != nil {
		return "", fmt.Errorf("write workspace %s: %w", path, err)
	}
	return w.WorkspaceID, nil
}
