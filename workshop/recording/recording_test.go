package recording_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop/recording"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// record makes a recording of two frames in two steps.
func record(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo.cast")
	w, err := recording.Create(path, "A course", 20, 2, noon)
	if err != nil {
		t.Fatal(err)
	}
	w.Mark("1 first")
	w.Frame([]string{"one", "two"}, 20, 2)
	w.Mark("2 second")
	w.Frame([]string{"one", "\x1b[1mthree\x1b[m"}, 20, 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRecordingsAreReadAgain(t *testing.T) {
	path := record(t)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	r, err := recording.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Title != "A course" || !r.Made.Equal(noon) || r.Width != 20 || r.Height != 2 {
		t.Errorf("the header reads %+v", r)
	}
	var labels []string
	for _, at := range r.Markers() {
		labels = append(labels, r.Events[at].Data)
	}
	if got := strings.Join(labels, ", "); got != "1 first, 2 second" {
		t.Errorf("the markers are %s", got)
	}
	last := r.Events[len(r.Events)-1]
	if last.Kind != recording.Output || !strings.Contains(last.Data, "three") || r.Length() != last.At {
		t.Errorf("the last event is %+v", last)
	}
	if _, err := recording.Create(path, "", 20, 2, noon); actions.CodeOf(err) != actions.CodeFileInTheWay {
		t.Errorf("over one that is there: %v", err)
	}
	// Every line is JSON, as other players want it.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s", line)
		}
	}
}

const good = `{"version":2,"width":80,"height":24}` + "\n"

func TestForeignRecordings(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		length time.Duration
	}{
		"version 2":         {good + `[0.5,"o","a"]` + "\n" + `[0.75,"i","secret"]` + "\n" + `[2.5,"o","b"]` + "\n", 2500 * time.Millisecond},
		"version 3":         {`{"version":3,"term":{"cols":80,"rows":24}}` + "\n# a comment\n" + `[0.5,"o","a"]` + "\n" + `[2.5,"r","100x30"]` + "\n" + `[1,"x","0"]` + "\n", 3 * time.Second},
		"idle time at most": {`{"version":2,"width":80,"height":24,"idle_time_limit":1}` + "\n" + `[100,"o","a"]` + "\n" + `[100.5,"o","a"]` + "\n", 1500 * time.Millisecond},
	} {
		r, err := recording.Read(write(t, c.text))
		if err != nil || r.Length() != c.length {
			t.Errorf("%s: %v, %v", name, r, err)
			continue
		}
		for _, e := range r.Events {
			if strings.Contains(e.Data, "secret") {
				t.Errorf("%s: what was typed is kept", name)
			}
		}
	}
}

func TestWhatIsNoRecordingIsRefusedWithAReason(t *testing.T) {
	for name, c := range map[string]struct{ text, why string }{
		"empty":             {"", "it is empty"},
		"no header":         {"\n\n", "it has no header"},
		"not JSON":          {"hello\n", "line 1: that is no header"},
		"version 1":         {`{"version":1,"width":80,"height":24,"stdout":[]}` + "\n", "version 1"},
		"no size":           {`{"version":2}` + "\n", "a terminal of 0x0"},
		"a huge size":       {`{"version":2,"width":100000,"height":24}` + "\n", "a terminal of 100000x24"},
		"a negative size":   {`{"version":2,"width":-1,"height":24}` + "\n", "a terminal of -1x24"},
		"a bad resize":      {good + `[1,"r","0x99999"]` + "\n", "line 2: a terminal of"},
		"cut off":           {good + `[1,"o","a"]` + "\n" + `[2,"o","b`, "line 3 is cut off"},
		"cut at the end":    {good + `[1,"o","a"]`, "line 2 is cut off"},
		"no event":          {good + `{"a":1}` + "\n", "line 2: that is no event"},
		"a time of letters": {good + `["now","o","a"]` + "\n", "line 2: that is no event"},
		"back in time":      {good + `[2,"o","a"]` + "\n" + `[1,"o","b"]` + "\n", "line 3: an event before"},
		"before time":       {good + `[-1,"o","a"]` + "\n", "line 2: an event at -1"},
		"a year":            {good + `[31536000,"o","a"]` + "\n", "line 2: an event at"},
		"data of numbers":   {good + `[1,"o",5]` + "\n", "line 2: the data"},
		"nothing shown":     {good, "nothing was shown"},
		"no UTF-8":          {good + "[1,\"o\",\"\xff\"]\n", "line 2 is no UTF-8"},
	} {
		_, err := recording.Read(write(t, c.text))
		if actions.CodeOf(err) != actions.CodeRecording || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "gone"), t.TempDir()} {
		if _, err := recording.Read(path); actions.CodeOf(err) != actions.CodeRecording {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Whatever happens to a file, it is played or refused.
func TestDamageIsRefusedOrHarmless(t *testing.T) {
	whole, err := os.ReadFile(record(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.cast")
	rapid.Check(t, func(rt *rapid.T) {
		text := append([]byte(nil), whole...)
		for range rapid.IntRange(1, 4).Draw(rt, "damages") {
			text[rapid.IntRange(0, len(text)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		}
		text = text[:rapid.IntRange(0, len(text)).Draw(rt, "length")]
		if err := os.WriteFile(path, text, 0o600); err != nil {
			rt.Fatal(err)
		}
		if r, err := recording.Read(path); err != nil && actions.CodeOf(err) != actions.CodeRecording || err == nil && len(r.Events) == 0 {
			rt.Fatalf("%v, %v", r, err)
		}
	})
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.cast")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
