package lesson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/muesli/termenv"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/attachments"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/lesson"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// TestResultsOfTheLab draws what lessons look at beside signatures, within the width, whatever the names are.
func TestResultsOfTheLab(t *testing.T) {
	const odd = "署名 👩‍💻 e\u0301 \x1b[31mred\ttab"
	plain := theme.New(theme.Options{Dark: true, Profile: termenv.Ascii})
	index := int64(7)
	tag, err := name.NewTag("a:sha256-1.sig")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		value any
		want  []string
		never string
	}{
		{
			&own.Page{URL: "http://127.0.0.1:1/repository/a", Badges: 1, Rows: []quay.Shown{
				{Tag: quay.Tag{Name: "latest" + odd}, Badge: true, SignatureTag: "sha256-1.sig"}, {Tag: quay.Tag{Name: "sha256-1.sig"}},
			}},
			[]string{"1 badge at 2 tags", "signed  latest", "because of the tag sha256-1.sig", "nothing was verified"},
			"",
		},
		{
			&lab.RaceOutcome{Image: "a:latest", Signers: 5, Before: 1, After: 2, Lost: 4, LogIndexes: []int64{3, 4}},
			[]string{"5 signers signed at once", "1 signature on the image", "2 signatures, where 6 would have to be", "3, 4: every one of them", "4 signatures overwritten"},
			"",
		},
		{&lab.RaceOutcome{Signers: 2, After: 2}, []string{"2 signatures"}, "overwritten"},
		{
			&own.Footing{Lacking: 1, Rows: []verification.Footing{{LogIndex: &index, Subject: "maria@example.com" + odd, Anchors: []verification.Anchor{
				{Part: "certificate authority", Known: true, Entry: "fulcio"}, {Part: "transparency log", Name: "abcd" + odd},
			}}}},
			[]string{"lacks 1 thing needed for 1 signature", "7  maria@example.com", "ok certificate authority fulcio", "x  transparency log      not in the trust root: abcd"},
			"",
		},
		{
			&lab.Outcome{Does: "swaps the payload " + odd, Red: []verification.CheckID{"claims", "signature"}, About: "signature", Because: "these are other bytes", Why: "no match", Prediction: "signature", Right: true},
			[]string{"ok you predicted signature, and that is what it is about", "red         claims, signature", "about       signature: these are other bytes", "cosign says no match"},
			"did not",
		},
		{
			&lab.Outcome{Does: "x", Red: []verification.CheckID{"claims"}, About: "signature", Prediction: "sct"},
			[]string{"x  you predicted sct, and it did not turn red"},
			"ok",
		},
		{&lab.Outcome{Does: "x", About: "no-signatures", Prediction: "no-signatures", Right: true}, []string{"nothing: there is no signature to check"}, ""},
		{
			&recovery.Report{Image: "a:latest" + odd, Before: 1, After: 3, Asked: []recovery.Asked{{Source: recovery.FromLog, Entries: 3}, {Source: recovery.FromHistory, Skipped: "no token"}}, Signatures: []*recovery.Signature{
				{Attached: true}, {Attached: true}, {LogIndex: &index, Reason: &actions.Error{What: "the payload is gone" + odd}},
			}},
			[]string{"ok 2 signatures brought back", "1 signature on the image", "log         3 found", "history     not asked: no token", "!  log index 7: the payload is gone"},
			"lacking",
		},
		{
			&own.Difference{
				Changes:    []trust.Change{{What: "removed", Part: "transparency log", Name: "rekor" + odd, Means: "its signatures fail"}},
				Signatures: []verification.Divergence{{LogIndex: &index, Subject: "maria@example.com", B: "the log is not known"}},
			},
			[]string{"differ in 1 thing", "removed     transparency log rekor", "7  maria@example.com", "ok it verifies under the first", "x  not under the second: the log is not known"},
			"hold the same",
		},
		{&own.Difference{}, []string{"ok the two trust roots hold the same"}, "!"},
		{&quay.Organization{Where: "http://127.0.0.1:1", Name: "students" + odd, Created: true}, []string{"the organisation was made", "students"}, "already"},
		{&quay.Organization{Name: "students", Missing: true}, []string{"is not there"}, "ok"},
		{
			&technicaluser.Report{Where: "Keycloak", Items: []technicaluser.Item{{Thing: "user", Name: "pipeline" + odd, State: technicaluser.Missing, Detail: "no address"}}, Offer: "give it one"},
			[]string{"something of the technical user is missing", "user pipeline", "no address", "!  give it one"},
			"is there",
		},
		{
			[]attachments.Removed{{Reference: tag}, {Reference: tag, Err: errors.New("refused" + odd)}},
			[]string{"ok removed a:sha256-1.sig", "x  a:sha256-1.sig: refused"},
			"",
		},
		{&attachments.Attached{Tag: tag, Replaced: "sha256:1"}, []string{"nothing signs it", "stored as", "replaced    sha256:1"}, ""},
		{
			&own.Foretold{Image: "a:latest", Consumers: []verification.Consumer{
				{Name: "cosign", Sees: "1 bundle", Finds: true}, {Name: "podman" + odd, Sees: "nothing"}, {Name: "badge", WithKey: true, Sees: "signed"},
			}},
			[]string{"ok cosign", "1 bundle", "x  podman", "nothing", "-- badge"},
			"",
		},
		{&own.Footing{Rows: []verification.Footing{{}}}, []string{"holds everything that is needed for 1 signature", "a key pair"}, "lacks"},
	} {
		got := strings.Join(lesson.Result(plain, c.value, lessontest.Now(), 100), "\n")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if c.never != "" && strings.Contains(got, c.never) {
			t.Errorf("%q in\n%s", c.never, got)
		}
		for width := 40; width < 140; width++ {
			for _, line := range lesson.Result(plain, c.value, lessontest.Now(), width) {
				if ansi.StringWidth(line) > width || strings.ContainsAny(line, "\t\x1b") {
					t.Fatalf("at %d: %q", width, line)
				}
			}
		}
	}
}
