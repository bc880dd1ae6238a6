package verification_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions/verification"
)

// told is everything that a look told, and what it ended with.
func (w *world) told(ctx context.Context, image string, p policy) (all []verification.Progress, report *verification.Report, err error) {
	report, err = w.verifier.Follow(ctx, image, p, func(p verification.Progress) { all = append(all, p) })
	return all, report, err
}

// TestFollowAgrees: whatever is stored, and whoever is asked for, the report of a look that tells of its way is that of one
// that does not, and nothing is told that is not in it.
func TestFollowAgrees(t *testing.T) {
	rows, early := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		donors := []layer{stamped(w), w.sign(byAlice), w.sign(withSubject(bob)), w.sign(spec{KeyPair: true}), unlogged(w), foreign(w)}
		w.attach(rapid.SliceOfN(rapid.Custom(func(r *rapid.T) layer { return mutated(r, donors) }), 1, 30).Draw(r, "layers")...)
		bundled := []*protobundle.Bundle{w.bundle(byAlice), w.bundle(withSubject(bob)), w.bundle(tiledSpec)}
		for range rapid.IntRange(0, 3).Draw(r, "bundles") {
			b := mutatedBundle(r, bundled)
			if _, err := protojson.Marshal(b); err == nil { // else text that is no UTF-8
				w.refer(b)
			}
		}
		p := drawPolicy(r)
		all, report, err := w.told(context.Background(), w.tag(), p)
		if err != nil {
			r.Fatal(err)
		}
		want := w.everything(p)
		ours, theirs := asJSON(t, explained(t, report)), asJSON(t, want)
		if ours != theirs {
			r.Fatalf("the report differs:\n%s\n%s", ours, theirs)
		}
		rows += len(want.Signatures)
		early += len(all)
		for _, told := range all {
			if err := within(told, want); err != nil {
				r.Fatal(err)
			}
		}
		if last := all[len(all)-1]; len(last.Report.Signatures) != len(want.Signatures) || last.Listed != len(want.Signatures) {
			r.Fatalf("told of %d of %d signatures at last, and there are %d", len(last.Report.Signatures), last.Listed, len(want.Signatures))
		}
	})
	t.Logf("%d signatures, told of %d times", rows, early)
}

// within checks that what was told is a part of the report, in its order.
func within(told verification.Progress, report *verification.Report) error {
	at := 0
	for _, s := range told.Report.Signatures {
		found := slices.IndexFunc(report.Signatures[at:], func(of verification.Signature) bool {
			return of.Storage == s.Storage && of.Position == s.Position && of.Layer == s.Layer
		})
		if found < 0 {
			return fmt.Errorf("told of %s %d, which is not in the report or in another place there", s.Storage, s.Position)
		}
		if of := report.Signatures[at+found]; of.Verified != s.Verified || fmt.Sprint(of.Reason) != fmt.Sprint(s.Reason) {
			return fmt.Errorf("%s %d: told %t (%s), and the report says %t (%s)", s.Storage, s.Position,
				s.Verified, fmt.Sprint(s.Reason), of.Verified, fmt.Sprint(of.Reason))
		}
		at += found + 1
	}
	return nil
}

// clock is what this computer's clock said when a look was explained: two looks are made at two times.
var clock = regexp.MustCompile(`"[^"]*"(,"[^"]*":"this computer's clock")`)

func asJSON(t *testing.T, report *verification.Report) string {
	t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return clock.ReplaceAllString(string(text), "$1")
}

// TestFollowOddManifests: manifests that a reader of the first layers takes for something else than one who reads them whole.
func TestFollowOddManifests(t *testing.T) {
	w := newWorld(t)
	w.attach(w.sign(byAlice), w.sign(withSubject(bob)), w.sign(byAlice))
	stored := w.manifest(".sig")
	begin, layers, _ := strings.Cut(stored, `"layers":`)
	for name, odd := range map[string]string{
		"layers twice, first empty":  begin + `"layers":[],"layers":` + layers,
		"layers twice, last empty":   begin + `"layers":` + strings.TrimSuffix(layers, "}") + `,"layers":[]}`,
		"another case":               begin + `"Layers":` + layers,
		"no layers":                  begin + `"layers":null}`,
		"layers that are no list":    begin + `"layers":{"a":` + layers + `}`,
		"something behind it":        stored + `{"layers":[]}`,
		"a number for a layer":       begin + `"layers":[1,` + strings.TrimPrefix(layers, "["),
		"no JSON":                    "<html>",
		"cut":                        stored[:len(stored)/2],
		"nothing":                    "",
		"a list":                     "[" + stored + "]",
		"other members before it":    strings.Replace(stored, "{", `{"a":{"layers":[1]},"b":[[]],`, 1),
		"the same layer three times": stored,
	} {
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			if !strings.HasSuffix(in.URL.Path, ".sig") {
				return false
			}
			out.Header().Set("Content-Type", manifestType)
			_, _ = io.WriteString(out, odd)
			return true
		})
		_, ours, failed := w.told(t.Context(), image, byAlicePolicy)
		theirs, want := w.verifier.Everything(t.Context(), image, byAlicePolicy)
		if fmt.Sprint(failed) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, failed, want)
			continue
		}
		if want == nil && asJSON(t, explained(t, ours)) != asJSON(t, explained(t, theirs)) {
			t.Errorf("%s: the report differs", name)
		}
	}
}

// TestFollowTellsBeforeTheEnd: the first signature is told of while the manifest that holds it has not arrived to its end. Where
// the end never comes, the look fails all the same.
func TestFollowTellsBeforeTheEnd(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	for _, cut := range []bool{false, true} {
		w := crowd(t, 50)
		stored := w.manifest(".sig")
		first := make(chan struct{})
		image := w.between(func(out http.ResponseWriter, in *http.Request) bool {
			if !strings.HasSuffix(in.URL.Path, ".sig") {
				return false
			}
			out.Header().Set("Content-Type", manifestType)
			out.Header().Set("Content-Length", fmt.Sprint(len(stored)))
			_, _ = io.WriteString(out, stored[:len(stored)/2])
			_ = http.NewResponseController(out).Flush()
			select {
			case <-first:
			case <-ctx.Done():
			}
			if !cut {
				_, _ = io.WriteString(out, stored[len(stored)/2:])
			}
			return true
		})
		told := 0
		report, err := w.verifier.Follow(ctx, image, byAlicePolicy, func(p verification.Progress) {
			if told++; told == 1 {
				if len(p.Report.Signatures) != 1 || p.Listed != 0 || !p.Report.Signatures[0].Verified {
					t.Errorf("told first: %+v", p)
				}
				close(first)
			}
		})
		switch {
		case told == 0:
			t.Fatal("nothing was told before the end")
		case cut && err == nil:
			t.Error("half a manifest was taken for a whole one")
		case !cut && (err != nil || len(report.Verified()) != 50):
			t.Errorf("%v %v", report, err)
		}
	}
}

// manifest is what is stored under the image's tag with the ending.
func (w *world) manifest(suffix string) string {
	w.t.Helper()
	tag := w.image.Context().Tag(strings.Replace(w.image.DigestStr(), ":", "-", 1) + suffix)
	content, err := w.verifier.Manifest(w.t.Context(), w.tag(), tag.String())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}
