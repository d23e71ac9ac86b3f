package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildProfiled builds a quoll that writes profiles of itself: testdata/profiled.go
// is laid over the command, so that nothing of it is in the program that people run.
// It must be called in the root of the repository.
func buildProfiled(ctx context.Context, dir string) (binary string, err error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(root, "cmd/quoll/profiled.go"): filepath.Join(root, "bench/collect/testdata/profiled.go"),
	}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "quoll-profiled")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", path, "-o", binary, "./cmd/quoll")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build a quoll that writes profiles: %w", err)
	}
	return binary, nil
}
