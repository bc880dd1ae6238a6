package doctor_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/doctor"
)

// patience is how long a check of a test waits; only what hangs needs it all.
const patience = 12 * time.Second

func TestHealthySandboxIsWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	report := w.examine()
	wants(t, report)
	if !report.Well() {
		t.Errorf("not well:\n%s", report.Text(true))
	}
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{w.settings.OIDCPassword, w.settings.RegistryPass} {
		if strings.Contains(string(raw), secret) || strings.Contains(report.Text(true), secret) {
			t.Error("a secret is in the report")
		}
	}
	// What was seen once is compared the next time.
	again := w.examine()
	wants(t, again)
	text := again.Text(true)
	if !strings.Contains(text, "the same as on") && !strings.Contains(text, "it goes on from") && !strings.Contains(text, "it was empty on") {
		t.Errorf("the log's checkpoint was not remembered:\n%s", text)
	}
	for _, f := range report.Findings {
		if f.State == doctor.NotApplicable && f.Means == "" {
			t.Errorf("%s does not say why it does not apply", f.ID)
		}
	}
}

func TestDocumentHoldsNoSecretAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := &doctor.Calls{}
	w.options.Observer = calls
	w.options.Endpoints.Rekor = strings.Replace(w.settings.Rekor, "http://", "http://somebody:hidden-word@", 1)
	report := w.examine()
	secrets := []actions.Secret{w.options.Password, actions.NewSecret(w.settings.RegistryPass)}
	text := report.Document([]doctor.Fact{{Name: "A", Value: "x " + w.settings.OIDCPassword}}, calls.All(), secrets)
	for _, secret := range []string{w.settings.OIDCPassword, w.settings.RegistryPass, "hidden-word", "eyJ"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the document", secret)
		}
	}
	for _, part := range []string{"## Checks", "## Network calls", "/api/v2/configuration  200", "## The deployment"} {
		if !strings.Contains(text, part) {
			t.Errorf("the document lacks %q", part)
		}
	}
	path := filepath.Join(t.TempDir(), "report.md")
	file, err := doctor.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := doctor.CreateFile(path); actions.CodeOf(err) != actions.CodeFileInTheWay {
		t.Errorf("a file that is there: %v", err)
	}
}
