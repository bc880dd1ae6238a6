package verification_test

import (
	"context"
	"crypto"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	cosignerrors "github.com/sigstore/cosign/v2/cmd/cosign/errors"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// TestOneSignature checks, for each case alone, that the verdict is cosign's, and the reason the true one.
func TestOneSignature(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.attach(c.layer(w))
			report := w.verify(c.policy)
			w.compare(c.policy, report)
			s := report.Signatures[0]
			switch {
			case c.want == "" && !s.Verified:
				t.Fatalf("refused: %v", s.Reason)
			case c.want == "":
				return
			case s.Verified:
				t.Fatal("verified")
			case s.Reason.Code != c.want:
				t.Errorf("code %s, want %s (%v)", s.Reason.Code, c.want, s.Reason)
			case !strings.Contains(s.Reason.Why, c.why):
				t.Errorf("why: %q, want %q in it", s.Reason.Why, c.why)
			case s.Reason.What == "" || s.Reason.Next == "":
				t.Errorf("incomplete reason: %+v", s.Reason)
			}
			if actions.CodeOf(report.Verdict()) != actions.CodeNoMatch {
				t.Errorf("verdict: %v", report.Verdict())
			}
		})
	}
}

// TestAllSignatures checks that no signature changes what is said of another, by having all of them on one image.
func TestAllSignatures(t *testing.T) {
	w := newWorld(t)
	var layers []layer
	for _, c := range cases {
		layers = append(layers, c.layer(w))
	}
	w.attach(layers...)
	seen := map[string]bool{}
	for _, c := range cases {
		if key := fmt.Sprintf("%+v", c.policy); !seen[key] {
			seen[key] = true
			w.compare(c.policy, w.verify(c.policy))
		}
	}
}

// TestExitCodes compares the exit code with that of cosign's own entry point for sets that do not make it panic.
func TestExitCodes(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t)
	bare := newWorld(t)
	w.attach(w.sign(byAlice), w.sign(spec{KeyPair: true}))
	other.attach(other.sign(spec{KeyPair: true}))
	for _, c := range []struct {
		name   string
		w      *world
		image  string
		policy policy
	}{
		{"one verifies", w, w.tag(), byAlicePolicy},
		{"none verifies", w, w.tag(), policy{Subject: bob, Issuer: issuer}},
		{"none has a certificate", other, other.tag(), byAlicePolicy},
		{"none is there", bare, bare.tag(), byAlicePolicy},
		{"no such tag", bare, bare.host + "/org/app:nowhere", byAlicePolicy},
		{"no such repository", bare, bare.host + "/org/nowhere:latest", byAlicePolicy},
		{"no such digest", bare, bare.host + "/org/app@sha256:" + strings.Repeat("0", 64), byAlicePolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref, err := name.ParseReference(c.image)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if _, _, err := cosign.VerifyImageSignatures(context.Background(), ref, c.w.checkOpts(c.policy)); err != nil {
				want = cosignerrors.LookupExitCodeForError(err)
			}
			report, err := c.w.verifier.Verify(context.Background(), c.image, c.policy)
			if err == nil {
				err = report.Verdict()
			}
			if got := actions.ExitCode(err); got != want {
				t.Errorf("exit code %d (%v), cosign's is %d", got, err, want)
			}
		})
	}
}

// TestKey checks signatures under a public key.
func TestKey(t *testing.T) {
	key, file := keyPair(t)
	_, otherFile := keyPair(t)
	w := newWorld(t)
	w.attach(
		w.sign(spec{KeyPair: true, Key: key}),
		w.sign(spec{KeyPair: true}),
		w.sign(byAlice),
		w.sign(spec{KeyPair: true, Key: key, NoLog: true}),
	)
	for _, c := range []struct {
		name   string
		policy policy
		want   []bool // by position
	}{
		{"key", policy{KeyReference: file}, []bool{true, false, false, false}},
		{"other key", policy{KeyReference: otherFile}, []bool{false, false, false, false}},
		{"key, log ignored", policy{KeyReference: file, IgnoreLog: true}, []bool{true, false, false, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := w.verify(c.policy)
			verdicts := w.referenceWithKey(c.policy)
			for _, s := range report.Signatures {
				if s.Verified != c.want[s.Position] || s.Verified != (verdicts[s.Position] == nil) {
					t.Errorf("signature %d: verified %t (%v), want %t, cosign says %v", s.Position, s.Verified, s.Reason, c.want[s.Position], verdicts[s.Position])
				}
				// Its certificate is for another key, which is said by itself, whatever the log entry shows.
				if c := s.Check(verification.CheckKey); s.Position == 2 && (c.State != verification.CheckFailed || c.Code != actions.CodeKey) {
					t.Errorf("the key of a certificate: %+v", c)
				}
				if s.Position != 2 && (s.Subject != "" || s.Certificate != nil) {
					t.Errorf("signature %d of a key pair has subject %q", s.Position, s.Subject)
				}
			}
		})
	}
}

// referenceWithKey is reference with the policy's key.
func (w *world) referenceWithKey(p verification.Policy) []error {
	w.t.Helper()
	w.loadKey(p)
	defer func() { w.key = nil }()
	return w.reference(p)
}

// loadKey makes checkOpts verify with the policy's key.
func (w *world) loadKey(p verification.Policy) {
	w.t.Helper()
	pem, err := os.ReadFile(p.KeyReference)
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.key, err = signature.LoadVerifier(key, crypto.SHA256); err != nil {
		w.t.Fatal(err)
	}
}
