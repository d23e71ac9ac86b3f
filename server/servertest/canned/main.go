// Command canned serves the browser UI with canned answers, for developing and
// testing the UI without the rest of Quoll. It prints its address and runs
// until its standard input ends or it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/quoll/quoll/server"
	"github.com/quoll/quoll/server/servertest"
)

func main() {
	cfg := server.DefaultConfig()
	flag.StringVar(&cfg.Listen, "listen", "127.0.0.1:0", "address to listen on")
	flag.StringVar(&cfg.TokenFile, "token-file", "", "file with a bearer token to ask for")
	ui := flag.String("ui", "web/dist", "folder of the built UI")
	signIn := flag.Bool("sign-in", false, "let people sign in, the first by the link that is printed")
	flag.Parse()
	if err := run(cfg, *ui, *signIn); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cfg server.Config, ui string, signIn bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The test that started this process holds its standard input open; so
	// nothing is left running when the test dies.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	cfg.ShutdownGrace = time.Second
	services, path := servertest.New(time.Now).Services(), ""
	if signIn {
		services.Access, path = servertest.NewAccess(time.Now), "/sign-in#link="+servertest.FirstLink
	}
	s, err := server.New(cfg, server.Options{
		Services: services,
		UI:       os.DirFS(ui),
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s%s\n", l.Addr(), path)
	return s.Serve(ctx, l)
}
