package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/cluster"
	"github.com/sigwalk/sigwalk/actions/newfile"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

// The places where one can work.
const (
	onSandbox = "sandbox" // the servers of sigwalk itself
	onCluster = "cluster" // what is found on the cluster of the kubeconfig
	onOwn     = "own"     // the addresses that flags, environment or configuration file give
	onPublic  = "public"  // public Sigstore
)

func places() []string { return []string{onSandbox, onCluster, onOwn, onPublic} }

// choice is where to work. It is kept for each workshop, in the file of choiceFile, once a person has said it.
type choice struct {
	On         string `json:"on"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Context    string `json:"context,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Securesign string `json:"securesign,omitempty"`
}

func (a *app) choiceFile(dir string) string { return filepath.Join(a.courseHome(dir), "place.json") }

// remembered is what was chosen before; one that cannot be read counts as none, for a flag chooses again.
func (a *app) remembered(dir string) choice {
	var kept choice
	text, err := os.ReadFile(a.choiceFile(dir))
	if err != nil || json.Unmarshal(text, &kept) != nil || !slices.Contains(places(), kept.On) {
		return choice{}
	}
	return kept
}

// remember keeps a choice for the workshop.
func (a *app) remember(dir string, c choice) error {
	file := a.choiceFile(dir)
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return keep(file, text)
}

// keep writes what a person chose to a file of the state directory.
func keep(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return unwritable(filepath.Dir(file), err)
	}
	if err := newfile.Replace(file, append(text, '\n')); err != nil {
		return unwritable(file, err)
	}
	return nil
}

// given is the choice that the flags make; its On is empty where they make none.
func (a *app) given() choice {
	f := &a.flags
	c := choice{On: f.on, Context: f.context, Namespace: f.namespace, Securesign: f.securesign}
	if f.kubeconfig != "" {
		if path, err := filepath.Abs(f.kubeconfig); err == nil {
			c.Kubeconfig = path
		}
	}
	switch {
	case c.On != "":
	case f.local:
		c.On = onSandbox
	case slices.ContainsFunc(endpointFlags, func(e endpointFlag) bool {
		return *f.endpoint[e.variable] != "" && slices.Contains(deployment, e.variable)
	}):
		c.On = onOwn
	}
	return c
}

// checkPlace refuses flags that contradict each other.
func (a *app) checkPlace() error {
	f := &a.flags
	switch {
	case f.on != "" && !slices.Contains(places(), f.on):
		return usage("--on %s: one works on sandbox, cluster, own or public", f.on)
	case f.local && f.on != "" && f.on != onSandbox:
		return usage("--sandbox and --on %s contradict each other", f.on)
	}
	return f.contradiction()
}

// choose says where to work: what the flags say, else what was chosen before, else the deployment that environment or
// configuration file name, else the sandbox. A sandbox that was chosen before gives way to addresses that are given now.
func (a *app) choose(own []environment.Variable, dir string) (choice, error) {
	c := a.given()
	kept := a.remembered(dir)
	named := containsAny(own, deployment)
	switch {
	case c.On != "":
	case kept.On == onCluster, kept.On == onPublic:
		c.On = kept.On
	case named:
		c.On = onOwn
	default:
		c.On = onSandbox
	}
	if c.On == onOwn && !named {
		return c, usageNext("give --fulcio-url, --rekor-url, --mirror, --root and --oidc-issuer, or the variables COSIGN_FULCIO_URL and so on",
			"--on own: nothing names a deployment of your own")
	}
	if c.On == onCluster {
		c = c.or(kept)
	}
	return c, nil
}

// or takes from kept what c leaves open. Another cluster than the one that was kept has other namespaces.
func (c choice) or(kept choice) choice {
	if kept.On == onCluster && c.Kubeconfig == "" && c.Context == "" {
		c.Kubeconfig, c.Context = kept.Kubeconfig, kept.Context
		if c.Namespace == "" && c.Securesign == "" {
			c.Namespace, c.Securesign = kept.Namespace, kept.Securesign
		}
	}
	return c
}

// askPlace asks a person who has a cluster where to work, when nothing says so yet, and keeps the answer, or what the flags
// say. Without a kubeconfig there is nothing to ask: the sandbox is what everybody has.
func (a *app) askPlace(ctx context.Context, dir string) error {
	own, err := a.ownVariables()
	if err != nil {
		return err
	}
	if err := a.checkPlace(); err != nil {
		return err
	}
	c := a.given()
	if c.On == "" {
		kubeconfig := a.flags.kubeconfig
		if kubeconfig == "" {
			kubeconfig = a.getenv("KUBECONFIG")
		}
		if a.remembered(dir).On != "" || containsAny(own, deployment) || !cluster.Known(kubeconfig) {
			return nil
		}
		if c.On, err = a.askWhere(ctx, c); c.On == "" || err != nil {
			return err
		}
	}
	if c.On == onCluster {
		if c, err = a.askDeployment(ctx, c.or(a.remembered(dir))); err != nil {
			return err
		}
	}
	return a.remember(dir, c)
}

// askWhere returns the place that a person chooses, or "" where nobody is there to choose.
func (a *app) askWhere(ctx context.Context, c choice) (string, error) {
	where := "the cluster of your kubeconfig"
	if found, err := a.cluster(c); err == nil {
		where = "the cluster at " + found.Server + " (" + found.Source + ")"
	}
	return a.pick(ctx, actions.Question{
		ID: "place", Prompt: "sandbox, cluster or public? [sandbox]",
		Text: "Where do you want to work?\n\n" +
			"  sandbox  a whole Sigstore on this machine alone\n" +
			"  cluster  " + where + "\n" +
			"  public   public Sigstore: everybody sees what you sign\n\n" +
			"It is asked once; --on changes it.",
	}, []string{onSandbox, onCluster, onPublic}, onSandbox)
}

// pick asks until the answer is one of words, or the beginning of one, or nothing, which means otherwise. It returns "" where
// nobody is there to answer.
func (a *app) pick(ctx context.Context, q actions.Question, words []string, otherwise string) (string, error) {
	for {
		answer, err := newTerminalObserver(a.in, a.err).Ask(ctx, q)
		switch {
		case errors.Is(err, actions.ErrNobodyToAsk):
			return "", nil
		case err != nil:
			return "", err
		}
		typed := strings.ToLower(strings.TrimSpace(answer.Text.Reveal()))
		if typed == "" && otherwise != "" {
			return otherwise, nil
		}
		begin := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !strings.HasPrefix(word, typed) })
		switch {
		case slices.Contains(words, typed):
			return typed, nil
		case typed != "" && len(begin) == 1:
			return begin[0], nil
		}
		q.Text = "That is none of them."
	}
}
