package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/cosign/v2/cmd/cosign/cli/initialize"
	"github.com/sigstore/cosign/v2/pkg/cosign"

	"github.com/sigwalk/sigwalk/actions/trust"
)

// TestCosignReadsWhatWeWrote and the other way round, with cosign's own code, for a mirror of today and an older one.
func TestCosignReadsWhatWeWrote(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	p := newPerson(t)
	if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TUF_ROOT", p.home)
	theirs, err := cosign.TrustedRoot()
	if err != nil {
		t.Fatal(err)
	}
	if len(theirs.FulcioCertificateAuthorities()) != 1 || len(theirs.RekorLogs()) != 1 {
		t.Error("cosign does not find what is in the trust root")
	}
	status, err := p.Status(t.Context())
	if err != nil || status.Checksum != r.checksum(t) {
		t.Errorf("after cosign used it: %+v, %v", status, err)
	}
}

func TestWeReadWhatCosignWrote(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	p := newPerson(t)
	t.Setenv("TUF_ROOT", p.home)
	if err := initialize.DoInitializeWithRootChecksum(t.Context(), r.server.URL+"/root.json", r.server.URL, r.checksum(t)); err != nil {
		t.Fatal(err)
	}
	r.server.Close()
	status, err := p.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Remote != r.server.URL || status.Checksum != r.checksum(t) || len(status.Targets) != 4 || len(status.Roles) != 4 {
		t.Errorf("status %+v", status)
	}
	if _, err := p.Material(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAMirrorWithoutTrustedRoot: cosign keeps what comes from it in the layout of old, and so must we.
func TestAMirrorWithoutTrustedRoot(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, false), 1, far)
	p := newPerson(t)
	status, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(status.Targets, " "); got != "ctfe.pub fulcio_v1.crt.pem rekor.pub" {
		t.Errorf("targets %s", got)
	}
	ours, err := p.Material(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.FulcioCertificateAuthorities()) != 1 || len(ours.RekorLogs()) != 1 || len(ours.CTLogs()) != 1 {
		t.Error("the single targets make no whole trust root")
	}
	for _, log := range ours.RekorLogs() {
		if log.ValidityPeriodStart.IsZero() || log.ValidityPeriodStart.After(time.Unix(1, 0)) {
			t.Errorf("the log's key is valid from %v", log.ValidityPeriodStart)
		}
	}
	// Cosign's client of old keeps what it read in a global of its process, so it gets the home that we wrote alone.
	r.server.Close()
	t.Setenv("TUF_ROOT", p.home)
	keys, err := cosign.GetRekorPubs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id := range ours.RekorLogs() {
		if _, ok := keys.Keys[id]; !ok {
			t.Errorf("cosign does not know the log %s", id)
		}
	}
	// A cache that only the older client filled has no directory named after the mirror.
	entries, err := os.ReadDir(p.home)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "127.0.0.1") {
			if err := os.RemoveAll(filepath.Join(p.home, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if old, err := p.client().Status(t.Context()); err != nil || old.Checksum != r.checksum(t) || len(old.Targets) != 3 {
		t.Errorf("status %+v, %v", old, err)
	}
	if _, err := p.client().Material(t.Context()); err != nil {
		t.Error(err)
	}
}
