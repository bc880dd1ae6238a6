package doctor

import (
	"context"
	"crypto/x509"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// stampChecks are about the timestamp authority.
func (e *examination) stampChecks() []check {
	return []check{
		{id: "timestamp/chain", group: GroupTrust, title: "the timestamp authority shows its certificates", needs: []string{"connect/timestamp"}, run: e.stampChain},
		{id: "timestamp/authority", group: GroupTrust, title: "the timestamp authority is in the trust root", needs: []string{"timestamp/chain", "tuf/root"}, run: e.stampAuthority},
	}
}

// stampChain asks for the chain, which the authority has beside the address for time stamps.
func (e *examination) stampChain(ctx context.Context) verdict {
	s := e.service("timestamp")
	if s.url == nil {
		return s.unset()
	}
	address := join(e.opts.Endpoints.Timestamp, "/certchain")
	got, err := e.get(ctx, s.who, address)
	if err != nil {
		return because(err)
	}
	certs, err := parseAll(string(got.body))
	if err != nil || len(certs) == 0 {
		return because(garbage(s.who, address, got))
	}
	e.facts.stamps = certs
	return passed(nameOf(certs[0]))
}

func (e *examination) stampAuthority(context.Context) verdict {
	if e.facts.stamps == nil {
		return notApplicable("no timestamp authority is set")
	}
	var known []*x509.Certificate
	for _, authority := range e.facts.trusted.TimestampingAuthorities() {
		if s, ok := authority.(*root.SigstoreTimestampingAuthority); ok {
			known = append(known, s.Leaf, s.Root)
		}
	}
	for _, cert := range e.facts.stamps {
		if holds(known, cert) {
			return passed(nameOf(e.facts.stamps[0]))
		}
	}
	return foreign(actions.CodeStampAuthority, "time stamps that it makes prove nothing: the trust root does not hold the timestamp authority", e.facts.stamps[0], known)
}
