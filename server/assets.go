package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// assets serves the built UI. The build stores large files compressed only, as
// name.gz, to keep the binary small; a client that takes no gzip gets them
// unpacked.
type assets struct {
	files map[string]asset
}

type asset struct {
	body        []byte
	gzipped     bool
	contentType string
}

// missingUI is served when the UI was not built into the binary.
const missingUI = "The web interface is not built into this binary. Run make, and start it again.\n"

// newAssets reads the whole UI: it is part of the binary anyway.
func newAssets(ui fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}}
	if ui == nil {
		return a, nil
	}
	err := fs.WalkDir(ui, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		body, err := fs.ReadFile(ui, name)
		if err != nil {
			return err
		}
		plain, gzipped := strings.CutSuffix(name, ".gz")
		a.files[plain] = asset{body: body, gzipped: gzipped, contentType: contentType(plain)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the web interface: %w", err)
	}
	return a, nil
}

// contentType is fixed for what the build makes: the system's own table may
// differ between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ttf":
		return "font/ttf"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// ServeHTTP serves a file of the UI, and index.html for every path that is no
// file: the UI reads the path itself, so that a link to a view can be reloaded.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	file, ok := a.files[name]
	if !ok {
		if path.Ext(name) != "" && strings.HasPrefix(name, "assets/") {
			http.NotFound(w, r)
			return
		}
		name = "index.html"
		if file, ok = a.files[name]; !ok {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			_, _ = io.WriteString(w, missingUI)
			return
		}
	}
	// The names under assets/ hold a digest of the content.
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.Header().Set("Content-Type", file.contentType)
	file.write(w, r)
}

func (f asset) write(w http.ResponseWriter, r *http.Request) {
	if !f.gzipped {
		_, _ = w.Write(f.body)
		return
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(f.body)
		return
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(f.body))
	if err != nil {
		http.Error(w, "broken asset", http.StatusInternalServerError)
		return
	}
	// The build made the file, so its size is known to be sane.
	if _, err := io.Copy(w, unpacked); err != nil && !errors.Is(err, io.EOF) {
		return
	}
}

// acceptsGzip reads an Accept-Encoding header: gzip is named and not refused
// by q=0.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && weight != "q=0.0"
		}
	}
	return false
}
