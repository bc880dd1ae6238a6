package signatures_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	"github.com/muesli/termenv"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/policy"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
)

const (
	alice  = "alice@example.com"
	bob    = "bob@example.com"
	issuer = "https://idp.example.com/realms/one"
)

// signed is what was found on an image: a signature by alice and one by bob in a tag, and one by alice in a bundle.
func signed(t *testing.T) *verification.Report {
	t.Helper()
	server := httptest.NewServer(gcrregistry.New(gcrregistry.Logger(log.New(discard{}, "", 0)), gcrregistry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	d := verificationtest.MustNew()
	reference := strings.TrimPrefix(server.URL, "http://") + "/org/app:latest"
	image, err := verificationtest.Image(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	var layers []verificationtest.Layer
	for _, who := range []string{alice, bob} {
		layer, err := d.Sign(image, verificationtest.Spec{Subject: who, Issuer: issuer, Stamp: true, Extensions: map[string]string{"1.3.6.1.4.1.57264.1.2": "push"}})
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, layer)
	}
	if err := verificationtest.Attach(t.Context(), image, layers); err != nil {
		t.Fatal(err)
	}
	for range 5 { // so that the proof of the last has steps on both sides
		b, err := d.Bundle(image, verificationtest.Spec{Subject: alice, Issuer: issuer})
		if err != nil {
			t.Fatal(err)
		}
		if err := verificationtest.ReferBundle(t.Context(), image, b, verificationtest.SignPredicate); err != nil {
			t.Fatal(err)
		}
	}
	trusted := d.TrustedRoot()
	verifier := verification.New(verification.Options{
		Registry: registry.New(registry.Options{}),
		Material: func(context.Context) (root.TrustedMaterial, error) { return trusted, nil },
	})
	report, err := verifier.Everything(t.Context(), reference, verification.Policy{Subject: alice, Issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// opened shows a report on a large screen, and waits for its checks.
func opened(t *testing.T, report *verification.Report, opts signatures.Options) (*screentest.Driver, screen.Deps) {
	t.Helper()
	d, deps, _ := openedModel(t, report, opts)
	return d, deps
}

func openedModel(t *testing.T, report *verification.Report, opts signatures.Options) (*screentest.Driver, screen.Deps, *signatures.Model) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{
		Context: ctx, Theme: theme.New(theme.Options{Dark: true, Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}, Dir: t.TempDir(),
	}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	m := signatures.New(deps, report, opts)
	m.SetSize(118, 160) // one below the other: what stands beside would come between the words
	d := screentest.New(t, m)
	d.Until("checks", func() bool { return strings.Contains(d.Text(), "checks ok") })
	return d, deps, m
}

// shows fails unless each text is on the screen.
func shows(t *testing.T, d *screentest.Driver, texts ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(d.Text()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("the screen lacks %q:\n%s", want, d.Text())
		}
	}
}

// TestSections turns through the sections of signatures that were really made.
func TestSections(t *testing.T) {
	report := signed(t)
	if len(report.Signatures) != 7 {
		t.Fatalf("%d signatures", len(report.Signatures))
	}
	d, _ := opened(t, report, signatures.Options{})
	if report.Signatures[0].Checks != nil {
		t.Error("the report itself was changed, which others may read")
	}
	shows(t, d, "Signed by "+alice+", vouched for by idp.example.com/realms/one, at ", "ok verified", "ok format", "ok log-set", "-- log-proof", "(own check)")
	d.Key("enter")
	for range 3 {
		d.Key("down")
	}
	shows(t, d, "looks at signature over the payload", "matters it shows that the holder of the key signed exactly these bytes")
	d.Key("2")
	shows(t, d, "subject "+alice, ".8 Issuer "+issuer, ".2 GitHub Workflow Trigger (old form) push", "ECDSA P-256", "ok: an authority of the trust root issued the certificate")
	d.Key("4")
	shows(t, d, "certificate becomes valid", "certificate published (SCT)", "signature logged (integrated time) - transparency log", "signature stamped (RFC 3161)", "certificate expires", " now", "no harm")
	d.Key("5")
	shows(t, d, "layer 0 of the .sig tag", `"docker-manifest-digest": "`+report.Digest.DigestStr(), "$ cosign verify --certificate-identity="+alice)
	d.Key("6")
	shows(t, d, `"dev.cosignproject.cosign/signature"`, `"SignedEntryTimestamp"`)
	d.Key("3")
	shows(t, d, "Inclusion proof: not carried", `"kind": "hashedrekord"`, "ok log-payload")
	d.Key("esc")
	d.Key("enter") // esc is the root's: back to the rows
	d.Key("down")
	shows(t, d, "Claims to be signed by "+bob)
	d.Key("1")
	d.Until("bob's checks", func() bool { return strings.Contains(d.Text(), "x  subject") })
	shows(t, d, "expected "+alice, "from --certificate-identity", "found "+bob, "sigwalk explain")
}

// TestMerklePath holds the drawn path against the proof: it leads from the leaf to the root of the checkpoint, and does not
// where one hash of the proof is another.
func TestMerklePath(t *testing.T) {
	report := signed(t)
	last := &report.Signatures[6]
	d, _ := opened(t, report, signatures.Options{})
	d.Key("end")
	d.Key("3")
	d.Until("the entry", func() bool { return strings.Contains(d.Text(), "root hash, recomputed") })
	last.Explain(t.Context())
	proof := last.Entry.Proof
	if proof.Index == last.Entry.Index {
		t.Fatal("the log has not been sharded")
	}
	shows(t, d, fmt.Sprintf("index %d over all shards, %d in its shard", last.Entry.Index, proof.Index))
	steps, ok := proof.Path(last.Entry.LeafHash())
	if !ok || len(steps) == 0 {
		t.Fatal("the proof has no steps")
	}
	for i, step := range steps {
		sibling := step.Right
		if step.FromProof == verification.LeftSide {
			sibling = step.Left
		}
		shows(t, d, hex8(sibling)+" from the proof, on the "+string(step.FromProof), hex8(step.Hash)+" step "+string(rune('1'+i)))
	}
	shows(t, d, hex8(proof.RootHash)+" root hash, recomputed", "ok the checkpoint says "+hex8(proof.RootHash))

	broken := *last
	entry, other := *last.Entry, *proof
	other.Hashes = append([][]byte{make([]byte, 32)}, other.Hashes[1:]...)
	entry.Proof = &other
	broken.Entry = &entry
	report.Signatures[6] = broken
	d, _ = opened(t, report, signatures.Options{})
	d.Key("end")
	d.Key("3")
	d.Until("the entry", func() bool { return strings.Contains(d.Text(), "root hash, recomputed") })
	shows(t, d, "x the checkpoint says "+hex8(proof.RootHash))
}

func hex8(hash []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range hash[:8] {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// TestProve asks the log for a proof of a row that has none.
func TestProve(t *testing.T) {
	report := signed(t)
	var proof *verification.InclusionProof
	d, _ := opened(t, report, signatures.Options{Prove: func(_ context.Context, s verification.Signature) (verification.Signature, error) {
		entry := *s.Entry
		entry.Proof, entry.Fetched = proof, true
		s.Entry = &entry
		return s, nil
	}})
	d.Until("all checks", func() bool { return strings.Count(d.Text(), "/") > 7 })
	last := report.Signatures[6]
	last.Explain(t.Context())
	proof = last.Entry.Proof
	d.Key("P")
	d.Until("the answer", func() bool { return strings.Contains(d.Text(), "from the log, asked now") })
	shows(t, d, "3 LOG")
}

// TestAnotherPolicy verifies what is shown under a policy that was chosen, where no screen above does.
func TestAnotherPolicy(t *testing.T) {
	report := signed(t)
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Profile: termenv.Ascii, ASCII: true}), Tasks: &screen.Tasks{}}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	m := signatures.New(deps, report, signatures.Options{Verify: func(_ context.Context, image string, p verification.Policy) (*verification.Report, error) {
		switch {
		case image != report.Image:
			return nil, errors.New("not this image")
		case p.Subject == "":
			return nil, errors.New("nobody was named")
		}
		other := *report
		other.Policy = p
		return &other, nil
	}})
	m.SetSize(118, 40)
	d := screentest.New(t, m)
	d.Send(policy.Chosen{Policy: verification.Policy{Subject: bob}})
	d.Until("the other report", func() bool {
		return strings.Contains(m.Status(), "with another policy") && m.Report().Policy.Subject == bob
	})
	d.Send(policy.Chosen{})
	d.Until("why not", func() bool { return strings.Contains(m.Status(), "not verified: nobody was named") })
	if m.Report().Policy.Subject != bob {
		t.Errorf("the report is that of %+v", m.Report().Policy)
	}
	if why := m.Disabled(keys.Who); why != "" {
		t.Error(why)
	}
}

func TestGroups(t *testing.T) {
	d, _ := opened(t, signed(t), signatures.Options{})
	d.Key("b")
	shows(t, d, alice+" (6)", bob+" (1)")
	d.Key("end")
	shows(t, d, "Claims to be signed by "+bob) // bob's comes after alice's
	d.Key("b")
	shows(t, d, "idp.example.com/realms/one (7)")
	d.Key("b")
	if strings.Contains(d.Text(), "(7)") {
		t.Error("still grouped")
	}
}

func TestColumns(t *testing.T) {
	d, _ := opened(t, signed(t), signatures.Options{})
	d.Key("right")
	d.Key("right")
	if text := d.Text(); !strings.Contains(text, "logIndex") || strings.Contains(text, "Subject  ") {
		t.Errorf("the subject was not scrolled away:\n%s", text)
	}
	for range 20 {
		d.Key("right")
	}
	shows(t, d, "logIndex Verdict")
	for range 20 {
		d.Key("left")
	}
	shows(t, d, "Subject Issuer")
}

// TestExport writes a report, and leaves a file alone that is there.
func TestExport(t *testing.T) {
	d, deps, m := openedModel(t, signed(t), signatures.Options{})
	export := func(name string) {
		d.Key("E")
		d.Key("ctrl+u")
		d.Type(name)
		d.Key("enter")
	}
	export("first.html")
	path := filepath.Join(deps.Dir, "first.html")
	d.Until("that it is written", func() bool { return m.Status() == "written: "+path })
	content, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(string(content), "</html>\n") {
		t.Fatalf("half a page: %v", err)
	}
	export("first.html")
	d.Until("that it is there", func() bool {
		return m.Status() == "first.html is there already, and is left as it is: give another name"
	})
	export("none/there.md")
	d.Until("why not", func() bool { return m.Status() == "cannot write none/there.md: no such file or directory" })
	export("second.exe")
	if status := m.Status(); status != `"second.exe" says no form: end it in .html, .md, .json, .cosign.json, .tsv or .txt` {
		t.Errorf("the status is %q", status)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(content) {
		t.Error("the file was written twice")
	}
	if _, err := os.Stat(filepath.Join(deps.Dir, "second.exe")); err == nil {
		t.Error("a form that is none was written")
	}
}

// TestReload keeps the chosen signature when another report comes, in which it stands elsewhere.
func TestReload(t *testing.T) {
	report := signed(t)
	ctx, cancel := context.WithCancel(t.Context())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true, Profile: termenv.Ascii}), Tasks: &screen.Tasks{}}
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	m := signatures.New(deps, report, signatures.Options{})
	m.SetSize(140, 38)
	d := screentest.New(t, m)
	d.Key("down")
	shows(t, d, "signed by "+bob)
	less := *report
	less.Signatures = append([]verification.Signature(nil), report.Signatures[1:]...)
	m.SetReport(&less)
	shows(t, d, "signed by "+bob, "6 signatures")
}
