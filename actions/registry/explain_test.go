package registry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
)

func TestQuayRefusalsAreToldApart(t *testing.T) {
	q := newQuay(t)
	q.public = []string{"readers/public"}
	good := newBench(t)
	good.login(t, q.host)
	from := plainRegistry(t)
	put(t, good, from+"/demo/app:latest", randomImage(t, 1<<10, 1))
	put(t, good, q.host+"/l3-students/app:1.0", randomImage(t, 1<<10, 1))

	anonymous := newBench(t)
	wrong := newBench(t)
	store(t, wrong, q.host, testUser, "wrong-password")

	copyTo := func(repository string) func(*bench) error {
		return func(b *bench) error {
			_, err := b.Copy(context.Background(), registry.CopyRequest{
				Source: from + "/demo/app:latest", Destination: q.host + "/" + repository + ":1.0",
			})
			return err
		}
	}
	resolve := func(reference string) func(*bench) error {
		return func(b *bench) error {
			_, err := b.Resolve(context.Background(), q.host+"/"+reference)
			return err
		}
	}
	for name, c := range map[string]struct {
		who  *bench
		do   func(*bench) error
		code actions.Code
		says []string // each in what, why or next
	}{
		"push with a wrong password":     {wrong, copyTo("l3-students/app"), actions.CodeWrongPassword, []string{testUser, "Invalid Username or Password"}},
		"pull with a wrong password":     {wrong, resolve("l3-students/app:1.0"), actions.CodeWrongPassword, []string{testUser}},
		"push without a login":           {anonymous, copyTo("l3-students/app"), actions.CodeUnauthorized, []string{"cosign login " + q.host}},
		"pull without a login":           {anonymous, resolve("l3-students/app:1.0"), actions.CodeUnauthorized, []string{"cosign login " + q.host}},
		"push with the right to pull":    {good, copyTo("readers/app"), actions.CodeForbidden, []string{"may only pull", "push to " + q.host + "/readers/app"}},
		"push without any right":         {good, copyTo("secret/app"), actions.CodeForbidden, []string{"no right there"}},
		"pull without any right":         {good, resolve("secret/app:1"), actions.CodeForbidden, []string{"right to pull"}},
		"push without the organisation":  {good, copyTo("nobody/app"), actions.CodeNoOrganization, []string{"no organisation nobody"}},
		"pull without the organisation":  {good, resolve("nobody/app:1"), actions.CodeNoOrganization, []string{"no organisation nobody"}},
		"nobody and no organisation":     {anonymous, resolve("nobody/app:1"), actions.CodeNoOrganization, []string{"no organisation nobody"}},
		"a tag that is not there":        {good, resolve("l3-students/app:2.0"), actions.CodeTagNotFound, []string{"no tag 2.0", "1.0"}},
		"a digest that is not there":     {good, resolve("l3-students/app@sha256:" + strings.Repeat("ab", 32)), actions.CodeImageNotFound, []string{"sha256:abab"}},
		"a good login and a good push":   {good, copyTo("l3-students/app"), "", nil},
		"a repository that is made so":   {good, copyTo("l3-students/new"), "", nil},
		"a good login and a good answer": {good, resolve("l3-students/app:1.0"), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.do(c.who)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := wantCode(t, err, c.code)
			all := e.What + "\n" + e.Why + "\n" + e.Next
			for _, want := range append(c.says, q.host) {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not said in\n%s", want, all)
				}
			}
		})
	}
}

func TestDistributionRefusalsAreToldApart(t *testing.T) {
	host := distributionRegistry(t)
	good := newBench(t)
	good.login(t, host)
	put(t, good, host+"/l3-students/app:1.0", randomImage(t, 1<<10, 1))
	wrong := newBench(t)
	store(t, wrong, host, testUser, "wrong-password")
	for name, c := range map[string]struct {
		who       *bench
		reference string
		code      actions.Code
	}{
		"wrong password":    {wrong, "/l3-students/app:1.0", actions.CodeWrongPassword},
		"no login":          {newBench(t), "/l3-students/app:1.0", actions.CodeUnauthorized},
		"no tag":            {good, "/l3-students/app:2.0", actions.CodeTagNotFound},
		"no repository":     {good, "/l3-students/other:1.0", actions.CodeImageNotFound},
		"no such digest":    {good, "/l3-students/app@sha256:" + strings.Repeat("ab", 32), actions.CodeImageNotFound},
		"nothing like that": {good, "/l3-students/App:1.0", actions.CodeReference},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.who.Resolve(context.Background(), host+c.reference)
			wantCode(t, err, c.code)
		})
	}
	if _, err := good.Tags(context.Background(), host+"/l3-students/other"); actions.CodeOf(err) != actions.CodeImageNotFound {
		t.Errorf("the tags of no repository: %v", err)
	}
	tags, err := good.Tags(context.Background(), host+"/l3-students/app")
	if err != nil || !slices.Equal(tags, []string{"1.0"}) {
		t.Errorf("tags %v, %v", tags, err)
	}
}

// Answers as other registries give them, by status and body.
func TestAnswersOfOtherRegistries(t *testing.T) {
	refusal := func(code, message string) string {
		return `{"errors":[{"code":"` + code + `","message":"` + message + `"}]}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		code   actions.Code
		says   string
	}{
		"immutable tag of Quay":   {409, refusal("TAG_IMMUTABLE", "tag is immutable and cannot be overwritten"), actions.CodeImmutableTag, "new tag"},
		"immutable tag of ECR":    {400, refusal("TAG_INVALID", "The image tag '1' already exists in the repository and cannot be overwritten because the tag is immutable."), actions.CodeImmutableTag, "overwritten"},
		"immutable tag of Harbor": {412, refusal("PRECONDITION", "configured as immutable"), actions.CodeImmutableTag, "immutable"},
		"manifest too large":      {413, "", actions.CodeManifestTooLarge, "413"},
		"throttled":               {429, refusal("TOOMANYREQUESTS", "slow down"), actions.CodeThrottled, "slow down"},
		"a page of HTML":          {500, "<html><head><title>Quay is down</title></head>" + strings.Repeat("<p>x</p>", 2000) + "</html>", actions.CodeServer, "Quay is down"},
		"a very long answer":      {503, strings.Repeat("all work and no play ", 1000), actions.CodeServer, "all work"},
		"a schema as an error":    {400, refusal("MANIFEST_INVALID", strings.Repeat("schema ", 3000)), actions.CodeNotAnImage, "schema"},
		"denied as by GitHub":     {403, refusal("DENIED", "permission_denied: write_package"), actions.CodeUnauthorized, "write_package"},
		"quota":                   {403, refusal("DENIED", "Quota has been exceeded on namespace"), actions.CodeUnauthorized, "Quota"},
		"read-only":               {405, refusal("DENIED", "System is currently read-only."), actions.CodeForbidden, "read-only"},
		"a name with three parts": {400, refusal("NAME_INVALID", "Nested repositories are not supported."), actions.CodeReference, "Nested"},
		"digest":                  {400, refusal("DIGEST_INVALID", "provided digest did not match uploaded content"), actions.CodeDigestMismatch, "did not match"},
		"a web server":            {404, "<html><title>Not here</title></html>", actions.CodeNotAsked, "Not here"},
		"a teapot":                {418, "", actions.CodeNotAsked, "418"},
		"an error in another way": {500, `{"error":"the database is locked"}`, actions.CodeServer, "the database is locked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/" {
					return
				}
				if strings.Contains(r.URL.Path, "/manifests/") && r.Method == http.MethodPut {
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
					return
				}
				switch r.Method {
				case http.MethodHead:
					if strings.Contains(r.URL.Path, "/manifests/") {
						w.WriteHeader(http.StatusNotFound)
					}
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			}))
			from := plainRegistry(t)
			b := newBench(t)
			put(t, b, from+"/demo/app:latest", randomImage(t, 10, 1))
			destination := host + "/l3-students/app:1"
			_, err := b.Copy(context.Background(), registry.CopyRequest{Source: from + "/demo/app:latest", Destination: destination})
			e := wantCode(t, err, c.code)
			all := e.What + "\n" + e.Why + "\n" + e.Next
			if !strings.Contains(all, c.says) {
				t.Errorf("%q is not said in\n%s", c.says, all)
			}
			if !strings.Contains(e.What, "l3-students/app:1") && c.code != actions.CodeNotAsked {
				t.Errorf("%q does not name the reference", e.What)
			}
			if len(all) > 700 {
				t.Errorf("%d characters are too many for an error", len(all))
			}
		})
	}
}

func TestHostsThatAreNoRegistry(t *testing.T) {
	b := newBench(t)
	page := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html><title>Please log in</title></html>")
	}))
	_, err := b.Resolve(context.Background(), page+"/demo/app:1")
	wantCode(t, err, actions.CodeNotAsked)
	missing := serve(t, http.NotFoundHandler())
	_, err = b.Resolve(context.Background(), missing+"/demo/app:1")
	wantCode(t, err, actions.CodeNotAsked)
	closed := closedPort(t)
	_, err = b.Resolve(context.Background(), closed+"/demo/app:1")
	e := wantCode(t, err, actions.CodeUnreachable)
	if !strings.Contains(e.Why, "refused") || !strings.Contains(e.What, closed) {
		t.Errorf("%q does not say who refused", e.Error())
	}
	_, err = b.Copy(context.Background(), registry.CopyRequest{Source: closed + "/a/b:1", Destination: page + "/a/b:1"})
	wantCode(t, err, actions.CodeUnreachable)
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	var plain atomic.Int64
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain.Add(1) }))
	for _, reference := range []string{"192.168.7.7:5000/demo/app:1", "10.1.2.3/demo/app:1", "registry.example/demo/app:1"} {
		b := newBench(t)
		b.login(t, distributionRegistry(t))
		// Every name and address leads to a server that speaks plain HTTP only.
		b.base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, host)
		}
		_, err := b.Resolve(context.Background(), reference)
		e := wantCode(t, err, actions.CodeTLS)
		if !strings.Contains(e.What, "does not speak TLS") {
			t.Errorf("%q does not say what is wrong", e.What)
		}
	}
	if n := plain.Load(); n > 0 {
		t.Errorf("%d calls went over plain HTTP", n)
	}
	b := newBench(t)
	_, err := b.Login(context.Background(), registry.LoginRequest{
		Server: "http://registry.example", Username: testUser, Password: actions.NewSecret(testPassword),
	})
	wantCode(t, err, actions.CodeTLS)
}
