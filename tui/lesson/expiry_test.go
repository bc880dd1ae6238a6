package lesson_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop"
)

// TestTokenCountsDown shows how long the identity token is valid, without showing it, and counts that down by itself.
func TestTokenCountsDown(t *testing.T) {
	var past atomic.Int64 // seconds since the demo's time
	clock := func() time.Time { return lessontest.Now().Add(time.Duration(past.Load()) * time.Second) }
	deps := screen.Deps{Context: t.Context(), Theme: theme.New(theme.Options{Dark: true}), Clock: clock, Tasks: &screen.Tasks{}}
	session := lessontest.Demo()
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := part(`{"alg":"RS256"}`) + "." + part(fmt.Sprintf(`{"iss":"https://idp.example","sub":"x","aud":"y","exp":%d}`,
		lessontest.Now().Add(5*time.Minute).Unix())) + "." + part(strings.Repeat("s", 256))
	session.Change(func(snap *workshop.Snapshot) {
		for i := range snap.Env {
			if snap.Env[i].Name == "SIGSTORE_ID_TOKEN" {
				snap.Env[i].Value = token
			}
		}
	})
	m := lesson.New(deps, lesson.Options{Session: session})
	m.SetSize(140, 38)
	d := screentest.New(t, m)
	says := func(text string) {
		t.Helper()
		d.Until(text, func() bool { return strings.Contains(d.Text(), text) })
		if strings.Contains(d.Text(), token) {
			t.Errorf("the token itself is shown in\n%s", d.Text())
		}
	}
	says("5:00 left")
	past.Store(1)
	says("4:59 left")
	past.Store(299)
	says("0:01 left")
	past.Store(301)
	says("expired")
}
