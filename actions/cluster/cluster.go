// Package cluster is how actions find a Kubernetes cluster and talk to it: the kubeconfig as kubectl reads it, with its
// contexts and its exec plug-ins, or the account of the pod that this runs in; and errors that say what to do.
package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

// Options say which cluster is meant, and as whom.
type Options struct {
	// Kubeconfig is a file, or a list of them as KUBECONFIG holds; empty for what kubectl would read.
	Kubeconfig string
	// Context is one of the kubeconfig's; empty for its current one.
	Context string
	// Namespace is used in place of the context's.
	Namespace string
	// Observer is told of every call; nil for nobody.
	Observer actions.Observer
	Clock    actions.Clock
}

// Cluster is a cluster that can be asked. Nothing was sent to it yet.
type Cluster struct {
	// Context is the kubeconfig's name for it; empty for the account of a pod.
	Context string
	// Server is its URL.
	Server string
	// User is the kubeconfig's name of the account.
	User string
	// Namespace is the one that the person works in.
	Namespace string
	// Namespaces are those that the kubeconfig's contexts name for the same server, without doubles.
	Namespaces []string
	// Source says where all that stands: "kubeconfig /home/maria/.kube/config", "service account of this pod".
	Source string
	// Config is for clients of client-go. It has no time-out: every call needs a context that has one.
	Config *rest.Config

	plugin string // the program that gets the token; empty for none
}

// maxAnswer is how many bytes of one answer are read. A list of all routes of a large cluster has some.
const maxAnswer = 64 << 20

// Open finds the cluster. It fails with CodeUsage when there is none, or no such context, and CodeNoCluster where nothing
// says which.
func Open(opts Options) (*Cluster, error) {
	rules := loadingRules(opts.Kubeconfig)
	raw, err := rules.Load()
	if err != nil {
		return nil, unusable(rules, err)
	}
	if len(raw.Contexts) == 0 && len(raw.Clusters) == 0 {
		return inPod(opts, rules)
	}
	name := opts.Context
	if name == "" {
		name = raw.CurrentContext
	}
	chosen, there := raw.Contexts[name]
	if !there {
		return nil, noContext(name, raw, rules)
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: name}
	config, err := clientcmd.NewNonInteractiveClientConfig(*raw, name, overrides, rules).ClientConfig()
	if err != nil {
		return nil, unusable(rules, err)
	}
	c := &Cluster{
		Context: name, Server: config.Host, User: chosen.AuthInfo, Namespace: chosen.Namespace,
		Source: "kubeconfig " + strings.Join(present(rules), ", "), Config: config,
	}
	for _, one := range raw.Contexts {
		if one.Cluster == chosen.Cluster && one.Namespace != "" && !slices.Contains(c.Namespaces, one.Namespace) {
			c.Namespaces = append(c.Namespaces, one.Namespace)
		}
	}
	slices.Sort(c.Namespaces)
	if plugin := config.ExecProvider; plugin != nil {
		c.plugin = plugin.Command
		// It must not take the terminal, which a screen may be drawn on.
		plugin.StdinUnavailable = true
		plugin.StdinUnavailableMessage = "sigwalk keeps the terminal to itself; sign in with the program first"
	}
	return c.prepare(opts), nil
}

// Known reports whether there is a kubeconfig with a context, or the account of a pod.
func Known(kubeconfig string) bool {
	raw, err := loadingRules(kubeconfig).Load()
	if err == nil && len(raw.Contexts) > 0 {
		return true
	}
	_, err = rest.InClusterConfig()
	return err == nil
}

// loadingRules are kubectl's: the files that are named, or KUBECONFIG, or ~/.kube/config.
func loadingRules(kubeconfig string) *clientcmd.ClientConfigLoadingRules {
	if kubeconfig != "" {
		return &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(kubeconfig)}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.MigrationRules = nil // it would write a file into the person's home
	rules.WarnIfAllMissing = false
	return rules
}

func present(rules *clientcmd.ClientConfigLoadingRules) []string {
	var files []string
	for _, file := range rules.Precedence {
		if _, err := os.Stat(file); err == nil {
			files = append(files, file)
		}
	}
	return files
}

// serviceAccountNamespace is where Kubernetes tells a pod its namespace.
const serviceAccountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func inPod(opts Options, rules *clientcmd.ClientConfigLoadingRules) (*Cluster, error) {
	config, err := rest.InClusterConfig()
	switch {
	case errors.Is(err, rest.ErrNotInCluster):
		return nil, &actions.Error{
			Code: actions.CodeNoCluster, What: "there is no cluster to ask",
			Why:  "this is no pod of a cluster, and no kubeconfig with a context is in " + orList(rules.Precedence),
			Next: "log in to it (oc login), or name a kubeconfig with --kubeconfig (KUBECONFIG)",
		}
	case err != nil:
		return nil, unusable(rules, err)
	case opts.Context != "":
		return nil, noContext(opts.Context, clientcmdapi.NewConfig(), rules)
	}
	c := &Cluster{Server: config.Host, User: "service account", Source: "service account of this pod", Config: config}
	if text, err := os.ReadFile(serviceAccountNamespace); err == nil {
		c.Namespace = strings.TrimSpace(string(text))
	}
	return c.prepare(opts), nil
}

// prepare sets what holds for every cluster.
func (c *Cluster) prepare(opts Options) *Cluster {
	if opts.Namespace != "" {
		c.Namespace = opts.Namespace
	}
	if c.Namespace == "" {
		c.Namespace = "default"
	}
	c.Config.UserAgent, c.Config.ContentType, c.Config.AcceptContentTypes = "sigwalk", "application/json", "application/json"
	c.Config.WarningHandler = rest.NoWarnings{}
	c.Config.QPS = -1 // a few dozen calls at once, and then no more
	c.Config.Wrap(func(inner http.RoundTripper) http.RoundTripper {
		reported, err := web.Transport(web.Options{Base: inner, Observer: opts.Observer, Clock: opts.Clock})
		if err != nil { // it fails only for a file of certificate authorities
			reported = inner
		}
		return limited{reported}
	})
	return c
}

// limited gives up answers without end.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	}
	return response, err
}

// CloseIdleConnections passes on what http.Client expects of a transport.
func (l limited) CloseIdleConnections() {
	if inner, ok := l.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		inner.CloseIdleConnections()
	}
}

func unusable(rules *clientcmd.ClientConfigLoadingRules, err error) error {
	return &actions.Error{
		Code: actions.CodeUsage, What: "the kubeconfig cannot be used", Why: err.Error(), Err: err,
		Next: "check " + orList(rules.Precedence) + " (kubectl config view), or log in to the cluster again (oc login)",
	}
}

func noContext(name string, raw *clientcmdapi.Config, rules *clientcmd.ClientConfigLoadingRules) error {
	names := make([]string, 0, len(raw.Contexts))
	for one := range raw.Contexts {
		names = append(names, one)
	}
	slices.Sort(names)
	e := &actions.Error{
		Code: actions.CodeUsage, What: fmt.Sprintf("there is no context %q in %s", name, orList(rules.Precedence)),
		Next: "choose one with --context: " + strings.Join(names, ", "),
	}
	if name == "" {
		e.What, e.Why = "the kubeconfig does not say which context is the current one", "it has "+fmt.Sprint(len(names))
	}
	if len(names) == 0 {
		e.Next = "leave --context out, or name a kubeconfig with --kubeconfig (KUBECONFIG)"
	}
	return e
}

func orList(files []string) string {
	if len(files) == 0 {
		return "the kubeconfig"
	}
	return strings.Join(files, " or ")
}
