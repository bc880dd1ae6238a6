package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity/inspect"
)

// fulcioChecks are about who issues certificates, and to whom.
func (e *examination) fulcioChecks() []check {
	const configuration = "fulcio/configuration"
	return []check{
		{id: configuration, group: GroupFulcio, title: "Fulcio says whom it trusts", needs: []string{"connect/fulcio"}, run: e.fulcioConfiguration},
		{
			id: "fulcio/issuer", group: GroupFulcio, title: "Fulcio trusts the issuer",
			needs: []string{configuration}, after: []string{"connect/issuer", "issuer/discovery"}, run: e.fulcioTrustsIssuer,
		},
		{id: "fulcio/client", group: GroupFulcio, title: "Fulcio takes tokens of the client", needs: []string{"fulcio/issuer"}, after: []string{"issuer/client"}, run: e.fulcioTakesClient},
		{id: "fulcio/authority", group: GroupFulcio, title: "Fulcio's certificate authority is in the trust root", needs: []string{configuration, "tuf/root"}, run: e.fulcioAuthority},
	}
}

func (e *examination) fulcioConfiguration(ctx context.Context) verdict {
	s := e.service("fulcio")
	if s.url == nil {
		return s.unset()
	}
	told, err := inspect.Trusted(ctx, e.client, e.opts.Endpoints.Fulcio)
	if err != nil {
		if actions.CodeOf(err) == "" {
			err = unanswered(ctx, err, s.named())
		}
		return because(err)
	}
	e.facts.trusts = told
	v := passed()
	for _, i := range told.Issuers {
		v = v.saw("trusts %s for %s%s", plain(i.URL+i.Wildcard), plain(i.Audience), map[bool]string{true: " (" + plain(i.Type) + ")", false: ""}[i.Type != ""])
	}
	if len(told.Issuers) == 0 {
		v = v.saw("trusts nobody")
	}
	return v
}

func (e *examination) fulcioTrustsIssuer(context.Context) verdict {
	issuer := e.opts.Endpoints.OIDCIssuer
	if issuer == "" {
		return e.service("issuer").unset()
	}
	if entry, ok := inspect.Find(e.facts.trusts.Issuers, issuer); ok {
		return passed("for " + plain(issuer) + " it has the entry " + plain(entry.URL+entry.Wildcard))
	}
	v := failed(actions.CodeFulcioIssuer, "nobody who signs in there gets a certificate: Fulcio does not trust the issuer",
		"add the issuer to Fulcio's configuration, letter by letter as the issuer calls itself (on a cluster: spec.fulcio.config.OIDCIssuers of the Securesign); or sign in at one that it trusts").
		saw("the issuer is %s", plain(issuer))
	for _, i := range e.facts.trusts.Issuers {
		v = v.saw("Fulcio trusts %s", plain(i.URL+i.Wildcard))
	}
	return v
}

func (e *examination) fulcioTakesClient(context.Context) verdict {
	id := e.opts.Endpoints.OIDCClientID
	if id == "" {
		return skipped("no client is set", "give it with --oidc-client-id (COSIGN_OIDC_CLIENT_ID)")
	}
	entry, _ := inspect.Find(e.facts.trusts.Issuers, e.opts.Endpoints.OIDCIssuer)
	if entry.Audience == id {
		return passed("it wants tokens for " + plain(id))
	}
	return failed(actions.CodeFulcioClient, "Fulcio refuses the tokens of this client: it wants tokens that are for another one",
		"sign in as the client that Fulcio wants, or have its configuration name this one (on a cluster: ClientID of the issuer)").
		saw("Fulcio wants tokens for %s", plain(entry.Audience)).saw("the client is %s", plain(id)).
		try("export COSIGN_OIDC_CLIENT_ID=%s", plain(entry.Audience))
}

// fulcioAuthority compares the chains that Fulcio issues from with those in the trust root.
func (e *examination) fulcioAuthority(ctx context.Context) verdict {
	var bundle struct {
		Chains []struct {
			Certificates []string `json:"certificates"`
		} `json:"chains"`
	}
	if err := e.getJSON(ctx, "Fulcio", join(e.opts.Endpoints.Fulcio, "/api/v2/trustBundle"), &bundle); err != nil {
		return because(err)
	}
	var known []*x509.Certificate
	for _, authority := range e.facts.trusted.FulcioCertificateAuthorities() {
		if f, ok := authority.(*root.FulcioCertificateAuthority); ok {
			known = append(append(known, f.Root), f.Intermediates...)
		}
	}
	v := passed()
	for _, chain := range bundle.Chains {
		certs, err := parseAll(strings.Join(chain.Certificates, "\n"))
		if err != nil || len(certs) == 0 {
			return because(&actions.Error{Code: actions.CodeNotAsked, What: "the certificates that Fulcio names cannot be read", Why: plain(fmt.Sprint(err)), Next: "look at " + join(e.opts.Endpoints.Fulcio, "/api/v2/trustBundle")})
		}
		for _, cert := range []*x509.Certificate{certs[0], certs[len(certs)-1]} {
			if !holds(known, cert) {
				return foreign(actions.CodeFulcioAuthority, "certificates that Fulcio issues are trusted nowhere: the trust root does not hold its certificate authority", cert, known)
			}
		}
		v = v.saw("%s", nameOf(certs[0]))
	}
	if len(bundle.Chains) == 0 {
		return because(&actions.Error{Code: actions.CodeNotAsked, What: "Fulcio names no certificate authority", Next: "look at " + join(e.opts.Endpoints.Fulcio, "/api/v2/trustBundle")})
	}
	return v
}

// remedyRoot is what to do where the trust root lacks what a server uses.
const remedyRoot = "check that the addresses are all of one deployment; if they are, the key was replaced without the trust root: have whoever runs it publish the new one by TUF, then run cosign initialize"

// foreign is the verdict on a server whose certificate the trust root lacks.
func foreign(code actions.Code, means string, cert *x509.Certificate, known []*x509.Certificate) verdict {
	v := failed(code, means, remedyRoot).saw("the server uses %s", nameOf(cert))
	for _, k := range known {
		v = v.saw("the trust root has %s", nameOf(k))
	}
	return v
}

func nameOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return plain(cert.Subject.String()) + ", SHA-256 " + hex.EncodeToString(sum[:8]) + "..., valid until " + day(cert.NotAfter)
}

func holds(known []*x509.Certificate, cert *x509.Certificate) bool {
	for _, k := range known {
		if k != nil && k.Equal(cert) {
			return true
		}
	}
	return false
}

// parseAll reads certificates in PEM form.
func parseAll(text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return certs, nil
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
}
