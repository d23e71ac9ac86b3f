package preflight

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/cloud"
)

// reach checks that a host answers, and says which of network, proxy and TLS
// stands in the way.
func (r *run) reach(ctx context.Context, p *activity.Probe, what, host string) bool {
	proxy := r.proxy(host)
	through := ""
	if proxy != nil {
		through = " through the proxy " + proxy.Host
		if !r.proxyAnswers(ctx, proxy) {
			return false
		}
	}
	var err error
	r.step(ctx, func(ctx context.Context) { err = p.Reach(ctx, host) })
	if err == nil {
		r.say("network", OK, fmt.Sprintf("%s %s answers%s", what, host, through), "")
		return true
	}
	f := Finding{Check: "network", Tenant: r.name, Severity: Blocking, Detail: err.Error()}
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &unknown):
		f.Check, f.Found = "TLS", fmt.Sprintf("%s %s shows a certificate of an authority that is not trusted here%s", what, host, issuer(err, &certificate))
		f.Remedy = "A proxy or firewall opens TLS: put its authority's certificate (PEM) into a file and name it as ca_file, or have Microsoft's hosts exempted."
	case errors.As(err, &name):
		f.Check, f.Found = "TLS", fmt.Sprintf("%s %s shows a certificate for another name%s", what, host, issuer(err, &certificate))
		f.Remedy = "Something stands between this machine and Microsoft, or base_url or authority_url is wrong."
	case errors.As(err, &invalid):
		f.Check, f.Found = "TLS", fmt.Sprintf("the certificate of %s %s is not valid now%s", what, host, issuer(err, &certificate))
		f.Remedy = "Check the clock of this machine."
	case errors.As(err, &lookup):
		f.Found = fmt.Sprintf("the name of %s %s cannot be resolved", what, host)
		f.Remedy = "Check the name resolution of this machine; where a proxy has to be used, set HTTPS_PROXY."
	case errors.Is(err, context.DeadlineExceeded):
		f.Found = fmt.Sprintf("%s %s does not answer within %v%s", what, host, r.StepTimeout, through)
		f.Remedy = "Let this machine reach it on port 443 (service tag AzureFrontDoor.MicrosoftSecurity), or set HTTPS_PROXY."
	default:
		f.Found = fmt.Sprintf("%s %s cannot be reached%s", what, host, through)
		f.Remedy = "Let this machine reach it on port 443 (service tag AzureFrontDoor.MicrosoftSecurity), or set HTTPS_PROXY."
	}
	r.report(f)
	return false
}

// issuer says who made the certificate that was shown.
func issuer(err error, certificate **tls.CertificateVerificationError) string {
	if !errors.As(err, certificate) || len((*certificate).UnverifiedCertificates) == 0 {
		return ""
	}
	made := (*certificate).UnverifiedCertificates[0].Issuer
	if len(made.Organization) > 0 {
		return fmt.Sprintf(" (made by %q)", cmp.Or(made.Organization[0], made.CommonName))
	}
	return fmt.Sprintf(" (made by %q)", made.CommonName)
}

// proxy returns the proxy that the environment names for a host, or nil.
func (r *run) proxy(host string) *url.URL {
	u, err := url.Parse(host)
	if err != nil {
		return nil
	}
	proxy, err := r.Proxy(u)
	if err != nil {
		r.say("proxy", Blocking, "HTTPS_PROXY is no address of a proxy", "Write it as http://host:port.")
		return nil
	}
	return proxy
}

// proxyAnswers checks that something listens where the proxy should be.
func (r *run) proxyAnswers(ctx context.Context, proxy *url.URL) bool {
	port := cmp.Or(proxy.Port(), map[string]string{"https": "443", "socks5": "1080"}[proxy.Scheme], "80")
	var err error
	r.step(ctx, func(ctx context.Context) {
		var c net.Conn
		if c, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(proxy.Hostname(), port)); err == nil {
			err = c.Close()
		}
	})
	if err != nil {
		r.report(Finding{
			Check: "proxy", Tenant: r.name, Severity: Blocking, Detail: err.Error(),
			Found:  fmt.Sprintf("the proxy %s, which HTTPS_PROXY names, cannot be reached", proxy.Host),
			Remedy: "Correct HTTPS_PROXY, or add the host to NO_PROXY.",
		})
		return false
	}
	return true
}

// subScopes are what Entra's metadata calls the clouds of the US government.
var subScopes = map[string]cloud.Cloud{"GCC": cloud.GCC, "DODCON": cloud.GCCHigh, "DOD": cloud.DoD}

// cloud checks that API, authority and tenant belong to one cloud.
func (r *run) cloud(ctx context.Context, p *activity.Probe) {
	cfg := p.Config()
	const remedy = "Set cloud in the configuration to that of the tenant: commercial, gcc, gcchigh, dod or china; leave base_url and authority_url out unless a proxy needs them."
	for _, c := range cloud.All() {
		e, _ := c.Endpoints()
		mine, _ := cfg.Cloud.Endpoints()
		if cfg.BaseURL == e.Management && e.Management != mine.Management {
			r.say("cloud", Blocking, fmt.Sprintf("base_url is that of the cloud %s, but cloud says %s", c, cfg.Cloud), remedy)
			return
		}
		if cfg.AuthorityURL == e.Authority && e.Authority != mine.Authority {
			r.say("cloud", Blocking, fmt.Sprintf("authority_url is that of the cloud %s, but cloud says %s", c, cfg.Cloud), remedy)
			return
		}
	}
	var about activity.Tenant
	var err error
	r.step(ctx, func(ctx context.Context) { about, err = p.Metadata(ctx) })
	if err != nil {
		r.report(Finding{Check: "cloud", Tenant: r.name, Severity: Blocking, Detail: err.Error(),
			Found: fmt.Sprintf("the authority %s does not know the tenant", cfg.AuthorityURL), Remedy: "Check tenant_id and cloud against Overview in the Microsoft Entra admin center."})
		return
	}
	if other, ok := subScopes[about.SubScope]; ok && other != cfg.Cloud {
		r.say("cloud", Warning, fmt.Sprintf("Microsoft Entra says that the tenant is of the cloud %s, but cloud says %s", other, cfg.Cloud), remedy)
		return
	}
	r.say("cloud", OK, fmt.Sprintf("%s: %s, %s", cfg.Cloud, cfg.BaseURL, cfg.AuthorityURL), "")
}

// defaultClient is for the metadata of tenants that cannot be configured yet.
func defaultClient(t Tenant) *http.Client {
	if t.Client != nil {
		return t.Client
	}
	return http.DefaultClient
}
