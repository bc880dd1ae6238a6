package signing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/identity"
	"github.com/sigwalk/sigwalk/actions/keys"
)

// made tells whoever watches what a stage produced.
func (s *Signer) made(ctx context.Context, facts ...actions.Fact) {
	facts = slices.DeleteFunc(facts, func(f actions.Fact) bool { return f.Value == "" })
	s.opts.Observer.Event(ctx, actions.Made{Stage: actions.StageOf(ctx), Facts: facts})
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// tokenFacts are the claims of a token and its header, without its signature: with that it would be the token.
func tokenFacts(token *identity.Token) []actions.Fact {
	facts := []actions.Fact{
		{Name: "iss", Value: token.Issuer},
		{Name: "sub", Value: token.Subject},
		{Name: "aud", Value: strings.Join(token.Audience, " ")},
		{Name: "email", Value: token.Email},
		{Name: "email_verified", Value: strconv.FormatBool(token.EmailVerified)},
		{Name: "iat", Value: at(token.IssuedAt)},
		{Name: "exp", Value: at(token.Expires)},
	}
	for _, name := range []string{"alg", "kid"} {
		if value, ok := token.Header[name].(string); ok {
			facts = append(facts, actions.Fact{Name: name, Value: value})
		}
	}
	return facts
}

// certificateFacts are the fields of a certificate, Fulcio's extensions by their names in its documentation.
func certificateFacts(got *issued) []actions.Fact {
	leaf := got.leaf
	sum := sha256.Sum256(leaf.Raw)
	facts := []actions.Fact{
		{Name: "serialNumber", Value: leaf.SerialNumber.Text(16)},
		{Name: "sha256", Value: hex.EncodeToString(sum[:])},
		{Name: "notBefore", Value: at(leaf.NotBefore)},
		{Name: "notAfter", Value: at(leaf.NotAfter)},
		{Name: "certificateAuthority", Value: leaf.Issuer.String()},
	}
	for _, c := range got.chain {
		facts = append(facts, actions.Fact{Name: "above", Value: c.Subject.String()})
	}
	summary, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return facts
	}
	facts = append(facts, actions.Fact{Name: "subjectAlternativeName", Value: summary.SubjectAlternativeName})
	var extensions map[string]any
	if text, err := json.Marshal(summary.Extensions); err == nil && json.Unmarshal(text, &extensions) == nil {
		names := make([]string, 0, len(extensions))
		for name := range extensions {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			facts = append(facts, actions.Fact{Name: "extension " + name, Value: fmt.Sprint(extensions[name])})
		}
	}
	return facts
}

// sctFacts are the promises of certificate logs in a certificate.
func sctFacts(got *issued) []actions.Fact {
	if len(got.detachedSCT) > 0 {
		return []actions.Fact{{Name: "sct", Value: "beside the certificate"}}
	}
	stamps, err := x509util.ParseSCTsFromCertificate(got.leaf.Raw)
	if err != nil {
		return nil
	}
	var facts []actions.Fact
	for _, sct := range stamps {
		facts = append(facts,
			actions.Fact{Name: "logID", Value: hex.EncodeToString(sct.LogID.KeyID[:])},
			actions.Fact{Name: "timestamp", Value: time.UnixMilli(int64(sct.Timestamp)).UTC().Format(time.RFC3339Nano)})
	}
	return facts
}

// entryFacts are an entry of the transparency log and its proof.
func entryFacts(entry *models.LogEntryAnon) []actions.Fact {
	facts := []actions.Fact{
		{Name: "logIndex", Value: strconv.FormatInt(*entry.LogIndex, 10)},
		{Name: "logID", Value: *entry.LogID},
		{Name: "integratedTime", Value: at(time.Unix(*entry.IntegratedTime, 0))},
		{Name: "signedEntryTimestamp", Value: strconv.Itoa(len(entry.Verification.SignedEntryTimestamp)) + " bytes"},
	}
	if proof := entry.Verification.InclusionProof; proof != nil && proof.RootHash != nil && proof.TreeSize != nil {
		facts = append(facts,
			actions.Fact{Name: "treeSize", Value: strconv.FormatInt(*proof.TreeSize, 10)},
			actions.Fact{Name: "rootHash", Value: *proof.RootHash},
			actions.Fact{Name: "inclusionProof", Value: strconv.Itoa(len(proof.Hashes)) + " hashes"})
	}
	return facts
}

// keyFacts are a public key.
func keyFacts(public any) []actions.Fact {
	fingerprint, err := keys.Fingerprint(public)
	if err != nil {
		return nil
	}
	return []actions.Fact{{Name: "publicKey", Value: fingerprint}}
}

// pushFacts are what was attached, and the list that it is in before and after; done is nil where the registry keeps that.
func pushFacts(w *work, p *parcel, done *attached) []actions.Fact {
	facts := []actions.Fact{{Name: "blob", Value: digestOf(p.blob)}}
	if p.manifest != nil {
		facts = append(facts, actions.Fact{Name: "manifest", Value: digestOf(p.manifest)})
	}
	if done == nil {
		return facts
	}
	facts = append(facts, actions.Fact{Name: "tag", Value: w.tag.Name()})
	if before := w.prepared.before; before != nil {
		facts = append(facts, actions.Fact{Name: "before", Value: fmt.Sprintf("%s with %d", before.digest, len(before.layers))})
	}
	return append(facts,
		actions.Fact{Name: "after", Value: fmt.Sprintf("%s with %d", done.digest, done.total)},
		actions.Fact{Name: "pushes", Value: strconv.Itoa(done.pushes)},
		actions.Fact{Name: "putBack", Value: strconv.Itoa(done.restored)})
}
