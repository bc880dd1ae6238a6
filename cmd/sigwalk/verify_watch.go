package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigwalk/sigwalk/actions/changes"
	"github.com/sigwalk/sigwalk/actions/verification"
)

// watchFlags say whether an image is looked at again and again.
type watchFlags struct {
	on       bool
	interval time.Duration
}

func (w *watchFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&w.on, "watch", false, "go on looking: new signatures, lost ones and a moved tag as they come, until ^C")
	f.DurationVar(&w.interval, "interval", 5*time.Second, "how long --watch waits between two looks")
}

// check refuses what cannot be watched.
func (w watchFlags) check(form string, onDisk bool) error {
	switch {
	case !w.on:
		return nil
	case onDisk:
		return usage("--watch looks at an image in a registry again and again; a file does not change")
	case form != "text" && form != "table" && form != "json":
		return usage("--output %s: what --watch sees has the forms text and json", form)
	}
	return changes.CheckWait(w.interval)
}

// verifyWatch prints what is there, and then what is different, a line each, or with -o json an object a line. It ends when
// ctx does.
func (a *app) verifyWatch(ctx context.Context, verifier *verification.Verifier, image string, policy verification.Policy, w watchFlags) error {
	if err := policy.Validate(); err != nil {
		return err
	}
	look := func(ctx context.Context) (changes.Look, error) {
		report, err := verifier.Everything(ctx, image, policy)
		if err != nil {
			return changes.Look{}, err
		}
		return changes.LookOf(report, time.Now()), nil
	}
	first := true
	tell := func(now changes.Look, d changes.Diff) {
		if a.flags.output == "json" {
			text, err := json.Marshal(lookDiffJSON{image, now.Digest, first, d})
			if err == nil {
				a.say("%s\n", text)
			}
			first = false
			return
		}
		if first {
			a.say("%s\n", now.Digest)
		}
		first = false
		for _, line := range eachPrintable(d.Lines()) {
			a.say("%s  %s\n", now.At.Format("15:04:05Z"), line)
		}
	}
	return changes.Watch(ctx, w.interval, look, tell, a.complain)
}
