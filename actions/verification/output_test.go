package verification_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestCosignJSON pins the bytes that cosign 2.6.5 prints: keys sorted, log entry and time stamp as they are stored.
func TestCosignJSON(t *testing.T) {
	w := newWorld(t)
	const trigger = "1.3.6.1.4.1.57264.1.2"
	first := w.sign(change(byAlice, func(s *spec) {
		s.Stamp = true
		s.Annotations = map[string]any{"tier": "gold"}
		s.Extensions = map[string]string{trigger: "push"}
	}))
	second := w.sign(byAlice)
	w.attach(second, first) // stored in another order than logged
	critical := fmt.Sprintf(`{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},`,
		w.image.Context(), w.image.DigestStr())
	want := "[" +
		critical + `"optional":{` +
		`"1.3.6.1.4.1.57264.1.1":"` + issuer + `",` +
		`"Bundle":` + second.Annotations[static.BundleAnnotationKey] + `,` +
		`"Issuer":"` + issuer + `","Subject":"` + alice + `"}},` +
		critical + `"optional":{` +
		`"1.3.6.1.4.1.57264.1.1":"` + issuer + `","1.3.6.1.4.1.57264.1.2":"push",` +
		`"Bundle":` + first.Annotations[static.BundleAnnotationKey] + `,` +
		`"Issuer":"` + issuer + `",` +
		`"RFC3161Timestamp":` + first.Annotations[static.RFC3161TimestampAnnotationKey] + `,` +
		`"Subject":"` + alice + `","githubWorkflowTrigger":"push","tier":"gold"}}]`
	report := w.verify(byAlicePolicy)
	got, err := verification.CosignJSON(report)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	stderr, stdout := verification.CosignText(report)
	if len(stdout) != 2 || stdout[1] != string(first.Payload) {
		t.Errorf("text: %q", stdout)
	}
	if want := []string{
		"Certificate subject: " + alice, "Certificate issuer URL: " + issuer,
		"Certificate subject: " + alice, "Certificate issuer URL: " + issuer, "GitHub Workflow Trigger: push",
	}; strings.Join(stderr, "\n") != strings.Join(want, "\n") {
		t.Errorf("text: %q", stderr)
	}
}

func TestCosignJSONOfKeyPair(t *testing.T) {
	key, file := keyPair(t)
	w := newWorld(t)
	w.attach(w.sign(spec{KeyPair: true, Key: key, NoLog: true}))
	report := w.verify(policy{KeyReference: file, IgnoreLog: true})
	got, err := verification.CosignJSON(report)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(got, []byte(`"optional":null}]`)) {
		t.Errorf("optional is not null: %s", got)
	}
	want := []string{
		"", "Verification for " + w.tag() + " --",
		"The following checks were performed on each of these signatures:",
		"  - The cosign claims were validated",
		"  - The signatures were verified against the specified public key",
	}
	if got := verification.CosignHeader(report); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("header %q, want %q", got, want)
	}
}

func TestCosignHeader(t *testing.T) {
	w := newWorld(t)
	w.attach(annotated(w), w.sign(withSubject(bob)))
	for _, c := range []struct {
		policy policy
		lines  []string
	}{
		{byAlicePolicy, []string{
			"  - The cosign claims were validated",
			"  - Existence of the claims in the transparency log was verified offline",
			"  - The code-signing certificate was verified using trusted certificate authority certificates",
		}},
		{change(byAlicePolicy, func(p *policy) { p.Annotations = map[string]string{"tier": "gold"} }), []string{
			"  - The specified annotations were verified.",
			"  - The cosign claims were validated",
			"  - Existence of the claims in the transparency log was verified offline",
			"  - The code-signing certificate was verified using trusted certificate authority certificates",
		}},
		{change(byAlicePolicy, func(p *policy) { p.IgnoreLog, p.SkipClaims = true, true }), []string{
			"  - The code-signing certificate was verified using trusted certificate authority certificates",
		}},
	} {
		got := verification.CosignHeader(w.verify(c.policy))[3:]
		if strings.Join(got, "\n") != strings.Join(c.lines, "\n") {
			t.Errorf("%+v: header %q, want %q", c.policy, got, c.lines)
		}
	}
}

// TestCosignJSONOfBundle checks that one jq line finds the signer in both kinds of signatures.
func TestCosignJSONOfBundle(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice))
	w.refer(goodBundle(w))
	got, err := verification.CosignJSON(w.verify(byAlicePolicy))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Critical struct {
			Identity struct {
				Reference string `json:"docker-reference"`
			} `json:"identity"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
		Optional struct {
			Subject, Issuer string
			Bundle          struct {
				Payload struct {
					LogIndex int64 `json:"logIndex"`
				}
			}
		} `json:"optional"`
	}
	if err := json.Unmarshal(got, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		if row.Optional.Subject != alice || row.Optional.Issuer != issuer || row.Optional.Bundle.Payload.LogIndex != int64(i) || row.Critical.Image.Digest != w.image.DigestStr() {
			t.Errorf("row %d: %+v", i, row)
		}
	}
	if rows[1].Critical.Identity.Reference != w.tag() || rows[1].Critical.Type != "https://sigstore.dev/cosign/sign/v1" {
		t.Errorf("bundle: %+v", rows[1].Critical)
	}
}

func TestCosignError(t *testing.T) {
	w := newWorld(t)
	if got := verification.CosignError(w.verify(byAlicePolicy)); got != "no signatures found" {
		t.Errorf("none there: %q", got)
	}
	w.attach(w.sign(withSubject(bob)))
	got := verification.CosignError(w.verify(byAlicePolicy))
	want := "no matching signatures: none of the expected identities matched what was in the certificate, got subjects [" + bob + "] with issuer " + issuer
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReportJSON(t *testing.T) {
	w := newWorld(t)
	w.attach(unlogged(w), stamped(w), w.sign(spec{KeyPair: true}))
	raw, err := json.Marshal(w.verify(byAlicePolicy))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Image, Digest string
		Verified      bool
		Signatures    []map[string]any
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Image != w.tag() || got.Digest != w.image.DigestStr() || !got.Verified || len(got.Signatures) != 3 {
		t.Fatalf("%s", raw)
	}
	zero, keyed, last := got.Signatures[0], got.Signatures[1], got.Signatures[2]
	if zero["logIndex"] != 0.0 || zero["subject"] != alice || zero["verified"] != true || zero["reason"] != nil || zero["storage"] != "tag" {
		t.Errorf("row of index 0: %v", zero)
	}
	if zero["integratedTime"] != zero["timestamp"] || zero["timestamp"] == nil {
		t.Errorf("times: %v and %v", zero["integratedTime"], zero["timestamp"])
	}
	if keyed["subject"] != "" || keyed["verified"] != false || keyed["reason"].(map[string]any)["code"] != "no-certificate" {
		t.Errorf("row of the key pair: %v", keyed)
	}
	if index, ok := last["logIndex"]; !ok || index != nil {
		t.Errorf("row without an entry: %v", last)
	}
	empty, err := json.Marshal(newWorld(t).verify(byAlicePolicy))
	if err != nil || !bytes.Contains(empty, []byte(`"signatures":[]`)) {
		t.Errorf("no signatures: %s %v", empty, err)
	}
}
