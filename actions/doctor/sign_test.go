package doctor_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tuf"
)

func TestSignatureFromEndToEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Sign = &doctor.Sign{}
	report := w.examine()
	wants(t, report)
	if !report.Well() {
		t.Error(report.Text(true))
	}
	for _, f := range report.Findings {
		if f.Group == doctor.GroupSign && f.State != doctor.OK {
			t.Errorf("%s: %s", f.ID, f.State)
		}
	}
	if !strings.Contains(report.Text(true), "were removed again") {
		t.Error("it does not say what became of the scratch image\n" + report.Text(true))
	}
	repository, err := name.NewRepository(w.settings.Registry + "/" + sandbox.Organization + "/" + doctor.ScratchRepository)
	if err != nil {
		t.Fatal(err)
	}
	if tags, err := remote.List(repository, remote.WithContext(t.Context()), remote.WithAuth(sandboxtest.Login(t))); err == nil && len(tags) > 0 {
		t.Errorf("it left %v behind", tags)
	}

	// Now a certificate is at hand, and the log has something to go on from.
	w.options.Sign = nil
	text := w.examine().Text(true)
	if !strings.Contains(text, "certificate in log entry") {
		t.Error("the newest certificate was not looked at\n" + text)
	}

	// An image that is named is signed, and keeps its signature.
	image, _ := sandboxtest.CopyImage(t, "")
	w.options.Sign = &doctor.Sign{Image: image}
	report = w.examine()
	wants(t, report)
	if !strings.Contains(report.Text(true), "the signature stays at") {
		t.Error(report.Text(true))
	}
}

func TestFaultsOnTheWayToASignature(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{
		{"Fulcio fails when it is asked for a certificate", actions.CodeServer, func(w *world) {
			w.answers(w.settings.Fulcio, "/api/v2/signingCert", says(http.StatusInternalServerError, "boom"))
		}, ""},
		{"Rekor fails when it is given an entry", actions.CodeLogUnavailable, func(w *world) {
			w.serve = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Host != hostOf(w.tb, w.settings.Rekor) || r.Method != http.MethodPost || r.URL.Path != "/api/v1/log/entries" {
					return false
				}
				says(http.StatusInternalServerError, "{}")(out, r)
				return true
			}
		}, ""},
		{"what answers for the log is a copy that stands still", actions.CodeLogStill, func(w *world) { w.freezeLog() }, "as before"},
		{"the scratch repository cannot be written", actions.CodePushDenied, func(w *world) {
			w.serve = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Host != w.settings.Registry || r.Method == http.MethodGet || r.Method == http.MethodHead || !strings.Contains(r.URL.Path, doctor.ScratchRepository) {
					return false
				}
				says(http.StatusForbidden, `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`)(out, r)
				return true
			}
		}, ""},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.options.Sign = &doctor.Sign{}
			f.wreck(w)
			wants(t, w.examine(), f.code)
		})
	}
}

// TestTimestampOfTheNewestCertificate is what is left where the certificate log has no address outside.
func TestTimestampOfTheNewestCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Sign = &doctor.Sign{} // so that there is a certificate
	wants(t, w.examine())
	w.options.Sign = nil
	w.republish(func(d *tuf.Deployment) { d.CTLogKey = keyPEM(t) }, time.Now())
	w.answers(w.settings.CTLog, "", func(out http.ResponseWriter, _ *http.Request) { hangUp(out) })
	wants(t, w.examine(), actions.CodeSCT)
}

func TestCancelledEndsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Patience, w.options.Limit = time.Hour, time.Hour
	asked := make(chan struct{}, 100)
	w.answers(w.settings.Rekor, "/api/", func(out http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		hangs(out, r)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := doctor.Examine(ctx, w.options); actions.ExitCode(err) != 130 {
		t.Errorf("cancelled: %v", err)
	}
}
