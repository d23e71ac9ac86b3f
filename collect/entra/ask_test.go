package entra

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGraphSaysWhenTheSecretEnds(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		const graph = "https://graph.microsoft.com"
		ends := time.Now().Add(20 * 24 * time.Hour).UTC()
		r.cfg.Permissions, r.cfg.SecretExpires = []string{"Application.Read.All"}, ends
		r.restart()
		file := write(t, filepath.Join(r.dir, "secret"), []byte(secret))
		tokens := r.tokens(Credential{ClientSecretFile: file})
		if got, err := tokens.AskSecretEnds(r.t.Context(), graph, graph); err != nil || !got.Equal(ends) || !tokens.Expires().Equal(ends) {
			t.Errorf("%v, %v, want %v", got, err, ends)
		}
		// Another secret has another end.
		r.cfg.ClientSecret = "another secret"
		r.restart()
		write(t, file, []byte("another secret"))
		time.Sleep(2 * time.Hour)
		if _, err := tokens.Token(r.t.Context(), graph); err != nil || !tokens.Expires().IsZero() {
			t.Errorf("%v; ends %v, which is that of the secret before", err, tokens.Expires())
		}

		r.cfg.Permissions = []string{"ActivityFeed.Read"}
		r.restart()
		_, err := r.tokens(Credential{ClientSecretFile: file}).AskSecretEnds(r.t.Context(), graph, graph)
		if err == nil || !strings.Contains(err.Error(), "HTTP 403") || !strings.Contains(err.Error(), "Insufficient privileges") {
			t.Errorf("%v, want what Graph refuses", err)
		}
		if _, err := r.tokens(Credential{FederatedTokenFile: file}).AskSecretEnds(r.t.Context(), graph, graph); err == nil {
			t.Error("a federated token has an end that Graph knows")
		}
	})
}
