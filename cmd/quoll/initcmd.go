package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

// template is a configuration to fill in.
const template = `# Configuration of quoll serve. Relative paths are relative to this file.
# docs/configuration.md has every key.

data_dir: quoll-data            # journal, lake, state
archive_dir: quoll-data-archive # best on another disk
archive_origin: agency.example/quoll
# archive_copies:               # docs/archive-copies.md
#   - name: sydney
#     url: s3://agency-quoll/archive?region=ap-southeast-2  # or az://account/container/prefix, file:///mnt/second/quoll
#     retain_days: 2557         # locked for seven years

server:
  listen: 127.0.0.1:8484        # another address needs token_file
#  metrics_token_file: metrics-token  # opens /metrics to Prometheus: umask 077; openssl rand -hex 24 > metrics-token

tenants:
  - name: My agency
    tenant_id: 00000000-0000-0000-0000-000000000000
    audit_log:
      # An application in Microsoft Entra with the application permission
      # ActivityFeed.Read of "Office 365 Management APIs", admin consent given.
      client_id: 00000000-0000-0000-0000-000000000000
      client_secret_file: client-secret # chmod 600; or certificate_file, or federated_token_file
      # client_secret_expires: 2027-03-01
      cloud: commercial         # or gcc, gcchigh, dod, china
    # audit_search:             # of quoll backfill; needs AuditLogsQuery.Read.All of Microsoft Graph
    #   retention_days: 180     # how long the tenant keeps audit records
    # defender_hunting: {}      # where Defender streams to nowhere; needs ThreatHunting.Read.All of Microsoft Graph
    # defender_export:
    #   dir: /mnt/defender      # holds the containers insights-logs-advancedhunting-…
    #   # or account_url: https://contoso.blob.core.windows.net, with client_id and its credential
    # event_hubs:               # Defender XDR streaming; docs/connect-defender.md
    #   hubs: [defender]        # or insights-logs-advancedhunting-emailevents, …
    #   connection_string_file: event-hubs-key # of a policy with Listen; or namespace, client_id and its credential
    #   retention: 24h          # of the hubs
`

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init [FILE]",
		Short:   "Write a configuration to fill in",
		Example: `  quoll init quoll.yaml`,
		Args:    someArguments("at most one file", 0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "quoll.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already; it is left as it is", path)
			}
			if err != nil {
				return fmt.Errorf("write configuration: %w", err)
			}
			_, err = f.WriteString(template)
			if err := errors.Join(err, f.Close()); err != nil {
				return fmt.Errorf("write configuration %s: %w", path, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: fill in the tenant, then run quoll check --config %s, and quoll serve\n", path, path)
			return err
		},
	}
}
