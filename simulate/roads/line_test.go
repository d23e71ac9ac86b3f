package roads

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// mode is how a server is.
type mode string

const (
	well    mode = "well"
	dead    mode = "dead"    // nobody listens
	hanging mode = "hanging" // takes connections and never says anything
	slow    mode = "slow"    // every answer takes half a minute
	revoked mode = "revoked" // takes the key no more
)

const slowness = 30 * time.Second

// line joins clients and one server by pipes in memory, because virtual time
// stands still while anybody waits for a socket. A change of mode cuts every
// connection.
type line struct {
	dialServer func(context.Context) (net.Conn, error)

	mu    sync.Mutex
	mode  mode
	conns []net.Conn
}

func (l *line) is() mode {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode
}

func (l *line) set(m mode) {
	l.mu.Lock()
	l.mode = m
	conns := l.conns
	l.conns = nil
	l.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // what reads from it tells
	}
}

func (l *line) dial(ctx context.Context) (net.Conn, error) {
	switch l.is() {
	case dead:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case hanging:
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }() // ends with the pipe
		return l.keep(near), nil
	}
	conn, err := l.dialServer(ctx)
	if err != nil {
		return nil, err
	}
	return l.keep(conn), nil
}

func (l *line) keep(conn net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, conn)
	return &delayed{Conn: conn, line: l}
}

// delayed is a connection on which reading what was sent takes as long as the
// line says.
type delayed struct {
	net.Conn
	line *line
}

func (d *delayed) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	if err == nil && d.line.is() == slow {
		time.Sleep(slowness)
	}
	return n, err
}

// web is a line to an HTTP server. HTTP on it is that of net/http on both sides;
// TLS is left out.
type web struct {
	line
	calls  chan net.Conn
	closed chan struct{}
	server *http.Server
	client *http.Transport
	served chan error
}

// newWeb serves handler. A server that refuses the key answers with refuse.
func newWeb(handler http.Handler, refuse http.HandlerFunc) *web {
	w := &web{calls: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
	w.mode, w.dialServer = well, w.call
	w.server = &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		if w.is() == revoked {
			refuse(out, r)
			return
		}
		handler.ServeHTTP(out, r)
	})}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return w.dial(ctx) }
	w.client = &http.Transport{DialTLSContext: dial, MaxIdleConnsPerHost: 4, ResponseHeaderTimeout: time.Minute}
	go func() { w.served <- w.server.Serve(w) }()
	return w
}

var errClosed = errors.New("closed")

func (w *web) call(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case w.calls <- far:
		return near, nil
	case <-w.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *web) close() {
	w.set(dead)
	w.client.CloseIdleConnections()
	_ = w.server.Close() // what it says is what Serve says
	<-w.served
}

// Accept implements net.Listener.
func (w *web) Accept() (net.Conn, error) {
	select {
	case c := <-w.calls:
		return c, nil
	case <-w.closed:
		return nil, errClosed
	}
}

// Close implements net.Listener.
func (w *web) Close() error {
	close(w.closed)
	return nil
}

// Addr implements net.Listener.
func (w *web) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }

// wires are the network of the event hubs: clients of Quoll call over a line, and
// who publishes does not.
type wires struct {
	kfake.VirtualNetwork
	line
}

func (w *wires) dialBroker(ctx context.Context, network, address string) (net.Conn, error) {
	l := &w.line
	l.mu.Lock()
	l.dialServer = func(ctx context.Context) (net.Conn, error) {
		return w.VirtualNetwork.DialContext(ctx, network, address)
	}
	l.mu.Unlock()
	return l.dial(ctx)
}
