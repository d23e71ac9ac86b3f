package server_test

import (
	"net"
	"net/http"
	"sync"
)

// deafListener accepts nobody.
type deafListener struct {
	once   sync.Once
	closed chan struct{}
}

func (l *deafListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, http.ErrServerClosed
}

func (l *deafListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *deafListener) Addr() net.Addr { return &net.TCPAddr{} }
