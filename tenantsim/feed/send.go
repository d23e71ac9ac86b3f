package feed

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// sendRecords sends the body of a blob, compressed for whoever takes that.
func (s *Server) sendRecords(w http.ResponseWriter, r *http.Request, records [][]byte) {
	body, kept, broken := s.faults.cut(r, array(records))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		compressed, err := s.compress(body)
		if err != nil {
			http.Error(w, "cannot compress", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		body = s.faults.damage(r, compressed, body)
	}
	length := len(body)
	if broken {
		// The length that was promised does not come: the connection ends.
		body = body[:int(kept*float64(len(body)))]
	} else {
		length, broken = s.faults.length(r, length)
		body = body[:min(length, len(body))]
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
	if broken {
		abort(w)
	}
}

// damage spoils a compressed body.
func (f *faults) damage(r *http.Request, compressed, plain []byte) []byte {
	d, hit := f.throw(r, "gzip", f.BadGzip)
	if !hit {
		return compressed
	}
	switch d.Below(3) {
	case 0:
		f.count(notGzip)
		return plain
	case 1:
		f.count(cutGzip)
		return compressed[:d.Below(len(compressed))]
	}
	f.count(damagedGzip)
	damaged := bytes.Clone(compressed)
	damaged[d.Between(10, len(damaged)-1)] ^= 1 << d.Below(8) // behind the header, which has bytes without a meaning
	return damaged
}

// length is what the header says of a body of n bytes, and whether the
// connection ends before as much has come.
func (f *faults) length(r *http.Request, n int) (says int, broken bool) {
	d, hit := f.throw(r, "length", f.WrongLengths)
	switch {
	case !hit:
		return n, false
	case d.Chance(0.5):
		f.count(longLength)
		return n + d.Between(1, 100), true
	}
	f.count(shortLength)
	return d.Below(n), false
}

func (s *Server) compress(body []byte) ([]byte, error) {
	var b bytes.Buffer
	z, ok := s.compressors.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(&b)
	}
	defer s.compressors.Put(z)
	z.Reset(&b)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// abort ends the exchange without finishing the answer. This panic is the way
// that net/http has for it; the server catches it and logs nothing.
func abort(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}
