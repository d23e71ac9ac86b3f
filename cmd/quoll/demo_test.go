package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestATakenAddressLeavesNoFolders(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	parent := t.TempDir()
	err = runDemo(t.Context(), t.Output(), demoOptions{data: filepath.Join(parent, "data"), listen: taken.Addr().String(), seed: 1, history: time.Hour})
	if err == nil || !strings.Contains(err.Error(), "listen on "+taken.Addr().String()) {
		t.Errorf("error %v, want one that names the address", err)
	}
	made, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range made {
		t.Errorf("%s was made", entry.Name())
	}
}
