package trust_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	sigtuf "github.com/sigstore/sigstore-go/pkg/tuf"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// TestMaterialNeedsNoNetwork while the metadata is fresh, parses nothing twice, and refreshes what expired.
func TestMaterialNeedsNoNetwork(t *testing.T) {
	r := newRepository(t)
	d := newDeployment(t, true)
	r.publish(t, d, 1, far)
	p := newPerson(t)
	if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
		t.Fatal(err)
	}
	asked := r.gets.Load()
	first, err := p.Material(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.Material(t.Context())
	if err != nil || first != second {
		t.Errorf("it was parsed again: %v", err)
	}
	if r.gets.Load() != asked {
		t.Errorf("%d files were fetched", r.gets.Load()-asked)
	}
	p.now = far.Add(time.Hour)
	_, err = p.Material(t.Context())
	assertCode(t, err, actions.CodeTrustRoot, "expired")
	r.publish(t, d, 2, far.AddDate(0, 1, 0))
	if _, err := p.Material(t.Context()); err != nil {
		t.Fatal(err)
	}
	status, err := p.Status(t.Context())
	if err != nil || status.Roles["timestamp.json"].Version != 2 || status.Checksum != r.checksum(t) {
		t.Errorf("status %+v, %v", status, err)
	}
	r.server.Close()
	p.now = far.AddDate(0, 2, 0)
	_, err = p.Material(t.Context())
	assertCode(t, err, actions.CodeUnreachable, "expired", r.server.URL)
}

// TestMaterialDoesNotBelieveTheDisk: what was changed there is fetched anew or refused.
func TestMaterialDoesNotBelieveTheDisk(t *testing.T) {
	for _, name := range []string{"targets/trusted_root.json", "targets.json", "timestamp.json"} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			r.publish(t, newDeployment(t, true), 1, far)
			p := newPerson(t)
			if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
				t.Fatal(err)
			}
			want, err := p.Material(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			// A repository of the same shape whose files an attacker put in place of the real ones.
			evil := newRepository(t)
			evil.publish(t, newDeployment(t, true), 1, far)
			q := newPerson(t)
			if _, err := q.Initialize(t.Context(), trust.InitializeRequest{Mirror: evil.server.URL}); err != nil {
				t.Fatal(err)
			}
			forged, err := os.ReadFile(filepath.Join(q.home, sigtuf.URLToPath(evil.server.URL), name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(p.home, sigtuf.URLToPath(r.server.URL), name), forged, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := p.client().Material(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			a, _ := want.MarshalJSON()
			b, _ := got.MarshalJSON()
			if string(a) != string(b) {
				t.Error("the forged trust root was believed")
			}
			r.server.Close()
			if err := os.WriteFile(filepath.Join(p.home, sigtuf.URLToPath(r.server.URL), name), forged, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := p.client().Material(t.Context()); err == nil {
				t.Error("the forged trust root was believed when the mirror was down")
			}
		})
	}
}
