package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
