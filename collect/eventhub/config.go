package eventhub

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
)

// kafkaPort is where every namespace speaks Kafka.
const kafkaPort = "9093"

// Config says what to read, and as whom. Either a connection string or an
// application signs in.
type Config struct {
	// Tenant is the Entra tenant (a GUID) of records that do not say theirs.
	Tenant string
	// Namespace is the host of the namespace ("contoso.servicebus.windows.net");
	// with a connection string it may be empty.
	Namespace string
	// Hubs are the names of event hubs; with a connection string of one hub they
	// may be empty.
	Hubs []string
	// Group is the Kafka consumer group, in which processes share partitions. It
	// has nothing to do with the consumer groups of Event Hubs.
	Group string

	// ConnectionString has the right Listen; with ConnectionStringFile it is what
	// the file held when the configuration was read, and a change of the file
	// counts from the next connection on.
	ConnectionString     collect.Secret
	ConnectionStringFile string
	// Application has the role Azure Event Hubs Data Receiver.
	Application *entra.Application

	// Brokers replaces host:port of the namespace, which stays the audience of
	// tokens. CAFile is a PEM file of certificate authorities trusted besides the
	// system's.
	Brokers []string
	CAFile  string

	// Retention is how long the hubs keep a message; ExpiryAlarm is how long
	// before the deletion of something unread there is a warning, 0 for none.
	Retention, ExpiryAlarm time.Duration
	// BatchBytes is the size of a payload; only a single message that is larger
	// makes a larger one.
	BatchBytes int
	// CommitEvery is the time between two commits to the group while messages
	// come; WatchEvery that between two looks at what is outstanding.
	CommitEvery, WatchEvery time.Duration
	// SessionTimeout is after how much silence the group gives a member's
	// partitions to others.
	SessionTimeout time.Duration
}

// DefaultConfig returns the defaults, without a namespace.
func DefaultConfig() Config {
	return Config{
		Group: "quoll", Retention: 24 * time.Hour, ExpiryAlarm: 12 * time.Hour,
		BatchBytes: 4 << 20, CommitEvery: time.Second, WatchEvery: 30 * time.Second, SessionTimeout: 30 * time.Second,
	}
}

// connection is a connection string, taken apart.
type connection struct {
	host, hub string
	text      collect.Secret
}

// parseConnection reads "Endpoint=sb://host/;SharedAccessKeyName=…;SharedAccessKey=…[;EntityPath=hub]".
// The key is in no error.
func parseConnection(secret collect.Secret) (connection, error) {
	c := connection{text: secret}
	named := map[string]string{}
	for part := range strings.SplitSeq(secret.Reveal(), ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			named[strings.ToLower(name)] = value
		}
	}
	endpoint, ok := strings.CutPrefix(named["endpoint"], "sb://")
	c.host, c.hub = strings.ToLower(strings.Trim(endpoint, "/")), named["entitypath"]
	switch {
	case !ok || c.host == "":
		return c, errors.New("the connection string has no Endpoint=sb://….servicebus.windows.net/; copy it whole, from Shared access policies of the namespace or the hub")
	case named["sharedaccesskeyname"] == "" || named["sharedaccesskey"] == "":
		return c, errors.New("the connection string has no SharedAccessKeyName and SharedAccessKey: a shared access signature is not accepted by the Kafka endpoint; copy the connection string of a policy with the right Listen")
	}
	return c, nil
}

// Validate completes the configuration from the connection string and reports
// everything that is wrong, joined.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	c.Tenant, c.Namespace = strings.ToLower(c.Tenant), strings.ToLower(c.Namespace)
	if !c.ConnectionString.Empty() {
		if err := c.complete(); err != nil {
			errs = append(errs, err)
		}
	}
	if (c.Application == nil) == c.ConnectionString.Empty() {
		bad("give one of a connection string and an application")
	}
	if c.Namespace == "" || strings.ContainsAny(c.Namespace, "/: ") {
		bad("namespace %q is no name of a host; write it as contoso.servicebus.windows.net", c.Namespace)
	}
	if len(c.Hubs) == 0 {
		bad("no event hub is named")
	}
	seen := map[string]bool{}
	for _, hub := range c.Hubs {
		if hub == "" || seen[hub] {
			bad("the event hub %q is named twice, or has no name", hub)
		}
		seen[hub] = true
	}
	if c.Group == "" || len(c.Group) > 256 {
		bad("the consumer group must have 1 to 256 characters")
	}
	if c.Retention <= 0 || c.ExpiryAlarm < 0 || c.ExpiryAlarm >= c.Retention {
		bad("the expiry alarm (%v) must lie before the end of the retention (%v)", c.ExpiryAlarm, c.Retention)
	}
	if c.BatchBytes < 1 || c.CommitEvery <= 0 || c.WatchEvery <= 0 || c.SessionTimeout < 6*time.Second || c.SessionTimeout > 5*time.Minute {
		bad("a batch needs at least 1 byte, commits and looks an interval above zero, and the session timeout lies between 6s and 5m")
	}
	if _, err := c.tls(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) complete() error {
	parsed, err := parseConnection(c.ConnectionString)
	if err != nil {
		return err
	}
	if c.Namespace == "" {
		c.Namespace = parsed.host
	}
	if c.Namespace != parsed.host {
		return fmt.Errorf("the connection string is for %s, but namespace says %s", parsed.host, c.Namespace)
	}
	if len(c.Hubs) == 0 && parsed.hub != "" {
		c.Hubs = []string{parsed.hub}
	}
	for _, hub := range c.Hubs {
		if parsed.hub != "" && hub != parsed.hub {
			return fmt.Errorf("the connection string is for the event hub %s alone, not for %s; take one of the namespace", parsed.hub, hub)
		}
	}
	return nil
}

func (c *Config) brokers() []string {
	if len(c.Brokers) > 0 {
		return c.Brokers
	}
	return []string{net.JoinHostPort(c.Namespace, kafkaPort)}
}

// resource is what tokens are asked for.
func (c *Config) resource() string { return "https://" + c.Namespace }

func (c *Config) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("certificate authorities: %w", err)
	}
	if config.RootCAs, err = x509.SystemCertPool(); err != nil {
		config.RootCAs = x509.NewCertPool()
	}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate authorities: no PEM certificate in %s", c.CAFile)
	}
	return config, nil
}
