package verification

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

// CosignHeader returns the lines that `cosign verify` 2.6.5 writes to standard error before its JSON. They are printed for
// the set: one signature whose log entry was verified puts that line there for all.
func CosignHeader(r *Report) []string {
	p := r.Policy
	lines := []string{
		"",
		fmt.Sprintf("Verification for %s --", r.cosignName()),
		"The following checks were performed on each of these signatures:",
	}
	if !p.SkipClaims {
		if len(p.Annotations) > 0 {
			lines = append(lines, "  - The specified annotations were verified.")
		}
		lines = append(lines, "  - The cosign claims were validated")
	}
	switch {
	case slices.ContainsFunc(r.Signatures, func(s Signature) bool { return s.BundleVerified }):
		lines = append(lines, "  - Existence of the claims in the transparency log was verified offline")
	case r.online:
		lines = append(lines,
			"  - The claims were present in the transparency log",
			"  - The signatures were integrated into the transparency log when the certificate was valid")
	}
	if p.KeyReference != "" || p.Certificate != "" {
		lines = append(lines, "  - The signatures were verified against the specified public key")
	} else {
		lines = append(lines, "  - The code-signing certificate was verified using trusted certificate authority certificates")
	}
	return lines
}

// CosignWarnings returns the lines that `cosign verify` 2.6.5 writes to standard error before it looks at anything.
func CosignWarnings(p Policy) []string {
	if !p.IgnoreLog {
		return nil
	}
	return []string{"WARNING: Skipping tlog verification is an insecure practice that lacks transparency and auditability verification for the signature."}
}

// CosignJSON returns the array that `cosign verify` 2.6.5 writes to standard output for the signatures that verified, in
// the order in which they are stored, without the line ends around it. Signatures of a tag come out byte for byte as
// cosign's. For those in bundles cosign prints the digest and the statement's type and nothing of who signed; here they
// have Subject, Issuer and Bundle, so that one jq line serves both.
func CosignJSON(r *Report) ([]byte, error) {
	var claims []payload.SimpleContainerImage
	for _, s := range r.stored() {
		claim, err := s.cosignClaim(r.cosignName())
		if err != nil {
			return nil, err
		}
		claims = append(claims, claim)
	}
	return json.Marshal(claims)
}

// CosignText returns what `cosign verify --output text` writes in place of the JSON: who signed to standard error, the
// payloads to standard output.
func CosignText(r *Report) (stderr, stdout []string) {
	for _, s := range r.stored() {
		if s.Certificate != nil {
			stderr = append(stderr, whoSigned(&s)...)
		}
		stdout = append(stdout, string(s.Payload))
	}
	return stderr, stdout
}

// CosignError returns the text that cosign 2.6.5 ends with when nothing verified: every refusal in cosign's own words. It
// returns "" when the verdict is good. cosign writes the text twice, behind "Error: " and, on a line of its own, behind
// "error during command execution: ".
func CosignError(r *Report) string {
	verdict := r.Verdict()
	if verdict == nil {
		return ""
	}
	noMatching := fmt.Sprintf("no matching %ss: ", r.kind())
	if actions.CodeOf(verdict) == actions.CodeNoSignatures {
		if r.kind() == KindAttestation {
			return noMatching // it does not tell the two apart
		}
		return "no signatures found"
	}
	rows := slices.Clone(r.Signatures)
	slices.SortStableFunc(rows, byPlace)
	var texts []string
	for i := range rows {
		if reason := rows[i].Reason; reason != nil {
			if reason.Err != nil {
				texts = append(texts, reason.Err.Error())
			} else {
				texts = append(texts, reason.Error())
			}
		}
	}
	return noMatching + strings.Join(texts, "\n ")
}

// stored returns the signatures that verified in the order of their storage.
func (r *Report) stored() []Signature {
	verified := r.Verified()
	slices.SortStableFunc(verified, byPlace)
	return verified
}

func byPlace(a, b Signature) int {
	return cmp.Or(-cmp.Compare(a.Storage, b.Storage), cmp.Compare(a.Position, b.Position))
}

// cosignName is the reference as cosign prints it, with the registry and tag that were left out.
func (r *Report) cosignName() string {
	if r.reference != nil {
		return r.reference.Name()
	}
	if ref, err := registry.Parse(r.Image); err == nil {
		return ref.Name()
	}
	return r.Image
}

func (s *Signature) cosignClaim(image string) (payload.SimpleContainerImage, error) {
	if s.isBundle() {
		return s.bundleClaim(image), nil
	}
	var claim payload.SimpleContainerImage
	if err := json.Unmarshal(s.Payload, &claim); err != nil {
		return claim, fmt.Errorf("error decoding the payload: %w", err)
	}
	extra := map[string]any{}
	if cert := s.Certificate; cert != nil {
		ce := cosign.CertExtensions{Cert: cert}
		extra["Subject"] = ""
		if names := cryptoutils.GetSubjectAlternateNames(cert); len(names) > 0 {
			extra["Subject"] = names[0]
		}
		if issuer := ce.GetIssuer(); issuer != "" {
			extra["Issuer"] = issuer
			extra[cosign.CertExtensionOIDCIssuer] = issuer
		}
		for _, w := range workflow(&ce) {
			extra[cosign.CertExtensionMap[w.oid]] = w.value
			extra[w.oid] = w.value
		}
	}
	if entry, err := s.legacy.Bundle(); err == nil && entry != nil {
		extra["Bundle"] = entry
	}
	if stamp, err := s.legacy.RFC3161Timestamp(); err == nil && stamp != nil {
		extra["RFC3161Timestamp"] = stamp
	}
	add(&claim, extra)
	return claim, nil
}

// add keeps optional null where nothing is added, as cosign does.
func add(claim *payload.SimpleContainerImage, extra map[string]any) {
	if len(extra) == 0 {
		return
	}
	if claim.Optional == nil {
		claim.Optional = map[string]any{}
	}
	for k, v := range extra {
		claim.Optional[k] = v
	}
}

// bundleClaim is what cosign makes of a statement, and who signed.
func (s *Signature) bundleClaim(image string) payload.SimpleContainerImage {
	claim := payload.SimpleContainerImage{Critical: payload.Critical{
		Identity: payload.Identity{DockerReference: image},
		Type:     s.PredicateType,
	}}
	if digests := s.statementDigests(); len(digests) > 0 {
		claim.Critical.Image.DockerManifestDigest = digests[0]
	}
	extra := map[string]any{}
	if s.Certificate != nil {
		extra["Subject"] = s.Subject
		if s.Issuer != "" {
			extra["Issuer"] = s.Issuer
			extra[cosign.CertExtensionOIDCIssuer] = s.Issuer
		}
	}
	if entries := s.bundle.GetVerificationMaterial().GetTlogEntries(); len(entries) > 0 {
		entry := entries[0]
		extra["Bundle"] = &cbundle.RekorBundle{
			SignedEntryTimestamp: entry.GetInclusionPromise().GetSignedEntryTimestamp(),
			Payload: cbundle.RekorPayload{
				Body:           base64.StdEncoding.EncodeToString(entry.GetCanonicalizedBody()),
				IntegratedTime: entry.GetIntegratedTime(),
				LogIndex:       entry.GetLogIndex(),
				LogID:          hex.EncodeToString(entry.GetLogId().GetKeyId()),
			},
		}
	}
	add(&claim, extra)
	return claim
}

// field is one of the extensions that GitHub's workflows leave in a certificate.
type field struct{ oid, title, value string }

func workflow(ce *cosign.CertExtensions) []field {
	fields := []field{
		{cosign.CertExtensionGithubWorkflowTrigger, "GitHub Workflow Trigger", ce.GetCertExtensionGithubWorkflowTrigger()},
		{cosign.CertExtensionGithubWorkflowSha, "GitHub Workflow SHA", ce.GetExtensionGithubWorkflowSha()},
		{cosign.CertExtensionGithubWorkflowName, "GitHub Workflow Name", ce.GetCertExtensionGithubWorkflowName()},
		{cosign.CertExtensionGithubWorkflowRepository, "GitHub Workflow Repository", ce.GetCertExtensionGithubWorkflowRepository()},
		{cosign.CertExtensionGithubWorkflowRef, "GitHub Workflow Ref", ce.GetCertExtensionGithubWorkflowRef()},
	}
	return slices.DeleteFunc(fields, func(f field) bool { return f.value == "" })
}
