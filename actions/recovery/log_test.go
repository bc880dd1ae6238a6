package recovery_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// TestTheLogBringsBackWhatWasOverwritten: of four signatures one is left, and the log has all.
func TestTheLogBringsBackWhatWasOverwritten(t *testing.T) {
	p := newPerson(t)
	p.opts.Endpoints.Timestamp = "" // a time stamp is not in the log
	users := []string{sandbox.StudentUser, sandbox.AdminUser, sandbox.PipelineUser, sandbox.StudentUser}
	for _, user := range users {
		p.sign(t, user, nil)
	}
	original := p.layers(t)
	p.overwrite(t, original[2])

	report := p.recover(t, from(recovery.FromLog))
	if report.Before != 1 || report.After != 4 || len(report.Signatures) != 4 || len(report.Attached()) != 3 || len(report.NotRebuildable()) != 0 {
		t.Fatalf("before %d, after %d, %d found, %d attached, %d not", report.Before, report.After, len(report.Signatures), len(report.Attached()), len(report.NotRebuildable()))
	}
	if good, all := p.verified(t, anybody); good != 4 || all != 4 {
		t.Errorf("%d of %d verify", good, all)
	}
	rebuilt := p.layers(t)
	if !maps.Equal(rebuilt[0].Annotations, original[2].Annotations) {
		t.Error("what was there was changed")
	}
	for _, want := range original {
		i := slices.IndexFunc(rebuilt, func(d v1.Descriptor) bool {
			return d.Annotations[static.SignatureAnnotationKey] == want.Annotations[static.SignatureAnnotationKey]
		})
		if i < 0 {
			t.Error("a signature is missing")
			continue
		}
		assertAsWritten(t, rebuilt[i], want)
	}

	before := p.manifest(t)
	again := p.recover(t, from(recovery.FromLog))
	if len(again.Attached()) != 0 || len(again.Lacking()) != 0 || again.Before != 4 || again.After != 4 || !bytes.Equal(before, p.manifest(t)) {
		t.Errorf("the second time: %d attached", len(again.Attached()))
	}
}

// assertAsWritten holds a rebuilt layer against the one that cosign's own code wrote. All is the same but the log's
// promise, which is signed anew each time it is asked for.
func assertAsWritten(t *testing.T, rebuilt, original v1.Descriptor) {
	t.Helper()
	if rebuilt.MediaType != original.MediaType || rebuilt.Digest != original.Digest || rebuilt.Size != original.Size {
		t.Errorf("the layer is %+v, want %+v", rebuilt, original)
	}
	keys := func(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
	if !slices.Equal(keys(rebuilt.Annotations), keys(original.Annotations)) {
		t.Errorf("annotations %v, want %v", keys(rebuilt.Annotations), keys(original.Annotations))
	}
	for key, want := range original.Annotations {
		got := rebuilt.Annotations[key]
		if key != static.BundleAnnotationKey {
			if got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
			continue
		}
		var has, had bundle.RekorBundle
		if err := json.Unmarshal([]byte(got), &has); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(want), &had); err != nil {
			t.Fatal(err)
		}
		if has.Payload != had.Payload || len(has.SignedEntryTimestamp) == 0 {
			t.Errorf("the log entry is %+v, want %+v", has, had)
		}
	}
}

// TestWhoseSignaturesComeBack: what does not match is shown, with the reason, and left where it is.
func TestWhoseSignaturesComeBack(t *testing.T) {
	p := newPerson(t)
	for _, user := range []string{sandbox.StudentUser, sandbox.AdminUser} {
		p.sign(t, user, nil)
	}
	p.overwrite(t)
	req := from(recovery.FromLog)
	req.Policy = verification.Policy{Subject: sandbox.AdminUser, Issuer: p.settings.OIDCIssuer}
	report := p.recover(t, req)
	if attached := report.Attached(); len(attached) != 1 || attached[0].Subject != sandbox.AdminUser || attached[0].Issuer != p.settings.OIDCIssuer {
		t.Errorf("attached %+v", attached)
	}
	left := report.NotRebuildable()
	if len(left) != 1 || left[0].Reason.Code != actions.CodeSubject || left[0].Subject != sandbox.StudentUser {
		t.Errorf("left %+v", left)
	}
	if got := p.layers(t); len(got) != 1 {
		t.Errorf("%d signatures are there", len(got))
	}
}

// TestAnnotationsChangeThePayload: such signatures are found when somebody knows what was signed.
func TestAnnotationsChangeThePayload(t *testing.T) {
	p := newPerson(t)
	red := map[string]string{"team": "red", "shift": "<night> & day"}
	p.sign(t, sandbox.StudentUser, red)
	p.sign(t, sandbox.AdminUser, red)
	p.sign(t, sandbox.PipelineUser, nil)
	both := p.layers(t)

	p.overwrite(t, both[2])
	if report := p.recover(t, from(recovery.FromLog)); len(report.Signatures) != 1 || len(report.Attached()) != 0 {
		t.Errorf("without a word about the annotations: %d found", len(report.Signatures))
	}
	req := from(recovery.FromLog)
	req.Annotations = []map[string]string{{"team": "blue"}, red}
	if report := p.recover(t, req); len(report.Signatures) != 3 || len(report.Attached()) != 2 {
		t.Errorf("with the annotations: %d found, %d attached", len(report.Signatures), len(report.Attached()))
	}
	// One that is still there knows the payload of the others.
	p.overwrite(t, both[0], both[2])
	if report := p.recover(t, from(recovery.FromLog)); len(report.Attached()) != 1 || report.Attached()[0].Subject != sandbox.AdminUser {
		t.Errorf("with a neighbour: %+v", report.Attached())
	}
	if good, all := p.verified(t, verification.Policy{SubjectRegexp: ".*", IssuerRegexp: ".*", Annotations: red}); good != 2 || all != 3 {
		t.Errorf("%d of %d verify", good, all)
	}
}
