package signing_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// keyPair is private in cosign's format, loaded, with the file of its public key. Without private it is a new one.
func keyPair(t *testing.T, private crypto.PrivateKey) (*keys.Key, string) {
	t.Helper()
	dir := t.TempDir()
	client := keys.New(keys.Options{Password: func(context.Context) (actions.Secret, bool, error) { return actions.NewSecret("pw"), true, nil }})
	var pair *keys.Pair
	var err error
	if private == nil {
		pair, err = client.Generate(t.Context())
	} else {
		var der []byte
		if der, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "plain.pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		pair, err = client.Import(t.Context(), path)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cosign.key": pair.Private, "cosign.pub": pair.PublicPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := client.Signer(t.Context(), filepath.Join(dir, "cosign.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key, filepath.Join(dir, "cosign.pub")
}

// accepted counts the signatures of an image that the public key vouches for.
func (b *bench) accepted(t *testing.T, image, public string, ignoreLog bool) (verified, all int) {
	t.Helper()
	report, err := verification.New(verification.Options{Registry: b.opts.Registry, Trust: b.opts.Trust, Endpoints: b.opts.Endpoints}).
		Verify(t.Context(), image, verification.Policy{KeyReference: public, IgnoreLog: ignoreLog})
	if err != nil {
		t.Fatal(err)
	}
	return len(report.Verified()), len(report.Signatures)
}

func TestSignWithKey(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	key, public := keyPair(t, nil)
	_, stranger := keyPair(t, nil)
	got, err := signing.New(b.opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, Consented: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest.DigestStr() != digest || got.Certificate != nil || got.Subject != "" || got.KeyReference != key.Reference ||
		got.Total != 1 || got.Integrated.IsZero() || got.Timestamp.IsZero() {
		t.Errorf("got %+v", got)
	}
	if want := "resolve key-pair signature timestamp log push"; b.seen.ended() != want {
		t.Errorf("stages %s", b.seen.ended())
	}
	if verified, _ := b.accepted(t, image, public, false); verified != 1 {
		t.Error("the key's own signature does not verify")
	}
	if verified, _ := b.accepted(t, image, stranger, false); verified != 0 {
		t.Error("another key vouches for it")
	}
	// One with an identity beside it: neither hides the other.
	if _, err := b.sign(t, image); err != nil {
		t.Fatal(err)
	}
	if verified, all := b.accepted(t, image, public, false); verified != 1 || all != 2 {
		t.Errorf("%d of %d verified", verified, all)
	}
}

func TestSignWithKeyWithoutLog(t *testing.T) {
	b := newBench(t)
	b.opts.Endpoints.Timestamp, b.opts.Endpoints.Rekor = "", "http://127.0.0.1:1"
	image, _ := sandboxtest.CopyImage(t, "")
	key, public := keyPair(t, nil)
	sign := func() *signing.Result {
		t.Helper()
		// Nobody is asked for consent: nothing becomes public.
		got, err := signing.New(b.opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, SkipLog: true})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := sign()
	if !got.Integrated.IsZero() || got.LogID != "" || got.Total != 1 {
		t.Errorf("got %+v", got)
	}
	if want := "resolve key-pair signature timestamp:skipped log:skipped push"; b.seen.ended() != want || len(b.seen.asked) != 0 {
		t.Errorf("stages %s, asked %v", b.seen.ended(), b.seen.asked)
	}
	if verified, _ := b.accepted(t, image, public, true); verified != 1 {
		t.Error("it does not verify without the log")
	}
	if verified, _ := b.accepted(t, image, public, false); verified != 0 {
		t.Error("it verifies with the log, which never saw it")
	}
	// The same key says the same again: cosign adds nothing, and neither do we.
	if got := sign(); got.Total != 1 {
		t.Errorf("%d signatures", got.Total)
	}
	// Another key's is not taken for it.
	other, _ := keyPair(t, nil)
	got, err := signing.New(b.opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: other, SkipLog: true})
	if err != nil || got.Total != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestALogEntryThatExists: an RSA key signs the same words with the same signature, so that the log has it already and
// answers 409.
func TestALogEntryThatExists(t *testing.T) {
	b := newBench(t)
	b.opts.Endpoints.Timestamp = ""
	image, _ := sandboxtest.CopyImage(t, "")
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key, public := keyPair(t, private)
	var results []*signing.Result
	for range 2 {
		got, err := signing.New(b.opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, Consented: true})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, got)
	}
	if results[0].LogIndex != results[1].LogIndex || results[1].Total != 1 {
		t.Errorf("%+v and %+v", results[0], results[1])
	}
	if !strings.HasSuffix(b.seen.ended(), "signature timestamp:skipped log-existing log push") {
		t.Errorf("stages %s", b.seen.ended())
	}
	if verified, all := b.accepted(t, image, public, false); verified != 1 || all != 1 {
		t.Errorf("%d of %d verified", verified, all)
	}
}

func TestKeysThatNobodyCouldVerify(t *testing.T) {
	b := newBench(t)
	image, digest := sandboxtest.CopyImage(t, "")
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []crypto.PrivateKey{ed, p384} {
		key, _ := keyPair(t, private)
		line := &between{}
		opts := b.opts
		opts.Transport = line
		_, err := signing.New(opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, Consented: true})
		var e *actions.Error
		if !errors.As(err, &e) || e.Code != actions.CodeKeyUnreadable || !strings.Contains(e.Next, "P-256") {
			t.Errorf("got %v", err)
		}
		if line.total() != 0 {
			t.Error("a service was asked")
		}
	}
	assertNothingAttached(t, image, digest)
}

// TestSignWithKeyBeforeInitialize: cosign needs no trust root for it.
func TestSignWithKeyBeforeInitialize(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	key, public := keyPair(t, nil)
	opts := b.opts
	opts.Homes.TUF = t.TempDir()
	opts.Trust = trust.New(trust.Options{Homes: opts.Homes, Endpoints: opts.Endpoints})
	if _, err := signing.New(opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, Consented: true}); err != nil {
		t.Fatal(err)
	}
	warned := 0
	for _, note := range b.seen.notes {
		if note.Level == actions.NoteWarning && strings.Contains(note.Text, "no trust root") {
			warned++
		}
	}
	if warned != 2 {
		t.Errorf("warned %d times of time stamp and log entry: %+v", warned, b.seen.notes)
	}
	if verified, _ := b.accepted(t, image, public, false); verified != 1 {
		t.Error("it does not verify")
	}
}

// TestAKeyIsNoReasonToWriteTheLog: where the registry refuses the push nothing becomes public.
func TestAKeyIsNoReasonToWriteTheLog(t *testing.T) {
	b := newBench(t)
	image, _ := sandboxtest.CopyImage(t, "")
	key, _ := keyPair(t, nil)
	line := &between{}
	opts := b.opts
	opts.Transport = line
	opts.Registry = registry.New(registry.Options{Homes: actions.Homes{Docker: t.TempDir()}, Transport: http.DefaultTransport})
	_, err := signing.New(opts).SignWithKey(t.Context(), signing.Request{Image: image, Key: key, Consented: true})
	if code := actions.CodeOf(err); code != actions.CodeUnauthorized {
		t.Errorf("got %q: %v", code, err)
	}
	if n := line.to(b.settings.Rekor); n != 0 {
		t.Errorf("the log was asked %d times", n)
	}
}
