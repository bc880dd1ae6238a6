package trust_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/trust"
)

// TestContents of what TUF delivered, also when the roles have expired since.
func TestContents(t *testing.T) {
	for _, modern := range []bool{true, false} {
		r := newRepository(t)
		r.publish(t, newDeployment(t, modern), 1, far)
		p := newPerson(t)
		if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
			t.Fatal(err)
		}
		p.now = far.AddDate(1, 0, 0)
		status, err := p.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := status.Contents
		if c == nil || len(c.Authorities) != 1 || len(c.Logs) != 1 || len(c.CTLogs) != 1 {
			t.Fatalf("contents %+v", c)
		}
		if len(c.Logs[0].ID) != 64 || !strings.HasPrefix(c.Logs[0].Key, "ECDSA") || len(c.Authorities[0].Chain) == 0 || len(c.Authorities[0].Chain[0].SHA256) != 64 {
			t.Errorf("contents %+v", c)
		}
		text := c.Text()
		if !strings.Contains(text, c.Logs[0].ID) || !strings.Contains(text, c.Authorities[0].Root()) {
			t.Errorf("text\n%s", text)
		}
		// The roles are past: the mirror would have to be asked.
		for _, role := range []string{"root.json", "timestamp.json"} {
			if !slices.ContainsFunc(status.Warnings(p.now), func(w trust.Warning) bool { return w.Part == role && w.Past && w.Next != "" }) {
				t.Errorf("no warning for %s: %+v", role, status.Warnings(p.now))
			}
		}
		if w := status.Warnings(far.AddDate(-1, 0, 0)); len(w) != 0 {
			t.Errorf("a year before: %+v", w)
		}
		if !slices.ContainsFunc(status.Warnings(status.Roles["root.json"].Expires.AddDate(0, 0, -5)), func(w trust.Warning) bool { return w.Part == "root.json" && !w.Past }) {
			t.Error("no warning five days before")
		}
	}
}

// TestContentsAreThoseOfTUF: what was changed on the disk is not shown.
func TestContentsAreThoseOfTUF(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	p := newPerson(t)
	if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(p.home, "*", "targets", "trusted_root.json"))
	if err != nil || len(found) != 1 {
		t.Fatal(err, found)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	exported, err := p.client().JSON(t.Context())
	if err != nil || string(exported) != string(content) {
		t.Errorf("the export is not what was delivered: %v", err)
	}
	if err := os.WriteFile(found[0], append(content, ' '), 0o600); err != nil {
		t.Fatal(err)
	}
	status, err := p.client().Status(t.Context())
	if err != nil || status.Contents != nil {
		t.Errorf("%+v, %v", status.Contents, err)
	}
}

// rootOf is the trusted root of a new deployment, as a file.
func rootOf(t *testing.T, modern bool) []byte {
	t.Helper()
	r := newRepository(t)
	r.publish(t, newDeployment(t, modern), 1, far)
	p := newPerson(t)
	if _, err := p.Initialize(t.Context(), trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
		t.Fatal(err)
	}
	content, err := p.JSON(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.client().JSON(t.Context())
	if err != nil || string(again) != string(content) {
		t.Errorf("two exports differ: %v", err)
	}
	return content
}

// TestDiff tells added, removed and shifted parts apart, and a change of nothing.
func TestDiff(t *testing.T) {
	parse := func(content []byte) *trust.Contents {
		trusted, err := trust.Parse("test", content)
		if err != nil {
			t.Fatal(err)
		}
		return trust.Describe(trusted)
	}
	one, other := rootOf(t, true), rootOf(t, false)
	if changes := trust.Diff(parse(one), parse(one)); len(changes) != 0 {
		t.Errorf("of itself: %+v", changes)
	}
	var words []string
	for _, c := range trust.Diff(parse(one), parse(other)) {
		words = append(words, c.What+" "+c.Part)
		if c.Means == "" || c.ID == "" || (c.Before == nil) != (c.What == "added") || (c.After == nil) != (c.What == "removed") {
			t.Errorf("%+v", c)
		}
	}
	for _, want := range []string{"removed certificate authority", "added certificate authority", "removed transparency log", "added transparency log", "removed certificate log", "added certificate log"} {
		if !slices.Contains(words, want) {
			t.Errorf("%v lacks %s", words, want)
		}
	}
	// A log that is closed.
	var parts map[string]any
	if err := json.Unmarshal(one, &parts); err != nil {
		t.Fatal(err)
	}
	key := parts["tlogs"].([]any)[0].(map[string]any)["publicKey"].(map[string]any)
	key["validFor"] = map[string]any{"start": "2020-01-01T00:00:00Z", "end": "2021-02-03T04:05:06Z"}
	closed, err := json.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	changes := trust.Diff(parse(one), parse(closed))
	if len(changes) != 1 || changes[0].What != "changed" || !strings.Contains(changes[0].Means, "only when made before 2021-02-03 04:05:06 UTC") {
		t.Errorf("%+v", changes)
	}
	if back := trust.Diff(parse(closed), parse(one)); len(back) != 1 || !strings.Contains(back[0].Means, "for longer") {
		t.Errorf("%+v", back)
	}
	warnings := parse(closed).Warnings(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
	if !slices.ContainsFunc(warnings, func(w trust.Warning) bool { return w.Part == "transparency log" && !w.Past }) {
		t.Errorf("%+v", warnings)
	}
}

// TestImport: by hand where no mirror can be reached, pinned, never over another one unasked, and until the next initialize.
func TestImport(t *testing.T) {
	r := newRepository(t)
	r.publish(t, newDeployment(t, true), 1, far)
	content := rootOf(t, true)
	p := newPerson(t)
	ctx := context.Background()
	if _, err := p.Import(ctx, trust.ImportRequest{Source: "a stick", Content: content, SHA256: strings.Repeat("0", 64)}); actions.CodeOf(err) != actions.CodeRootChecksum {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "{}", "[]", `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{}]}`} {
		if _, err := p.Import(ctx, trust.ImportRequest{Source: "a stick", Content: []byte(bad)}); actions.CodeOf(err) != actions.CodeTrustRoot {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := p.Status(ctx); actions.CodeOf(err) != actions.CodeNoTrustRoot {
		t.Errorf("something was left: %v", err)
	}
	status, err := p.Import(ctx, trust.ImportRequest{Source: "a stick", Content: content})
	if err != nil || status.Imported == nil || status.Imported.Source != "a stick" || len(status.Contents.Logs) != 1 {
		t.Fatalf("%+v %v", status, err)
	}
	// Nothing refreshes it: after a month that is said.
	due := func(days int) bool {
		return slices.ContainsFunc(status.Warnings(status.Imported.At.AddDate(0, 0, days)), func(w trust.Warning) bool {
			return w.Part == trust.PartImported && w.Name == "a stick" && w.Past && w.At.Equal(status.Imported.At.AddDate(0, 0, 30))
		})
	}
	if due(29) || !due(31) {
		t.Errorf("due after 29 days: %t, after 31: %t", due(29), due(31))
	}
	for _, client := range []*trust.Client{p.Client, p.client()} {
		material, err := client.Material(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := client.Material(ctx); again != material {
			t.Error("it was parsed again")
		}
		if out, err := client.JSON(ctx); err != nil || string(out) != string(content) {
			t.Errorf("other bytes come out: %v", err)
		}
	}
	if _, err := p.Import(ctx, trust.ImportRequest{Source: "another", Content: rootOf(t, true)}); actions.CodeOf(err) != actions.CodeFileInTheWay || !strings.Contains(err.Error(), "a stick") {
		t.Errorf("%v", err)
	}
	if _, err := p.Import(ctx, trust.ImportRequest{Source: "another", Content: rootOf(t, true), Replace: true}); err != nil {
		t.Error(err)
	}
	if _, err := p.Initialize(ctx, trust.InitializeRequest{Mirror: r.server.URL}); err != nil {
		t.Fatal(err)
	}
	if status, err = p.Status(ctx); err != nil || status.Imported != nil || status.Remote != r.server.URL {
		t.Errorf("after initialize: %+v %v", status, err)
	}
	if _, err := p.Import(ctx, trust.ImportRequest{Source: "a stick", Content: content}); actions.CodeOf(err) != actions.CodeFileInTheWay || !strings.Contains(err.Error(), r.server.URL) {
		t.Errorf("%v", err)
	}
}
