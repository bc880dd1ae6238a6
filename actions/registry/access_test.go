package registry_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sigwalk/sigwalk/actions/registry"
)

func TestAccess(t *testing.T) {
	q := newQuay(t)
	q.public = []string{"readers/public"}
	basic := distributionRegistry(t)
	open := plainRegistry(t)
	good, anonymous, wrong := newBench(t), newBench(t), newBench(t)
	good.login(t, q.host)
	good.login(t, basic)
	put(t, good, basic+"/l3-students/app:1", randomImage(t, 10, 1))
	put(t, anonymous, open+"/l3-students/app:1", randomImage(t, 10, 1))
	for name, c := range map[string]struct {
		who        *bench
		repository string
		want       registry.Access
	}{
		"Quay, may push":              {good, q.host + "/l3-students/app", registry.Access{Pull: true, Push: true, LoggedIn: true}},
		"Quay, may pull":              {good, q.host + "/readers/app", registry.Access{Pull: true, LoggedIn: true}},
		"Quay, may nothing":           {good, q.host + "/secret/app", registry.Access{PushUnknown: true, LoggedIn: true}},
		"Quay, not there":             {good, q.host + "/l3-students/new", registry.Access{PushUnknown: true, LoggedIn: true}},
		"Quay, public, not logged in": {anonymous, q.host + "/readers/public", registry.Access{Pull: true}},
		"Quay, not logged in":         {anonymous, q.host + "/l3-students/app", registry.Access{}},
		"distribution":                {good, basic + "/l3-students/app:1", registry.Access{Pull: true, Push: true, LoggedIn: true}},
		"distribution, not there":     {good, basic + "/l3-students/new", registry.Access{Push: true, LoggedIn: true}},
		"distribution, not logged in": {anonymous, basic + "/l3-students/app", registry.Access{}},
		"open to all":                 {anonymous, open + "/l3-students/app", registry.Access{Pull: true, Push: true}},
	} {
		t.Run(name, func(t *testing.T) {
			access, err := c.who.Access(context.Background(), c.repository)
			if err != nil {
				t.Fatal(err)
			}
			if *access != c.want {
				t.Errorf("%+v, want %+v", *access, c.want)
			}
		})
	}
	for _, host := range []string{q.host, basic} {
		store(t, wrong, host, testUser, "wrong-password")
		access, err := wrong.Access(context.Background(), host+"/l3-students/app")
		if err != nil || *access != (registry.Access{}) {
			t.Errorf("with a wrong password: %+v, %v", access, err)
		}
	}
	if len(q.created) > 0 {
		t.Errorf("the question made the repositories %v", q.created)
	}
	if slices.ContainsFunc(q.asked, func(s string) bool { return strings.Contains(s, "l3-students/new:push") }) {
		t.Error("the right to push to a repository that is not there was asked for")
	}
	// The upload that was begun to find out was called off.
	if begun, ended := good.seen.calls(http.MethodPost, "/uploads/"), good.seen.calls(http.MethodDelete, "/uploads/"); len(ended) == 0 || len(ended) > len(begun) {
		t.Errorf("%d uploads begun, %d called off", len(begun), len(ended))
	}
	for _, c := range good.seen.calls(http.MethodDelete, "/uploads/") {
		if c.Status != http.StatusNoContent {
			t.Errorf("calling off an upload answered %d", c.Status)
		}
	}
}
