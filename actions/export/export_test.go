package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gcrregistry "github.com/google/go-containerregistry/pkg/registry"
	"github.com/sigstore/sigstore-go/pkg/root"
	"golang.org/x/net/html"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/export"
	"github.com/sigwalk/sigwalk/actions/printable"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

const (
	alice  = "alice@example.com"
	bob    = "bob@example.com"
	issuer = "https://idp.example.com/realms/one"
)

// signed is a report on an image that alice and bob signed, and of which an attestation says something.
func signed(t *testing.T) *verification.Report {
	t.Helper()
	server := httptest.NewServer(gcrregistry.New(gcrregistry.Logger(log.New(discard{}, "", 0)), gcrregistry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	d := verificationtest.MustNew()
	reference := strings.TrimPrefix(server.URL, "http://") + "/org/app:latest"
	image, err := verificationtest.Image(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	var layers []verificationtest.Layer
	for _, who := range []string{alice, bob} {
		layer, err := d.Sign(image, verificationtest.Spec{Subject: who, Issuer: issuer})
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, layer)
	}
	if err := verificationtest.Attach(t.Context(), image, layers); err != nil {
		t.Fatal(err)
	}
	said, err := d.Attestation(image, "https://slsa.dev/provenance/v1", verificationtest.Spec{Subject: alice, Issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	if err := verificationtest.Put(t.Context(), image, "att", []verificationtest.Layer{said}); err != nil {
		t.Fatal(err)
	}
	trusted := d.TrustedRoot()
	verifier := verification.New(verification.Options{
		Registry: registry.New(registry.Options{}),
		Material: func(context.Context) (root.TrustedMaterial, error) { return trusted, nil },
	})
	report, err := verifier.Everything(t.Context(), reference, verification.Policy{Subject: alice, Issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func written(t *testing.T, report *verification.Report, opts export.Options) string {
	t.Helper()
	opts.Clock = func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	var b bytes.Buffer
	if err := export.Write(t.Context(), &b, report, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTables(t *testing.T) {
	report := signed(t)
	for _, c := range []struct {
		form export.Form
		all  bool
		want string
	}{
		{export.TSV, false, "logIndex\tSubject\tIssuer\n0\t" + alice + "\t" + issuer + "\n"},
		{export.Table, false, "logIndex  Subject            Issuer\n0         " + alice + "  " + issuer + "\n"},
	} {
		if got := written(t, report, export.Options{Form: c.form, All: c.all}); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.form, got, c.want)
		}
	}
	all := strings.Split(written(t, report, export.Options{Form: export.TSV, All: true}), "\n")
	if len(all) != 4 || !strings.HasPrefix(all[2], "1\t"+bob+"\t"+issuer+"\tfalse\t") {
		t.Errorf("all: %q", all)
	}
}

func TestJSON(t *testing.T) {
	report := signed(t)
	var ours struct {
		Signatures []struct{ Checks []json.RawMessage }
		Attached   []struct{ PredicateType string }
	}
	if err := json.Unmarshal([]byte(written(t, report, export.Options{Form: export.JSON})), &ours); err != nil {
		t.Fatal(err)
	}
	if len(ours.Signatures) != 2 || len(ours.Signatures[0].Checks) != len(verification.Checks()) || len(ours.Attached) != 1 {
		t.Errorf("got %+v", ours)
	}
	want, err := verification.CosignJSON(report)
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, report, export.Options{Form: export.Cosign}); strings.TrimSpace(got) != strings.TrimSpace(string(want)) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// texts returns the text of every cell of an HTML document, and the names of its elements.
func texts(t *testing.T, document string) (cells []string, elements map[string]int) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	elements = map[string]int{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		elements[n.Data]++
		if n.Data != "td" {
			continue
		}
		text := ""
		for inner := range n.Descendants() {
			if inner.Type == html.TextNode {
				text += inner.Data
			}
		}
		cells = append(cells, text)
	}
	return cells, elements
}

// TestReports holds both reports for people against the matrix: every check of every signature is there, with both sides.
func TestReports(t *testing.T) {
	report := signed(t)
	document := written(t, report, export.Options{Form: export.HTML})
	text := written(t, report, export.Options{Form: export.Markdown})
	cells, elements := texts(t, document)
	if elements["script"] != 0 || elements["img"] != 0 || elements["link"] != 0 {
		t.Errorf("the page loads something: %v", elements)
	}
	all := strings.Join(cells, "\n")
	for _, s := range report.Rows() {
		if len(s.Checks) == 0 {
			t.Fatalf("%s has no checks", s.Subject)
		}
		for _, c := range s.Checks {
			for _, want := range []string{c.What, c.Expected.Text, c.Found.Text, c.Expected.Source} {
				if !strings.Contains(all, want) {
					t.Errorf("the page lacks %q of %s", want, c.ID)
				}
			}
			if !strings.Contains(text, "| "+string(c.ID)+" | ") {
				t.Errorf("the Markdown lacks %s", c.ID)
			}
		}
		for _, want := range []string{s.Subject, s.Issuer} {
			if !strings.Contains(all, want) || !strings.Contains(text, "`"+want+"`") {
				t.Errorf("%q is missing", want)
			}
		}
	}
	if !strings.Contains(all, "Issuer 1.3.6.1.4.1.57264.1.8") {
		t.Error("the page lacks Fulcio's extensions by name")
	}
	for _, want := range []string{"1 of 2 signatures verified", "2026-11-24 12:00:00Z", "x failed"} {
		if !strings.Contains(document, want) || !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestForeignText gives names that would be markup, where whoever signed chose them.
func TestForeignText(t *testing.T) {
	report := signed(t)
	const hostile = "<script>alert(1)</script>|`@octocat`\n# title\x1b[2J \u202egnp.exe\u2066 \u009b31m\x7f\u061c"
	for i := range report.Signatures {
		report.Signatures[i].Subject = hostile
		report.Signatures[i].Reason = &actions.Error{What: hostile, Why: "![x](http://127.0.0.1/x)", Next: hostile}
	}
	document := written(t, report, export.Options{Form: export.HTML})
	_, elements := texts(t, document)
	if elements["script"] != 0 || elements["img"] != 0 {
		t.Errorf("markup came through: %v", elements)
	}
	text := written(t, report, export.Options{Form: export.Markdown})
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# title") {
			t.Error("a title came through")
		}
		if strings.HasPrefix(line, "| 0 | signature") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 8 {
			t.Errorf("a row has other cells: %s", line)
		}
	}
	if strings.Contains(text, "![x]") {
		t.Error("foreign text came through as it is")
	}
	for _, form := range []export.Form{export.Table, export.TSV, export.JSON, export.Cosign, export.Markdown, export.HTML} {
		text := written(t, report, export.Options{Form: form, All: true})
		// The line breaks and tabs are the form's own: a subject with one more would make one line more.
		if i := strings.IndexFunc(strings.NewReplacer("\n", "", "\t", "").Replace(text), printable.Acts); i >= 0 {
			t.Errorf("%s: a character that acts came through: %q", form, text)
		}
	}
}

func TestFile(t *testing.T) {
	report, dir := signed(t), t.TempDir()
	clock := func() time.Time { return time.Unix(0, 0) }
	if err := export.File(t.Context(), dir, "report.md", export.Markdown, report, clock); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil || !strings.HasPrefix(string(first), "# Signatures of ") {
		t.Fatalf("%s, %v", first, err)
	}
	for _, name := range []string{"report.md", "../outside.md", filepath.Join(dir, "absolute.md"), "none/there.md"} {
		var e *actions.Error
		if err := export.File(t.Context(), dir, name, export.TSV, report, clock); !errors.As(err, &e) || e.Next == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	again, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil || !bytes.Equal(first, again) {
		t.Error("what was there was overwritten")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestFormOf(t *testing.T) {
	for name, want := range map[string]export.Form{
		"a.html": export.HTML, "A.MD": export.Markdown, "a.json": export.JSON, "a.cosign.json": export.Cosign, "a.tsv": export.TSV, "a.txt": export.Table,
		"a": "", "": "", ".md": "", "a.exe": "",
	} {
		if got, err := export.FormOf(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
}
