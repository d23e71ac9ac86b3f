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
		compressed, err := compress(body)
		if err != nil {
			http.Error(w, "cannot compress", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		body = compressed
	}
	if broken {
		// The length that was promised does not come: the connection ends.
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:int(kept*float64(len(body)))]
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
	if broken {
		abort(w)
	}
}

func compress(body []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
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
