package workshop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/web"
	"github.com/sigwalk/sigwalk/workshop/environment"
	"github.com/sigwalk/sigwalk/workshop/shell"
)

// world is where checks look: the deployment that the environment names at that moment.
type world struct {
	env   *environment.Environment
	homes actions.Homes
	base  http.RoundTripper
	clock actions.Clock
	// readFile reads a file of the lesson's directory.
	readFile func(path string) ([]byte, error)

	mu     sync.Mutex
	key    clientsKey
	cached *clients

	refusals refusals
}

// clientsKey is everything that clients are made from: while it stays the same, so do they.
type clientsKey struct {
	endpoints  actions.Endpoints
	homes      actions.Homes
	repository string
}

type clients struct {
	endpoints actions.Endpoints
	homes     actions.Homes
	transport http.RoundTripper
	registry  *registry.Client
	trust     *trust.Client
	verifier  *verification.Verifier
}

// homesNow follows TUF_ROOT and DOCKER_CONFIG, as cosign does in the learner's terminal.
func (w *world) homesNow() actions.Homes {
	homes := w.homes
	if v, ok := w.env.Get("TUF_ROOT"); ok && v.Value != "" {
		homes.TUF = v.Value
	}
	if v, ok := w.env.Get("DOCKER_CONFIG"); ok && v.Value != "" {
		homes.Docker = v.Value
	}
	return homes
}

// clients returns the clients for the environment as it is now.
func (w *world) clients() (*clients, error) {
	repository, _ := w.lookup("COSIGN_REPOSITORY")
	key := clientsKey{endpoints: w.env.Endpoints(), homes: w.homesNow(), repository: repository}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cached != nil && w.key == key {
		return w.cached, nil
	}
	transport, err := web.Transport(web.Options{CAFile: key.endpoints.CAFile, Base: w.base})
	if err != nil {
		return nil, err
	}
	c := &clients{endpoints: key.endpoints, homes: key.homes, transport: transport}
	c.registry = registry.New(registry.Options{Homes: key.homes, Transport: transport, Observer: actions.Discard, Clock: w.clock})
	c.trust = trust.New(trust.Options{
		Homes: key.homes, Endpoints: key.endpoints, Transport: transport, Observer: actions.Discard, Clock: w.clock,
	})
	c.verifier = verification.New(verification.Options{
		Registry: c.registry, Trust: c.trust, Endpoints: key.endpoints, Repository: repository, Observer: actions.Discard, Clock: w.clock,
		Keys: keys.New(keys.Options{ReadFile: w.readFile, LookupEnv: w.lookup, Transport: transport, Observer: actions.Discard, Clock: w.clock}),
	})
	w.key, w.cached = key, c
	return c, nil
}

// lookup reads a variable of the lesson.
func (w *world) lookup(name string) (string, bool) {
	v, ok := w.env.Get(name)
	return v.Value, ok
}

// look is one look at the world: checks that ask the same in one look share the answer.
type look struct {
	world *world

	mu      sync.Mutex
	reports map[reportKey]*reportOnce
}

type reportKey struct {
	image string
	policyIdentity
}

// policyIdentity is the part of a policy that a check can name.
type policyIdentity struct{ subject, subjectRegexp, issuer, issuerRegexp, key string }

type reportOnce struct {
	once   sync.Once
	report *verification.Report
	err    error
}

func (w *world) look() *look { return &look{world: w, reports: map[reportKey]*reportOnce{}} }

// verify verifies an image once a look.
func (l *look) verify(ctx context.Context, c *clients, image string, who policyIdentity) (*verification.Report, error) {
	l.mu.Lock()
	entry := l.reports[reportKey{image, who}]
	if entry == nil {
		entry = &reportOnce{}
		l.reports[reportKey{image, who}] = entry
	}
	l.mu.Unlock()
	entry.once.Do(func() {
		entry.report, entry.err = c.verifier.Verify(ctx, image, verification.Policy{
			Subject: who.subject, SubjectRegexp: who.subjectRegexp, Issuer: who.issuer, IssuerRegexp: who.issuerRegexp,
			KeyReference: who.key,
		})
	})
	return entry.report, entry.err
}

// asked is one check being asked: its parameters with the variables replaced.
type asked struct {
	*look
	with   map[string]string
	result *shell.Result // of the step's own run; nil when the check looks at the world
}

// evaluate asks one check. It never panics: what goes wrong below makes the check broken.
func (l *look) evaluate(ctx context.Context, check Check, result *shell.Result) (outcome CheckResult) {
	defer func() {
		if defect := recover(); defect != nil {
			outcome = broken(&actions.Error{Code: actions.CodeInternal, What: "the check ended by a defect of sigwalk", Why: fmt.Sprint(defect)})
		}
	}()
	a := &asked{look: l, with: make(map[string]string, len(check.With)), result: result}
	for name, value := range check.With {
		expanded, unset := expand(value, l.world.env)
		if len(unset) > 0 {
			return fails(orList(unset) + " is not set")
		}
		a.with[name] = expanded
	}
	switch check.Kind {
	case kindImageAtDigest:
		return a.imageAtDigest(ctx)
	case kindVariableSet:
		return a.variableSet()
	case kindTrustRoot:
		return a.trustRoot(ctx)
	case kindRegistryLogin:
		return a.registryLogin(ctx)
	case kindToken:
		return a.token()
	case kindSignaturePresent:
		return a.signaturePresent(ctx)
	case kindKeySignature:
		return a.keySignature(ctx)
	case kindFilePresent:
		return a.filePresent()
	case kindOrganization:
		return a.organization(ctx)
	case kindTechnicalUser:
		return a.technicalUser(ctx)
	case kindLogEntryExists:
		return a.logEntryExists(ctx)
	case kindTableRows:
		return a.tableRows(ctx)
	case kindTreeSignatures:
		return a.treeSignatures(ctx)
	case kindAnswer:
		return a.answer(ctx)
	case kindTokenRead:
		return a.tokenRead()
	case kindSignaturesLost:
		return a.signaturesLost()
	case kindRecovered:
		return a.signaturesRecovered(ctx)
	case kindTampered:
		return a.tampered()
	case kindTrustCheck:
		return a.trustChecked()
	case kindTrustDiff:
		return a.trustDiffers()
	case kindBadge:
		return a.badge()
	case kindPacked:
		return a.packed(ctx)
	case kindCheckState:
		return a.checkState(ctx)
	case kindExplained:
		return a.explained()
	case kindCommandFails:
		return a.commandFails(ctx)
	}
	return broken(&actions.Error{Code: actions.CodeLessonBroken, What: fmt.Sprintf("there is no check of the kind %q", check.Kind)})
}

func holds(format string, args ...any) CheckResult {
	return CheckResult{State: CheckHolds, Found: fmt.Sprintf(format, args...)}
}

func fails(found string) CheckResult { return CheckResult{State: CheckFails, Found: found} }

// failsBy is a certain no that came as an error.
func failsBy(found string, err error) CheckResult {
	return CheckResult{State: CheckFails, Found: found, Err: err}
}

// broken is no answer at all.
func broken(err error) CheckResult {
	found := "cannot be asked: " + brief(err)
	if errors.Is(err, context.DeadlineExceeded) {
		found = fmt.Sprintf("no answer within %s", checkTimeout)
	}
	return CheckResult{State: CheckBroken, Found: found, Err: err}
}
