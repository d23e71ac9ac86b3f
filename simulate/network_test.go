package simulate

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
)

// network joins clients and one server by pipes in memory, because virtual time
// stands still while anybody waits for a socket. HTTP on it is that of net/http
// on both sides; TLS is left out.
type network struct {
	calls  chan net.Conn
	closed chan struct{}
	down   atomic.Bool
	server *http.Server
	client *http.Transport
	served chan error
}

var errNetworkClosed = errors.New("network closed")

func newNetwork(handler http.Handler) *network {
	n := &network{calls: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
	n.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		handler.ServeHTTP(w, r)
	})}
	n.client = &http.Transport{DialTLSContext: n.dial, MaxIdleConnsPerHost: 4}
	go func() { n.served <- n.server.Serve(n) }()
	return n
}

func (n *network) close() {
	n.client.CloseIdleConnections()
	_ = n.server.Close() // what it says is what Serve says
	<-n.served
}

// dial has the shape of http.Transport's dialler.
func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if n.down.Load() {
		return nil, syscall.ECONNREFUSED
	}
	near, far := net.Pipe()
	select {
	case n.calls <- far:
		return near, nil
	case <-n.closed:
		return nil, errNetworkClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// RoundTrip implements http.RoundTripper for the clients.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.down.Load() {
		return nil, syscall.ENETUNREACH
	}
	return n.client.RoundTrip(r)
}

// Accept implements net.Listener.
func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.calls:
		return c, nil
	case <-n.closed:
		return nil, errNetworkClosed
	}
}

// Close implements net.Listener.
func (n *network) Close() error {
	close(n.closed)
	return nil
}

// Addr implements net.Listener.
func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
