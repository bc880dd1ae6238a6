package doctor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/sigwalk/sigwalk/actions"
)

// certificateLogChecks are about the certificate transparency log, which is reached from here at times only.
func (e *examination) certificateLogChecks() []check {
	return []check{
		{id: "ctlog/key", group: GroupFulcio, title: "the certificate log's key is in the trust root", needs: []string{"tuf/root"}, run: e.certificateLogKey},
		{
			id: "ctlog/sct", group: GroupFulcio, title: "the newest certificate was logged: its timestamp (SCT) verifies",
			needs: []string{"tuf/root", "rekor/log"}, after: []string{"ctlog/key", "fulcio/authority"}, run: e.newestSCT,
		},
	}
}

// certificateLogKey has the log sign its tree head (RFC 6962, 4.3), and holds that against the key in the trust root: a log
// has no address for its key.
func (e *examination) certificateLogKey(ctx context.Context) verdict {
	now := e.opts.Clock.Now()
	var v verdict
	asked := 0
	for id, log := range e.facts.trusted.CTLogs() {
		if log.BaseURL == "" || !log.ValidityPeriodEnd.IsZero() && now.After(log.ValidityPeriodEnd) {
			continue
		}
		address := join(log.BaseURL, "/ct/v1/get-sth")
		got, err := e.request(ctx, "the certificate log", http.MethodGet, address, "", nil)
		if err != nil || got.status != http.StatusOK {
			continue
		}
		var sth ct.GetSTHResponse
		if json.Unmarshal(got.body, &sth) != nil {
			continue
		}
		asked++
		head, err := sth.ToSignedTreeHead()
		if err == nil {
			var verifier *ct.SignatureVerifier
			if verifier, err = ct.NewSignatureVerifier(log.PublicKey); err == nil {
				err = verifier.VerifySTHSignature(*head)
			}
		}
		if err != nil {
			return failed(actions.CodeCTLog, "certificates that are issued now verify nowhere: the key in the trust root is not that of the certificate log", remedyRoot).
				saw("%s signs its tree head, and not with the key %s of the trust root", address, short(id))
		}
		v = passed().saw("%s signs with the key %s of the trust root; %d certificates", plain(log.BaseURL), short(id), head.TreeSize)
	}
	switch {
	case asked > 0:
		return v
	case len(e.facts.trusted.CTLogs()) == 0:
		return notApplicable("the trust root has no certificate log")
	}
	// On a cluster it usually has no address outside; the timestamp in a certificate says as much.
	return notApplicable("no certificate log of the trust root can be asked from here, which is usual on a cluster")
}

// newestSCT takes the newest certificates that the log of signatures has.
func (e *examination) newestSCT(ctx context.Context) verdict {
	const looks = 10
	indexes := e.facts.log.newest(looks)
	if len(indexes) == 0 {
		return notApplicable("nothing was signed yet, so that there is no certificate to look at; --sign makes one")
	}
	body, err := json.Marshal(map[string]any{"logIndexes": indexes})
	if err != nil {
		return because(err)
	}
	address := join(e.opts.Endpoints.Rekor, "/api/v1/log/entries/retrieve")
	got, err := e.request(ctx, "Rekor", http.MethodPost, address, "application/json", body)
	if err != nil {
		return because(err)
	}
	var answer []map[string]struct {
		Body  string `json:"body"`
		Index uint64 `json:"logIndex"`
		Time  int64  `json:"integratedTime"`
	}
	if got.status != http.StatusOK || json.Unmarshal(got.body, &answer) != nil {
		return because(garbage("Rekor", address, got))
	}
	var newest *x509.Certificate
	var index uint64
	var at time.Time
	for _, entries := range answer {
		for _, entry := range entries {
			cert := certificateIn(entry.Body)
			if cert == nil || newest != nil && entry.Index <= index {
				continue
			}
			newest, index, at = cert, entry.Index, time.Unix(entry.Time, 0)
		}
	}
	if newest == nil {
		return notApplicable(fmt.Sprintf("the last %d entries of the log hold no certificate; --sign makes one", len(indexes)))
	}
	return e.sctOf(newest, fmt.Sprintf("log entry %d of %s", index, at.UTC().Format(time.RFC3339)))
}

// sctOf verifies the timestamp in a certificate of this deployment's Fulcio.
func (e *examination) sctOf(cert *x509.Certificate, where string) verdict {
	chains, err := verify.VerifyLeafCertificate(cert.NotBefore, cert, e.facts.trusted)
	if err != nil {
		return notApplicable("the newest certificate in the log (" + where + ") is not by this deployment's Fulcio")
	}
	if err := verify.VerifySignedCertificateTimestamp(chains, 1, root.TrustedMaterial(e.facts.trusted)); err != nil {
		return failed(actions.CodeSCT, "certificates that are issued now verify nowhere: their timestamp is not by a certificate log of the trust root", remedyRoot).
			saw("certificate in %s", where).saw("%s", plain(err.Error()))
	}
	return passed("certificate in " + where)
}

// certificateIn is the certificate in the body of an entry of type hashedrekord, dsse or intoto; nil where there is none.
func certificateIn(body string) *x509.Certificate {
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil
	}
	var entry struct {
		Spec struct {
			PublicKey []byte `json:"publicKey"`
			Signature struct {
				PublicKey struct {
					Content []byte `json:"content"`
				} `json:"publicKey"`
			} `json:"signature"`
			Signatures []struct {
				Verifier []byte `json:"verifier"`
			} `json:"signatures"`
		} `json:"spec"`
	}
	if json.Unmarshal(raw, &entry) != nil {
		return nil
	}
	candidates := [][]byte{entry.Spec.Signature.PublicKey.Content, entry.Spec.PublicKey}
	for _, s := range entry.Spec.Signatures {
		candidates = append(candidates, s.Verifier)
	}
	for _, text := range candidates {
		if certs, err := parseAll(string(bytes.TrimSpace(text))); err == nil && len(certs) > 0 {
			return certs[0]
		}
	}
	return nil
}
