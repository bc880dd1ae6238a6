package workshop_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/sandbox/sandboxtest"
)

// consent answers every question with yes, until the test ends, and returns how many there were.
func consent(t *testing.T, s *workshop.Session) (asked func() []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	var questions []string
	go func() {
		defer close(ended)
		for {
			if q, ok := s.Question(); ok {
				questions = append(questions, q.ID)
				s.Answer(actions.Answer{Yes: true})
			}
			select {
			case <-s.Changed():
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() []string {
		stop()
		<-ended
		return questions
	}
}

// run runs a step and returns it as it is then, with what it printed.
func run(t *testing.T, s *workshop.Session, step int, line string) (workshop.StepSnapshot, string) {
	t.Helper()
	if err := s.Run(t.Context(), step, line); err != nil {
		t.Fatalf("step %d: %v", step+1, err)
	}
	snapshot := s.Snapshot().Steps[step]
	text, _ := s.Output(step, snapshot.OutputStart)
	return snapshot, text
}

// TestWholeLesson walks the first lesson by its own commands: no step is done before it was run, each is done after.
func TestWholeLesson(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	asked := consent(t, s)
	printed := map[string]string{}
	for i, step := range lesson.Steps {
		if state := s.Snapshot().Steps[i].State; state == workshop.StepDone {
			t.Errorf("%s: done before it was run", step.ID)
		}
		after, text := run(t, s, i, "")
		printed[step.ID] = text
		if after.State != workshop.StepDone || !after.Holds() || after.Elsewhere {
			t.Fatalf("%s: %s\n%s\n%s", step.ID, after.State, text, describe(s.Snapshot()))
		}
	}
	if got := asked(); !slices.Equal(got, []string{"transparency-log-consent"}) {
		t.Errorf("questions %v", got)
	}
	for id, want := range map[string][]string{
		"copy-image":      {"Destination Image: " + c.value(t, "IMAGE"), "Success!", c.value(t, "QUAY") + "\n"},
		"trust-root":      {"Root status", "trusted_root.json"},
		"log-in":          {"logged in via"},
		"get-token":       {"Identity: pipeline-auth@demo.redhat.com", "Valid until: 20"},
		"sign":            {"tlog entry created with index:"},
		"tree":            {".sig", "🍒 sha256:"},
		"verify-identity": {`"Subject": "pipeline-auth@demo.redhat.com"`},
		"verify-table":    {"logIndex  Subject  ", "pipeline-auth@demo.redhat.com  http://127.0.0.1:"},
		"verify-wrong":    {"somebody-else@demo.redhat.com", "pipeline-auth@demo.redhat.com"},
	} {
		for _, part := range want {
			if !strings.Contains(strings.ReplaceAll(printed[id], "                        ", "  "), part) {
				t.Errorf("%s does not print %q but\n%s", id, part, printed[id])
			}
		}
	}
	token := c.value(t, "SIGSTORE_ID_TOKEN")
	for id, text := range printed {
		for _, secret := range []string{token, c.value(t, "OIDC_PASSWORD"), c.value(t, "QUAY_PASSWORD")} {
			if strings.Contains(text, secret) {
				t.Errorf("%s prints a secret", id)
			}
		}
	}
	if got := s.Snapshot().Steps[8].ExitCode; got != 12 {
		t.Errorf("the last step ends with %d", got)
	}
}

// TestResume closes a session in the middle and opens the lesson again.
func TestResume(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	consent(t, s)
	for i := range 6 {
		run(t, s, i, "")
	}
	s.Skip(6)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.env.Unset("SIGSTORE_ID_TOKEN") // as in a process that starts anew

	again := c.session(t, lesson)
	snapshot := again.Snapshot()
	want := []workshop.StepState{
		workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone, workshop.StepDone,
		workshop.StepSkipped, workshop.StepIdle, workshop.StepIdle,
	}
	if got := states(snapshot); !slices.Equal(got, want) || snapshot.Current != 7 || len(snapshot.Notices) > 0 {
		t.Fatalf("resumed at %d with %v, notices %q\n%s", snapshot.Current, got, snapshot.Notices, describe(snapshot))
	}
	watch(t, again)
	snapshot = until(t, again, "the token was asked for", func(now workshop.Snapshot) bool {
		return now.Steps[3].Checks[0].State == workshop.CheckFails
	})
	if step := snapshot.Steps[3]; step.State != workshop.StepDone || step.Elsewhere {
		t.Errorf("the step of the lost token is %s, elsewhere %v", step.State, step.Elsewhere)
	}
	// To sign again wants a token again, and says so.
	err := again.Run(t.Context(), 4, "")
	if actions.CodeOf(err) != actions.CodeStepBlocked || !strings.Contains(err.Error(), "SIGSTORE_ID_TOKEN is not set") {
		t.Errorf("error %v", err)
	}
}

// TestTheWorldTakesAStepBack deletes the login that made a step done.
func TestTheWorldTakesAStepBack(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson, func(o *workshop.SessionOptions) { o.Probe = 5 * time.Millisecond })
	for i := range 3 {
		run(t, s, i, "")
	}
	if err := os.Remove(filepath.Join(c.homes.Docker, "config.json")); err != nil {
		t.Fatal(err)
	}
	watch(t, s)
	until(t, s, "the login was missed", func(now workshop.Snapshot) bool { return now.Steps[2].State == workshop.StepFailed })
}

func TestBlockedStepNamesTheCheckAndTheStep(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	err := s.Run(t.Context(), 5, "")
	if actions.CodeOf(err) != actions.CodeStepBlocked {
		t.Fatalf("error %v", err)
	}
	step := s.Snapshot().Steps[5]
	if step.State != workshop.StepBlocked || step.BlockedBy != 4 || !strings.Contains(step.Blocked, "the registry holds a signature") {
		t.Errorf("%s by %d: %s", step.State, step.BlockedBy, step.Blocked)
	}
	var blocked *actions.Error
	if !errors.As(err, &blocked) || !strings.Contains(blocked.Next, "step 5") {
		t.Errorf("error %v", err)
	}
}

func TestLessonThatNeedsAVariable(t *testing.T) {
	c := newClassroom(t)
	c.env.Unset("OIDC_PASSWORD")
	s := c.session(t, signAnImage(t))
	step := s.Snapshot().Steps[0]
	if step.State != workshop.StepBlocked || step.BlockedBy != -1 || !strings.Contains(step.Blocked, "OIDC_PASSWORD") {
		t.Errorf("%s by %d: %s", step.State, step.BlockedBy, step.Blocked)
	}
	if err := s.Run(t.Context(), 0, ""); actions.CodeOf(err) != actions.CodeStepBlocked {
		t.Errorf("error %v", err)
	}
}

// TestTheRightWordsAreNoProof runs lines that print what a good run prints.
func TestTheRightWordsAreNoProof(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	consent(t, s)
	for i := range 5 {
		run(t, s, i, "")
	}
	image := c.value(t, "IMAGE")
	other, _ := sandboxtest.CopyImage(t, "another")
	for name, test := range map[string]struct {
		step int
		line string
		want string // what the failing check says
	}{
		"a tree that is painted":      {5, "echo '🔐 Signatures for an image tag'; echo '🍒 sha256:00'", "made no tree"},
		"rows that are painted":       {6, "echo '[{\"optional\":{\"Subject\":\"pipeline-auth@demo.redhat.com\"}}]' | jq", "verified nothing"},
		"by expression, not exactly":  {6, "cosign verify --certificate-identity-regexp pipeline-auth@demo.redhat.com $IMAGE", "by regular expression"},
		"exactly, not by expression":  {7, "cosign verify --certificate-identity pipeline-auth@demo.redhat.com $IMAGE", "for one subject"},
		"an exit code of no command":  {8, "(exit 12)", "verified nothing"},
		"a failure for other reasons": {8, "cosign verify --certificate-identity pipeline-auth@demo.redhat.com --certificate-oidc-issuer https://elsewhere.example $IMAGE", "issuer-mismatch"},
		"a command that works":        {8, "cosign verify --certificate-identity pipeline-auth@demo.redhat.com $IMAGE", "exit code 0"},
		"an image without signatures": {8, "cosign verify --certificate-identity somebody-else@demo.redhat.com " + other, "exit code 10"},
		"a tree of another image":     {5, "cosign tree " + strings.Replace(c.value(t, "SOURCE_IMAGE"), ":latest", ":multiarch", 1), "looked at sha256:"},
	} {
		t.Run(name, func(t *testing.T) {
			s.Reset(test.step)
			after, text := run(t, s, test.step, test.line)
			if after.State != workshop.StepFailed || !strings.Contains(after.Checks[0].Found, test.want) {
				t.Errorf("%s: %s\n%s", after.State, after.Checks[0].Found, text)
			}
		})
	}
	_ = image
}

// TestRefusalBesideASignatureOfAnotherDeployment does the last step where somebody has signed with another log before,
// as on a registry that many people use.
func TestRefusalBesideASignatureOfAnotherDeployment(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	consent(t, s)
	for i := range 4 {
		run(t, s, i, "")
	}
	ref, err := name.ParseReference(c.value(t, "IMAGE"))
	if err != nil {
		t.Fatal(err)
	}
	login := remote.WithAuth(&authn.Basic{Username: c.value(t, "QUAY_USER"), Password: c.value(t, "QUAY_PASSWORD")})
	desc, err := remote.Head(ref, login)
	if err != nil {
		t.Fatal(err)
	}
	image := ref.Context().Digest(desc.Digest.String())
	elsewhere, err := verificationtest.New()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := elsewhere.Sign(image, verificationtest.Spec{Subject: "alice@example.com", Issuer: "https://idp.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Attach(t.Context(), image, []verificationtest.Layer{foreign}, login); err != nil {
		t.Fatal(err)
	}
	for i := 4; i < 9; i++ {
		if step, text := run(t, s, i, ""); step.State != workshop.StepDone {
			t.Errorf("step %d is %s\n%s", i+1, step.State, text)
		}
	}
	if found := s.Snapshot().Steps[8].Checks[0].Found; !strings.Contains(found, `1 signature refused by "subject-mismatch"`) {
		t.Errorf("found %q", found)
	}
}

func TestCancelledStep(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, lessonOf(t, `
## Wait {#wait}
'''yaml step
kind: changes
'''
'''sh run
echo began; read -r x < pipe; echo ended
'''
'''yaml check
- {kind: variable-set, name: NEVER}
'''
`))
	_ = s
	// A line that waits for a person waits until it is stopped.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, 0, "echo began; while :; do :; done") }()
	until(t, s, "the line began", func(workshop.Snapshot) bool {
		text, _ := s.Output(0, 0)
		return strings.Contains(text, "began\n")
	})
	if err := s.Run(t.Context(), 0, "echo second"); actions.CodeOf(err) != actions.CodeStepRunning {
		t.Errorf("a second run: %v", err)
	}
	if state := s.Snapshot().Steps[0].State; state != workshop.StepRunning {
		t.Errorf("state %s", state)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	step := s.Snapshot().Steps[0]
	if step.State != workshop.StepFailed || step.ExitCode != 130 || actions.ExitCode(step.Err) != 130 {
		t.Errorf("%s, exit code %d, %v", step.State, step.ExitCode, step.Err)
	}
	if after, text := run(t, s, 0, "export NEVER=now; echo $NEVER"); after.State != workshop.StepDone || text != "now\n" {
		t.Errorf("afterwards %s, %q", after.State, text)
	}
}

func TestQuestionWithoutAnswer(t *testing.T) {
	c := newClassroom(t)
	lesson := signAnImage(t)
	s := c.session(t, lesson)
	for i := range 4 {
		run(t, s, i, "")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, 4, "") }()
	until(t, s, "the question", func(workshop.Snapshot) bool {
		_, asked := s.Question()
		return asked
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, asked := s.Question(); asked {
		t.Error("the question waits for nobody")
	}
	s.Answer(actions.Answer{Yes: true}) // too late: nothing may happen

	unattended := c.session(t, lesson, func(o *workshop.SessionOptions) { o.Unattended, o.ProgressFile = true, "" })
	after, text := run(t, unattended, 4, "")
	if after.State != workshop.StepFailed || actions.CodeOf(after.Err) != actions.CodeNobodyToAsk {
		t.Errorf("%s, %v\n%s", after.State, after.Err, text)
	}
	c.env.Set(environment.Variable{Name: "COSIGN_YES", Value: "true", Exported: true})
	if after, text := run(t, unattended, 4, ""); after.State != workshop.StepDone {
		t.Errorf("with COSIGN_YES %s\n%s", after.State, text)
	}
}

func TestLineThatIsNoShell(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	after, _ := run(t, s, 0, "echo 'open")
	if after.State != workshop.StepFailed || actions.CodeOf(after.Err) != actions.CodeUsage || after.ExitCode == 0 {
		t.Errorf("%s, exit code %d, %v", after.State, after.ExitCode, after.Err)
	}
}

func TestProgressHoldsNoSecret(t *testing.T) {
	c := newClassroom(t)
	s := c.session(t, signAnImage(t))
	for i := range 4 {
		run(t, s, i, "")
	}
	content, err := os.ReadFile(filepath.Join(c.dir, "progress", "sign-an-image.json"))
	if err != nil || !json.Valid(content) {
		t.Fatalf("%v\n%s", err, content)
	}
	for _, name := range []string{"SIGSTORE_ID_TOKEN", "QUAY_PASSWORD", "OIDC_PASSWORD"} {
		if strings.Contains(string(content), c.value(t, name)) {
			t.Errorf("%s is in the progress file", name)
		}
	}
}
