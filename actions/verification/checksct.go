package verification

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/ctutil"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions"
)

// checkSCT looks for one signed certificate timestamp (RFC 6962, 3.2) in the certificate that a log of the trust root made.
func (e *evidence) checkSCT() Check {
	switch {
	case e.x.policy.KeyReference != "":
		return notApplicable("a key was given, and keys are in no certificate transparency log")
	case e.cert == nil:
		return notApplicable("there is no certificate")
	case e.x.policy.IgnoreSCT:
		return skipped(actions.CodeSkippedSCT, "--insecure-ignore-sct: nothing shows that the certificate was issued in public",
			"leave out --insecure-ignore-sct")
	}
	expected := Value{"a timestamp by one of the logs " + logNames(e.x.ctLogs), fromCTLogs}
	place := e.place("extension 1.3.6.1.4.1.11129.2.4.2 of the certificate")
	leaf, stamps, err := parseSCTs(e.cert)
	if err != nil {
		return failed(actions.CodeSCT, "the signed certificate timestamps in the certificate cannot be read: "+err.Error(), nextTampered).
			sides(expected, Value{"no list of timestamps", place})
	}
	if len(stamps) == 0 {
		return failed(actions.CodeSCT, "the certificate carries no signed certificate timestamp, so that nothing shows that it was issued in public",
			nextRoot+"; --insecure-ignore-sct skips this check").sides(expected, Value{"none", place})
	}
	issuers := e.issuers()
	if len(issuers) == 0 && len(e.chains) == 0 {
		return needs(CheckChain, "the certificate of the issuer, which is part of what the log signed, is not known").
			sides(expected, Value{counted(len(stamps), "timestamp"), place})
	}
	why := "none of its logs is one that the trust root knows"
	var found []string
	for _, stamp := range stamps {
		id := hex.EncodeToString(stamp.LogID.KeyID[:])
		at := ct.TimestampToTime(stamp.Timestamp)
		found = append(found, fmt.Sprintf("log %s at %s", short(id), clock(at)))
		log, ok := e.x.ctLogs[id]
		switch {
		case !ok:
		case !log.ValidityPeriodStart.IsZero() && at.Before(log.ValidityPeriodStart),
			!log.ValidityPeriodEnd.IsZero() && at.After(log.ValidityPeriodEnd):
			why = "the trust root does not trust that log's key for that time"
		case e.signedBy(log, stamp, leaf, issuers):
			return passed("a log of the trust root has the certificate").
				sides(Value{"a timestamp by " + logName(log, id), fromCTLogs}, Value{found[len(found)-1], place})
		default:
			why = "the log's signature does not match the certificate"
		}
	}
	return failed(actions.CodeSCT, "the certificate is not proven to be in a certificate transparency log: "+why, nextRoot).
		sides(expected, Value{strings.Join(found, ", "), place})
}

// issuers are the certificates that may have issued the signer's: of the chain that verified, or else those that came
// with it, so that this check has an outcome of its own.
func (e *evidence) issuers() []*x509.Certificate {
	var issuers []*x509.Certificate
	for _, chain := range e.chains {
		if len(chain) > 1 {
			issuers = append(issuers, chain[1])
		}
	}
	if len(e.chains) > 0 {
		return issuers
	}
	for _, c := range e.s.carried() {
		if c != e.cert && e.cert.CheckSignatureFrom(c) == nil {
			issuers = append(issuers, c)
		}
	}
	return issuers
}

// carriesSCT is true unless it is known that the certificate carries no timestamp.
func carriesSCT(s *Signature) bool {
	if s.Certificate == nil {
		return true
	}
	_, stamps, err := parseSCTs(s.Certificate)
	return err != nil || len(stamps) > 0
}

// parseSCTs parses a certificate once more, with the library of certificate transparency, and the timestamps in it.
func parseSCTs(cert *x509.Certificate) (*ctx509.Certificate, []*ct.SignedCertificateTimestamp, error) {
	leaf, err := ctx509.ParseCertificate(cert.Raw)
	if err != nil {
		return nil, nil, err
	}
	stamps, err := x509util.ParseSCTsFromSCTList(&leaf.SCTList)
	return leaf, stamps, err
}

func (e *evidence) signedBy(log *root.TransparencyLog, stamp *ct.SignedCertificateTimestamp, leaf *ctx509.Certificate, issuers []*x509.Certificate) bool {
	for _, issuer := range issuers {
		above, err := e.x.issuers.parse(issuer)
		if err != nil {
			continue
		}
		if ctutil.VerifySCT(log.PublicKey, []*ctx509.Certificate{leaf, above}, stamp, true) == nil {
			return true
		}
	}
	return false
}

// issuers keeps the certificates of authorities as the library of certificate transparency has parsed them: all
// signatures of an image have the same few.
type issuers struct {
	mu     sync.Mutex
	parsed map[string]*ctx509.Certificate // by DER
}

// maxIssuers bounds what is kept: certificates that came with a signature are anybody's.
const maxIssuers = 16

func (i *issuers) parse(issuer *x509.Certificate) (*ctx509.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.parsed[string(issuer.Raw)]; ok {
		return known, nil
	}
	parsed, err := ctx509.ParseCertificate(issuer.Raw)
	if err != nil {
		return nil, err
	}
	if i.parsed == nil {
		i.parsed = map[string]*ctx509.Certificate{}
	}
	if len(i.parsed) < maxIssuers {
		i.parsed[string(issuer.Raw)] = parsed
	}
	return parsed, nil
}

// logNames lists the logs of a trust root.
func logNames(logs map[string]*root.TransparencyLog) string {
	var names []string
	for id, log := range logs {
		names = append(names, logName(log, id))
	}
	slices.Sort(names)
	return quoted(strings.Join(names, ", "))
}
