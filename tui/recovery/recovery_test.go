package recovery_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sigwalk/sigwalk/actions"
	found "github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/lesson/lessontest"
	"github.com/sigwalk/sigwalk/tui/recovery"
	"github.com/sigwalk/sigwalk/tui/screen"
	"github.com/sigwalk/sigwalk/tui/screen/screentest"
	"github.com/sigwalk/sigwalk/tui/theme"
)

const image = "quay.example.com/l3-students/demo:latest"

// desk is the screen with what it attaches.
type desk struct {
	*screentest.Driver
	m *recovery.Model

	mu       sync.Mutex
	attached [][]int64
	refuse   error
}

func open(t *testing.T, look func(context.Context, func(actions.Stage)) (*found.Report, error)) *desk {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	deps := screen.Deps{Context: ctx, Theme: theme.New(theme.Options{Dark: true}), Clock: lessontest.Now, Tasks: &screen.Tasks{}}
	d := &desk{}
	d.m = recovery.New(deps, recovery.Options{
		Image: image, Look: look,
		Attach: func(_ context.Context, r *found.Report, chosen []*found.Signature, told func(actions.Stage)) error {
			told(actions.Stage{ID: "push", Title: "Attach the signatures", State: actions.StageStarted})
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.refuse != nil {
				return d.refuse
			}
			var indexes []int64
			for _, s := range chosen {
				s.Attached = true
				r.After++
				indexes = append(indexes, *s.LogIndex)
			}
			d.attached = append(d.attached, indexes)
			return nil
		},
	})
	d.m.SetSize(100, 30)
	d.Driver = screentest.New(t, d.m)
	t.Cleanup(func() {
		cancel()
		deps.Tasks.Close()
	})
	return d
}

func (d *desk) says(status string) {
	d.Until(status, func() bool { return strings.Contains(d.m.Status(), status) })
}

// three is a tag that holds one of four signatures; one of the others cannot be rebuilt.
func three(context.Context, func(actions.Stage)) (*found.Report, error) {
	r := &found.Report{Before: 1, After: 1, Asked: []found.Asked{{Source: found.FromLog, Address: "https://rekor.example.com", Entries: 4}}}
	r.Tag, _ = name.NewTag("quay.example.com/l3-students/demo:sha256-" + strings.Repeat("ab", 32) + ".sig")
	for i := range int64(4) {
		s := &found.Signature{Sources: []found.Source{found.FromLog}, LogIndex: &i, Subject: "user@example.com", Present: i == 0, Rebuilt: i < 3, Verified: i < 3}
		if i == 3 {
			s.Reason = &actions.Error{Code: actions.CodeFormat, What: "its body is not in the log any more", Next: "ask who keeps the log"}
		}
		r.Signatures = append(r.Signatures, s)
	}
	return r, nil
}

// TestSomeThenTheRest leaves one out, says no once, and then yes; the other comes with the next yes.
func TestSomeThenTheRest(t *testing.T) {
	d := open(t, three)
	d.says("enter brings back 2 of 2")
	if why := d.m.Disabled(keys.Pick); !strings.Contains(why, "cannot be brought back") {
		t.Errorf("one that is there can be chosen: %q", why)
	}
	d.Key("down")
	d.Key(" ")
	d.says("enter brings back 1 of 2")
	d.Key("enter")
	if d.m.Scope() != keys.Question || !strings.Contains(d.Text(), "1 signature is attached at") {
		t.Fatalf("nothing is asked:\n%s", d.Text())
	}
	d.Key("n")
	d.says("enter brings back 1 of 2")
	d.Key("enter")
	d.Key("y")
	d.says("1 brought back; the tag holds 2 now")
	d.Key("a")
	d.Key("enter")
	d.Key("y")
	d.says("2 brought back; the tag holds 3 now")
	if got := d.attached; len(got) != 2 || len(got[0]) != 1 || got[0][0] != 2 || len(got[1]) != 1 || got[1][0] != 1 {
		t.Errorf("attached %v", got)
	}
	if why := d.m.Disabled(keys.BringBack); why != "there is nothing to bring back" {
		t.Errorf("the key is free: %q", why)
	}
}

// TestWhyNot says of one that cannot be rebuilt why, and what to do.
func TestWhyNot(t *testing.T) {
	d := open(t, three)
	d.says("enter brings back")
	d.Key("end")
	for _, want := range []string{"x cannot be brought back", "its body is not in the log any more", "ask who keeps the log"} {
		if !strings.Contains(d.Text(), want) {
			t.Errorf("%q is not in\n%s", want, d.Text())
		}
	}
	d.Key("a") // none
	if why := d.m.Disabled(keys.BringBack); !strings.Contains(why, "nothing is chosen") {
		t.Errorf("nothing can be brought back: %q", why)
	}
}

// TestRefused shows why nothing was attached; what can be brought back still can.
func TestRefused(t *testing.T) {
	d := open(t, three)
	d.says("enter brings back")
	d.refuse = &actions.Error{Code: actions.CodePushDenied, What: "the registry refuses the push", Why: "read only", Next: "log in as somebody who may push"}
	d.Key("enter")
	d.Key("y")
	d.says("it did not work")
	for _, want := range []string{"the registry refuses the push: read only", "log in as somebody who may push", "lost, to be brought back"} {
		if !strings.Contains(d.Text(), want) {
			t.Errorf("%q is not in\n%s", want, d.Text())
		}
	}
	d.mu.Lock()
	d.refuse = nil
	d.mu.Unlock()
	d.Key("enter")
	d.Key("y")
	d.says("2 brought back; the tag holds 3 now")
}

// TestStopped stops a look that takes long, and looks again.
func TestStopped(t *testing.T) {
	var mu sync.Mutex
	looks := 0
	d := open(t, func(ctx context.Context, told func(actions.Stage)) (*found.Report, error) {
		mu.Lock()
		looks++
		first := looks == 1
		mu.Unlock()
		if !first {
			return three(ctx, told)
		}
		told(actions.Stage{ID: "log", Title: "Ask the transparency log", State: actions.StageStarted})
		<-ctx.Done()
		return nil, ctx.Err()
	})
	d.Until("the stage", func() bool { return strings.Contains(d.Text(), "Ask the transparency log") })
	if why := d.m.Disabled(keys.BringBack); !strings.Contains(why, "still being looked for") {
		t.Errorf("the key is free: %q", why)
	}
	if _, did := d.m.Cancel(); !did {
		t.Error("there is nothing to cancel")
	}
	d.says("stopped: r looks again")
	d.Key("r")
	d.says("enter brings back 2 of 2")
}
