package trust

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Contents is what a trusted root holds, in a fixed order: each part by the beginning of its validity. Fields are added,
// never renamed or removed; it is part of `sigwalk trust -o json`.
type Contents struct {
	// Authorities issue the certificates of signers (Fulcio).
	Authorities []Authority `json:"certificateAuthorities"`
	// Logs are the transparency logs of signatures (Rekor).
	Logs []Log `json:"transparencyLogs"`
	// CTLogs are the certificate transparency logs.
	CTLogs []Log `json:"certificateLogs"`
	// Stamps are the timestamp authorities (RFC 3161).
	Stamps []Authority `json:"timestampAuthorities"`
}

// Period is from when to when a part of the trust root counts; nil for no limit.
type Period struct {
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// Authority is a certificate authority or a timestamp authority.
type Authority struct {
	URI    string `json:"uri,omitempty"`
	Period `json:"validity"`
	// Chain is from the certificate that signs up to the root.
	Chain []Certificate `json:"chain"`
}

// Certificate is one of an authority's.
type Certificate struct {
	Subject   string    `json:"subject"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	SHA256    string    `json:"sha256"` // of the DER encoding, in hex
}

// Log is a log's key.
type Log struct {
	URL    string `json:"url,omitempty"`
	ID     string `json:"id"` // as log entries and certificate timestamps name it, in hex
	Key    string `json:"key"`
	Period `json:"validity"`
}

// Root is the name of an authority: that of its topmost certificate.
func (a *Authority) Root() string {
	if len(a.Chain) == 0 {
		return a.URI
	}
	return a.Chain[len(a.Chain)-1].Subject
}

// id tells authorities apart: by what they sign with.
func (a *Authority) id() string {
	if len(a.Chain) == 0 {
		return a.URI
	}
	return a.Chain[0].SHA256
}

// ends is when an authority stops to count: its own validity or its first certificate that ends.
func (a *Authority) ends() *time.Time {
	end := a.Until
	for i := range a.Chain {
		if at := a.Chain[i].NotAfter; end == nil || at.Before(*end) {
			end = &at
		}
	}
	return end
}

// Describe lists what a trusted root holds.
func Describe(trusted root.TrustedMaterial) *Contents {
	c := &Contents{Authorities: []Authority{}, Logs: logsOf(trusted.RekorLogs()), CTLogs: logsOf(trusted.CTLogs()), Stamps: []Authority{}}
	for _, authority := range trusted.FulcioCertificateAuthorities() {
		if f, ok := authority.(*root.FulcioCertificateAuthority); ok {
			c.Authorities = append(c.Authorities, Authority{f.URI, period(f.ValidityPeriodStart, f.ValidityPeriodEnd), chainOf(nil, f.Intermediates, f.Root)})
		}
	}
	for _, authority := range trusted.TimestampingAuthorities() {
		if s, ok := authority.(*root.SigstoreTimestampingAuthority); ok {
			c.Stamps = append(c.Stamps, Authority{s.URI, period(s.ValidityPeriodStart, s.ValidityPeriodEnd), chainOf(s.Leaf, s.Intermediates, s.Root)})
		}
	}
	for _, authorities := range [][]Authority{c.Authorities, c.Stamps} {
		slices.SortStableFunc(authorities, func(a, b Authority) int {
			return cmp.Or(compareTimes(a.From, b.From), cmp.Compare(a.URI, b.URI), cmp.Compare(a.id(), b.id()))
		})
	}
	return c
}

func logsOf(logs map[string]*root.TransparencyLog) []Log {
	found := make([]Log, 0, len(logs))
	for id, log := range logs {
		found = append(found, Log{log.BaseURL, id, keyName(log), period(log.ValidityPeriodStart, log.ValidityPeriodEnd)})
	}
	slices.SortFunc(found, func(a, b Log) int { return cmp.Or(compareTimes(a.From, b.From), cmp.Compare(a.ID, b.ID)) })
	return found
}

func keyName(log *root.TransparencyLog) string {
	switch key := log.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	}
	return fmt.Sprintf("%T", log.PublicKey)
}

// period takes zero, and the beginning of 1970 that stands for it in old trust roots, for no limit.
func period(from, until time.Time) Period {
	var p Period
	if !from.IsZero() && from.Unix() != 0 {
		utc := from.UTC()
		p.From = &utc
	}
	if !until.IsZero() {
		utc := until.UTC()
		p.Until = &utc
	}
	return p
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

func chainOf(leaf *x509.Certificate, between []*x509.Certificate, top *x509.Certificate) []Certificate {
	all := append([]*x509.Certificate{leaf}, between...)
	chain := []Certificate{}
	for _, c := range append(all, top) {
		if c == nil {
			continue
		}
		sum := sha256.Sum256(c.Raw)
		chain = append(chain, Certificate{c.Subject.String(), c.NotBefore.UTC(), c.NotAfter.UTC(), hex.EncodeToString(sum[:])})
	}
	return chain
}
